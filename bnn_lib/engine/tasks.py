"""What runs on a worker. It imports PyMC and JAX only there: the web process refers to its functions."""

from __future__ import annotations

import logging
import time
import traceback
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from bnn_lib.datasets.dataset_bytes import dataset_from_bytes
from bnn_lib.engine.drawing import build_picture
from bnn_lib.engine.jobs import kept_steps
from bnn_lib.engine.views import Frame, view_for
from bnn_lib.errors import FitFailed, InvalidData, InvalidExperiment
from bnn_lib.experiment import Experiment

if TYPE_CHECKING:
    from bnn_lib.datasets import Dataset

logger = logging.getLogger(__name__)

TOPIC = "bnn-progress"  # one for all fits: Dask keeps every topic's last events for ever
REPORT_SECONDS = 0.2
STOP_CHECK_SECONDS = 0.1

# "outcome" ("finished", "stopped" or "failed"), "picture" (bytes or None); if failed "message" and "detail".
Outcome = dict[str, Any]
# Both take an experiment's JSON and, for data that a session handed over, the data set's bytes.
FitTask = Callable[..., Outcome]
PrepareTask = Callable[..., None]


def import_everything() -> None:
    """Import what fits need, so that no fit waits for it."""
    import importlib

    for name in ("bnn_lib.fitting", "bnn_lib.datasets", "bnn_lib.baselines", "bnn_lib.inference.advi", "arviz"):
        importlib.import_module(name)
    for part in ("ensemble", "linear_model", "gaussian_process", "datasets", "model_selection"):
        importlib.import_module(f"sklearn.{part}")


class Reporter:
    """The line from a running task to the engines that wait for it.

    Parameters
    ----------
    total : int
        Steps of the fit.
    """

    def __init__(self, total: int) -> None:
        from distributed import Event, get_worker

        self._worker = get_worker()
        self._key = str(self._worker.get_current_task())
        self._run = uuid.uuid4().hex
        self._event = Event(self._key)
        self._total = total
        self._checked = self._sent = float("-inf")
        self._elbo: list[np.ndarray] = []
        self._elbo_steps: list[np.ndarray] = []
        self._first: tuple[float, int] | None = None
        self._log("started")

    def stop_asked(self) -> bool:
        """Whether nobody wants the fit any more; asks the scheduler a few times a second at most."""
        now = time.monotonic()
        if now - self._checked < STOP_CHECK_SECONDS:
            return False
        self._checked = now
        return self._released() or bool(self._event.is_set())

    @property
    def due(self) -> bool:
        """Whether it is time to report again."""
        return time.monotonic() - self._sent >= REPORT_SECONDS

    def add(self, step: int, elbo: np.ndarray) -> None:
        """Take in the ELBO of the steps up to `step`."""
        if self._first is None:
            self._first = (time.monotonic(), step)  # rates leave out the first chunk: it compiles
        steps = kept_steps(step - len(elbo) + 1, step, self._total)
        self._elbo.append(np.asarray(elbo, np.float32)[steps - (step - len(elbo) + 1)])
        self._elbo_steps.append(steps)

    def send(self, step: int, frame: Frame | None) -> None:
        """Report all that was added since the last time, and the newest frame."""
        now = time.monotonic()
        since, first = self._first or (now, step)
        rate = (step - first) / (now - since) if now > since and step > first else None
        self._log(
            "progress",
            step=step,
            rate=rate,
            elbo=b"".join(part.tobytes() for part in self._elbo),
            elbo_steps=b"".join(part.tobytes() for part in self._elbo_steps),
            frame=frame.to_bytes() if frame else b"",
        )
        self._elbo, self._elbo_steps, self._sent = [], [], now

    def _log(self, kind: str, **fields: Any) -> None:
        message = {"kind": kind, "key": self._key, "run": self._run, **fields}
        self._worker.log_event(TOPIC, message)

    def _released(self) -> bool:
        # Every engine that waited has gone (or let the key go): Dask cannot end a running thread itself.
        task = self._worker.state.tasks.get(self._key)
        return task is None or task.state == "cancelled"


