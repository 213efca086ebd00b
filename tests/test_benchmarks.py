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


FAILING = """
import sys
from argparse import Namespace
from benchmarks import {name} as benchmark

fit = benchmark.timed_fit
fits = iter({fits})
benchmark.timed_fit = lambda *asked: fit(*asked) if next(fits, False) else ("It failed.", 0.0)
{call}
"""


def missed(root: Path, name: str, call: str, fits: str = "[]") -> tuple[int, str]:
    """Return what a part of a benchmark calls missed where fits fail, and what it prints."""
    code = FAILING.format(name=name, call=f"sys.exit({call})", fits=fits)
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=500, check=False
    )
    assert "Traceback" not in run.stderr, run.stderr
    return run.returncode, run.stdout


def test_a_method_that_fails_has_missed_its_target(root: Path) -> None:
    options = "Namespace(methods=['advi', 'nuts', 'map'], quick=False)"
    for call in (f"benchmark.linear_table({options})", f"benchmark.far_table({options})"):
        assert missed(root, "closed_forms", call)[0] == 2  # MAP has no target
    for methods, wanted in ((["svgd", "nuts"], 1), (["svgd"], 0)):
        call = f"setattr(sys, 'argv', ['between', '--methods', *{methods}]) or benchmark.main()"
        assert missed(root, "between", call)[0] == wanted


@pytest.mark.slow
def test_a_mean_of_some_splits_says_so_and_meets_no_target(root: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    (tmp_path / "yacht").mkdir()
    X = rng.normal(size=(40, 2))
    np.savetxt(tmp_path / "yacht" / "data.txt", np.column_stack([X, X @ [1.0, -1.0]]))
    indices = {"features": [0, 1], "target": [2]}
    for split in (0, 1):
        indices |= {f"train_{split}": [*range(36)], f"test_{split}": [*range(36, 40)]}
    for index, numbers in indices.items():
        np.savetxt(tmp_path / "yacht" / f"index_{index}.txt", numbers)
    options = f"data=benchmark.Path({str(tmp_path)!r}), methods=['advi'], scale=1.0, scaling='learned', quick=True"
    call = f"benchmark.run_set('yacht', 2, Namespace({options}))"
    count, printed = missed(root, "uci", call, "[True, False]")
    assert count == 1
    assert "1 of 2" in printed
    assert "Target" not in printed
    _, printed = missed(root, "uci", call, "[True, True]")
    assert "2 of 2" in printed
    assert "Target: advi" in printed
