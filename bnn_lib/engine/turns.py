"""Whose turn it is: in which order waiting fits begin, which may begin now, and whether one more may wait.

Functions of the board's state, under its lock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from bnn_lib.engine.jobs import Fit
from bnn_lib.errors import InvalidExperiment


class QueueFull(InvalidExperiment):
    """A fit that is not taken now, and may be taken later."""


@dataclass(frozen=True)
class Room:
    """How many fits may wait.

    Attributes
    ----------
    queue : int
        In all.
    session : int
        Of one session, those that run counted in.
    own_bytes : int
        Sessions' own data that wait or are being fitted, all together. A data set alone may be larger.
    """

    queue: int = 200
    session: int = 12
    own_bytes: int = 200_000_000

    def check(
        self, session: str, pending: Collection[Fit], sent: Collection[Fit], handed_over: bytes | None = None
    ) -> None:
        """Refuse one fit more than may wait, or more of sessions' own data.

        Raises
        ------
        QueueFull
            Saying how many there are, and what to do.
        """
        own = sum(session in fit.sessions for fit in (*pending, *sent))
        if own >= self.session:
            raise QueueFull(
                f"{own} fits of this tab are waiting or running; allowed: {self.session}. "
                "Stop them, or try again when one has ended."
            )
        if len(pending) >= self.queue:
            raise QueueFull(f"The queue is full: {len(pending):,} fits are waiting. Try again in a minute.")
        held = sum(len(fit.handed_over or b"") for fit in (*pending, *sent))
        if handed_over and held and held + len(handed_over) > self.own_bytes:
            raise QueueFull(
                f"The data that wait to be fitted take {held / 1e6:,.0f} MB, and this table "
                f"{len(handed_over) / 1e6:,.0f} MB; allowed: {self.own_bytes / 1e6:,.0f} MB. "
                "Try again in a minute, or with fewer rows or columns."
            )


def in_turn(pending: Sequence[Fit], sent: Iterable[Fit], began: Mapping[str, int]) -> list[Fit]:
    """Return the fits that wait, in the order in which they will begin.

    Sessions take turns: first comes the fit whose session has the fewest under way and before it, and of equals
    that whose session had its last turn longest ago, so that one that asks for six does not keep the others
    waiting for all of them. What was with a worker before goes before all others, and what nobody waits for after
    them.

    Parameters
    ----------
    pending : sequence of Fit
        The oldest first.
    sent : iterable of Fit
        Those under way.
    began : mapping of str to int
        When each session's last fit began, in any order of time.
    """
    served = Counter(session for fit in sent for session in fit.sessions)
    keys = []
    for fit in pending:
        fewest = min((served[session] for session in fit.sessions), default=0)
        last = min((began.get(session, 0) for session in fit.sessions), default=0)
        served.update(fit.sessions)
        keys.append((not fit.sessions, not fit.begun, fewest, last))
    order = sorted(zip(keys, pending, strict=True), key=itemgetter(0))  # stable: of equals the oldest first
    return [fit for _, fit in order]


def may_begin(fit: Fit, sent: Iterable[Fit], threads: int, here: Collection[str]) -> bool:
    """Return whether a free thread is for this fit: one session leaves a thread to the others that are here.

    Parameters
    ----------
    fit : Fit
    sent : iterable of Fit
        Those under way.
    threads : int
        Fits that can run at a time.
    here : collection of str
        Sessions with an open page.
    """
    running = Counter(session for other in sent for session in other.sessions)

    def most(session: str) -> int:
        others = any(other != session for other in here)
        return max(1, threads - 1) if others else threads

    return not fit.sessions or any(running[session] < most(session) for session in fit.sessions)
