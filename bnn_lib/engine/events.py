"""What the engine does and has done: its status, lines for the log, bounded counts for the operations page."""

from __future__ import annotations

import hashlib
import logging
import re
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

logger = logging.getLogger(__name__)

MINUTES = 5  # over which fits a minute are counted
MOST_ENDS = 10_000  # in those minutes; more than that are not told apart
ERRORS_KEPT = 50
LONGEST_ERROR = 300  # characters
FRAME = re.compile(r'  File "[^"]+", line \d+, in \S+')


def log_event(event: str, key: str, session: str | None = None, **fields: object) -> None:
    """Log as key=value pairs; of a session only a hash, of a user nothing."""
    if session is not None:
        fields["session"] = hashlib.sha256(session.encode()).hexdigest()[:8]
    pairs = "".join(f" {name}={value}" for name, value in fields.items())
    logger.info("fit %s key=%s%s", event, key, pairs)


@dataclass(frozen=True)
class EngineStatus:
    """What the engine is doing.

    Attributes
    ----------
    phase : str
        "starting", "ready" or "down".
    message : str or None
        One sentence unless it is ready.
    workers : int
        Worker processes.
    threads : int
        Fits that run at a time.
    warning : str or None
        One sentence while results cannot be saved.
    """

    phase: Literal["starting", "ready", "down"]
    message: str | None
    workers: int = 0
    threads: int = 0
    warning: str | None = None


def frames_only(traceback: str) -> str:
    """Return where an error was raised, without its message and without source lines."""
    return "\n".join(line for line in traceback.splitlines() if FRAME.fullmatch(line))


class Tally:
    """How fits ended; guarded by its board's lock.

    Parameters
    ----------
    clock : callable
        Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began = clock()
        self._total: Counter[str] = Counter()
        self._lately: deque[float] = deque(maxlen=MOST_ENDS)

    def add(self, state: str) -> None:
        """Note that a fit ended so."""
        self._total[state] += 1
        self._lately.append(self._clock())

    @property
    def total(self) -> Mapping[str, int]:
        """How many ended so, by how, since the start."""
        return dict(self._total)

    def per_minute(self) -> float:
        """How many ended a minute, of late."""
        now = self._clock()
        while self._lately and self._lately[0] < now - 60 * MINUTES:
            self._lately.popleft()
        minutes = min(MINUTES, max(1.0, (now - self._began) / 60))
        return len(self._lately) / minutes


@dataclass(frozen=True)
class Load:
    """How much there is to do.

    Attributes
    ----------
    sessions : int
        With an open page.
    running, queued : int
        Fits.
    ended : mapping of str to int
        Fits since the start, by how they ended.
    per_minute : float
        Fits that ended, over the last five minutes.
    watching, waiting : int
        How many sessions want each fit that runs, and each that is queued, added up.
    """

    sessions: int
    running: int
    queued: int
    ended: Mapping[str, int]
    per_minute: float
    watching: int
    waiting: int


@dataclass(frozen=True)
class LoggedError:
    """One warning or error: `at` in seconds since the epoch, its level, and its first line."""

    at: float
    level: str
    text: str


class RecentErrors(logging.Handler):
    """Keeps the last warnings and errors of the engine's log, each by its first line.

    Visitors may see them: they tell no path and no address of the host's, which stay in the log.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._kept: deque[LoggedError] = deque(maxlen=ERRORS_KEPT)

    def listen(self) -> None:
        """Begin."""
        logging.getLogger("bnn_lib").addHandler(self)

    def cease(self) -> None:
        """End."""
        logging.getLogger("bnn_lib").removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record's first line."""
        told = tuple(map(_public, record.args)) if isinstance(record.args, tuple) else ()
        message = str(record.msg) % told if told else record.getMessage()
        text = (message.splitlines() or [""])[0][:LONGEST_ERROR]
        self._kept.append(LoggedError(record.created, record.levelname.lower(), text))

    def recent(self) -> tuple[LoggedError, ...]:
        """Return what was kept, the latest first."""
        return tuple(reversed(self._kept.copy()))


def _public(value: object) -> object:
    """Return what visitors may see of an argument of a line in the log."""
    if isinstance(value, PurePath):
        return "(see the log)"
    if isinstance(value, OSError):
        return value.strerror or type(value).__name__  # as text it names its file
    if isinstance(value, BaseException) and not type(value).__module__.startswith("bnn_lib."):
        return type(value).__name__  # Dask's name addresses; ours are sentences for users
    return value


@dataclass(frozen=True)
class Operations:
    """What whoever hosts the app wants to know.

    Attributes
    ----------
    status : EngineStatus
    load : Load
    store_bytes, store_limit : int
        Size of the results on disk, and the largest allowed.
    worker_bytes : mapping of str to int
        Memory of each worker process, by its address.
    errors : tuple of LoggedError
        The latest first.
    """

    status: EngineStatus
    load: Load
    store_bytes: int
    store_limit: int
    worker_bytes: Mapping[str, int]
    errors: tuple[LoggedError, ...]
