"""Running a fit: in chunks, so that there is something to show and somewhere to stop."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from bnn_lib import programs
from bnn_lib.datasets import load_dataset
from bnn_lib.errors import FitFailed
from bnn_lib.inference import METHODS
from bnn_lib.logdensity import layout_size
from bnn_lib.model import Structure, model_data
from bnn_lib.posterior import Posterior, Schema, step_settings
from bnn_lib.programs import MAX_CHUNK, ChunkKey

if TYPE_CHECKING:
    from bnn_lib.datasets import Dataset
    from bnn_lib.experiment import Experiment
    from bnn_lib.logdensity import Layout

CHUNK_SECONDS = 0.1
FLATNESS_WINDOW = 1000  # steps whose mean ELBO is compared with that of as many before
FLATNESS_PATIENCE = 2  # windows in a row that must bring nothing


@dataclass(frozen=True, eq=False)
class Progress:
    """A fit as it is after some of its steps.

    Attributes
    ----------
    step, total : int
        Steps done, and steps asked for.
    elbo : ndarray of shape (k,), float32
        Of the k steps since the last progress, in nats.
    posterior : Posterior
        As it is now.
    """

    step: int
    total: int
    elbo: np.ndarray
    posterior: Posterior


def fit(experiment: Experiment, dataset: Dataset | None = None) -> Posterior:
    """Fit to the end and return the posterior.

    Parameters
    ----------
    experiment : Experiment
    dataset : Dataset, optional
        ``experiment.data`` is loaded if it is not given.

    Raises
    ------
    InvalidExperiment
        If the likelihood does not fit the target.
    FitFailed
        If the ELBO or the parameters cease to be numbers.
    """
    for progress in fit_steps(experiment, dataset):
        posterior = progress.posterior
    return posterior


def fit_steps(
    experiment: Experiment, dataset: Dataset | None = None, *, chunk_steps: int | None = None
) -> Iterator[Progress]:
    """Fit, and yield after every chunk; stop iterating to cancel.

    Parameters
    ----------
    experiment, dataset
        As in `fit`.
    chunk_steps : int, optional
        Steps in a chunk, 8,192 at the most; by default what takes a tenth of a second. The result is the same
        whatever it is.

    Yields
    ------
    Progress
        After the first step, at every one of `snapshot_steps`, and at least once a chunk.
    """
    if dataset is None:
        dataset = load_dataset(experiment.data)
    run = _Run(experiment, dataset)
    total, snapshots = experiment.inference.steps, iter(snapshot_steps(experiment.inference.steps))
    pace, goal = chunk_steps or 1, next(snapshots)
    while True:
        window_end = (run.step // FLATNESS_WINDOW + 1) * FLATNESS_WINDOW
        n = min(pace, MAX_CHUNK, goal - run.step, window_end - run.step)
        seconds = run.advance(n)
        if chunk_steps is None:
            # Twice as many at the most: the first chunks are too short to time.
            pace = max(1, min(2 * pace, int(CHUNK_SECONDS * n / max(seconds, 1e-6))))
        flat = experiment.inference.early_stopping and is_flat(run.elbo)
        yield Progress(run.step, total, run.elbo[-n:], run.posterior(stopped_early=flat and run.step < total))
        if flat or run.step == total:
            return
        if run.step == goal:
            goal = next(snapshots)


def snapshot_steps(total: int, count: int = 30) -> list[int]:
    """Return about `count` steps from 1 to `total`, evenly in their logarithm; the last is `total`."""
    return sorted({round(step) for step in np.geomspace(1, total, count)})


def is_flat(elbo: np.ndarray) -> bool:
    """Whether the ELBO has ceased to rise, judged at the end of a window of steps.

    True if the mean of each of the last two windows exceeds that of the window before it by less than the
    standard error of the difference.
    """
    n = len(elbo)
    if n % FLATNESS_WINDOW or n < (FLATNESS_PATIENCE + 1) * FLATNESS_WINDOW:
        return False
    windows = elbo[-(FLATNESS_PATIENCE + 1) * FLATNESS_WINDOW :].reshape(-1, FLATNESS_WINDOW).astype("float64")
    rise = np.diff(windows.mean(axis=1))
    variance = windows.var(axis=1, ddof=1) / FLATNESS_WINDOW
    return bool(np.all(rise < np.sqrt(variance[1:] + variance[:-1])))


def compile_ahead(experiment: Experiment, dataset: Dataset) -> None:
    """Compile all that a fit of this structure and its predictions need, on two cores where there are two.

    The steps take longest; what draws and predicts is compiled beside them.
    """
    structure, method = Structure.of(experiment, dataset), experiment.inference.method
    with ThreadPoolExecutor(max_workers=2) as pool:
        for made in (
            pool.submit(_chunk_program, experiment, structure, len(dataset.X_train)),
            pool.submit(programs.forward_program, structure),
            pool.submit(programs.sample_program, structure, method, step_settings(experiment)),
            pool.submit(programs.parameters_program, structure),
        ):
            made.result()


def _chunk_program(experiment: Experiment, structure: Structure, rows: int) -> tuple[programs.Program, Layout]:
    inference = experiment.inference
    batch = None if inference.batch_size is None or inference.batch_size >= rows else inference.batch_size
    key = ChunkKey(structure, rows, batch, inference.method, step_settings(experiment))
    return programs.chunk_program(key), programs.density(structure, batch or rows).layout


class _Run:
    """The state of one fit."""

    def __init__(self, experiment: Experiment, dataset: Dataset) -> None:
        self.experiment, self.schema = experiment, Schema.of(dataset)
        self.structure = Structure.of(experiment, dataset)
        self.program, self.layout = _chunk_program(experiment, self.structure, len(dataset.X_train))
        self.inputs = model_data(experiment, dataset)
        start = start_position(self.layout, experiment.inference.seed)
        self.state: Any = METHODS[experiment.inference.method].load().init(start, step_settings(experiment))
        self._elbo = np.zeros(experiment.inference.steps, "float32")
        self.step, self.seconds = 0, 0.0

    @property
    def elbo(self) -> np.ndarray:
        """The ELBO of all steps so far; what is written stays as it is, so a view will do."""
        view = self._elbo[: self.step]
        view.setflags(write=False)
        return view

    def advance(self, n: int) -> float:
        """Do `n` more steps; return the seconds they took."""
        inference, began = self.experiment.inference, time.perf_counter()
        scalars = np.uint32(inference.seed), np.int32(self.step), np.int32(n)
        rates = np.float32(inference.learning_rate), np.float32(inference.steps)
        self.state, elbo = self.program.run(*scalars, *rates, self.state, self.inputs)
        # A slice by JAX would compile anew for each n.
        self._elbo[self.step : self.step + n] = np.asarray(elbo)[:n]
        seconds = time.perf_counter() - began
        self._check(n)
        self.step, self.seconds = self.step + n, self.seconds + seconds
        return seconds

    def _check(self, n: int) -> None:
        """Refuse numbers that are none: the ELBO of a step, or the state that the last one left."""
        bad = np.flatnonzero(~np.isfinite(self._elbo[self.step : self.step + n]))
        if len(bad):
            step = self.step + int(bad[0])
            what = f"The ELBO is {self._elbo[step]} at step {step + 1:,}"
        elif any(np.isnan(leaf).any() for leaf in jax.tree.leaves(self.state)):
            # Infinite may be: Adam's mean square of a gradient above 1e19 is, and its parameter then rests.
            what = f"The posterior's parameters are not numbers after step {self.step + n:,}"
        else:
            return
        raise FitFailed(
            f"{what}: a weight has grown beyond what 32-bit numbers hold. A smaller learning rate or prior "
            "scale usually helps."
        )

    def posterior(self, stopped_early: bool) -> Posterior:
        diagnostics = {
            "steps": self.step,
            "seconds": self.seconds,
            "steps_per_second": self.step / self.seconds if self.seconds else 0.0,
            "compile_seconds": self.program.compile_seconds,
            "n_parameters": layout_size(self.layout),
            "stopped_early": stopped_early,
        }
        return Posterior(self.experiment, self.structure, self.schema, self.state, self.elbo, diagnostics)


def start_position(layout: Layout, seed: int) -> np.ndarray:
    """Where a fit starts: weights from N(0, 1 / fan_in), all else at 0.

    All weights at 0 would be a saddle point, where units that start equal stay equal; this keeps the scale of
    activations through the layers (LeCun et al. 1998).
    """
    rng = np.random.default_rng(seed)
    position = np.zeros(layout_size(layout), "float32")
    for where, shape in layout.values():
        if len(shape) == 2:
            position[where] = rng.normal(0.0, shape[1] ** -0.5, where.stop - where.start)
    return position
