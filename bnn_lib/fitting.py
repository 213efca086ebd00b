"""Running a fit: in chunks, so that there is something to show and somewhere to stop."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from bnn_lib import programs
from bnn_lib.datasets import Dataset, load_dataset
from bnn_lib.datasets.checks import read_whole
from bnn_lib.diagnostics import assess
from bnn_lib.errors import check_kind
from bnn_lib.experiment import Experiment
from bnn_lib.inference import METHODS
from bnn_lib.inference.requirements import check_method
from bnn_lib.posterior import Posterior, step_settings
from bnn_lib.programs import MAX_CHUNK
from bnn_lib.runs import Run, chunk_key, start_run
from bnn_lib.structure import Structure

CHUNK_SECONDS = 0.1
CHAINS_CHUNK_SECONDS = 0.25  # chains wait for one another after every chunk
STOP_SECONDS = 0.4  # a chunk takes no longer even if each of its steps takes as long as a step can
FLATNESS_WINDOW = 1000  # steps whose mean ELBO is compared with that of as many before
FLATNESS_PATIENCE = 2  # windows in a row that must bring nothing


@dataclass(frozen=True, eq=False)
class Progress:
    """A fit as it is after some of its steps.

    Attributes
    ----------
    step, total : int
        Steps done, and steps asked for.
    objective : ndarray of shape (k,), float32
        Of the k steps since the last progress, in nats; see `Posterior.objective`.
    posterior : Posterior
        As it is now.
    """

    step: int
    total: int
    objective: np.ndarray
    posterior: Posterior

    @property
    def elbo(self) -> np.ndarray:
        """The objective if it is an ELBO, else empty."""
        return self.objective[: len(self.posterior.elbo)]


def fit(experiment: Experiment, dataset: Dataset | None = None, *, start: Posterior | None = None) -> Posterior:
    """Fit to the end and return the posterior.

    Parameters
    ----------
    experiment : Experiment
    dataset : Dataset, optional
        ``experiment.data`` is loaded if it is not given.
    start : Posterior, optional
        Of the same network, prior and likelihood, and of this data set. A fit by the same method and settings
        goes on from it, for as many steps more as the experiment says. NUTS goes on with its step size and mass
        matrix, without tuning again, for as many draws more; the posterior has old and new draws. Any other fit,
        and each of its chains, starts at one of the draws of `start`.

    Returns
    -------
    Posterior
        With all diagnostics that `bnn_lib.diagnostics.assess` finds.

    Raises
    ------
    InvalidExperiment
        If the likelihood does not fit the target, the method cannot do what it is asked for, or `start` is of
        something else.
    FitFailed
        If the objective or the parameters cease to be numbers.
    """
    for progress in fit_steps(experiment, dataset, start=start):
        posterior = progress.posterior
    return posterior


def fit_steps(
    experiment: Experiment,
    dataset: Dataset | None = None,
    *,
    start: Posterior | None = None,
    chunk_steps: int | None = None,
) -> Iterator[Progress]:
    """Fit, and yield after every chunk; stop iterating to cancel.

    Parameters
    ----------
    experiment, dataset, start
        As in `fit`.
    chunk_steps : int, optional
        Steps in a chunk, 8,192 at the most; by default what takes a tenth of a second. The result is the same
        whatever it is.

    Yields
    ------
    Progress
        After the first step, at every one of `snapshot_steps`, and at least once a chunk.

    Raises
    ------
    InvalidExperiment, InvalidData
        At once, as `fit` does.
    """
    check_kind(experiment, "experiment", Experiment)
    check_kind(dataset, "dataset", Dataset, optional=True)
    check_kind(start, "start", Posterior, optional=True)
    if chunk_steps is not None:
        chunk_steps = read_whole(chunk_steps, "chunk_steps", 1, MAX_CHUNK)
    if dataset is None:
        dataset = load_dataset(experiment.data)
    return _steps(start_run(experiment, dataset, start), dataset, chunk_steps)


def _steps(run: Run, dataset: Dataset, chunk_steps: int | None) -> Iterator[Progress]:
    inference = run.experiment.inference
    first, total = run.step, run.total
    snapshots = iter(snapshot_steps(total - first))
    can_stop_early = inference.early_stopping and "early_stopping" in METHODS[inference.method].fields
    seconds_wanted = CHAINS_CHUNK_SECONDS if len(run.states) > 1 else CHUNK_SECONDS
    pace, goal = chunk_steps or 1, first + next(snapshots)
    while True:
        window_end = (run.step // FLATNESS_WINDOW + 1) * FLATNESS_WINDOW
        n = min(pace, MAX_CHUNK, goal - run.step, window_end - run.step)
        seconds = run.advance(n)
        if chunk_steps is None:
            # Twice as many at the most: the first chunks are too short to time.
            paced = min(2 * pace, int(seconds_wanted * n / max(seconds, 1e-6)))
            pace = max(1, min(paced, run.steps_within(STOP_SECONDS)))
        flat = can_stop_early and is_flat(run.objective)
        ended = flat or run.step == total
        posterior = run.posterior(stopped_early=flat and run.step < total)
        yield Progress(run.step, total, run.objective[-n:], assess(posterior, dataset) if ended else posterior)
        if ended:
            return
        if run.step == goal:
            goal = first + next(snapshots)


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
    check_method(experiment.inference, structure.sizes, structure.n_parameters)
    key = chunk_key(experiment, structure, len(dataset.X_train))
    is_linear = hasattr(METHODS[method].load(), "linear_about")
    predicts = programs.linearised_program if is_linear else programs.forward_program
    with ThreadPoolExecutor(max_workers=2) as pool:
        for made in (
            pool.submit(programs.chunk_program, key),
            pool.submit(programs.finish_program, key),
            pool.submit(predicts, structure),
            pool.submit(programs.sample_program, structure, method, step_settings(experiment)),
            pool.submit(programs.parameters_program, structure),
        ):
            made.result()
