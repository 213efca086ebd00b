"""A map over a 100 x 100 grid from 500 draws of a 2-32-32-1 network: on one core, and on all."""

from __future__ import annotations

import os
import sys

from benchmarks.common import (
    Cost,
    arguments,
    be_a_worker,
    cost,
    in_turn,
    median,
    print_machine,
    print_table,
)

be_a_worker()

import numpy as np  # noqa: E402

import bnn_lib as bnn  # noqa: E402

TARGET = 0.3  # seconds, by the clock of a worker that has the machine to itself
SIDE, DRAWS, HIDDEN = 100, 500, (32, 32)


def main() -> int:
    """Print the table; return 1 if the target is missed."""
    quick = arguments(__doc__ or "").quick
    side, draws, rounds = (30, 50, 1) if quick else (SIDE, DRAWS, 7)
    print_machine()
    network, inference = bnn.NetworkSpec(hidden=HIDDEN), bnn.InferenceSpec(steps=200)
    posterior = bnn.fit(bnn.Experiment(network=network, inference=inference))
    points = np.stack(np.meshgrid(*2 * [np.linspace(-3, 3, side)]), axis=-1).reshape(-1, 2)
    cores = os.sched_getaffinity(0)

    def on(some: set[int]) -> Cost:
        os.sched_setaffinity(0, some)
        try:
            return cost(lambda: draw(posterior, points, draws))
        finally:
            os.sched_setaffinity(0, cores)

    draw(posterior, points, draws)  # compiles
    found = in_turn({"one core": lambda: on({max(cores)}), f"{len(cores)} cores": lambda: on(cores)}, rounds)
    times = {name: median(costs) for name, costs in found.items()}
    print(f"\nSeconds for mean, total, aleatoric and epistemic of {side} x {side} points, {draws} draws.\n")
    rows = [(name, took.wall, took.processor, f"<= {TARGET:g}") for name, took in times.items()]
    print_table(("", "by the clock", "of the processor", "target"), rows)
    return int(min(took.wall for took in times.values()) > TARGET and not quick)


def draw(posterior: bnn.Posterior, points: np.ndarray, draws: int) -> None:
    """Compute all that a map shows."""
    prediction = posterior.predict(points, n_draws=draws)
    _ = prediction.mean, prediction.total, prediction.aleatoric, prediction.epistemic


if __name__ == "__main__":
    sys.exit(main())
