"""Several methods on one problem: which they are, their fits, and how far each is from NUTS."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from bnn_lib.dashboard import state
from bnn_lib.dashboard.scores import GOOD_K_HAT, GOOD_R_HAT
from bnn_lib.dashboard.session import Session
from bnn_lib.datasets.csv_download import to_csv_bytes
from bnn_lib.engine import Job, JobView, Maps, Picture
from bnn_lib.errors import InvalidExperiment
from bnn_lib.experiment import Experiment
from bnn_lib.inference import METHODS

FIELD, FEWEST, MOST = "methods", 2, 6
CHOSEN, RUNS, STORED, PROBLEM = "compare_methods", "compare_runs", "compare_stored", "compare_problem"
WIDGET = "w.methods"
USUAL = ("advi", "fullrank_advi", "nuts", "ensemble")
CLUSTERS = {"data.name": "blobs", "data.noise": 0.1, "data.n": 100, "network.hidden": (10,)}
# label -> (fields, methods)
LESSONS: Mapping[str, tuple[Mapping[str, object], tuple[str, ...]]] = MappingProxyType(
    {
        "ADVI between two clusters": (CLUSTERS, ("advi", "nuts")),
        "Full-rank repairs some of it": (CLUSTERS, ("advi", "lowrank_advi", "fullrank_advi", "nuts")),
        "An ensemble is not a posterior": ({"data.n": 100}, ("map", "ensemble", "nuts")),
        "What dropout thinks": ({"data.n": 100, "network.hidden": (20,)}, ("dropout", "advi", "nuts")),
    }
)


@dataclass
class Run:
    """One method's fit: its job, or why it was not taken."""

    experiment: Experiment
    job: Job | None = None
    failure: str | None = None
    stopped: bool = False
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
    failure: str | None = None


# --- which methods ------------------------------------------------------------------------------------------


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
        quoted = text if len(text) <= 60 else text[:57] + "..."
        raise InvalidExperiment(f"methods is {quoted!r}; allowed: {FEWEST} to {MOST} of {', '.join(known)}.")
    return names


def load() -> tuple[Experiment, tuple[str, ...]]:
    """Return the page's experiment and methods, from the URL wherever it is new."""
    query = st.query_params.to_dict()
    written = st.session_state.get(state.WRITTEN)
    if CHOSEN not in st.session_state or query != written:
        st.session_state[PROBLEM] = None
        st.session_state[CHOSEN] = usual()
        if FIELD in query:
            try:
                st.session_state[CHOSEN] = read_methods(query[FIELD])
            except InvalidExperiment as error:
                st.session_state[PROBLEM] = f"{error} The usual methods are used instead."
    experiment = state.load()
    found = st.session_state.get(state.PROBLEMS, [])
    if FIELD in query:  # not an experiment's field, and so reported by it
        _, ours = Experiment.salvage_query({FIELD: query[FIELD]})
        st.session_state[state.PROBLEMS] = [problem for problem in found if problem not in ours]
    return experiment, st.session_state[CHOSEN]


def store() -> None:
    """Write both to the URL."""
    query = st.session_state[state.STATE].to_query()
    if st.session_state[CHOSEN] != usual() and not problem():
        query[FIELD] = ",".join(st.session_state[CHOSEN])
    if st.query_params.to_dict() != query:
        st.query_params.from_dict(query)
    st.session_state[state.WRITTEN] = query


def problem() -> str | None:
    """Return what is wrong with the choice of methods, in one sentence."""
    found: str | None = st.session_state.get(PROBLEM)
    if found is None and len(st.session_state[CHOSEN]) < FEWEST:
        return f"Methods chosen: {len(st.session_state[CHOSEN])}; choose {FEWEST} to {MOST}."
    return found


def choose() -> None:
    """Take over the methods from their widget."""
    known = offered()
    names = [name for name in st.session_state[WIDGET] if name in known]
    st.session_state[CHOSEN] = tuple(names[:MOST])
    st.session_state[PROBLEM] = None


def lesson(label: str) -> None:
    """Set the page to one of the lessons."""
    changes, methods = LESSONS[label]
    st.session_state[state.STATE] = Experiment()
    state.change(changes)
    st.session_state[CHOSEN] = tuple(name for name in methods if name in offered())
    st.session_state[PROBLEM] = None


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
        wanted = with_method(experiment, method)
        try:
            found[method] = Run(wanted, session.engine.submit(wanted, session.id))
        except InvalidExperiment as error:
            found[method] = Run(wanted, failure=str(error))


