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
    """Do what was asked for, if it is possible with the settings as they are now."""
    waiting: list[Deed] = st.session_state.get(ASKED) or []
    try:
        for deed in waiting:
            if possible:
                deed()
    except Exception:
        waiting.clear()
        raise
    # Not if a newer message has stopped this run, by no `Exception`: its run does it, then.
    waiting.clear()
