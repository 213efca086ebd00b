"""How long until the first progress, in a process that is warm: for a new structure, and for new numbers."""

from __future__ import annotations

import time

import bnn_lib as bnn
from benchmarks.common import arguments, print_machine, print_table
from bnn_lib.fitting import compile_ahead, fit_steps


def main() -> None:
    """Print the table."""
    quick = arguments(__doc__ or "").quick
    import jax

    compiled: list[float] = []
    jax.monitoring.register_event_duration_secs_listener(
        lambda event, duration, **_: compiled.append(duration) if "backend_compile" in event else None
    )

    def first_progress(experiment: bnn.Experiment) -> tuple[float, float, int]:
        dataset = bnn.load_dataset(experiment.data)
        compiled.clear()
        began = time.perf_counter()
        compile_ahead(experiment, dataset)
        steps = fit_steps(experiment, dataset)
        progress = next(steps)
        first = time.perf_counter() - began
        *_, progress = (progress, *steps)
        progress.posterior.predict(dataset.X_test)
        return first, time.perf_counter() - began, len(compiled)

    print_machine()
    warm = bnn.Experiment(network=bnn.NetworkSpec(hidden=(3,)), inference=bnn.InferenceSpec(steps=100))
    first_progress(warm)  # imports and the first computation are over
    inference = bnn.InferenceSpec(steps=1_000 if quick else 20_000)
    new = bnn.InferenceSpec(steps=inference.steps, learning_rate=0.02, seed=7)
    cases = {
        "new structure: 2-5-5-1": bnn.Experiment(inference=inference),
        "other data": bnn.Experiment(inference=inference, data=bnn.DataSpec(name="circles", seed=3, noise=0.1)),
        "other seed, rate and prior scale": bnn.Experiment(inference=new, prior=bnn.PriorSpec(scale=2.0)),
        "new structure: relu": bnn.Experiment(
            inference=inference, network=bnn.NetworkSpec(hidden=(8, 8), activation="relu")
        ),
        "new structure: three classes": bnn.Experiment(inference=inference, data=bnn.DataSpec(name="iris")),
    }
    rows = [(name, *first_progress(experiment)) for name, experiment in cases.items()]
    print_table(("", "first progress, s", "fitted and predicted, s", "compilations"), rows)


if __name__ == "__main__":
    main()
