"""NUTS on two moons, 2-5-5-1: ours against `pm.sample` and nutpie, end to end; four chains.

Weights are not identifiable, so what is compared is the effective sample size of the network's log odds at the
test inputs: that of the worst and of the median input, of one chain, by one estimator for all (blackjax's).
"""

from __future__ import annotations

import importlib.util
import logging
import sys
import warnings
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

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
import pymc as pm  # noqa: E402
from blackjax.diagnostics import effective_sample_size  # noqa: E402

import bnn_lib as bnn  # noqa: E402
from benchmarks import peers  # noqa: E402
from bnn_lib.model import standardized_rows  # noqa: E402

OURS, PYMC, NUTPIE = "bnn_lib", "pm.sample", "nutpie"
FASTER = {PYMC: 5.0, NUTPIE: 2.0}
FOUR_CHAINS = 2.3  # times one chain's time, on two cores


class Sampled(NamedTuple):
    """One run: what it took, how much of that was to compile, and the draws of one chain."""

    taken: Cost
    compiling: float | None
    draws: Mapping[str, np.ndarray]


def main() -> int:
    """Print the tables; return 1 if a target is missed."""
    quick = arguments((__doc__ or "").partition("\n")[0]).quick
    print_machine()
    missed = compare(*((50, 50) if quick else (1000, 1000)))
    missed += several_chains(*((50, 50, 1) if quick else (500, 500, 3)))
    return int(missed > 0 and not quick)


def moons(tune: int, draws: int, chains: int, seed: int = 0) -> bnn.Experiment:
    """The default problem, by NUTS."""
    return bnn.Experiment(
        inference=bnn.InferenceSpec(method="nuts", tune=tune, draws=draws, chains=chains, seed=seed)
    )


def compare(tune: int, draws: int) -> int:
    """Print one chain of each, from the model to the draws; return how many targets are missed."""
    experiment = moons(tune, draws, 1)
    dataset = bnn.load_dataset(experiment.data)
    print(f"\nTwo moons, {len(dataset.X_train)} rows, 2-5-5-1; one chain, {tune:,} + {draws:,}, end to end.\n")
    runs: dict[str, Callable[[], Sampled]] = {
        OURS: lambda: ours(experiment, dataset),
        NUTPIE: lambda: by_nutpie(experiment, dataset),
        PYMC: lambda: by_pymc(experiment, dataset),
    }
    if importlib.util.find_spec("nutpie") is None:
        del runs[NUTPIE]
    rows, found, rate = [], {}, {}
    for name, run in runs.items():
        sampled = run()
        least, middle = effective(sampled.draws, dataset)
        wall, processor = found[name] = sampled.taken
        rate[name] = middle / wall
        share = "" if sampled.compiling is None else sampled.compiling
        faster = "" if name == OURS else f"{wall / found[OURS].wall:.1f} x"
        target = f"{FASTER[name]:g} x" if name in FASTER else ""
        rows.append((name, wall, processor, share, least, middle, least / wall, rate[name], faster, target))
    header = ("", "seconds", "processor", "compiling", "ESS, least", "median", "a second, least", "median")
    print_table((*header, "bnn_lib is faster", "target"), rows)
    if NUTPIE not in found:
        print("nutpie is left out: it is not installed (requirements-bench.txt has it).")
    print("The processor's time of a peer that samples in processes of its own is not all in it.")
    lost = [name for name in found if name != OURS and found[name].wall / found[OURS].wall < FASTER[name]]
    slow = [name for name in found if rate[name] > rate[OURS]]
    print(f"Target: faster end to end than {', '.join(FASTER)}: {verdict(lost)}.")
    print(f"Target: as many effective draws a second, of the median input: {verdict(slow)}.")
    return len(lost) + len(slow)


def verdict(lost: list[str]) -> str:
    """Say against whom a target is missed."""
    return f"missed against {', '.join(lost)}" if lost else "met"


