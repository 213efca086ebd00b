"""The cost of a step against rows and against width, full batch and in mini-batches, with fitted exponents."""

from __future__ import annotations

from benchmarks.common import arguments, print_machine, print_table, use_one_core

use_one_core()

import numpy as np  # noqa: E402

import bnn_lib as bnn  # noqa: E402
from bnn_lib.fitting import fit_steps  # noqa: E402

BUDGET = 0.7  # seconds of steps for each figure, about


def microseconds(experiment: bnn.Experiment, budget: float) -> float:
    """Return the median cost of a step over chunks, the first few left out."""
    dataset = bnn.load_dataset(experiment.data)
    costs, before, spent = [], 0, 0.0
    for progress in fit_steps(experiment, dataset):
        taken = progress.posterior.diagnostics["seconds"] - spent
        steps, before, spent = progress.step - before, progress.step, spent + taken
        costs.append((steps, taken))
        if spent > budget and len(costs) > 3:
            break
    late = costs[len(costs) // 2 :]
    return 1e6 * float(np.median([taken / steps for steps, taken in late]))


def main() -> None:
    """Print both tables."""
    quick = arguments(__doc__ or "").quick
    budget = 0.05 if quick else BUDGET
    print_machine()
    full, batch = bnn.InferenceSpec(steps=1_000_000), bnn.InferenceSpec(steps=1_000_000, batch_size=100)
    rows = [100, 1_000] if quick else [100, 1_000, 10_000, 90_000]
    table = []
    for n in rows:
        data = bnn.DataSpec(n=round(n / 0.9), test_fraction=0.1)
        table.append((n, *(microseconds(bnn.Experiment(data=data, inference=i), budget) for i in (full, batch))))
    print("\nmicroseconds a step against training rows, 2-5-5-1")
    print_table(("rows", "full batch", "batches of 100"), table)
    _print_exponents("rows", [row[0] for row in table], [row[1] for row in table], [row[2] for row in table])

    widths = [4, 16] if quick else [4, 8, 16, 32, 64, 128]
    table = []
    for width in widths:
        network = bnn.NetworkSpec(hidden=(width, width))
        table.append(
            (width, *(microseconds(bnn.Experiment(network=network, inference=i), budget) for i in (full, batch)))
        )
    print("\nmicroseconds a step against width, 2-w-w-1, 500 training rows")
    print_table(("width", "full batch", "batches of 100"), table)
    _print_exponents("width", [row[0] for row in table], [row[1] for row in table], [row[2] for row in table])


def _print_exponents(what: str, x: list[int], *columns: list[float]) -> None:
    """Print the slope of the last half of each column in logarithms, where the fixed cost of a step is past."""
    late = slice(len(x) // 2 - 1, None) if len(x) > 2 else slice(None)
    slopes = [np.polyfit(np.log(x[late]), np.log(column[late]), 1)[0] for column in columns]
    print(f"exponent of {what}: full batch {slopes[0]:.2f}, batches of 100 {slopes[1]:.2f}")


if __name__ == "__main__":
    main()
