"""What every test runs under.

Settings that a library reads once, when it is imported, are made here, before any is.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")  # networks this small gain nothing
os.environ.setdefault("OMP_NUM_THREADS", "1")  # scikit-learn's and BLAS's threads; the test runner uses all cores
os.environ.setdefault("MPLBACKEND", "Agg")  # ArviZ's older line imports matplotlib

# The same examples on every run, so that a failure is never a matter of luck. Elsewhere than in `make test`,
# HYPOTHESIS_PROFILE=explore looks further.
settings.register_profile("fixed", derandomize=True, deadline=None, database=None, print_blob=True)
settings.register_profile("explore", deadline=None, max_examples=2000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))

# Results of tests never meet those of the app: a store of its own for each test process.
_store = tempfile.mkdtemp(prefix="bnn-test-store-")
os.environ["BNN_STORE"] = _store


def pytest_unconfigure() -> None:
    shutil.rmtree(_store, ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if ROOT / "tests" / "browser" in item.path.parents:
            item.add_marker("browser")


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the project's folder."""
    return ROOT


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of the Chromium that `make test` found or installed (CHROMIUM=... names another)."""
    found = subprocess.run(
        [ROOT / "scripts" / "find-chromium", sys.executable], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
    return found.stdout.strip()
