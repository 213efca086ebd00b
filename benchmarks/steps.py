"""Steps a second on two moons against `pm.fit`, NumPyro and a loop by hand; one core, Adam at the same rate."""

from __future__ import annotations

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

import jax  # noqa: E402

import bnn_lib as bnn  # noqa: E402
from benchmarks import peers  # noqa: E402
from bnn_lib.model import model_data  # noqa: E402

OURS, HAND, NUMPYRO = "bnn_lib", "by hand in JAX", "NumPyro, SVI.run's loop"
TARGETS = {HAND: 0.8, NUMPYRO: 2.0, "best pm.fit": 10.0}
TARGET_AGAIN = 4.0


def main() -> None:
    """Print the tables."""
    quick = arguments(__doc__ or "").quick
    rounds, steps, pymc_steps, whole = (1, 1_000, 100, 1_000) if quick else (9, 8_000, 1_000, 20_000)
    experiment = bnn.Experiment(inference=bnn.InferenceSpec(steps=whole, learning_rate=peers.RATE))
    dataset = bnn.load_dataset(experiment.data)
    data = model_data(experiment, dataset)
    X, y = data["X"], data["targets"]
    print_machine()
    print(
        f"Two moons, {len(dataset.X_train)} training rows, 2-5-5-1 with biases, one core, Adam at {peers.RATE}.\n"
    )

    loops = {OURS: peers.ours(experiment, dataset, steps)}
    with jax.enable_x64(False):
        loops[HAND], elbo_by_hand = peers.by_hand(X, y, whole)
        svi = peers.numpyro_svi(X, y)
        if svi is not None:
            loops[NUMPYRO] = _in_float32(peers.numpyro_loop(svi[0], X, y, steps))
    loops[HAND] = _in_float32(loops[HAND])
    compiled: dict[str, Cost] = {}
    for backend in peers.pymc_backends():
        name = f"pm.fit, {backend}"
        loops[name], compiled[name] = peers.pymc_loop(experiment, dataset, backend, pymc_steps)
    _print_steps(in_turn(loops, rounds))
    if svi is None:
        print("NumPyro is left out: it is not installed (requirements-bench.txt has it).")
    if not any(name.startswith("pm.fit") for name in loops):
        print("pm.fit is left out: this PyMC has the C backend only, and there is no C++ compiler.")
    if compiled:
        seconds = ", ".join(f"{name} {taken.wall:.0f} s" for name, taken in compiled.items())
        print(f"Compiled before, and not counted: {seconds} (its own cache may have helped).")

    if svi is not None:
        _print_again(experiment, dataset, svi[1], elbo_by_hand, rounds=1 if quick else 3)


def _in_float32(loop: peers.Loop) -> peers.Loop:
    """PyTensor switches JAX to 64 bits when it is imported; these peers are to run as they would without it."""

    def run() -> Cost:
        with jax.enable_x64(False):
            return loop()

    return run


def _print_steps(costs: dict[str, list[Cost]]) -> None:
    ours = costs[OURS]
    ratios = {name: ratio(found, ours) for name, found in costs.items()}
    fits = [name for name in costs if name.startswith("pm.fit")]
    targets = {name: TARGETS.get(name) for name in costs}
    if fits:
        targets[min(fits, key=lambda name: median(costs[name]).processor)] = TARGETS["best pm.fit"]
    rows = []
    for name, found in sorted(costs.items(), key=lambda item: median(item[1]).processor):
        taken, target = median(found), targets[name]
        rows.append(
            (
                name,
                1e6 * taken.processor,
                1e6 * min(c.processor for c in found),
                1e6 * taken.wall,
                1 / taken.processor,
                "" if name == OURS else f"{ratios[name]:.2f} x",
                "" if target is None else f"{target:g} x",
            )
        )
    header = ("", "us a step", "least", "by the clock", "steps/s", "bnn_lib is faster", "target")
    print_table(header, rows)


def _print_again(
    experiment: bnn.Experiment,
    dataset: bnn.Dataset,
    svi_run: peers.Callable,
    elbo_by_hand: peers.Callable,
    rounds: int,
) -> None:
    """Whole fits in a process that has fitted this structure before, each with a new seed."""
    steps, elbo, seed = experiment.inference.steps, {}, 0

    def ours() -> Cost:
        nonlocal seed
        seed += 1
        inference = experiment.inference.model_copy(update={"seed": seed})

        def fit() -> None:
            elbo[OURS] = bnn.fit(experiment.model_copy(update={"inference": inference}), dataset).elbo

        return cost(fit)

    def numpyro() -> Cost:
        def fit() -> None:
            elbo["NumPyro"] = svi_run(steps)

        with jax.enable_x64(False):
            return cost(fit)

    numpyro()  # the first fit; ours has had it
    costs = in_turn({OURS: ours, "NumPyro": numpyro}, rounds)
    elbo[HAND] = elbo_by_hand()
    print(f"\nA second fit of {steps:,} steps, end to end, and its mean ELBO over the last tenth.\n")
    rows = []
    for name in (OURS, "NumPyro", HAND):
        taken = median(costs[name]) if name in costs else None
        rows.append(
            (
                name,
                taken.processor if taken else "",
                taken.wall if taken else "",
                f"{ratio(costs[name], costs[OURS]):.1f} x" if name == "NumPyro" else "",
                f"{TARGET_AGAIN:g} x" if name == "NumPyro" else "",
                f"{elbo[name][-steps // 10 :].mean():.1f}",
            )
        )
    print_table(("", "seconds", "by the clock", "bnn_lib is faster", "target", "ELBO"), rows)


if __name__ == "__main__":
    main()