def stop(session: Session) -> None:
    """End all fits under way, keeping what there is (the Stop button)."""
    for run in runs().values():
        if run.job is not None and not run.stopped and run.busy:
            run.stopped = True
            session.engine.stop(run.job, session.id)


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
            failure = run.failure or (view.message if view and view.phase == "failed" else None)
            if view and view.phase == "failed" and not failure:
                failure = "The fit failed; the server's log says why."
            found.append(Entry(method, view, view.picture if view else None, failure))
            continue
        key = wanted.key
        stored[key] = before[key] if key in before else session.engine.result(key)
        found.append(Entry(method, None, stored[key]))
    st.session_state[STORED] = stored
    return found


# --- numbers ------------------------------------------------------------------------------------------------


def number(values: Mapping[str, Any], name: str) -> float | None:
    """Return a finite number, None if it is not there."""
    value = values.get(name)
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def distance(one: Picture, other: Picture) -> float | None:
    """Return the total variation of two results' class probabilities, averaged over the grid."""
    p, q = (picture.view_as(Maps).final.probabilities() for picture in (one, other))
    if p.shape != q.shape:
        return None
    apart = np.abs(p - q).sum(axis=0)
    return float(apart.mean() if len(p) == 1 else apart.mean() / 2)


def reference(found: Iterable[Entry]) -> tuple[Picture | None, str]:
    """Return NUTS's result if distances from it mean anything, else why not."""
    nuts = next((entry for entry in found if entry.method == "nuts"), None)
    if nuts is None:
        return None, "No distances: NUTS, which they are measured from, is not chosen."
    if nuts.picture is None or nuts.picture.stopped_at is not None:
        return None, "No distances: NUTS has not finished."
    r_hat = number(nuts.picture.diagnostics, "r_hat")
    if r_hat is None or r_hat > GOOD_R_HAT:
        shown = "unknown" if r_hat is None else f"{r_hat:.2f}"
        return (
            None,
            f"No distances: NUTS has not converged (R-hat = {shown}, {GOOD_R_HAT} is allowed): more draws.",
        )
    return nuts.picture, ""


def reliability(diagnostics: Mapping[str, Any]) -> str:
    """Return k-hat or R-hat with one plain word, "–" where the method has neither."""
    for name, label, good in (("k_hat", "k-hat", GOOD_K_HAT), ("r_hat", "R-hat", GOOD_R_HAT)):
        value = diagnostics.get(name)
        if isinstance(value, int | float):
            return f"{label} {value:.2f}, {'reliable' if value <= good else 'not reliable'}"
    return "–"


def speed_of(entry: Entry) -> tuple[float | None, str]:
    """Return a rate and what it counts."""
    if entry.picture is None:
        return (entry.view.steps_per_second if entry.view else None), "steps/s"
    values = entry.picture.diagnostics
    leapfrogs, seconds = number(values, "leapfrogs"), number(values, "seconds")
    if leapfrogs and seconds:
        return leapfrogs / seconds, "leapfrogs/s"
    return number(values, "steps_per_second"), "steps/s"


def table(found: Sequence[Entry]) -> list[dict[str, Any]]:
    """Return one row of plain numbers a method."""
    nuts, _ = reference(found)
    rows = []
    for entry in found:
        picture = entry.picture
        values = picture.diagnostics if picture else {}
        held = picture.scores.get("held-out", {}) if picture else {}
        rate, unit = speed_of(entry)
        far = distance(picture, nuts) if picture and nuts and picture is not nuts else None
        row: dict[str, Any] = {"Method": METHODS[entry.method].label, "Seconds": number(values, "seconds")}
        row |= {
            "Speed": None if rate is None else round(rate),
            "Speed counts": unit,
            "Accuracy": number(held, "accuracy"),
        }
        row |= {"NLL": number(held, "nll"), "Brier": number(held, "brier"), "ECE": number(held, "ece")}
        row |= {"k-hat": number(values, "k_hat"), "R-hat": number(values, "r_hat"), "From NUTS": far}
        rows.append(row)
    return rows


def to_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Write the table as CSV."""
    return to_csv_bytes(pd.DataFrame(rows))
