"""The README says what is so."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def python_blocks() -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", README, flags=re.DOTALL | re.MULTILINE)


@pytest.mark.slow
def test_its_example_runs_as_written():
    (code,) = python_blocks()
    statements = [line for line in code.splitlines() if line.strip()]
    assert len(statements) <= 10
    # In an interpreter of its own, as a reader would run it, with warnings as errors there as well.
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    accuracy = re.search(r"accuracy\W+(?:np\.float64\()?([\d.]+)", run.stdout)
    assert accuracy is not None, run.stdout
    assert float(accuracy[1]) > 0.9


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\((?!https?:)([^)#]+)\)", README))))
def test_its_links_lead_somewhere(path: str):
    assert (ROOT / path).exists()


@pytest.mark.parametrize("path", sorted((ROOT / "docs").glob("*.png")), ids=lambda path: path.name)
def test_its_pictures_are_small_and_shown(path: Path):
    assert path.stat().st_size < 250_000
    assert f"](docs/{path.name})" in README


def test_its_make_targets_exist():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z-]+)", README, flags=re.MULTILINE)) <= targets
