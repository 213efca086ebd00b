"""All that the engine knows, behind one lock: fits, who wants them, what waits and what runs.

Plain state and no waiting: sessions' threads, Dask's thread and the engine's thread all come here.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from bnn_lib.datasets.dataset_bytes import dataset_to_bytes
from bnn_lib.engine.events import EngineStatus, Load, Tally, log_event
from bnn_lib.engine.jobs import Fit, JobView
from bnn_lib.engine.picture import Picture
from bnn_lib.engine.structure import fit_key, structure_of
from bnn_lib.engine.turns import Room, in_turn, may_begin

if TYPE_CHECKING:
    from bnn_lib.datasets import Dataset
    from bnn_lib.experiment import Experiment

logger = logging.getLogger(__name__)

ENDED_KEPT = 8  # ended fits kept in memory, with their pictures; the store has the others
PRIVATE_KEPT = 16  # of sessions' own data, which no store has; a session that wants more must fit again
STRUCTURES_KEPT = 256
MOST_LOSSES = 3  # of a fit's worker or scheduler, then it fails

KILLED = "The process that ran this fit ended unexpectedly each time; the fit may need too much memory."


class Board:
    """The engine's state.

    Parameters
    ----------
    status : EngineStatus
        To begin with.
    grace_seconds : float
        How long a session that left may come back.
    clock : callable
        Monotonic seconds.
    room : Room, optional
        For fits that wait.
    """

    def __init__(
        self,
        status: EngineStatus,
        grace_seconds: float,
        clock: Callable[[], float] = time.monotonic,
        room: Room | None = None,
    ) -> None:
        self._lock = threading.RLock()
        self._status = status
        self._grace_seconds = grace_seconds
        self._clock = clock
        self._room = room or Room()
        self._stamps = itertools.count(1)
        self._fits: OrderedDict[str, Fit] = OrderedDict()  # by experiment key, the least recently used first
        self._pending: list[Fit] = []
        self._sent: dict[str, Fit] = {}  # by Dask key
        self._here: set[str] = set()  # sessions with an open page
        self._began: dict[str, int] = {}  # session -> version number of its last fit when that began
        self._leaving: dict[str, float] = {}  # session -> when its grace ends
        self._wanted: tuple[str, tuple[Any, ...]] | None = None  # a structure, and what to prepare it by
        self._known_structures: OrderedDict[str, None] = OrderedDict()
        self._ended = Tally(clock)

    # Sessions

    def join(self, key: str, session: str) -> Fit | None:
        """Share a fit that is good for this session, if there is one."""
        with self._lock:
            fit = self._fits.get(key)
            if fit is None or fit.abandoned or fit.state in ("stopped", "failed"):
                return None
            self._fits.move_to_end(key)
            fit.stopped_views.pop(session, None)
            fit.owners.add(session)
            if not fit.ended:
                fit.sessions.add(session)
                self._queue_changed()
            return fit

    def add(
        self,
        experiment: Experiment,
        session: str | None,
        picture: Picture | None,
        dataset: Dataset | None = None,
    ) -> Fit:
        """Join a fit or queue a new one; with `picture` it is finished. No session: the background's.

        Raises
        ------
        QueueFull
            If a session asks for one more than may wait.
        """
        key = fit_key(experiment, dataset)
        handed_over = None if dataset is None else dataset_to_bytes(dataset)
        with self._lock:
            joined = self.join(key, session) if session is not None else self._fits.get(key)
            if joined is not None:
                return joined
            if session is not None and picture is None:
                self._room.check(session, self._pending, self._sent.values(), handed_over)
            before = self._fits.pop(key, None)
            fit = Fit(
                key=key,
                experiment_json=experiment.to_json(),
                structure=structure_of(experiment, dataset),
                total=experiment.inference.total_steps,
                handed_over=handed_over,
                private=dataset is not None,
                owners=set() if session is None else {session},
                stamp=self._stamps.__next__,
                background=session is None,
                # Dask may still know the earlier fit's key, with a result that is of no use.
                attempt=before.attempt + 1 if before else 0,
            )
            self._fits[key] = fit
            if picture is not None:
                fit.end("finished", picture)
            else:
                fit.sessions.update([session] if session is not None else [])
                self._pending.append(fit)
            self._queue_changed()
            self._forget()
            return fit

    def finished(self, key: str) -> Picture | None:
        """Return a finished fit's picture, if it is in memory."""
        with self._lock:
            fit = self._fits.get(key)
            if fit is None or fit.state != "finished":
                return None
            self._fits.move_to_end(key)
            return fit.picture

    def view(self, fit: Fit, session: str) -> JobView:
        """Return what `session` is to see of a fit."""
        with self._lock:
            return fit.view(session, self._position(fit), self._status.phase == "ready")

    def stop(self, fit: Fit, session: str) -> str | None:
        """Let a session go; return the Dask key of a fit that a worker should stop now, if any."""
        with self._lock:
            if fit.ended or session not in fit.sessions:
                return None
            fit.stop_for(session, self.view(fit, session))
            log_event("let go", fit.key, session, others=len(fit.sessions))
            if not fit.abandoned:
                return None
            if fit in self._pending:
                self._pending.remove(fit)
                self.end(fit, "stopped")
                return None
            return fit.dask_key

    def leave(self, session: str) -> None:
        """Begin a session's grace time."""
        with self._lock:
            self._leaving[session] = self._clock() + self._grace_seconds

    def touch(self, session: str) -> None:
        """End a session's grace time: it is there."""
        with self._lock:
            self._leaving.pop(session, None)
            self._here.add(session)

    def end_grace_times(self) -> tuple[list[str], list[str]]:
        """Stop the fits of sessions whose grace time is over; return those, and Dask keys as `stop` does."""
        now = self._clock()
        to_stop = []
        with self._lock:
            gone = [session for session, end in self._leaving.items() if end <= now]
            for session in gone:
                del self._leaving[session]
                self._here.discard(session)
                self._began.pop(session, None)
                for fit in list(self._fits.values()):
                    to_stop.append(self.stop(fit, session))
                    fit.stopped_views.pop(session, None)
                    fit.owners.discard(session)
            self._forget()
        return gone, [dask_key for dask_key in to_stop if dask_key is not None]

    # Status and preparing

    @property
    def status(self) -> EngineStatus:
        """What the engine is doing now."""
        with self._lock:
            return self._status

    def set_status(self, status: EngineStatus) -> None:
        """Change the status; whoever waits sees it."""
        with self._lock:
            if status == self._status:
                return
            logger.info("engine %s", status)
            if not status.workers:
                self._known_structures.clear()  # what a worker had compiled is gone with it
            self._status = status
            self._queue_changed()

    def want_structure(self, experiment: Experiment, dataset: Dataset | None = None) -> None:
        """Note that a structure may be needed soon. Only the last one counts: a slider passes by many."""
        structure = structure_of(experiment, dataset)
        with self._lock:
            self._wanted = None
            if structure in self._known_structures:
                return
        arguments = (experiment.to_json(), *([] if dataset is None else [dataset_to_bytes(dataset)]))
        with self._lock:
            self._wanted = (structure, arguments)

    def take_wanted(self) -> tuple[Any, ...] | None:
        """Return what to prepare, as a task's arguments, if nothing else is to be done."""
        with self._lock:
            if self._pending or self._sent or self._wanted is None:
                return None
            (structure, arguments), self._wanted = self._wanted, None
            self._know(structure)
            return arguments

    # What runs

    def take_next(self, running_besides: int, questions: int = 0) -> Fit | None:
        """Take the fit that a free thread is for.

        `running_besides` counts threads taken by other things, `questions` those that have threads of their own.
        """
        with self._lock:
            running = len(self._sent) + running_besides
            if not self._pending or running >= self._status.threads:
                return None
            sent, threads = self._sent.values(), self._status.threads
            fit = next((fit for fit in self._waiting() if may_begin(fit, sent, threads, self._here)), None)
            if fit is None:
                return None
            if any(other.alone for other in self._sent.values()) or (fit.alone and running + questions):
                return None
            self._pending.remove(fit)
            fit.sent()
            self._sent[fit.dask_key] = fit
            for one in self._sent.values():
                one.had_company |= len(self._sent) + questions > 1
            self._began.update(dict.fromkeys(fit.sessions, fit.version))
            self._queue_changed()
            return fit

    def room_for_questions(self, running_besides: int) -> int:
        """Return how many questions may run now: each worker has a thread for one, and all idle ones are free.

        Whoever asks will use them: what runs has company from now on.
        """
        with self._lock:
            sent = self._sent.values()
            if not self._status.workers or any(fit.alone for fit in sent):
                return 0
            for fit in sent:
                fit.had_company = True
            return self._status.workers + max(0, self._status.threads - len(sent) - running_besides)

    def sent(self, dask_key: str) -> Fit | None:
        """Return the fit that was sent by this key and has not ended."""
        with self._lock:
            return self._sent.get(dask_key)

    def progress(self, message: Mapping[str, Any]) -> None:
        """Take in what a worker sent about a fit; about others' fits nothing."""
        with self._lock:
            fit = self._sent.get(message["key"])
            if fit is None:
                return
            if message["kind"] == "started":
                log_event("started", fit.key, losses=fit.losses)
                fit.started(message["run"])
                self._queue_changed()
            else:
                fit.progressed(message)

    def worker_lost(self, dask_keys: Iterable[str]) -> None:
        """Note that fits lost their worker: Dask runs them again."""
        with self._lock:
            for fit in [self._sent[key] for key in dask_keys if key in self._sent]:
                log_event("worker lost", fit.key)
                fit.lost()
            self._queue_changed()

    def end(
        self,
        fit: Fit,
        state: Literal["finished", "stopped", "failed"],
        picture: Picture | None = None,
        message: str | None = None,
    ) -> None:
        """Note how a fit ended."""
        with self._lock:
            self._sent.pop(fit.dask_key, None)
            fit.end(state, picture, message)
            fit.sessions.clear()
            log_event(state, fit.key, losses=fit.losses)
            self._ended.add(state)
            if state == "finished":
                self._know(fit.structure)
            self._queue_changed()
            self._forget()

    def run_again(self, fit: Fit, *, alone: bool = False) -> None:
        """Put a fit back whose worker or scheduler was lost; `alone`: nothing may run beside it."""
        with self._lock:
            fit.lost()
            fit.alone |= alone
            if fit.losses > MOST_LOSSES and not fit.abandoned:
                self.end(fit, "failed", message=KILLED)
            else:
                self._put_back(fit)

    def run_apart(self, fit: Fit) -> None:
        """Put a fit back that another engine on the scheduler has stopped; it cannot do so again."""
        with self._lock:
            fit.stopped_elsewhere()
            self._put_back(fit)

    def run_all_again(self) -> None:
        """Put back all that was sent to a cluster that is gone."""
        with self._lock:
            for fit in reversed(list(self._sent.values())):
                self.run_again(fit)

    def load(self) -> Load:
        """Return how much there is to do, and how much has been done."""
        with self._lock:
            running = sum(fit.state == "running" for fit in self._sent.values())
            queued = len(self._pending) + len(self._sent) - running
            watching = sum(len(fit.sessions) for fit in self._sent.values())
            waiting = sum(len(fit.sessions) for fit in self._pending)
            ended, per_minute = self._ended.total, self._ended.per_minute()
            return Load(len(self._here), running, queued, ended, per_minute, watching, waiting)

    def fail_all(self, message: str) -> None:
        """End everything that has not ended."""
        with self._lock:
            pending, self._pending = self._pending, []
            for fit in [*pending, *self._sent.values()]:
                self.end(fit, "failed", message=message)

    def _put_back(self, fit: Fit) -> None:
        """Let a fit wait again, before those that have not run yet."""
        self._sent.pop(fit.dask_key, None)
        fit.attempt += 1
        if fit.abandoned:
            self.end(fit, "stopped")
        else:
            fit.state = "pending"
            self._pending.insert(0, fit)
            self._queue_changed()

    def _waiting(self) -> list[Fit]:
        return in_turn(self._pending, self._sent.values(), self._began)

    def _queue(self) -> list[Fit]:
        """Fits that have not begun, in the order in which they will."""
        return [fit for fit in self._sent.values() if fit.state == "sent"] + self._waiting()

    def _position(self, fit: Fit) -> int | None:
        queue = self._queue()
        return queue.index(fit) + 1 if fit in queue else None

    def _queue_changed(self) -> None:
        for fit in self._queue():
            fit.changed()

    def _forget(self) -> None:
        """Let go of the oldest results, and of all those that are of nobody's data any more."""
        for private, kept in ((False, ENDED_KEPT), (True, PRIVATE_KEPT)):
            ended = [fit for fit in self._fits.values() if fit.ended and fit.private == private]
            gone = ended[:-kept] + [fit for fit in ended[-kept:] if private and not fit.owners]
            for fit in gone:
                del self._fits[fit.key]

    def _know(self, structure: str) -> None:
        self._known_structures[structure] = None
        self._known_structures.move_to_end(structure)
        while len(self._known_structures) > STRUCTURES_KEPT:
            self._known_structures.popitem(last=False)
