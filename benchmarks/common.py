"""What the benchmarks share: one core, the machine's size, tables, and rounds in turn."""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path


def arguments(description: str) -> argparse.Namespace:
    """Parse ``--quick``: fewer and shorter rounds, to see that it runs."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="short rounds: the figures mean little")
    return parser.parse_args()


def use_one_core() -> None:
    """Pin this process to one core, the last; to be called before JAX, PyTensor or NumPy is imported."""
    warnings.filterwarnings("ignore")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def print_machine() -> None:
    """Say what this was measured on."""
    model = next((line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if "model name" in line), "?")
    memory = next((int(line.split()[1]) for line in _lines("/proc/meminfo") if "MemTotal" in line), 0)
    print(f"{os.cpu_count()} cores of {model}, {memory / 2**20:.0f} GiB, Python {platform.python_version()}")


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def print_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print aligned columns, numbers to three significant digits."""
    cells = [[_text(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    for row in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _text(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 100 else f"{cell:.3g}"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


def in_turn(runs: dict[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Call each `rounds` times, A B A B ..., and return the median of what it returned.

    In turn, because the speed of a shared machine drifts.
    """
    found: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            found[name].append(run())
    return {name: statistics.median(values) for name, values in found.items()}


def seconds(run: Callable[[], object]) -> float:
    """Return the wall time of one call."""
    began = time.perf_counter()
    run()
    return time.perf_counter() - began
