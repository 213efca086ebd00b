"""What each page of a tab has of its own: kept for it while another page is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st


def is_at(group: str, page: str) -> bool:
    """Whether the values are this page's already."""
    return bool(st.session_state.get(_at(group)) == page)


def swap(group: str, page: str, names: Sequence[str]) -> None:
    """Make a page's own values those that are meant from now on, and keep those of the page before.

    It may be stopped on its way, by what is pressed meanwhile, and is then done once more from its beginning.

    Parameters
    ----------
    group : str
        What the values are about.
    page : str
        The page that is looked at now.
    names : sequence of str
        Of values in the session's state; what the page does not have yet is not there.
    """
    if is_at(group, page):
        return
    before = st.session_state.get(_at(group))
    kept: dict[str, dict[str, Any]] = st.session_state.setdefault(f"{group}_elsewhere", {})
    if before is not None and before not in kept:
        kept[before] = {name: st.session_state[name] for name in names if name in st.session_state}
    mine = kept.get(page, {})
    for name in names:
        if name in mine:
            st.session_state[name] = mine[name]
        else:
            st.session_state.pop(name, None)
    st.session_state[_at(group)] = page
    kept.pop(page, None)


def current(group: str) -> str:
    """Return the page whose values are meant."""
    found: str = st.session_state[_at(group)]
    return found


def _at(group: str) -> str:
    return f"{group}_page"