def ours(experiment: bnn.Experiment, dataset: bnn.Dataset) -> Sampled:
    """One chain by our own fit, in the order of its draws."""
    kept: list[bnn.Posterior] = []
    taken = cost(lambda: kept.append(bnn.fit(experiment, dataset)))
    return Sampled(
        taken,
        float(kept[0].diagnostics["compile_seconds"]),
        of_one_chain(kept[0].to_arviz(experiment.inference.draws)),
    )


def by_pymc(experiment: bnn.Experiment, dataset: bnn.Dataset) -> Sampled:
    """Run `pm.sample` with its own sampler and default backend, compilation included."""
    logging.getLogger("pymc").setLevel(logging.ERROR)
    inference, kept = experiment.inference, []

    def run() -> None:
        with bnn.build_model(experiment, dataset), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            kept.append(
                pm.sample(
                    inference.draws,
                    tune=inference.tune,
                    chains=1,
                    cores=1,
                    random_seed=0,
                    progressbar=False,
                    compute_convergence_checks=False,
                )
            )

    return Sampled(cost(run), None, of_one_chain(kept[0]))


def by_nutpie(experiment: bnn.Experiment, dataset: bnn.Dataset) -> Sampled:
    """Run nutpie with its default backend, Numba, compilation included."""
    import nutpie

    inference, kept, compiling = experiment.inference, [], []

    def build() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            kept.append(nutpie.compile_pymc_model(bnn.build_model(experiment, dataset)))

    def run() -> None:
        compiling.append(cost(build).wall)
        kept.append(
            nutpie.sample(
                kept[0],
                draws=inference.draws,
                tune=inference.tune,
                chains=1,
                cores=1,
                seed=0,
                progress_bar=False,
                save_warmup=False,
            )
        )

    return Sampled(cost(run), compiling[0], of_one_chain(kept[1]))


def of_one_chain(data: Any) -> dict[str, np.ndarray]:
    """Return a chain's draws from ArviZ's container, of either generation."""
    posterior = data["posterior"]
    return {name: np.asarray(posterior[name])[0] for name in posterior.data_vars if name[0] in "Wb"}


def effective(draws: Mapping[str, np.ndarray], dataset: bnn.Dataset) -> tuple[float, float]:
    """Return the effective sample size of the log odds, of the worst and of the median test input."""
    h = standardized_rows(dataset.X_test, dataset.scaling)
    layers = len(peers.LAYERS)
    for layer in range(1, layers + 1):
        h = draws[f"W{layer}"] @ h + draws[f"b{layer}"][:, :, None]
        h = np.tanh(h) if layer < layers else h
    sizes = np.asarray(effective_sample_size(h[:, 0][None], chain_axis=0, sample_axis=1))
    return float(sizes.min()), float(np.median(sizes))


def several_chains(tune: int, draws: int, rounds: int) -> int:
    """Print what four chains take against one; return 1 if it is too much."""
    seed = 0

    def run(chains: int) -> Cost:
        nonlocal seed
        seed += 1
        experiment = moons(tune, draws, chains, seed)
        return cost(lambda: bnn.fit(experiment, dataset))

    dataset = bnn.load_dataset(moons(tune, draws, 1).data)
    run(4), run(1)  # compiled
    found = in_turn({"one chain": lambda: run(1), "four chains": lambda: run(4)}, rounds)
    times = {name: median(costs) for name, costs in found.items()}
    compared = times["four chains"].wall / times["one chain"].wall
    print(f"\nFour chains at once, {tune:,} + {draws:,}, compiled before; each run has a seed of its own.\n")
    rows = [(name, taken.wall, taken.processor) for name, taken in times.items()]
    print_table(("", "seconds", "processor"), rows)
    met = compared <= FOUR_CHAINS
    print(f"Target: at most {FOUR_CHAINS:g} times one chain's time on two cores: {compared:.2f}, ", end="")
    print("met." if met else "missed.", flush=True)
    return int(not met)


if __name__ == "__main__":
    sys.exit(main())
