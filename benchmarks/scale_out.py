"""The same app in front of one, two and four single-thread workers, each a process of its own: fits a minute.

Nothing of the app is told how many there are: it asks the scheduler. Workers beyond the machine's cores gain
nothing here; on other machines they would.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import psutil

from benchmarks.app_server import end, free_port, serve, wait_until_ready
from benchmarks.common import print_machine, print_table
from benchmarks.dask_processes import start_scheduler, start_worker
from benchmarks.load import Change, Seen, crowd

PATIENCE = 600.0


def seeds(number: int, fit: int) -> list[Change]:
    """Return a seed that no other session has: all fits are of one structure, which each worker compiles once."""
    seed = 1000 * (number + 1) + fit
    return [Change("inference.seed", str(seed), {"double_value": float(seed)})]


def measure(workers: int, sessions: int, fits: int) -> tuple[float, list[str]]:
    """Return fits a minute with so many workers, and what went wrong."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as running:
        folder, port = Path(name), free_port()
        running.callback(end, start_scheduler(port, folder))
        for _ in range(workers):
            running.callback(end, start_worker(port, folder, threads=1))
        server = running.enter_context(serve(folder, {"BNN_SCHEDULER": f"tcp://127.0.0.1:{port}"}))
        until = time.monotonic() + PATIENCE
        while (found := wait_until_ready(server)) < workers:
            assert time.monotonic() < until, f"{found} of {workers} workers after {PATIENCE:.0f} s"
            time.sleep(0.5)
        crowd(server, 2 * workers, 1, 0.0, lambda number, fit: seeds(1000 + number, fit))  # each compiles
        seen, _ = crowd(server, sessions, fits, 0.0, seeds)
    wrong = [line for one in seen for line in one.wrong]
    return rate(seen), wrong


def rate(seen: list[Seen]) -> float:
    """Return fits a minute, from the first click to the last result."""
    moments = [moment for one in seen for moment in one.moments] or [0.0, float("inf")]
    return 60 * sum(len(one.keys) for one in seen) / (max(moments) - min(moments))


def main() -> int:
    """Print the table; the exit code says whether anything went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one and two workers: the figures mean little")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--sessions", type=int, default=8, help="browser tabs that fit all the time")
    parser.add_argument("--fits", type=int, default=6, help="fits of each")
    options = parser.parse_args()
    counts, sessions, fits = options.workers, options.sessions, options.fits
    if options.quick:
        counts, sessions, fits = [1, 2], 4, 2
    print_machine()
    rows: list[tuple[object, ...]] = []
    wrong: list[str] = []
    for count in counts:
        found, errors = measure(count, sessions, fits)
        wrong += errors
        first = float(rows[0][1]) if rows else found  # type: ignore[arg-type]
        rows.append((str(count), found, f"{found / first:.2f} x", round(psutil.getloadavg()[0], 1)))
    print(f"\n{sessions} sessions, {fits} fits each, one after the other, on {psutil.cpu_count()} cores.\n")
    print_table(("workers", "fits a minute", "of the first", "load average"), rows)
    print("\n".join(wrong))
    return min(1, len(wrong))


if __name__ == "__main__":
    sys.exit(main())
