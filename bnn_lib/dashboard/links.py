"""What a link says beside an experiment: title, note, what is hidden, a lesson's step; or a key in its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import streamlit as st

from bnn_lib.dashboard.session import shared_engine
from bnn_lib.engine import Picture
from bnn_lib.engine.store import KEY_PATTERN
from bnn_lib.errors import InvalidExperiment, Problem, shown
from bnn_lib.experiment import Experiment

FIELDS = ("title", "note", "hide", "key", "lesson", "step")
LONGEST: Mapping[str, int] = {"title": 80, "note": 400}
LINK = "link_fields"
SECTIONS: Mapping[str, str] = {
    "data": "Data",
    "network": "Network",
    "prior": "Prior",
    "likelihood": "Likelihood",
    "inference": "Inference",
}
DOTTED = tuple(
    f"{section}.{name}" for section in SECTIONS for name in type(getattr(Experiment(), section)).model_fields
)
HIDEABLE = (*SECTIONS, *DOTTED, "methods", "map", "inputs", "output")  # the last four are pages' own


@dataclass(frozen=True)
class Link:
    """What a link says beside the experiment.

    Attributes
    ----------
    title, note : str
        A teacher's own words for the page.
    hide : frozenset of str
        Sections of the experiment, single fields, or pages' own, whose controls are not shown.
    key : str
        Of a stored result, whose experiment is meant.
    lesson : str
        A lesson's name.
    step : int
        Of the lesson, from 1.
    """

    title: str = ""
    note: str = ""
    hide: frozenset[str] = field(default_factory=frozenset)
    key: str = ""
    lesson: str = ""
    step: int = 1

    def hides(self, dotted: str) -> bool:
        """Whether a field's control is not shown."""
        return dotted in self.hide or dotted.partition(".")[0] in self.hide

    def to_query(self) -> dict[str, str]:
        """Return the fields that are set, but for the key, in a fixed order."""
        query = {"title": self.title, "note": self.note, "hide": ",".join(n for n in HIDEABLE if n in self.hide)}
        if self.lesson:
            query |= {"lesson": self.lesson, "step": str(self.step)}
        return {name: text for name, text in query.items() if text}


def read(query: Mapping[str, str]) -> tuple[Link, list[Problem]]:
    """Read a link's own fields; what cannot be used is left out and reported."""
    problems = []
    texts = {}
    for name, longest in LONGEST.items():
        text = " ".join(query.get(name, "").split())
        if len(text) > longest:
            said = f"What follows the {longest}th character of the link's {name} cannot be shown."
            problems.append(Problem("", said))
        texts[name] = text[:longest]
    wanted = [name.strip() for name in query.get("hide", "").split(",") if name.strip()]
    unknown = [name for name in wanted if name not in HIDEABLE]
    if unknown:
        allowed = f"{', '.join(SECTIONS)}, or a field, e.g. prior.scale"
        said = f"hide names {shown(', '.join(unknown))}; allowed: {allowed}."
        problems.append(Problem("", said))
    key = query.get("key", "").strip().lower()
    if key and not KEY_PATTERN.fullmatch(key):
        problems.append(Problem("key", f"key is {shown(key)}, which is no result's key."))
        key = ""
    step = query.get("step", "1")
    if not (step.isascii() and step.isdecimal() and 0 < len(step) < 4 and int(step) > 0):
        problems.append(Problem("step", f"step is {shown(step)}; allowed: a whole number from 1."))
        step = "1"
    link = Link(
        **texts,
        hide=frozenset(name for name in wanted if name in HIDEABLE),
        key=key,
        lesson=query.get("lesson", "")[:60],
        step=int(step),
    )
    return link, problems


def current() -> Link:
    """Return what the page's link says."""
    found: Link = st.session_state.get(LINK) or Link()
    return found


def hides(dotted: str) -> bool:
    """Whether the page's link hides this field's control."""
    return current().hides(dotted)


def stored(key: str) -> tuple[Experiment, Picture] | None:
    """Return the stored result with that key, and what it is a result of; None if there is none.

    A result of a visitor's own file has another key than its experiment's, and is never found.
    """
    picture = shared_engine().result(key) if KEY_PATTERN.fullmatch(key) else None
    if picture is None:
        return None
    try:
        experiment = Experiment.from_json(picture.experiment_json)
    except InvalidExperiment:  # of an earlier version, whose fields were others
        return None
    return (experiment, picture) if experiment.key == key else None


def unknown(key: str) -> str:
    """Say that there is no such result, and what to do."""
    return (
        f"No result with the key {key[:12]}… is on this server: it was made elsewhere, or has left the store. "
        "Ask for its long link, which holds every setting, and fit it again."
    )


def resolve(link: Link, query: Mapping[str, str]) -> tuple[dict[str, str], list[Problem]]:
    """Return the query of what the link's key means, with the query's own fields over it, and what is wrong."""
    if not link.key:
        return dict(query), []
    found = stored(link.key)
    if found is None:
        return dict(query), [Problem("key", unknown(link.key))]
    return {**found[0].to_query(whole=True), **query}, []
