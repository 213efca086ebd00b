"""Time to the first progress and to the end of a fit, in a process that is warm, and what was compiled for it.

New structures, and new numbers in a structure that was fitted before. In the order of a worker of the app:
compile all that the fit and its pictures need, step, draw the first map, go on to the end.
"""

from __future__ import annotations

import time
from typing import NamedTuple

from benchmarks.common import arguments, be_a_worker, print_machine, print_table, use_one_core

OPTIONS = arguments(__doc__ or "", may_use_all_cores=True)
if not OPTIONS.all_cores:
    use_one_core()
be_a_worker()

import jax  # noqa: E402
import numpy as np  # noqa: E402

import bnn_lib as bnn  # noqa: E402
from bnn_lib.engine.views import Maps  # noqa: E402
from bnn_lib.fitting import compile_ahead  # noqa: E402

NEW_TARGET, SAME_TARGET = 2.5, 0.3  # seconds to the first progress


class Times(NamedTuple):
    """Seconds since the fit was asked for, and compilations by XLA until its end."""

    progress: float
    progress_processor: float
    first_map: float
    fitted: float
    compilations: int


def main() -> None:
    """Print the table."""
    compiled: list[str] = []

    def listen(event: str, duration: float, **_: object) -> None:
        if "backend_compile" in event:
            compiled.append(event)

    jax.monitoring.register_event_duration_secs_listener(listen)
    print_machine()
    steps = 500 if OPTIONS.quick else 20_000
    inference = bnn.InferenceSpec(steps=steps)
    new = [(6, 4), (7,)] if OPTIONS.quick else [(6, 4), (7,), (4, 6), (8, 8), (5, 5, 5), (3, 7), (9,)]
    measure(bnn.Experiment(inference=inference), compiled)  # imports and first computations are over

    print(f"Two moons, 500 training rows, {steps:,} steps; seconds since the fit was asked for.\n")
    rows = []
    times = [
        measure(bnn.Experiment(network=bnn.NetworkSpec(hidden=h), inference=inference), compiled) for h in new
    ]
    for hidden, found in zip(new, times, strict=True):
        rows.append((f"new structure {'-'.join(map(str, (2, *hidden, 1)))}", *found, ""))
    rows.append(("new structure, median", *_median(times), f"<= {NEW_TARGET}"))
    same = {
        "other data": bnn.Experiment(inference=inference, data=bnn.DataSpec(name="circles", seed=3, noise=0.1)),
        "other seed": bnn.Experiment(inference=inference.model_copy(update={"seed": 7})),
        "other prior scale": bnn.Experiment(inference=inference, prior=bnn.PriorSpec(scale=2.0, bias_scale=0.5)),
        "other rate": bnn.Experiment(inference=inference.model_copy(update={"learning_rate": 0.02})),
        "other number of steps": bnn.Experiment(inference=inference.model_copy(update={"steps": steps // 2})),
    }
    times = [measure(experiment, compiled) for experiment in same.values()]
    rows += [(name, *found, "") for name, found in zip(same, times, strict=True)]
    rows.append(("same structure, median", *_median(times), f"<= {SAME_TARGET}, none compiled"))
    header = ("", "first progress", "its processor time", "first map", "fitted", "compilations", "target")
    print_table(header, rows)


def measure(experiment: bnn.Experiment, compiled: list[str]) -> Times:
    """Do what a worker does with `experiment`."""
    compiled.clear()
    wall, processor = time.perf_counter(), time.process_time()
    dataset = bnn.load_dataset(experiment.data)
    compile_ahead(experiment, dataset)
    fit = bnn.fit_steps(experiment, dataset)
    first = next(fit)
    progress = time.perf_counter() - wall, time.process_time() - processor
    Maps.frame(first.posterior, Maps.place(dataset), first.step)
    first_map = time.perf_counter() - wall
    for _ in fit:
        pass
    return Times(*progress, first_map, time.perf_counter() - wall, len(compiled))


def _median(times: list[Times]) -> Times:
    *seconds, compilations = (np.median(column) for column in zip(*times, strict=True))
    return Times(*map(float, seconds), int(compilations))


if __name__ == "__main__":
    main()
