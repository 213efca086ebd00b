"""Questions that were asked and their answers, behind one lock: who asked, what waits, what runs, what is known.

Plain state and no waiting, as in `board`; only `Answer.wait` waits, for whoever calls it.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Literal

import numpy as np

from bnn_lib.engine.questions import Question

ANSWER_SECONDS = 60.0  # from asking, without the time in which there is no engine to answer
ANSWERS_KEPT = 64
ANSWERS_BYTES = 64_000_000
MOST_ATTEMPTS = 3  # of a question whose cluster or result was lost

TOO_LATE = f"There was no answer within {ANSWER_SECONDS:.0f} seconds; it may come if you ask again."
LOST = "The process that should answer ended unexpectedly each time; the question may need too much memory."

AnswerPhase = Literal["waiting", "running", "answered", "failed", "replaced"]


@dataclass(frozen=True, eq=False)
class AnswerView:
    """What a page shows of a question at one moment.

    Attributes
    ----------
    phase : str
        "waiting", "running", "answered", "failed", or "replaced" by a newer question before it had begun.
    arrays : mapping of str to ndarray, or None
        The answer; read-only, as it is shared.
    message : str or None
        One sentence: why it failed.
    """

    phase: AnswerPhase
    arrays: Mapping[str, np.ndarray] | None = None
    message: str | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.phase not in ("waiting", "running")


@dataclass(eq=False)
class Asked:
    """One question, asked by any number of sessions; guarded by its desk's lock."""

    key: str
    question: Question | None  # until it has ended: it may hold megabytes
    since: float
    private: bool  # whether its answer goes with the last of its owners
    sessions: set[tuple[str, str]] = field(default_factory=set)  # that want it, and the slot in which each asked
    owners: set[str] = field(default_factory=set)  # sessions that asked for it and have not gone since
    view: AnswerView = AnswerView("waiting")
    dask_key: str = ""
    attempts: int = 0
    done: threading.Event = field(default_factory=threading.Event)

    def end(self, view: AnswerView) -> None:
        """Note how it ended; whoever waits goes on."""
        self.view, self.question = view, None
        self.done.set()


@dataclass(frozen=True)
class Answer:
    """A session's hold of a question."""

    key: str
    _asked: Asked = field(repr=False)

    def view(self) -> AnswerView:
        """Return what is known now."""
        return self._asked.view

    def wait(self, seconds: float) -> AnswerView:
        """Wait for the answer, but not longer than so many seconds; return what is known then."""
        self._asked.done.wait(seconds)
        return self._asked.view


