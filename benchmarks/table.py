"""A large CSV file: from bytes to summary to data set, and whether its fit is as fast as a small table's."""

from __future__ import annotations

import time
from collections.abc import Callable

from benchmarks.common import (
    Cost,
    arguments,
    be_a_worker,
    cost,
    in_turn,
    median,
    print_machine,
    print_table,
    ratio,
    use_one_core,
)

use_one_core()
be_a_worker()

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

import bnn_lib as bnn  # noqa: E402

FEATURES, BATCH = 20, 100
TARGET_SECONDS, TARGET_RATIO = 2.0, 1.2


def main() -> None:
    """Print both tables."""
    quick = arguments(__doc__ or "").quick
    many, few = (5_000, 500) if quick else (50_000, 1_000)
    rounds, seconds = (1, 0.01) if quick else (5, 0.3)
    print_machine()

    files = {
        "numbers": write(many),
        "numbers, decimal commas": write(many // 2, sep=";", decimal=","),
        "numbers and categories": write(many, categories=10),
    }
    bnn.read_table(files["numbers"][:10_000].rsplit(b"\n", 1)[0])  # imports are over
    print(f"\nProcessor seconds of a CSV file with {FEATURES} features.\n")
    rows = []
    for name, data in files.items():
        summaries: list[object] = []
        read = cost(lambda data=data, found=summaries: found.append(bnn.inspect_table(data)))
        encoded = cost(lambda found=summaries: bnn.encode_table(found[0]))
        n_rows = data.count(b"\n") - 1
        rows.append((name, n_rows, len(data) / 1e6, read.processor, read.wall, encoded.processor))
    print_table(("file", "rows", "MB", "to summary", "by the clock", "to data set"), rows)
    print(f"Target: {many:,} rows to summary in {TARGET_SECONDS:g} s.")

    print(f"\nMicroseconds a step in batches of {BATCH}; one layer of 50 tanh units.\n")
    loops = {f"{n:,} rows": fit_loop(bnn.read_table(write(n)), seconds) for n in (few, many)}
    small, large = (costs for costs in in_turn(loops, rounds).values())
    print_table(
        ("rows", "microseconds"),
        [(name, 1e6 * median(costs).processor) for name, costs in zip(loops, (small, large), strict=True)],
    )
    print(f"{many:,} rows: {ratio(large, small):.2f} times. Target: at most {TARGET_RATIO:g}.")


def write(rows: int, categories: int = 0, sep: str = ",", decimal: str = ".") -> bytes:
    """Return a CSV file of numbers, with one decimal place so that 50,000 rows stay below 5 MB."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(rows, FEATURES))
    frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(FEATURES)]).round(1)
    for i in range(categories):
        frame[f"x{i}"] = rng.choice(["ab", "cd", "ef"], rows)
    frame["y"] = (np.sin(X[:, -1]) + X[:, -2] + 0.1 * rng.normal(size=rows)).round(1)
    return frame.to_csv(index=False, sep=sep, decimal=decimal).encode()


def fit_loop(dataset: bnn.Dataset, seconds: float) -> Callable[[], Cost]:
    """Return a function that takes a mini-batch fit on and returns the cost of a step."""
    experiment = bnn.Experiment(
        network=bnn.NetworkSpec(hidden=(50,)),
        inference=bnn.InferenceSpec(steps=1_000_000, learning_rate=0.001, batch_size=BATCH),
    )
    fit = bnn.fit_steps(experiment, dataset)
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


if __name__ == "__main__":
    main()
