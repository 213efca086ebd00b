"""How often a page looks at its fit: often while it runs, seldom while others come first.

A look costs the web process a few milliseconds, whether there is news or not. Thirty pages that all look five
times a second cost more than there is: messages to browsers then come in faster than they are sent out, which
costs more still, and memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import streamlit as st
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.scriptrunner import get_script_run_ctx

from bnn_lib.engine import JobView

if TYPE_CHECKING:
    from bnn_lib.engine import Engine

RUNNING = 0.2  # seconds between two looks at a fit that runs, or will soon
QUEUED = 1.0  # and at one that waits, or at an engine that is not ready
SOON = 2  # places in the queue
LOOKS = 50  # a second by all pages: more of them look less often
NOTED = 2.0  # so many times faster or slower is worth a run of the page, which is what it takes to change


def between_looks(engine: Engine, *views: JobView, least: float = RUNNING) -> float:
    """Return how many seconds to leave between two looks.

    Parameters
    ----------
    engine : Engine
    *views : JobView
        What was seen last of the fits that the page waits for.
    least : float
        For a fit that runs and that few look at.
    """
    load = engine.load()
    if views and not any(_is_moving(view) for view in views):
        return max(QUEUED, load.waiting / LOOKS)
    return max(least, load.watching / LOOKS)


def _is_moving(view: JobView) -> bool:
    soon = view.phase == "queued" and (view.position or 1) <= SOON
    return soon or view.phase not in ("waiting", "queued")


class Pace:
    """How often a part of a page looks, as the page's own run has set it.

    Parameters
    ----------
    seconds : float
        Between two looks.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._is_new = True

    def keep(self, now: float) -> None:
        """See to the next look. Where `now` is quite another pace the page runs again, which sets it.

        Not in the run that has just set one.
        """
        is_new, self._is_new = self._is_new, False
        if not is_new and not 1 / NOTED <= now / self.seconds <= NOTED:
            st.rerun()
        _keep_looking(self.seconds)


def look(part: Callable[..., None], every: float | None, *given: Any) -> None:
    """Show a part of the page, again and again if `every` is given.

    Parameters
    ----------
    part : callable
        Called with what is given and, last, its `Pace`, which it has to `keep`; None if it is shown once.
    every : float or None
        Seconds between two looks.
    *given
    """
    st.fragment(part, run_every=every)(*given, Pace(every) if every else None)


def _keep_looking(seconds: float) -> None:
    """Have the browser look again, whatever became of the page's own run that told it to.

    Streamlit (1.67) drops what a run of the page has still to send if a look comes in just as that run ends. The
    browser has then let go of its timer, and would wait for ever; one that still has it takes no notice.
    """
    context = get_script_run_ctx(suppress_warning=True)
    for fragment in (context and context.fragment_ids_this_run) or ():
        message = ForwardMsg()
        message.auto_rerun.interval, message.auto_rerun.fragment_id = seconds, fragment
        if context:
            context.enqueue(message)
