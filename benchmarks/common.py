"""What the benchmarks share: one core, the machine's size, costs measured in turn, tables."""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from bnn_lib.engine.environment import set_worker_environment

PACKAGES = ("pymc", "pytensor", "jax", "blackjax", "numpyro")


def arguments(description: str, *, may_use_all_cores: bool = False) -> argparse.Namespace:
    """Parse ``--quick``: fewer and shorter rounds, to see that it runs. And ``--all-cores``, where it applies."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="short rounds: the figures mean little")
    if may_use_all_cores:
        parser.add_argument("--all-cores", action="store_true", help="do not keep to one core")
    return parser.parse_args()


def use_one_core() -> None:
    """Keep this process to one core, the last; to be called before JAX, PyTensor or NumPy is imported."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def be_a_worker() -> None:
    """Set what a worker of the app is given; to be called before JAX, PyTensor or NumPy is imported.

    Peers run under it too: most are faster for it on one core, none is slower.
    """
    set_worker_environment(os.environ)
    os.environ.pop("JAX_COMPILATION_CACHE_DIR", None)  # what a compilation takes is part of what is measured


def print_machine() -> None:
    """Say what this is measured on."""
    model = next((line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if "model name" in line), "?")
    memory = next((int(line.split()[1]) for line in _lines("/proc/meminfo") if "MemTotal" in line), 0)
    used = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"{os.cpu_count()} cores of {model} ({used} used here), {memory / 2**20:.0f} GiB{load}")
    print(f"Python {platform.python_version()}, " + ", ".join(_versions()), flush=True)


def _versions() -> Iterable[str]:
    for name in PACKAGES:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            yield f"no {name}"


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


class Cost(NamedTuple):
    """What something took, in seconds.

    On a machine that is shared, the processor's time of one thread says more than the clock.
    """

    wall: float
    processor: float

    def __truediv__(self, n: float) -> Cost:
        return Cost(self.wall / n, self.processor / n)


def cost(run: Callable[[], object]) -> Cost:
    """Return what one call took."""
    wall, processor = time.perf_counter(), time.process_time()
    run()
    return Cost(time.perf_counter() - wall, time.process_time() - processor)


def in_turn(runs: dict[str, Callable[[], Cost]], rounds: int) -> dict[str, list[Cost]]:
    """Call each `rounds` times, A B A B ..., because the speed of a shared machine drifts."""
    found: dict[str, list[Cost]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            found[name].append(run())
    return found


def median(costs: Sequence[Cost]) -> Cost:
    """Return the median of each time."""
    return Cost(*(statistics.median(times) for times in zip(*costs, strict=True)))


def ratio(costs: Sequence[Cost], ours: Sequence[Cost]) -> float:
    """Return how many times the processor's time of ours: the median over the rounds of both."""
    return statistics.median(other.processor / own.processor for other, own in zip(costs, ours, strict=True))


def print_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print aligned columns, numbers to three significant digits and to the right."""
    cells = [[_text(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    for row in cells:
        line = [row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))]
        print("  ".join(line).rstrip(), flush=True)


def _text(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 100 else f"{cell:.3g}"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)
