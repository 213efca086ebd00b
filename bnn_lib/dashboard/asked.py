"""What a button asks for, done once the page has its settings.

A press may come in one message with a change that was made just before it, and Streamlit (1.67) calls their
callbacks in any order: a fit would begin with the settings from before the change.
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

ASKED = "asked"
Deed = Callable[[], None]


def ask(deed: Deed) -> None:
    """Have a deed done by the page's next run (a button's callback); it is one at a time."""
    st.session_state[ASKED] = [deed]


def waits() -> bool:
    """Whether something was asked for and is not done yet."""
    return bool(st.session_state.get(ASKED))


def do(possible: bool = True) -> None:
    """Do what was asked for, if it is possible with the settings as they are now.

    A newer message may stop this run on its way, which is no `Exception`: the deed then waits for that message's
    run. One that fails is raised, and shown, but once: else no later run of the page would get beyond it.
    """
    waiting: list[Deed] = st.session_state.get(ASKED) or []
    if waiting and possible:
        try:
            waiting[0]()
        except Exception:
            waiting.clear()
            raise
    waiting.clear()
