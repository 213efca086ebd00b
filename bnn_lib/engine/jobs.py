"""A fit as sessions see it: all that is known of it (`Fit`), one session's hold of it (`Job`), a `JobView`.

    waiting -> queued -> running -> finished | stopped | failed

A fit whose worker dies goes back from running to queued. All of `Fit` is guarded by its engine's lock.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bnn_lib.engine.picture import Picture
from bnn_lib.engine.views import Frame, read_frame

if TYPE_CHECKING:
    from bnn_lib.engine.board import Board

Phase = Literal["waiting", "queued", "running", "finished", "stopped", "failed"]
ENDED = frozenset({"finished", "stopped", "failed"})
RUN_AGAIN = "The process that ran this fit ended unexpectedly; the fit is being run again."


def _no_floats() -> np.ndarray:
    return np.empty(0, np.float32)


def _no_steps() -> np.ndarray:
    return np.empty(0, np.int32)


@dataclass(frozen=True, eq=False)
class JobView:
    """What a page shows of a job at one moment.

    Attributes
    ----------
    phase : str
        "waiting" (the engine is not ready), "queued" (other fits come first), "running", "finished",
        "stopped" or "failed".
    position : int or None
        Place in the queue while queued; 1 is next.
    step, total : int
    steps_per_second, seconds_left : float or None
        Without the time that compiling took.
    elbo, elbo_steps : ndarray, shape (k,)
        float32 values at int32 steps (counted from 1), about 2000 at most. A finished picture has all.
    frame : Frame or None
        What the view shows now.
    picture : Picture or None
        Once it is finished; or stopped, if there was something to keep.
    message : str or None
        One sentence: why it failed, or that it is being run again.
    version : int
        Changes whenever anything else here does, and is never the same for two jobs.
    settled : bool
        False while the picture of a fit that was just stopped is still to come.
    """

    phase: Phase
    position: int | None
    step: int
    total: int
    steps_per_second: float | None
    seconds_left: float | None
    elbo: np.ndarray
    elbo_steps: np.ndarray
    frame: Frame | None
    picture: Picture | None
    message: str | None
    version: int
    settled: bool = True

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more, so that a page may cease to ask."""
        return self.phase in ENDED and self.settled


