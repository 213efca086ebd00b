"""The cost of a step against rows and against width, full batch and in mini-batches, with fitted exponents."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from benchmarks.common import (
    Cost,
    arguments,
    be_a_worker,
    cost,
    in_turn,
    median,
    print_machine,
    print_table,
    use_one_core,
)

use_one_core()
be_a_worker()

import numpy as np  # noqa: E402

import bnn_lib as bnn  # noqa: E402

BATCH = 100
FULL, MINI = "full batch, us", f"batches of {BATCH}, us"


def main() -> None:
    """Print both tables."""
    quick = arguments(__doc__ or "").quick
    rows = (200, 2_000) if quick else (200, 500, 1_000, 3_000, 10_000, 30_000, 100_000)
    widths = (4, 16) if quick else (4, 8, 16, 32, 64, 128)
    rounds, seconds = (1, 0.01) if quick else (5, 0.15)
    print_machine()

    print("\nMicroseconds a step against training rows; 2-5-5-1.\n")
    sets = {n: moons(n) for n in rows}
    print_costs("rows", {n: (dataset, (5, 5)) for n, dataset in sets.items()}, rounds, seconds)
    print("Targets: full batch at most 1 (linear), batches 0 (flat).")

    print("\nMicroseconds a step against the width w of both hidden layers; 2-w-w-1, 500 training rows.\n")
    dataset = moons(500)
    print_costs("width", {w: (dataset, (w, w)) for w in widths}, rounds, seconds)
    print("The products of the two hidden layers, w x w, come to dominate: 2 is linear in parameters.")


def moons(rows: int) -> bnn.Dataset:
    """Two moons with so many training rows, which may be more than `DataSpec` offers."""
    few = bnn.load_dataset(bnn.DataSpec(n=1_000))
    rng = np.random.default_rng(0)
    picks = rng.integers(len(few.X_train), size=rows)
    X = few.X_train[picks] + rng.normal(0, 0.05, (rows, 2))
    tests = {"X_test": few.X_test, "y_test": few.y_test}
    return bnn.Dataset.from_arrays(X, few.y_train[picks], task="classification", **tests)


def loop(
    dataset: bnn.Dataset, hidden: tuple[int, ...], batch_size: int | None, seconds: float
) -> Callable[[], Cost]:
    """Return a function that takes a fit on for about so many seconds and returns the cost of a step."""
    inference = bnn.InferenceSpec(steps=1_000_000, learning_rate=0.001, batch_size=batch_size)
    fit = bnn.fit_steps(bnn.Experiment(network=bnn.NetworkSpec(hidden=hidden), inference=inference), dataset)
    for _ in range(9):
        at = next(fit).step  # the first call compiles, and chunks of a few steps are not what a fit consists of

    def run() -> Cost:
        nonlocal at
        before = at

        def go_on() -> None:
            nonlocal at
            until = time.process_time() + seconds
            while time.process_time() < until:
                at = next(fit).step

        taken = cost(go_on)
        return taken / (at - before)

    return run


def print_costs(
    what: str, cases: dict[int, tuple[bnn.Dataset, tuple[int, ...]]], rounds: int, seconds: float
) -> None:
    """Measure all cases in turn; print a table and the exponents, in the processor's time."""
    loops = {
        f"{name} {x}": loop(*case, batch_size, seconds)
        for x, case in cases.items()
        for name, batch_size in ((FULL, None), (MINI, BATCH))
    }
    taken = {name: 1e6 * median(costs).processor for name, costs in in_turn(loops, rounds).items()}
    columns = {name: [taken[f"{name} {x}"] for x in cases] for name in (FULL, MINI)}
    print_table((what, *columns), list(zip(map(str, cases), *columns.values(), strict=True)))
    for name, costs in columns.items():
        print(f"exponent, {name[:-4]}: {slope(list(cases), costs):.2f} {upper_half(list(cases), costs)}")


def slope(x: Sequence[float], y: Sequence[float]) -> float:
    """Return b of the power law y = a x**b that fits best."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def upper_half(x: Sequence[float], y: Sequence[float]) -> str:
    """Say what the exponent is over the larger half, where a step's fixed cost counts for less."""
    half = len(x) // 2
    return f"(from {x[half]:,}: {slope(x[half:], y[half:]):.2f})" if len(x) - half > 1 else ""


if __name__ == "__main__":
    main()
