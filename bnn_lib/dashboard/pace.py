"""How often a page looks at its fit: often while it runs, seldom while others come first.

A look costs the web process a few milliseconds, whether there is news or not. Thirty pages that all look five
times a second cost more than there is: messages to browsers then come in faster than they are sent out, which
costs more still, and memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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

    def has_changed(self, now: float) -> bool:
        """Whether the page should run again to look at another pace; never in the run that has just set it."""
        is_new, self._is_new = self._is_new, False
        return not is_new and not 1 / NOTED <= now / self.seconds <= NOTED


def keep_looking(seconds: float) -> None:
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
