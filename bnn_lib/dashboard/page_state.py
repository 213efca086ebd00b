"""What each page of a tab has of its own: kept for it while another page is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st


def swap(group: str, page: str, names: Sequence[str]) -> bool:
    """Make a page's own values those that are meant from now on, and keep those of the page before.

    Parameters
    ----------
    group : str
        What the values are about.
    page : str
        The page that is looked at now.
    names : sequence of str
        Of values in the session's state; what the page does not have yet is not there.

    Returns
    -------
    bool
        Whether it is another page than before.
    """
    elsewhere, before = f"{group}_elsewhere", st.session_state.get(_at(group))
    if before == page:
        return False
    kept: dict[str, dict[str, Any]] = st.session_state.setdefault(elsewhere, {})
    mine = kept.pop(page, {})
    if before is not None:
        kept[before] = {name: st.session_state[name] for name in names if name in st.session_state}
    for name in names:
        if name in mine:
            st.session_state[name] = mine[name]
        else:
            st.session_state.pop(name, None)
    st.session_state[_at(group)] = page
    return True


def current(group: str) -> str:
    """Return the page whose values are meant."""
    found: str = st.session_state[_at(group)]
    return found


def _at(group: str) -> str:
    return f"{group}_page"
