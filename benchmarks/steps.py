"""Steps a second on two moons against `pm.fit`, NumPyro and a loop by hand; one core, Adam at the same rate."""

from __future__ import annotations

from benchmarks.common import arguments, in_turn, print_machine, print_table, seconds, use_one_core

use_one_core()

import bnn_lib as bnn  # noqa: E402
from benchmarks import peers  # noqa: E402
from bnn_lib.model import model_data  # noqa: E402


def main() -> None:
    """Print the table."""
    quick = arguments(__doc__ or "").quick
    rounds, steps = (1, 2_000) if quick else (7, 20_000)
    pymc_steps = 200 if quick else 3_000
    experiment = bnn.Experiment(inference=bnn.InferenceSpec(steps=steps))
    dataset = bnn.load_dataset(experiment.data)
    data = model_data(experiment, dataset)
    print_machine()
    print(f"two moons, {len(dataset.X_train)} training rows, 2-5-5-1 with biases, one core, Adam at 0.01\n")

    ours_first = seconds(lambda: bnn.fit(experiment, dataset))

    def ours() -> float:
        return bnn.fit(experiment, dataset).diagnostics["steps_per_second"]

    import jax

    with jax.enable_x64(False):
        by_hand = peers.by_hand(data["X"], data["targets"])
        runs = {"bnn_lib": ours, "by hand in JAX": lambda: steps / by_hand(steps)}
        firsts = {"bnn_lib": ours_first}
        numpyro = peers.numpyro_svi(data["X"], data["targets"])
        if numpyro is None:
            print("NumPyro is left out: it is not installed (requirements-bench.txt has it).\n")
        else:
            firsts["NumPyro SVI.run"] = seconds(lambda: numpyro(steps))
            # Each SVI.run compiles anew; a fit of ten times the steps shows the loop alone.
            runs["NumPyro SVI.run"] = lambda: (
                9 * steps / (seconds(lambda: numpyro(10 * steps)) - seconds(lambda: numpyro(steps)))
            )
        rates = in_turn(runs, rounds if not quick else 1)
        whole = {"bnn_lib": lambda: seconds(lambda: bnn.fit(experiment, dataset))}
        if numpyro is not None:
            whole["NumPyro SVI.run"] = lambda: seconds(lambda: numpyro(steps))
        seconds_again = in_turn(whole, 1 if quick else 3)
    for backend in peers.pymc_backends():
        run, first = peers.pymc_runner(experiment, dataset, backend)
        name = f"pm.fit, {backend}"
        firsts[name] = first
        # Ours beside it again, since the machine's speed drifts: the ratio counts.
        pair = in_turn({name: lambda run=run: pymc_steps / run(pymc_steps), "ours": ours}, rounds)
        rates[name] = pair[name] * rates["bnn_lib"] / pair["ours"]
    rows = [
        (
            name,
            rate,
            1e6 / rate,
            rates["bnn_lib"] / rate,
            firsts.get(name, ""),
            seconds_again.get(name, ""),
        )
        for name, rate in sorted(rates.items(), key=lambda item: -item[1])
    ]
    print_table(
        ("", "steps/s", "us a step", "bnn_lib is x times", "first call, s", f"again, {steps:,} steps, s"), rows
    )


if __name__ == "__main__":
    main()
