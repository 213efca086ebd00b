"""The page's one state, an `Experiment`: read from the URL, changed by widgets, written back to the URL.

Widgets hold texts and numbers that anyone can send; what counts is the experiment, and it is always validated.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from bnn_lib.dashboard import asked, data, links, page_state
from bnn_lib.datasets.load import entry_of
from bnn_lib.errors import InvalidData, InvalidExperiment, Problem
from bnn_lib.experiment import DataSpec, Experiment
from bnn_lib.experiment_text import write_text
from bnn_lib.likelihoods import LIKELIHOODS

STATE, PROBLEMS, WRITTEN, REFUSED = "experiment", "problems", "query_written", "refused"
ADAPT, PAINTS, FIRST = "adapt", "paints", "first"
CAME_BACK, LEFT, FRESH = "came_back", "queries_left", "query_is_fresh"
OWN = (STATE, PROBLEMS, WRITTEN, REFUSED, ADAPT, PAINTS, FIRST, FRESH, links.LINK, asked.ASKED)  # each page's
GROUP = "settings"
LATE = 10.0  # seconds for which a browser may still speak of an address that it has left
Adapt = Callable[[Experiment], tuple[Experiment, list[Problem]]]


def enter(page: str) -> None:
    """Make this page's settings and link those that are meant from now on; other pages' are kept for them.

    The menu's links have no settings: who comes back by one finds the page as it was.
    """
    if not is_at(page):
        st.session_state[CAME_BACK] = not st.query_params
        st.session_state.pop(LEFT, None)
        page_state.swap(GROUP, page, OWN)


def is_at(page: str) -> bool:
    """Whether this page is the one whose settings are meant."""
    return page_state.is_at(GROUP, page)


def query() -> dict[str, str]:
    """Return the page's link: the address's fields, unless it is the last link that counts.

    That is so once one has come back by the menu, and for what was pressed before the browser had heard of the
    last link: with the address that it still had then, the press before would be undone.
    """
    found = st.query_params.to_dict()
    written: dict[str, str] = st.session_state.get(WRITTEN, found)
    if (not found and st.session_state.get(CAME_BACK)) or _is_late(found):
        return dict(written)
    return found


def _is_late(found: Mapping[str, str]) -> bool:
    context = get_script_run_ctx()
    if context is None or getattr(context, "is_history_navigation", False):
        return False  # the browser's Back and Forward
    return any(query == found and time.monotonic() - moment < LATE for moment, query in _left())


def _left() -> list[tuple[float, dict[str, str]]]:
    """Return the addresses that were replaced here, and when."""
    left: list[tuple[float, dict[str, str]]] = st.session_state.get(LEFT, [])
    return left


def is_new(query: Mapping[str, str]) -> bool:
    """Whether the page's link is another one than what there is was read from or written to."""
    return st.session_state.get(FRESH, False) or query != st.session_state.get(WRITTEN)


def take(query: Mapping[str, str]) -> None:
    """Note that the page is now what this link says: only another one is new."""
    st.session_state[WRITTEN], st.session_state[FRESH] = dict(query), False


def write(query: Mapping[str, str]) -> None:
    """Make this the page's link, at the end of a run: earlier, the browser may not have left the page before.

    A run may be stopped between any two of these lines, by what is pressed meanwhile: the browser is told last.
    """
    found, now = st.query_params.to_dict(), time.monotonic()
    written = st.session_state.get(WRITTEN, found)
    if found == written == query:
        st.session_state[WRITTEN], st.session_state[CAME_BACK] = dict(query), False
        return
    # The browser may be at either of these; or it has yet to hear of the second, and then of this once more.
    ended = [other for other in (found, written) if other != query]
    before = [(moment, other) for moment, other in _left() if now - moment < LATE and other not in (*ended, query)]
    st.session_state[LEFT] = [*before, *((now, other) for other in ended)]
    st.session_state[WRITTEN], st.session_state[CAME_BACK] = dict(query), False
    st.query_params.from_dict(query)


def go(query: Mapping[str, str]) -> None:
    """Turn the page that one is on to another link (a button's callback).

    A link would not do: of one to its own page the browser (Streamlit 1.67) sends the fields once, and keeps its
    address, with which it undoes them at the next press.
    """
    st.session_state[FRESH] = True
    write(query)


def value_of(experiment: Experiment, dotted: str) -> object:
    """Return the field named e.g. ``"prior.scale"``."""
    section, _, name = dotted.partition(".")
    value: object = getattr(getattr(experiment, section), name)
    return value


def replaced(experiment: Experiment, changes: Mapping[str, object]) -> Experiment:
    """Return the experiment with some fields changed.

    Parameters
    ----------
    experiment : Experiment
    changes : mapping
        Dotted name -> value, or its text as in a URL.

    Raises
    ------
    InvalidExperiment
    """
    query = experiment.to_query(whole=True)
    query.update({name: value if isinstance(value, str) else write_text(value) for name, value in changes.items()})
    return Experiment.from_query(query)


