"""The benchmarks run, and print their tables; what they measure is not judged here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import NAMES


@pytest.mark.slow
@pytest.mark.parametrize(("name", "says"), [("latency", "compilations"), ("scaling", "exponent, batches of 100")])
def test_a_benchmark_prints_its_table(root: Path, name: str, says: str) -> None:
    assert name in NAMES
    command = [sys.executable, "-m", f"benchmarks.{name}", "--quick"]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=500, check=False)
    assert run.returncode == 0, run.stderr
    assert says in run.stdout
    assert "cores of" in run.stdout.splitlines()[0]
