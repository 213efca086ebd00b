"""`Engine`: what the web process holds."""

from __future__ import annotations

import atexit
import logging
from collections.abc import Iterable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from bnn_lib.engine.board import Board
from bnn_lib.engine.desk import Answer, Desk
from bnn_lib.engine.events import EngineStatus, Load, Operations, RecentErrors, log_event
from bnn_lib.engine.jobs import Job
from bnn_lib.engine.limits import check_limits
from bnn_lib.engine.picture import Picture
from bnn_lib.engine.questions import AskTask, Question, answer
from bnn_lib.engine.runner import STARTING, Runner
from bnn_lib.engine.settings import EngineSettings
from bnn_lib.engine.shipped import shipped_result
from bnn_lib.engine.store import ResultStore
from bnn_lib.engine.structure import fit_key
from bnn_lib.engine.tasks import FitTask, PrepareTask, prepare, run_fit
from bnn_lib.engine.turns import Room
from bnn_lib.errors import InvalidData, InvalidExperiment

if TYPE_CHECKING:
    from bnn_lib.datasets import Dataset
    from bnn_lib.experiment import Experiment

logger = logging.getLogger(__name__)

RESULTS_VERSION = 8  # raised when our own code comes to give other results for the same experiment


def results_version() -> str:
    """Return what a stored result depends on beside the experiment: our version, and that of what computes it."""
    libraries = (f"{name} {version(name)}" for name in ("pymc", "pytensor", "jax", "blackjax", "optax"))
    return f"{RESULTS_VERSION}: {', '.join(libraries)}"


class Engine:
    """Runs fits for many sessions, outside this process. Its methods return at once, from any thread.

    Parameters
    ----------
    settings : EngineSettings, optional
        Default: from the environment.
    warm : iterable of Experiment
        Computed in the background, unless they are stored.
    shipped : Path, optional
        Folder of results that come with the app, for what the store has not.
    fit_task, prepare_task, ask_task : callable
        What runs on a worker; tests put others here.
    """

    def __init__(
        self,
        settings: EngineSettings | None = None,
        *,
        warm: Iterable[Experiment] = (),
        shipped: Path | None = None,
        fit_task: FitTask = run_fit,
        prepare_task: PrepareTask = prepare,
        ask_task: AskTask = answer,
    ) -> None:
        settings = settings or EngineSettings.from_environment()
        self._settings = settings
        self._store = ResultStore(settings.store, settings.store_bytes, version=results_version())
        self._shipped = shipped
        room = Room(settings.queue_length, settings.session_fits)
        self._board = Board(STARTING, settings.grace_seconds, room=room)
        for experiment in warm:
            stored = self._stored(experiment.key)
            self._board.add(experiment, None, stored)
            if stored is not None:  # its page is where fits begin
                self._board.want_structure(experiment, None)
        self._desk = Desk()
        self._runner = Runner(settings, self._board, self._desk, self._store, fit_task, prepare_task, ask_task)
        self._errors = RecentErrors()
        self._errors.listen()
        atexit.register(self.close)

    @property
    def settings(self) -> EngineSettings:
        """What it was started with."""
        return self._settings

    @property
    def status(self) -> EngineStatus:
        """What the engine is doing now."""
        return replace(self._board.status, warning=self._store.warning)

    def submit(self, experiment: Experiment, session_id: str, dataset: Dataset | None = None) -> Job:
        """Ask for a fit. One that is stored is there at once; one that is running is shared.

        Parameters
        ----------
        experiment : Experiment
        session_id : str
        dataset : Dataset, optional
            The session's own data, in the place of the experiment's. Such a fit's result is kept in memory,
            until the session has gone, and in no store; its key is `fit_key`'s.

        Raises
        ------
        RuntimeError
            If the engine is closed.
        InvalidExperiment
            If the fit would take more than the host allows, or its likelihood does not fit the target; as a
            `QueueFull` if it may be taken later.
        """
        if self._runner.closing:
            raise RuntimeError("The engine is closed.")
        key = fit_key(experiment, dataset)
        fit = self._board.join(key, session_id)
        if fit is None:
            picture = self._stored(key) if dataset is None else None
            if picture is None:
                check_limits(experiment, self._settings, dataset)
            fit = self._board.add(experiment, session_id, picture, dataset)
        log_event("asked for", key, session_id, state=fit.state)
        self._runner.wake()
        return Job(key, session_id, self._board, fit)

    def stop(self, job: Job, session_id: str) -> None:
        """Let one session go; the fit itself ends once no session wants it, and keeps what it has so far."""
        dask_key = self._board.stop(job._fit, session_id)
        if dask_key is not None:
            self._runner.stop_tasks([dask_key])

    def leave(self, session_id: str) -> None:
        """Note that a session's page is gone; after the grace time its fits are stopped."""
        self._board.leave(session_id)
        self._runner.wake()

    def touch(self, session_id: str) -> None:
        """Note that a session's page is there (again)."""
        self._board.touch(session_id)

    def result(self, key: str) -> Picture | None:
        """Return a finished result from memory or the store, None if there is none.

        Raises
        ------
        InvalidData
            If `key` is not a key.
        """
        return self._board.finished(key) or self._stored(key)

    def prepare(self, experiment: Experiment, dataset: Dataset | None = None) -> None:
        """Compile ahead what a fit of this structure needs, when nothing else is to be done.

        Of several calls in a row the last counts; what may not be fitted is not prepared.
        """
        try:
            check_limits(experiment, self._settings, dataset)
        except InvalidExperiment:  # said when it is submitted
            return
        self._board.want_structure(experiment, dataset)
        self._runner.wake()

    def ask(self, question: Question, session_id: str, slot: str | None = None) -> Answer:
        """Ask a short question, which a worker answers beside the fits that it runs.

        Equal questions share their answer, which is kept for a while. A newer question of the same session takes
        the place of an older one that has not begun: a slider passes by many.

        Parameters
        ----------
        question : Question
        session_id : str
        slot : str, optional
            Only questions in the same slot replace each other; default: those of the same name.

        Raises
        ------
        RuntimeError
            If the engine is closed.
        """
        if self._runner.closing:
            raise RuntimeError("The engine is closed.")
        answer = self._desk.ask(question, session_id, slot or question.name)
        self._runner.wake()
        return answer

    def load(self) -> Load:
        """Return how much there is to do; cheap enough for several times a second."""
        return self._board.load()

    def operations(self) -> Operations:
        """Return what whoever hosts the app wants to know."""
        return Operations(
            status=self.status,
            load=self._board.load(),
            store_bytes=self._store.size(),
            store_limit=self._settings.store_bytes,
            worker_bytes=self._runner.worker_bytes,
            errors=self._errors.recent(),
        )

    def close(self) -> None:
        """End everything that was started; fits that have not ended fail. Waits until it is so."""
        atexit.unregister(self.close)
        self._runner.close()
        self._errors.cease()

    def _stored(self, key: str) -> Picture | None:
        content = self._store.get(key) or shipped_result(self._shipped, key, RESULTS_VERSION)
        if content is None:
            return None
        try:
            return Picture.from_bytes(content)
        except InvalidData as error:
            logger.warning("stored result refused, removed key=%s error=%s", key, error)
            self._store.remove(key)
            return None