class Desk:
    """The engine's questions.

    Parameters
    ----------
    clock : callable
        Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._lock = threading.RLock()
        self._clock = clock
        self._numbers = count(1)
        self._open: OrderedDict[str, Asked] = OrderedDict()  # by key: not ended, the oldest first
        self._running: dict[str, Asked] = {}  # by Dask key; one given up on still takes a worker's thread
        self._answered: OrderedDict[str, Asked] = OrderedDict()  # the least recently used first

    def ask(self, question: Question, session: str, slot: str) -> Answer:
        """Ask, or share the answer that is there or under way.

        An older question of this session and slot that has not begun is let go.
        """
        with self._lock:
            self._let_go(session, slot, except_for=question.key)
            asked = self._answered.get(question.key)
            if asked is not None:
                self._answered.move_to_end(question.key)
            else:
                new = Asked(question.key, question, self._clock(), question.is_private)
                asked = self._open.setdefault(question.key, new)
                asked.sessions.add((session, slot))
            asked.owners.add(session)
            return Answer(question.key, asked)

    def leave(self, sessions: Collection[str]) -> None:
        """Let go of what only these sessions had asked, and forget its answer if it may hold what is theirs."""
        gone = frozenset(sessions)
        if not gone:
            return
        with self._lock:
            for asked in [*self._open.values(), *self._running.values(), *self._answered.values()]:
                asked.owners -= gone
                asked.sessions = {pair for pair in asked.sessions if pair[0] not in gone}
                if not asked.owners and asked.view.phase == "waiting":
                    self._end(asked, AnswerView("replaced"))
            self._forget()

    @property
    def waiting(self) -> bool:
        """Whether there is a question that has not begun."""
        with self._lock:
            return any(asked.view.phase == "waiting" for asked in self._open.values())

    @property
    def running(self) -> int:
        """How many are with workers."""
        with self._lock:
            return len(self._running)

    def take_next(self, room: int) -> Asked | None:
        """Take the oldest question that has not begun, unless `room` of them are running."""
        with self._lock:
            if len(self._running) >= room:
                return None
            for asked in self._open.values():
                if asked.view.phase == "waiting":
                    asked.view = AnswerView("running")
                    asked.attempts += 1
                    asked.dask_key = f"ask-{asked.key}-{next(self._numbers)}"
                    self._running[asked.dask_key] = asked
                    return asked
            return None

    def is_running(self, dask_key: str) -> bool:
        """Whether this is the Dask key of a question that is with a worker."""
        with self._lock:
            return dask_key in self._running

    def answered(self, dask_key: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Take in an answer; one that comes too late is good for whoever asks next."""
        for array in arrays.values():
            array.flags.writeable = False
        with self._lock:
            asked = self._running.pop(dask_key)
            # Given up on as too late, it may have been asked again.
            for one in {asked, self._open.pop(asked.key, asked)}:
                one.end(AnswerView("answered", arrays))
                asked.owners |= one.owners
            self._answered[asked.key] = asked
            self._forget()

    def failed(self, dask_key: str, message: str) -> None:
        """Note why there is no answer; the next who asks the same starts anew."""
        with self._lock:
            self._end(self._running.pop(dask_key), AnswerView("failed", message=message))

    def ask_again(self, dask_key: str) -> None:
        """Put a question back whose answer was lost."""
        with self._lock:
            asked = self._running.pop(dask_key)
            if asked.view.ended:
                return
            if asked.attempts >= MOST_ATTEMPTS:
                self._end(asked, AnswerView("failed", message=LOST))
            else:
                asked.view = AnswerView("waiting")

    def ask_all_again(self) -> None:
        """Put back all that was sent to a cluster that is gone."""
        with self._lock:
            for dask_key in list(self._running):
                self.ask_again(dask_key)

    def end_late(self, ready: bool) -> None:
        """Give up on what has been asked too long ago; while the engine is not `ready` no time passes for it."""
        with self._lock:
            now = self._clock()
            if not ready:
                for asked in self._open.values():
                    asked.since = now
            end = now - ANSWER_SECONDS
            for asked in [asked for asked in self._open.values() if asked.since <= end]:
                self._end(asked, AnswerView("failed", message=TOO_LATE))

    def fail_all(self, message: str) -> None:
        """End everything that has not ended."""
        with self._lock:
            for asked in list(self._open.values()):
                self._end(asked, AnswerView("failed", message=message))
            self._running.clear()

    def _let_go(self, session: str, slot: str, except_for: str) -> None:
        for key, asked in list(self._open.items()):
            if key == except_for or (session, slot) not in asked.sessions:
                continue
            asked.sessions.discard((session, slot))
            if not asked.sessions and asked.view.phase == "waiting":
                self._end(asked, AnswerView("replaced"))

    def _end(self, asked: Asked, view: AnswerView) -> None:
        if self._open.get(asked.key) is asked:
            del self._open[asked.key]
        if not asked.view.ended:
            asked.end(view)

    def _forget(self) -> None:
        """Keep within the bounds, and nothing that is of nobody's data any more."""
        for key in [key for key, asked in self._answered.items() if asked.private and not asked.owners]:
            del self._answered[key]
        while len(self._answered) > ANSWERS_KEPT or sum(self._sizes()) > ANSWERS_BYTES:
            self._answered.popitem(last=False)

    def _sizes(self) -> Iterator[int]:
        for asked in self._answered.values():
            yield sum(array.nbytes for array in (asked.view.arrays or {}).values())
