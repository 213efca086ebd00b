"""The fits of a tab, the newest first: what was fitted and by what name; results are in the server's store.

A stopped fit's result is in no store, so that the tab itself keeps the last few of those.
"""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from bnn_lib.datasets import DATASETS
from bnn_lib.engine import Picture
from bnn_lib.experiment import Experiment
from bnn_lib.inference import METHODS

MOST, MOST_PINNED, MOST_STOPPED = 20, 10, 3
LONGEST_NAME = 60
ENTRIES = "history"


@dataclass(eq=False)
class Entry:
    """One fit.

    Attributes
    ----------
    page : str
        Where it was made.
    experiment : Experiment
    name : str
    pinned : bool
        Whether it stays when others must go.
    stopped : Picture or None
        The result of a fit that was stopped.
    """

    page: str
    experiment: Experiment
    name: str
    pinned: bool = False
    stopped: Picture | None = None

    @property
    def key(self) -> str:
        """Tell entries apart."""
        return key_of(self.experiment, self.stopped.stopped_at if self.stopped else None)


def key_of(experiment: Experiment, stopped_at: int | None) -> str:
    """Tell results apart: a stopped one differs from the finished one of the same experiment."""
    return experiment.key if stopped_at is None else f"{experiment.key}-{stopped_at}"


def entries() -> list[Entry]:
    """Return what there is, the newest first."""
    found: list[Entry] = st.session_state.setdefault(ENTRIES, [])
    return found


def record(page: str, experiment: Experiment, picture: Picture) -> None:
    """Note a result that has come to the page; the oldest that is not pinned leaves for it."""
    found = entries()
    new = Entry(page, experiment, named(experiment), stopped=picture if picture.stopped_at is not None else None)
    before = next((entry for entry in found if (entry.page, entry.key) == (page, new.key)), None)
    if before is not None:
        found.remove(before)
        new.name, new.pinned = before.name, before.pinned
    found.insert(0, new)
    for entry in [entry for entry in found if entry.stopped is not None and not entry.pinned][MOST_STOPPED:]:
        found.remove(entry)
    if len(found) > MOST:
        found.remove([entry for entry in found if not entry.pinned][-1])


def rename(entry: Entry, name: object) -> None:
    """Give an entry another name; an empty one gives it its first name again."""
    text = " ".join(name.split())[:LONGEST_NAME] if isinstance(name, str) else ""
    entry.name = text or named(entry.experiment)


def pin(entry: Entry) -> None:
    """Pin an entry, or let it go."""
    if entry.pinned or sum(other.pinned for other in entries()) < MOST_PINNED:
        entry.pinned = not entry.pinned


def named(experiment: Experiment) -> str:
    """Return a name that tells fits apart: method, data, and what else differs from the defaults."""
    told = ("data.name", "data.points", "inference.method")
    rest = [
        f"{name.partition('.')[2].replace('_', ' ')} {text}"
        for name, text in experiment.to_query().items()
        if name not in told
    ]
    words = [METHODS[experiment.inference.method].label, DATASETS[experiment.data.name].label, *rest]
    text = ", ".join(words)
    return text if len(text) <= LONGEST_NAME else text[: LONGEST_NAME - 1] + "…"
