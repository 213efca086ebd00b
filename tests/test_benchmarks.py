"""The benchmarks run, and print their tables; what they measure is not judged here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.__main__ import NAMES

CASES = [
    ("latency", "compilations"),
    ("scaling", "exponent, batches of 100"),
    ("maps", "of 30 x 30 points, 50 draws"),
    ("closed_forms", "A normal mean, started at 0: the answer is 8.02"),
    ("table", "Target: at most 1.2"),
    ("fullrank", "<= 3 x"),
    ("between", "Target: midway, nuts is at least 10 times as unsure as advi"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "says"), CASES)
def test_a_benchmark_prints_its_table(root: Path, name: str, says: str) -> None:
    assert name in NAMES
    command = [sys.executable, "-m", f"benchmarks.{name}", "--quick"]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=500, check=False)
    assert run.returncode == 0, run.stderr
    assert says in run.stdout
    assert "cores of" in run.stdout.splitlines()[0]


@pytest.mark.slow
def test_the_uci_benchmark_judges_its_targets_or_says_what_is_missing(root: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    folder = tmp_path / "yacht"
    folder.mkdir()
    X = rng.normal(size=(40, 2))
    np.savetxt(folder / "data.txt", np.column_stack([X, X @ [1.0, -1.0]]))
    indices = {"features": [0, 1], "target": [2], "train_0": range(36), "test_0": range(36, 40)}
    for name, numbers in indices.items():
        np.savetxt(folder / f"index_{name}.txt", list(numbers))
    command = [sys.executable, "-m", "benchmarks.uci", "--quick", "--sets", "yacht", "--methods", "advi", "--data"]
    for data, says in ((tmp_path, "Target: advi beats VI (Graves) and PBP"), (tmp_path / "none", "Skipped")):
        run = subprocess.run(
            [*command, str(data)], cwd=root, capture_output=True, text=True, timeout=500, check=False
        )
        assert run.returncode == 0, run.stderr
        assert says in run.stdout
