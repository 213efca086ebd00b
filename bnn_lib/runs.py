"""One fit under way: its state, and how to bring it some steps further."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from bnn_lib import programs
from bnn_lib.cores import on_all_cores
from bnn_lib.errors import FitFailed, InvalidExperiment
from bnn_lib.experiment import InferenceSpec
from bnn_lib.inference import METHODS
from bnn_lib.inference.base import StepRates, StepSettings, learning_rate
from bnn_lib.inference.requirements import check_method
from bnn_lib.logdensity import PYTENSOR_LOCK, layout_size
from bnn_lib.model import build_model, model_data
from bnn_lib.posterior import Posterior, step_settings
from bnn_lib.programs import MAX_CHUNK, ChunkKey
from bnn_lib.schema import Schema
from bnn_lib.structure import Structure

if TYPE_CHECKING:
    from bnn_lib.datasets import Dataset
    from bnn_lib.experiment import Experiment
    from bnn_lib.logdensity import Layout

CHAIN_SEED_STEP = 1_000_003  # between the seeds of one fit's chains


def chunk_key(experiment: Experiment, structure: Structure, rows: int) -> ChunkKey:
    """Return what the compiled steps of an experiment on so many rows are kept by."""
    inference = experiment.inference
    batch = None if inference.batch_size is None or inference.batch_size >= rows else inference.batch_size
    return ChunkKey(structure, rows, batch, inference.method, step_settings(experiment))


def start_positions(layout: Layout, seed: int, count: int = 1) -> np.ndarray:
    """Where a fit starts, (count, D): weight matrices from N(0, 1 / fan_in), all else at 0.

    All weights at 0 would be a saddle point, where units that start equal stay equal; this keeps the scale of
    activations through the layers (LeCun et al. 1998). Whatever has an entry for each weight starts so: offsets of
    non-centred weights, and the local scales of a horseshoe, for which it is a start as good as 0.
    """
    rng = np.random.default_rng(seed)
    positions = np.zeros((count, layout_size(layout)), "float32")
    for position in positions:
        for where, shape in layout.values():
            if len(shape) == 2:
                position[where] = rng.normal(0.0, shape[1] ** -0.5, where.stop - where.start)
    return positions


class Run:
    """The state of one fit.

    Parameters
    ----------
    experiment, dataset
    start : Posterior, optional
        Where to go on from (the same method), or whose draws to start at.
    """

    def __init__(self, experiment: Experiment, dataset: Dataset, start: Posterior | None = None) -> None:
        self.schema, self.structure = Schema.of(dataset), Structure.of(experiment, dataset)
        if start is not None and start.structure != self.structure:
            raise InvalidExperiment("The posterior to start from is of another network, prior or likelihood.")
        if start is not None and not start.schema.same_as(self.schema):
            raise InvalidExperiment(
                "The posterior to start from is of other data: names, classes or units are not those of this data "
                "set. If it was fitted to one of your own, pass that as well: bnn.fit(experiment, dataset, "
                "start=posterior)."
            )
        carried = start is not None and goes_on(experiment, start)
        steps = experiment.inference.total_steps
        if start is not None and carried and _chains(experiment):
            experiment, steps = _with_more_draws(experiment, start)
        self.experiment = experiment
        inference, rows = experiment.inference, len(dataset.X_train)
        check_method(inference, self.structure.sizes, self.structure.n_parameters)
        self.key, self.settings = chunk_key(experiment, self.structure, rows), step_settings(experiment)
        self.inputs = model_data(experiment, dataset)
        self.layout = programs.network_functions(self.structure).layout
        self.step, self.seconds = 0, 0.0
        before = np.zeros(0, "float32")
        if start is not None and carried:
            self.states, before = self._states_of(start), start.objective
        else:
            self.states = self._fresh_states(start)
        self.step, self.total = len(before), len(before) + steps
        self._objective = np.concatenate([before, np.zeros(steps, "float32")])
        self._longest_step = 0.0
        self._finish = programs.finish_program(self.key)
        self.compile_seconds = 0.0

    def _fresh_states(self, start: Posterior | None) -> list[Any]:
        settings, seed = self.settings, self.experiment.inference.seed
        method = METHODS[self.experiment.inference.method].load()
        runs, each = max(1, settings.chains), method.n_starts(settings)
        if start is None:
            positions = start_positions(self.layout, seed, runs * each)
        else:
            positions = start.positions(runs * each, seed)
        with jax.enable_x64(False):
            return [method.init(some, settings) for some in positions.reshape(runs, each, -1)]

    def _states_of(self, start: Posterior) -> list[Any]:
        """The states of a fit that goes on: one, or one for each chain, with room for its new draws."""
        settings = self.settings
        if not settings.chains:
            return [start.state]
        method: Any = METHODS[self.experiment.inference.method].load()
        chains = [jax.tree.map(lambda leaf, c=chain: leaf[c], start.state) for chain in range(settings.chains)]
        return [method.with_room(chain, settings.draws) for chain in chains]

    @property
    def objective(self) -> np.ndarray:
        """The objective of all steps so far; what is written stays as it is, so a view will do."""
        view = self._objective[: self.step]
        view.setflags(write=False)
        return view

    def advance(self, n: int) -> float:
        """Do `n` more steps; return the seconds they took."""
        program = programs.chunk_program(self.key)
        inference, began = self.experiment.inference, time.perf_counter()
        self.compile_seconds = program.compile_seconds
        rates = np.float32(inference.learning_rate), np.float32(self.total)

        def run_chain(chain: int) -> tuple[Any, np.ndarray]:
            seed = np.uint32((inference.seed + CHAIN_SEED_STEP * chain) % 2**32)
            scalars = seed, np.int32(self.step), np.int32(n)
            state, objective = program.run(*scalars, *rates, self.states[chain], self.inputs)
            # A slice by JAX would compile anew for each n.
            return state, np.asarray(objective)[:n]

        worked = self._work()
        results = on_all_cores(run_chain, len(self.states))
        self.states = [state for state, _ in results]
        values = np.stack([values for _, values in results])
        self._objective[self.step : self.step + n] = values.mean(axis=0)
        seconds = time.perf_counter() - began
        if worked is not None and (now := self._work()) is not None:
            # The slowest chain is the one that did most.
            did = max(after - before for (before, _), (after, _) in zip(worked, now, strict=True))
            self._longest_step = now[0][1] * seconds / max(did, 1)
        self._check(values)
        self.step, self.seconds = self.step + n, self.seconds + seconds
        return seconds

    def _work(self) -> list[tuple[int, int]] | None:
        work = getattr(METHODS[self.experiment.inference.method].load(), "work", None)
        return None if work is None else [work(state) for state in self.states]

    def steps_within(self, seconds: float) -> int:
        """Return how many steps are sure to be done in so many seconds, as far as is known: one at the least."""
        return max(1, int(seconds / self._longest_step)) if self._longest_step else MAX_CHUNK

    def _check(self, values: np.ndarray) -> None:
        """Refuse numbers that are none: the objective of a step, or the state that the last one left."""
        name = METHODS[self.experiment.inference.method].objective_label
        chain, bad = divmod(int(np.argmin(np.isfinite(values))), values.shape[1])
        if not np.isfinite(values[chain, bad]):
            what = f"The {name} is {values[chain, bad]} at step {self.step + bad + 1:,}"
        elif any(np.isnan(leaf).any() for leaf in jax.tree.leaves(self.states)):
            # Infinite may be: Adam's mean square of a gradient above 1e19 is, and its parameter then rests.
            what = f"The posterior's parameters are not numbers after step {self.step + values.shape[1]:,}"
        else:
            return
        raise FitFailed(
            f"{what}: a weight has grown beyond what 32-bit numbers hold. A smaller learning rate or prior "
            "scale usually helps."
        )

    def posterior(self, stopped_early: bool) -> Posterior:
        """Return the posterior as it is now."""
        state = _stacked(self.states) if self.settings.chains else self.states[0]
        if self._finish is not None:
            state = self._finish.run(state, self.inputs)
            if any(np.isnan(leaf).any() for leaf in jax.tree.leaves(state)):
                raise FitFailed(
                    f"The curvature is not a number after step {self.step:,}: the network saturates or has grown "
                    "beyond what 32-bit numbers hold. A smaller learning rate or prior scale usually helps."
                )
        diagnostics = {
            "steps": self.step,
            "seconds": self.seconds,
            "steps_per_second": self.step / self.seconds if self.seconds else 0.0,
            "compile_seconds": self.compile_seconds,
            "n_parameters": layout_size(self.layout),
            "stopped_early": stopped_early,
        }
        return Posterior(self.experiment, self.structure, self.schema, state, self.objective, diagnostics)


class PyMCRun(Run):
    """A fit by `pymc.fit` itself, which is asked for some steps at a time."""

    def __init__(self, experiment: Experiment, dataset: Dataset, start: Posterior | None = None) -> None:
        import pymc as pm
        import pytensor

        if start is not None:
            raise InvalidExperiment("The method 'pymc' starts by itself; leave out the posterior to start from.")
        super().__init__(experiment, dataset)
        began = time.perf_counter()
        inference = experiment.inference
        self._rate = pytensor.shared(np.asarray(inference.learning_rate, pytensor.config.floatX))
        with PYTENSOR_LOCK, build_model(experiment, dataset):
            self._advi = pm.ADVI(random_seed=inference.seed)
            self._step = self._advi.objective.step_function(
                obj_n_mc=inference.mc_samples, obj_optimizer=pm.adam(learning_rate=self._rate), score=True
            )
        self._build_seconds = time.perf_counter() - began

    def advance(self, n: int) -> float:
        """Do `n` more steps; return the seconds they took."""
        from bnn_lib.inference.pymc_advi import read_state

        began = time.perf_counter()
        rates = StepRates(self.experiment.inference.learning_rate, self.total)
        of_steps = learning_rate(self.settings, rates, self.step + np.arange(n))
        losses = np.zeros(n)
        for i, rate in enumerate(np.broadcast_to(np.asarray(of_steps, self._rate.dtype), n)):
            self._rate.set_value(rate)
            losses[i] = self._step()
        self._objective[self.step : self.step + n] = -losses
        with PYTENSOR_LOCK:
            self.states = [read_state(self._advi.approx, self.layout)]
        seconds = time.perf_counter() - began
        self._check(-losses[None])
        self.compile_seconds = self._build_seconds
        self.step, self.seconds = self.step + n, self.seconds + seconds
        return seconds


def start_run(experiment: Experiment, dataset: Dataset, start: Posterior | None) -> Run:
    """Return the run of an experiment."""
    run = PyMCRun if experiment.inference.method == "pymc" else Run
    return run(experiment, dataset, start)


def goes_on(experiment: Experiment, start: Posterior) -> bool:
    """Whether a fit takes over the state of `start`, rather than begin at its draws: if only `draws` differs."""
    same = start.experiment.inference.method == experiment.inference.method
    return same and replace(step_settings(experiment), draws=0) == replace(
        step_settings(start.experiment), draws=0
    )


def _with_more_draws(experiment: Experiment, start: Posterior) -> tuple[Experiment, int]:
    """Return the experiment that chains which go on end as, and the steps left: what of tuning is, and new draws.

    Its `draws` are those that the chains have and those that the experiment asks for.
    """
    inference, done = experiment.inference, len(start.objective)
    draws = max(0, done - inference.tune) + inference.draws
    whole = InferenceSpec(**(inference.model_dump() | {"draws": draws}))
    return experiment.model_copy(update={"inference": whole}), inference.tune + draws - done


def _chains(experiment: Experiment) -> int:
    settings: StepSettings = step_settings(experiment)
    return settings.chains


def _stacked(states: list[Any]) -> Any:
    return jax.tree.map(lambda *leaves: np.stack(leaves), *states)
