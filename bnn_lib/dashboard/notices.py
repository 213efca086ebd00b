"""Short messages to the user. Their text may quote a URL: it is escaped, so that it is only shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import streamlit as st

from bnn_lib.errors import Problem

MOST = 5
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:@&^=])")


def plain(text: str) -> str:
    """Escape everything that Markdown, its directives and formulas would act upon; one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def show_failure(message: str, key: str, again: Callable[[], None] | None = None) -> None:
    """Say why there is no fit; with `again`, which asks for it once more, offer that."""
    st.error(plain(message), icon=":material/error:")
    if again and st.button("Try again", key=key, icon=":material/refresh:", on_click=again):
        st.rerun()  # of the whole page: this may be a fragment of it


def show_problems(problems: Sequence[Problem], instead: str) -> None:
    """Show one short warning for each value that could not be used."""
    for problem in problems[:MOST]:
        tail = f" {instead}" if problem.field else " It is ignored."
        st.warning(plain(problem.message + tail), icon=":material/link_off:")
    if len(problems) > MOST:
        st.warning(f"And {len(problems) - MOST} more values that cannot be used.", icon=":material/link_off:")