def run_fit(experiment_json: str, handed_over: bytes | None = None) -> Outcome:
    """Fit, report while it goes on, and return the picture.

    Parameters
    ----------
    experiment_json : str
    handed_over : bytes, optional
        A data set (`dataset_to_bytes`) that takes the place of the experiment's own.
    """
    return run_guarded(experiment_json, partial(_fit, handed_over=handed_over))


def run_guarded(experiment_json: str, fit: Callable[[Experiment, Reporter], Outcome]) -> Outcome:
    """Run `fit`; what goes wrong in it comes back as a sentence, with its traceback for the log."""
    try:
        experiment = Experiment.from_json(experiment_json)
        reporter = Reporter(experiment.inference.total_steps)
        if reporter.stop_asked():
            return {"outcome": "stopped", "picture": None}
        return fit(experiment, reporter)
    except (InvalidExperiment, InvalidData, FitFailed) as error:
        return failure(str(error))
    except Exception as error:  # whatever a sampler, XLA or PyTensor raises is told to the session and logged
        name = type(error).__name__
        message = f"The fit failed unexpectedly ({name}); the server's log says more."
        return failure(message, traceback.format_exc())


def failure(message: str, detail: str = "") -> Outcome:
    """Return the outcome of a fit that failed: a sentence for the session, a traceback for the log."""
    return {"outcome": "failed", "picture": None, "message": message, "detail": detail}


def _fit(experiment: Experiment, reporter: Reporter, handed_over: bytes | None) -> Outcome:
    from bnn_lib.diagnostics import assess
    from bnn_lib.fitting import compile_ahead, fit_steps, snapshot_steps

    dataset = _dataset(experiment, handed_over)
    view = view_for(dataset.task, dataset.n_features)
    place = view.place(dataset)
    compile_ahead(experiment, dataset)
    snapshots = frozenset(snapshot_steps(experiment.inference.total_steps))
    frames: list[Frame] = []
    stopped_at = None
    # Beside the fit: a fifth of a second that would otherwise come after it.
    with ThreadPoolExecutor(1) as beside:
        baselines = beside.submit(_baselines, experiment, dataset, handed_over is not None)
        for progress in fit_steps(experiment, dataset):
            posterior, step = progress.posterior, progress.step
            reporter.add(step, progress.objective)
            if reporter.stop_asked() and step < progress.total:
                stopped_at = step
                break
            if step in snapshots or reporter.due:
                frame = view.frame(posterior, place, step)
                if step in snapshots:
                    frames.append(frame)
                if reporter.due:
                    reporter.send(step, frame)
        if stopped_at is not None:
            posterior = assess(posterior, dataset)
        picture = build_picture(posterior, dataset, view, frames, step=step, stopped_at=stopped_at)
    picture.scores["baselines"] = baselines.result()
    return {"outcome": "stopped" if stopped_at else "finished", "picture": picture.to_bytes()}


def _dataset(experiment: Experiment, handed_over: bytes | None) -> Dataset:
    from bnn_lib.datasets import load_dataset

    return load_dataset(experiment.data) if handed_over is None else dataset_from_bytes(handed_over)


def _baselines(experiment: Experiment, dataset: Dataset, handed_over: bool) -> dict[str, Any]:
    """Return what scikit-learn reaches on this data, whatever the network is."""
    # What a session handed over is kept nowhere.
    compute = _compute_baselines if handed_over else _known_baselines
    return compute(dataset, experiment.data.seed)


def _compute_baselines(dataset: Dataset, seed: int) -> dict[str, Any]:
    from bnn_lib.baselines import baseline_scores

    return dict(baseline_scores(dataset, seed))


_known_baselines = lru_cache(maxsize=64)(_compute_baselines)


def prepare(experiment_json: str, handed_over: bytes | None = None) -> None:
    """Compile what a fit of this structure and its picture need, by the beginning of such a fit."""
    from bnn_lib.fitting import compile_ahead, fit_steps

    experiment = Experiment.from_json(experiment_json)
    dataset = _dataset(experiment, handed_over)
    view = view_for(dataset.task, dataset.n_features)
    compile_ahead(experiment, dataset)
    posterior = next(fit_steps(experiment, dataset)).posterior
    view.frame(posterior, view.place(dataset), 1)
    posterior.weight_summary(n_draws=1)
    _baselines(experiment, dataset, handed_over is not None)
