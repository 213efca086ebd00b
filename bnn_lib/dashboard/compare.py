"""Several methods on one problem: which they are, their fits, and how far each is from NUTS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from bnn_lib.dashboard import data, history, regression, state
from bnn_lib.dashboard.notices import FAILED, Failure
from bnn_lib.dashboard.presets import PRESETS, Preset
from bnn_lib.dashboard.session import Session
from bnn_lib.datasets import DATASETS
from bnn_lib.engine import Job, JobView, Picture
from bnn_lib.errors import InvalidExperiment, Problem, shown
from bnn_lib.experiment import Experiment
from bnn_lib.inference import METHODS

FIELD, MAP, FEWEST, MOST = "methods", "map", 2, 6
FIELDS = (FIELD, MAP)
KINDS = ("probability", "total", "aleatoric", "epistemic")
CHOSEN, RUNS, STORED, PROBLEM = "compare_methods", "compare_runs", "compare_stored", "compare_problem"
SHOWN = "compare_shown"  # which map
LOOKED_UP = "compare_looked_up"
USUAL = ("advi", "fullrank_advi", "nuts", "ensemble")


@dataclass
class Run:
    """One method's fit: its job, or why it was not taken."""

    experiment: Experiment
    job: Job | None = None
    failure: Failure | None = None
    stopped: bool = False
    recorded: bool = False
    last: JobView | None = None

    def view(self) -> JobView | None:
        """Return what is known of it now; what has ended is asked for no more."""
        if self.job is not None and (self.last is None or not self.last.ended):
            self.last = self.job.view()
        return self.last

    @property
    def busy(self) -> bool:
        """Whether there is more to wait for."""
        view = self.view()
        return view is not None and not view.ended


@dataclass(frozen=True)
class Entry:
    """A method as its cell shows it."""

    method: str
    view: JobView | None = None
    picture: Picture | None = None
    failure: Failure | None = None


# --- which methods ------------------------------------------------------------------------------------------


def for_the_cells(experiment: Experiment) -> tuple[Experiment, list[Problem]]:
    """Return the experiment as this page can show it: classes over two features, or a number over one."""
    name = experiment.data.name
    is_curve = len(experiment.data.features or DATASETS[name].default_features) == 1 and name in data.PLAYED_CURVES
    return regression.for_curves(experiment) if is_curve else state.for_the_map(experiment)


def offered() -> list[str]:
    """Return the methods that can be compared."""
    return [name for name, entry in METHODS.items() if entry.in_app]


def usual() -> tuple[str, ...]:
    """Return the methods of a first visit."""
    return tuple(name for name in USUAL if name in offered())


def read_methods(text: str) -> tuple[str, ...]:
    """Return the methods that a URL names.

    Raises
    ------
    InvalidExperiment
        If one is unknown, or they are too few or too many.
    """
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    known = offered()
    if not FEWEST <= len(names) <= MOST or any(name not in known for name in names):
        raise InvalidExperiment(f"methods is {shown(text)}; allowed: {FEWEST} to {MOST} of {', '.join(known)}.")
    return names


def read_fields(query: Mapping[str, str]) -> list[Problem]:
    """Return what is wrong with the page's own fields of a link."""
    problems = []
    if FIELD in query:
        try:
            read_methods(query[FIELD])
        except InvalidExperiment as error:
            problems.append(Problem("", f"{error} The usual methods are used instead."))
    if MAP in query and query[MAP] not in KINDS:
        problems.append(Problem("", f"map is {shown(query[MAP])}; allowed: {', '.join(KINDS)}."))
    return problems


def load() -> tuple[Experiment, tuple[str, ...]]:
    """Return the page's experiment and methods, from the URL wherever it is new."""
    query = state.query()
    if CHOSEN not in st.session_state or state.is_new(query):
        wrong = read_fields(query)
        st.session_state[PROBLEM] = " ".join(problem.message for problem in wrong) or None
        st.session_state[CHOSEN] = usual()
        if FIELD in query and not wrong:
            st.session_state[CHOSEN] = read_methods(query[FIELD])
        st.session_state[SHOWN] = query[MAP] if query.get(MAP) in KINDS else None  # None: the usual one
    return state.load(for_the_cells, FIELDS), st.session_state[CHOSEN]


def own_fields() -> dict[str, str]:
    """Return the page's own fields of its link."""
    own = {}
    if st.session_state[CHOSEN] != usual() and not problem():
        own[FIELD] = ",".join(st.session_state[CHOSEN])
    if st.session_state.get(SHOWN) in KINDS[1:]:
        own[MAP] = st.session_state[SHOWN]
    return own


