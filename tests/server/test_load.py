"""The short form of the load benchmark: nothing is lost, nothing is mixed up, and one link is one fit."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]


def test_every_session_gets_its_own_results(root: Path):
    command = [sys.executable, "-m", "benchmarks.load", "--quick"]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert re.search(r"results seen by the session that asked +12 +met", run.stdout), run.stdout
    assert re.search(r"fits lost +0 +met", run.stdout)
    assert re.search(r"on one link +1 +1: met", run.stdout)


def test_more_workers_need_no_other_app(root: Path):
    command = [sys.executable, "-m", "benchmarks.scale_out", "--quick"]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert re.search(r"^1 +[\d.]+ +1\.00 x", run.stdout, re.MULTILINE), run.stdout
    assert re.search(r"^2 +[\d.]+ +[\d.]+ x", run.stdout, re.MULTILINE)
