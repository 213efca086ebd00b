"""How often a page looks at its fit: often while it runs, seldom while others come first.

A look costs the web process a few milliseconds, whether there is news or not. Thirty pages that all look five
times a second cost more than there is: messages to browsers then come in faster than they are sent out, which
costs more still, and memory.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any

import streamlit as st

from bnn_lib.dashboard import asked, components, state
from bnn_lib.engine import JobView

if TYPE_CHECKING:
    from bnn_lib.engine import Engine

RUNNING = 0.12  # seconds from an answer to the next look at a fit that runs, or will soon: five looks a second
QUEUED = 1.5  # and at one that waits, or at an engine that is not ready
SOON = 2  # places in the queue
LOOKS = 50  # a second by all pages: more of them look less often


def between_looks(engine: Engine, *views: JobView, least: float = RUNNING) -> float:
    """Return how many seconds to leave from an answer to the next look.

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


def look(part: Callable[..., float | None], *given: Any, settings: Sequence[str] = (state.STATE,)) -> None:
    """Show a part of the page, and again for as long as it says when.

    The browser asks once it has the answer, and not by a clock, as Streamlit's ``run_every`` does: Streamlit
    (1.67) sends no more of what a run of the page has said if the next is asked for just as that one ends, and
    what is asked by a clock comes at any moment.

    Parameters
    ----------
    part : callable
        Called with what is given; returns the seconds until it is due again, None if it is not.
    *given
    settings : sequence of str
        Names in the session's state of what the page is drawn from. What is pressed just as the part is asked
        for comes in one message with that, which runs the part alone: it then has the whole page run.
    """
    drawn = [st.session_state.get(name) for name in settings]

    @wraps(part)
    def shown(*arguments: Any) -> None:
        now = [st.session_state.get(name) for name in settings]
        if asked.waits() or any(one is not other for one, other in zip(now, drawn, strict=True)):
            st.rerun()
        every = part(*arguments)
        # The number makes each answer another one: the same would not reach the component.
        told = {"every": every, "number": time.time()}
        components.show("look", told, key=f"look{part.__name__}", on_due_change=_asked)

    st.fragment(shown)(*given)


def _asked() -> None:
    """Nothing: that it was asked has the part run again."""