@dataclass(eq=False, repr=False)
class Fit:
    """One fit, wanted by any number of sessions.

    `state` is "pending" (in the engine's own queue), "sent" (to Dask), "running", or how it ended.
    """

    key: str
    experiment_json: str
    structure: str
    total: int
    handed_over: bytes | None  # a session's own data, until it is fitted
    private: bool  # whether it is such a fit: its result is its owners' alone
    stamp: Callable[[], int]  # a new version number
    background: bool = False  # nobody waits for it: all others go first
    state: str = "pending"
    sessions: set[str] = field(default_factory=set)
    owners: set[str] = field(default_factory=set)  # sessions that asked for it and have not gone since
    stopped_views: dict[str, JobView] = field(default_factory=dict)
    dask_key: str = ""
    attempt: int = 0  # counts Dask keys: a key whose result cannot be used is not asked for again
    apart: str = ""  # ends its Dask key once no other engine may share it
    begun: bool = False  # whether it was with a worker before
    losses: int = 0  # how often its worker or its scheduler was lost
    alone: bool = False  # run it with no other beside it: it may be what kills workers
    had_company: bool = False
    message: str | None = None
    run: str | None = None
    step: int = 0
    rate: float | None = None
    picture: Picture | None = None
    version: int = 0
    _elbo: list[np.ndarray] = field(default_factory=list)
    _elbo_steps: list[np.ndarray] = field(default_factory=list)
    _frame_bytes: bytes = b""
    _frame: Frame | None = None

    def __post_init__(self) -> None:
        self.version = self.stamp()

    @property
    def ended(self) -> bool:
        """Whether it finished, was stopped, or failed."""
        return self.state in ENDED

    @property
    def arguments(self) -> tuple[Any, ...]:
        """What its task is called with."""
        return (self.experiment_json,) if self.handed_over is None else (self.experiment_json, self.handed_over)

    @property
    def abandoned(self) -> bool:
        """Whether it goes on although nobody wants it any more."""
        return not self.ended and not self.sessions and not self.background

    def sent(self) -> None:
        """Note that it goes to Dask; engines that want the same fit come to the same Dask key, and share it."""
        self.dask_key = self.key + (f"-{self.attempt}" if self.attempt else "") + self.apart
        self.state, self.begun = "sent", True
        self.changed()

    def changed(self) -> None:
        """Give it a new version."""
        self.version = self.stamp()

    def started(self, run: str) -> None:
        """Note that a worker has begun it, maybe again. The last frame stays until there is a new one."""
        self.run, self.state, self.step, self.rate = run, "running", 0, None
        self._elbo, self._elbo_steps = [], []
        self.changed()

    def progressed(self, message: Mapping[str, Any]) -> None:
        """Take in what a worker sent; several of these between two views cost one decoding."""
        if message["run"] != self.run:
            self.started(message["run"])
        self.step, self.rate, self.message = message["step"], message["rate"], None
        self._elbo.append(np.frombuffer(message["elbo"], np.float32))
        self._elbo_steps.append(np.frombuffer(message["elbo_steps"], np.int32))
        if message["frame"]:
            self._frame_bytes, self._frame = message["frame"], None
        self.changed()

    def lost(self) -> None:
        """Note that its worker is gone and that it will be run again."""
        self.losses += 1
        self.state, self.run, self.message = "sent", None, RUN_AGAIN
        self.changed()

    def stopped_elsewhere(self) -> None:
        """Note that another engine stopped the run that they shared: the next is this engine's alone."""
        self.apart, self.run, self.message = f"-{uuid.uuid4().hex}", None, None
        self.changed()

    def end(self, state: Phase, picture: Picture | None = None, message: str | None = None) -> None:
        """Note how it ended."""
        self.state, self.picture, self.message, self.handed_over = state, picture, message, None
        if picture is not None:
            self.step = len(picture.objective) or picture.final.step
            self._frame, self._frame_bytes = picture.final, b""
            self._elbo_steps, self._elbo = _thinned(picture.objective)
        self.changed()
        if state == "stopped":
            # Whoever had stopped it before gets what was kept.
            for session in self.stopped_views:
                self.stopped_views[session] = replace(self.view("", None, True), phase="stopped")

    def stop_for(self, session: str, view: JobView) -> None:
        """Let one session go; what it saw last stays before it."""
        self.sessions.discard(session)
        self.changed()
        self.stopped_views[session] = replace(
            view,
            phase="stopped",
            position=None,
            seconds_left=None,
            message=None,
            version=self.version,
            settled=not self.abandoned or self.state == "pending",
        )

    def view(self, session: str, position: int | None, ready: bool) -> JobView:
        """Return what `session` is to see."""
        stopped = self.stopped_views.get(session)
        if stopped is not None:
            return stopped
        state = self.state
        phase: Any = ("queued" if ready else "waiting") if state in ("pending", "sent") else state
        elbo = np.concatenate([_no_floats(), *self._elbo])
        elbo_steps = np.concatenate([_no_steps(), *self._elbo_steps])
        self._elbo, self._elbo_steps = [elbo], [elbo_steps]
        running = state == "running" and self.rate
        return JobView(
            phase=phase,
            position=position if phase == "queued" else None,
            step=self.step,
            total=self.total,
            steps_per_second=self.rate,
            seconds_left=(self.total - self.step) / self.rate if running and self.rate else None,
            elbo=elbo,
            elbo_steps=elbo_steps,
            frame=self._newest_frame(),
            picture=self.picture,
            message=self.message,
            version=self.version,
        )

    def _newest_frame(self) -> Frame | None:
        if self._frame is None and self._frame_bytes:
            self._frame, self._frame_bytes = read_frame(self._frame_bytes), b""
        return self._frame


def kept_steps(first: int, last: int, total: int, limit: int = 2000) -> np.ndarray:
    """Return which of the steps `first`..`last` (from 1) a live ELBO keeps: the first 200, then evenly."""
    stride = max(1, -(-total // limit))
    steps = np.arange(first, last + 1, dtype=np.int32)
    return steps[(steps <= 200) | (steps % stride == 0)]


def _thinned(elbo: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
    steps = kept_steps(1, len(elbo), len(elbo))
    return [steps], [elbo[steps - 1]]


@dataclass(frozen=True)
class Job:
    """One session's hold of a fit."""

    key: str
    session_id: str
    _board: Board = field(repr=False, compare=False)
    _fit: Fit = field(repr=False)

    def view(self) -> JobView:
        """Return what to show now; cheap enough for several times a second."""
        return self._board.view(self._fit, self.session_id)