def store() -> None:
    """Write both to the URL."""
    state.store(own_fields())


def problem() -> str | None:
    """Return what is wrong with the choice of methods, in one sentence."""
    found: str | None = st.session_state.get(PROBLEM)
    if found is None and len(st.session_state[CHOSEN]) < FEWEST:
        return f"Methods chosen: {len(st.session_state[CHOSEN])}; choose {FEWEST} to {MOST}."
    return found


def choose(methods: Sequence[str]) -> None:
    """Compare these methods (their widget's callback)."""
    known = offered()
    st.session_state[CHOSEN] = tuple([name for name in methods if name in known][:MOST])
    st.session_state[PROBLEM] = None


def show_map(kind: str) -> None:
    """Show these maps (their control's callback, of a part of the page: its end, which stores, is not run)."""
    st.session_state[SHOWN] = kind
    store()


def preset(label: str) -> None:
    """Set the page to one of the presets."""
    chosen = PRESETS[label]
    st.session_state[state.STATE] = Experiment()
    state.change(chosen.changes)
    st.session_state[CHOSEN], st.session_state[SHOWN] = chosen.methods, chosen.kind
    st.session_state[PROBLEM] = None


def current_preset(experiment: Experiment, methods: Sequence[str]) -> Preset | None:
    """Return the preset that the page is set to, by its button or by a link."""
    for found in PRESETS.values():
        if found.methods == tuple(methods) and found.experiment == experiment:
            return found
    return None


# --- fits ---------------------------------------------------------------------------------------------------


def with_method(experiment: Experiment, method: str) -> Experiment:
    """Return the same problem for another method."""
    return state.replaced(experiment, {"inference.method": method})


def runs() -> dict[str, Run]:
    """Return this tab's fits by method."""
    found: dict[str, Run] = st.session_state.setdefault(RUNS, {})
    return found


def busy() -> bool:
    """Whether any fit of this page goes on."""
    return any(run.busy for run in runs().values())


def submit(session: Session) -> None:
    """Begin one fit a method (the Compare button)."""
    stop(session)
    experiment: Experiment = st.session_state[state.STATE]
    st.session_state[RUNS] = found = {}
    for method in st.session_state[CHOSEN]:
        found[method] = _begin(session, with_method(experiment, method))


def look_up(session: Session, experiment: Experiment, methods: Sequence[str]) -> None:
    """Begin the fits of a preset or a lesson that nobody has made yet, once for each."""
    wanted = {method: with_method(experiment, method) for method in methods}
    asked = {method: one.key for method, one in wanted.items()}
    if st.session_state.get(LOOKED_UP) == asked:
        return
    st.session_state[LOOKED_UP] = asked
    for method, one in wanted.items():
        before = runs().get(method)
        if before is not None and before.experiment == one and before.failure is None:
            continue
        _end(session, runs().pop(method, None))
        if session.engine.result(one.key) is None:
            runs()[method] = _begin(session, one)


def _begin(session: Session, wanted: Experiment) -> Run:
    try:
        return Run(wanted, session.engine.submit(wanted, session.id))
    except InvalidExperiment as error:
        return Run(wanted, failure=Failure.of(error))


def again(session: Session, method: str) -> None:
    """Ask once more for the fit of a method that was refused as too many others waited."""
    runs()[method] = _begin(session, runs()[method].experiment)


def _end(session: Session, run: Run | None) -> None:
    if run is not None and run.job is not None and not run.stopped and run.busy:
        run.stopped = True
        session.engine.stop(run.job, session.id)


def stop(session: Session) -> None:
    """End all fits under way, keeping what there is (the Stop button)."""
    for run in runs().values():
        _end(session, run)


def entries(session: Session, experiment: Experiment, methods: Sequence[str]) -> list[Entry]:
    """Return what there is of each method: its fit, else a result that is stored."""
    stored: dict[str, Picture | None] = {}
    before = st.session_state.get(STORED, {})
    found = []
    for method in methods:
        wanted = with_method(experiment, method)
        run = runs().get(method)
        if run is not None and run.experiment == wanted:
            view = run.view()
            failure = run.failure
            if view and view.phase == "failed":
                failure = Failure(view.message or FAILED)
            if view and view.picture is not None and not run.recorded:
                history.record(data.page_of(wanted.data.name), wanted, view.picture)
                run.recorded = True
            found.append(Entry(method, view, view.picture if view else None, failure))
            continue
        key = wanted.key
        stored[key] = before[key] if key in before else session.engine.result(key)
        found.append(Entry(method, None, stored[key]))
    st.session_state[STORED] = stored
    return found
