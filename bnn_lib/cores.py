"""Work on all cores of the machine that this process may use."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def usable_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def on_all_cores(run: Callable[[int], T], count: int) -> list[T]:
    """Return ``[run(0), .., run(count - 1)]``, called as many at once as there are cores, by threads.

    For calls of compiled functions: JAX lets go of Python's lock meanwhile.
    """
    threads = min(count, usable_cores())
    if threads <= 1:
        return [run(i) for i in range(count)]
    with ThreadPoolExecutor(max_workers=threads) as pool:
        return list(pool.map(run, range(count)))
