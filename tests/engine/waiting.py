"""Waiting for what must come, however slow the machine is."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from bnn_lib.engine import Engine, Job, JobView

T = TypeVar("T")
Make = Callable[..., Engine]
Tell = Callable[..., None]
PATIENCE = 120.0  # seconds: a bound against waiting for ever, not an expectation


def wait_for(ask: Callable[[], T], what: str = "") -> T:
    """Ask until the answer is true; return it."""
    end = time.monotonic() + PATIENCE
    while not (answer := ask()):
        assert time.monotonic() < end, f"waited in vain for {what or ask}"
        time.sleep(0.01)
    return answer


def wait_until(job: Job, *phases: str) -> JobView:
    def there() -> JobView | None:
        view = job.view()
        assert view.phase in phases or not view.ended, (view.phase, view.message)
        return view if view.phase in phases else None

    return wait_for(there, f"{phases}")


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and that nobody has asked for does not."""
    try:
        os.kill(pid, 0)
        status = Path(f"/proc/{pid}/stat")
        return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def runs(tmp_path: Path, seed: int) -> list[int]:
    """Process ids of the workers that began the fit of this seed."""
    log = tmp_path / f"runs-{seed}"
    return [int(line) for line in log.read_text().split()] if log.exists() else []


def worker_of(tmp_path: Path, seed: int) -> int:
    """Process id of the worker that began it first (it says that it began before it leaves its note)."""
    return wait_for(lambda: runs(tmp_path, seed))[0]