def load(adapt: Adapt | None = None, own: Collection[str] = (), paints: bool = False) -> Experiment:
    """Return the page's experiment: from the URL on the first run and whenever the URL was changed by hand.

    Parameters
    ----------
    adapt : callable, optional
        What makes of an experiment one that the page can show, as `for_the_map` does: given by the page's own
        script, and used from then on until another page gives its own.
    own : collection of str
        Fields of the URL that are the page's and not the experiment's.
    paints : bool
        Whether one can paint on the page that gives `adapt`: its points may be too few for a fit as yet.
    """
    page = (st.session_state.get(ADAPT), st.session_state.get(PAINTS))
    if adapt is not None and page != (adapt, paints):
        st.session_state[ADAPT], st.session_state[PAINTS] = adapt, paints
        st.session_state.pop(STATE, None)  # of another page
    given = query()
    if STATE not in st.session_state or is_new(given):
        link, about_link = links.read(given)
        fields = {k: v for k, v in given.items() if k not in own and k not in links.FIELDS}
        fields, about_key = links.resolve(link, fields)
        experiment, problems = Experiment.salvage_query(fields)
        experiment, more = _adapt(experiment)
        try:
            _check_data(experiment.data)
        except InvalidData as error:
            more.append(Problem("data", str(error)))
            experiment = experiment.model_copy(update={"data": Experiment().data})
        st.session_state[STATE] = experiment
        st.session_state[links.LINK] = link
        st.session_state[FIRST] = experiment if link != links.Link() else None
        st.session_state[PROBLEMS] = [*about_link, *about_key, *problems, *more]
        st.session_state[REFUSED] = "The default is used instead."
        take(given)
    experiment = st.session_state[STATE]
    assert isinstance(experiment, Experiment)
    return experiment


def _adapt(experiment: Experiment) -> tuple[Experiment, list[Problem]]:
    adapt: Adapt = st.session_state.get(ADAPT, for_the_map)
    return adapt(experiment)


def _check_data(spec: DataSpec) -> None:
    """Raise `InvalidData` unless the page can show that data; where one paints, points may be too few yet."""
    if st.session_state.get(PAINTS):
        data.find(spec)
    else:
        data.load(spec)


def as_it_is(experiment: Experiment) -> tuple[Experiment, list[Problem]]:
    """Return the experiment itself: for a page that can show any."""
    return experiment, []


def for_the_map(experiment: Experiment) -> tuple[Experiment, list[Problem]]:
    """Return the experiment as this page can show it: two features, and classes for a target."""
    entry = entry_of(experiment.data)
    changes: dict[str, object] = {}
    problems = []
    if experiment.data.name not in data.PLAYED:
        problems.append(
            Problem("data.name", f"data.name is {experiment.data.name!r}, which has no classes over two features.")
        )
        changes |= {"data.name": "moons", "data.features": None, "data.points": None}
    elif len(experiment.data.features or entry.default_features) != 2:
        problems.append(
            Problem("data.features", "The map takes two features; data.features names another number.")
        )
        changes["data.features"] = None
    family = experiment.likelihood.family
    other_task = family != "auto" and LIKELIHOODS[family].task != "classification"
    if other_task or (family == "bernoulli" and entry.n_classes > 2):
        problems.append(
            Problem(
                "likelihood.family",
                f"likelihood.family is {family!r}, which does not fit {entry.n_classes} classes.",
            )
        )
        changes["likelihood.family"] = "auto"
    if experiment.likelihood.noise is not None:
        problems.append(Problem("likelihood.noise", "likelihood.noise is set, which is for numeric targets only."))
        changes["likelihood.noise"] = None
    return (replaced(experiment, changes) if changes else experiment), problems


def store(own: Mapping[str, str] | None = None) -> None:
    """Write the experiment to the URL, only what differs from the defaults, and the other fields of the link."""
    experiment, link = st.session_state[STATE], links.current()
    # A short link stays short for as long as it is true.
    fields = {"key": link.key} if link.key and link.key == experiment.key else experiment.to_query()
    write({**fields, **(own or {}), **link.to_query()})


def change(changes: Mapping[str, object]) -> None:
    """Change fields (from a widget's callback); a value that is refused changes nothing and is reported."""
    current: Experiment = st.session_state[STATE]
    st.session_state[PROBLEMS] = []
    st.session_state[REFUSED] = "The setting stays as it was."
    try:
        if "data.name" in changes:
            changes = {"data.features": None, "data.points": None, **changes}
        changed, problems = _adapt(replaced(current, changes))
        _check_data(changed.data)
    except InvalidExperiment as error:
        st.session_state[PROBLEMS] = list(error.problems)
        return
    except InvalidData as error:
        st.session_state[PROBLEMS] = [Problem("data", str(error))]
        return
    st.session_state[STATE] = changed
    st.session_state[PROBLEMS] = problems


def put(experiment: Experiment) -> None:
    """Set all fields at once, to those of an experiment that this page has shown before."""
    st.session_state[STATE], st.session_state[PROBLEMS] = experiment, []


def reset() -> None:
    """Go back to the first experiment: that of a teacher's or a lesson's link, else the default."""
    st.session_state[STATE], st.session_state[PROBLEMS] = _adapt(st.session_state.get(FIRST) or Experiment())


def problems() -> tuple[list[Problem], str]:
    """Return what was refused since the last good change, and what was done about it."""
    found: list[Problem] = st.session_state.get(PROBLEMS, [])
    instead: str = st.session_state.get(REFUSED, "")
    return found, instead
