"""Short messages to the user. Their text may quote a URL: it is escaped, so that it is only shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from bnn_lib.dashboard import asked
from bnn_lib.engine import QueueFull
from bnn_lib.errors import Problem

MOST = 5
FAILED = "The fit failed; the server's log says why."
# Addresses and e-mail addresses become links wherever they stand, escaped or not: unless this is in them, unseen.
_WORD_JOINER = "\u2060"
_LINKED = re.compile(r"://|(?<=www)\.|@", re.IGNORECASE)
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:@&^=])")


def plain(text: str) -> str:
    """Escape everything that Markdown, its directives, formulas and links would act upon; one line."""
    text = _LINKED.sub(lambda found: _WORD_JOINER + found[0], " ".join(text.split()))
    return _SPECIAL.sub(r"\\\1", text)


@dataclass(frozen=True)
class Failure:
    """Why there is no fit.

    Attributes
    ----------
    message : str
    full : bool
        Whether there are only too many others now: it may be asked for again.
    """

    message: str
    full: bool = False

    @classmethod
    def of(cls, error: Exception) -> Failure:
        """Return the failure of a fit that was not taken."""
        return cls(str(error), isinstance(error, QueueFull))


def show_failure(failure: Failure, key: str, again: asked.Deed) -> None:
    """Say why there is no fit, and offer `again`, which asks for it once more, where that may help."""
    st.error(plain(failure.message), icon=":material/error:")
    if failure.full and st.button(
        "Try again", key=key, icon=":material/refresh:", on_click=asked.ask, args=(again,)
    ):
        st.rerun()  # of the whole page: this may be a fragment of it


def show_problems(problems: Sequence[Problem], instead: str) -> None:
    """Show one short warning for each value that could not be used."""
    for problem in problems[:MOST]:
        tail = f" {instead}" if problem.field else " It is ignored."
        st.warning(plain(problem.message + tail), icon=":material/link_off:")
    if len(problems) > MOST:
        st.warning(f"And {len(problems) - MOST} more values that cannot be used.", icon=":material/link_off:")
