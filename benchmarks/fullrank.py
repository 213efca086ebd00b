"""What a step of full-rank ADVI costs against one of mean-field ADVI, by the number of weights; one core."""

from __future__ import annotations

import sys

from benchmarks.common import (
    arguments,
    be_a_worker,
    in_turn,
    median,
    print_machine,
    print_table,
    ratio,
    use_one_core,
)

use_one_core()
be_a_worker()

import bnn_lib as bnn  # noqa: E402
from benchmarks import peers  # noqa: E402

TARGET = 3.0  # times mean-field's step
WIDTHS = (5, 10, 15, 19)  # of both hidden layers: 51 to 457 weights


def main() -> int:
    """Print the table; return 1 if the target is missed."""
    quick = arguments(__doc__ or "").quick
    rounds, steps = (1, 200) if quick else (7, 2000)
    print_machine()
    dataset = bnn.load_dataset(bnn.DataSpec())
    rows, missed = [], 0
    for width in WIDTHS[:1] if quick else WIDTHS:
        loops = {}
        for method in ("advi", "fullrank_advi"):
            inference = bnn.InferenceSpec(method=method, learning_rate=0.001)
            network = bnn.NetworkSpec(hidden=(width, width))
            loops[method] = peers.ours(bnn.Experiment(network=network, inference=inference), dataset, steps)
        found = in_turn(loops, rounds)
        times = ratio(found["fullrank_advi"], found["advi"])
        missed += times > TARGET
        weights = 3 * width + width * (width + 1) + width + 1
        each = [1e6 * median(costs).processor for costs in found.values()]
        rows.append((str(weights), *each, f"{times:.2f} x", f"<= {TARGET:g} x"))
    print("\nMicroseconds a step of the processor's time, two moons, 2-w-w-1, 500 rows.\n")
    print_table(("weights", "mean-field", "full-rank", "takes", "target"), rows)
    return int(missed > 0 and not quick)


if __name__ == "__main__":
    sys.exit(main())
