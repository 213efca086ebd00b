"""The state of the page "Your data": a table, the choices made about it, and what was fitted to it.

All of it is the browser tab's own: nothing is in a link, in a store or in another session, and it is gone with the
tab. Results are kept by method and likelihood, so that NUTS stands beside what it checks, and a Student t beside a
Gaussian.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import streamlit as st

from bnn_lib.dashboard import state
from bnn_lib.dashboard.notices import FAILED, Failure
from bnn_lib.dashboard.session import Session
from bnn_lib.datasets import TableData, TableSummary, encode_table, inspect_table
from bnn_lib.engine import Job, JobView, Picture
from bnn_lib.errors import InvalidData, InvalidExperiment
from bnn_lib.experiment import Experiment, InferenceSpec, NetworkSpec, PriorSpec
from bnn_lib.likelihoods import resolve_likelihood

LOADED, CHOICES, EXPERIMENT, RUN, RESULTS, PROBLEM, WANTED, CLASS = (
    f"table.{name}" for name in ("loaded", "choices", "experiment", "run", "results", "problem", "wanted", "class")
)
HELD_OUT = 0.2
FEW_ROWS, FEW_UNITS, UNITS = 500, 10, 50  # training rows up to which few hidden units do better
FULL_BATCH, BATCH = 2_000, 256  # training rows up to which each step takes all; rows of a step beyond
NUTS_ROWS, NUTS_WIDTH = 1_000, 20  # what the reference takes a few minutes for, at most
NUTS: Mapping[str, object] = {"method": "nuts", "chains": 2, "tune": 300, "draws": 300, "batch_size": None}


@dataclass(frozen=True)
class Choices:
    """What is to be learned from a table; the fields are `bnn.read_table`'s."""

    target: str
    task: str
    features: tuple[str, ...]
    missing: str
    test_fraction: float = HELD_OUT
    seed: int = 0


@dataclass(eq=False)
class Loaded:
    """A table, and the data sets that were made of it; `image` is height and width if its rows are pictures."""

    name: str
    summary: TableSummary
    image: tuple[int, int] | None = None
    encoded: dict[Choices, TableData] = field(default_factory=dict)

    def encode(self, choices: Choices) -> TableData:
        """Return the data set; made once for the choices on the page.

        Raises
        ------
        InvalidData
        """
        if choices not in self.encoded:
            self.encoded.clear()
            self.encoded[choices] = encode_table(
                self.summary,
                choices.target,
                choices.features,
                choices.missing,
                choices.task,
                choices.test_fraction,
                choices.seed,
            )
        return self.encoded[choices]


@dataclass(eq=False)
class Run:
    """A fit under way."""

    experiment: Experiment
    choices: Choices
    data: TableData
    job: Job
    stopped: bool = False


@dataclass(frozen=True, eq=False)
class Result:
    """A fit that has ended, with the data set that it is of."""

    experiment: Experiment
    choices: Choices
    data: TableData
    picture: Picture

    @property
    def method(self) -> str:
        """The method's name."""
        return str(self.experiment.inference.method)

    @property
    def likelihood(self) -> str:
        """The likelihood's name, also where "auto" has chosen it."""
        return resolve_likelihood(self.experiment.likelihood, self.data.dataset)


def loaded() -> Loaded | None:
    """Return the table on the page."""
    found: Loaded | None = st.session_state.get(LOADED)
    return found


def choices() -> Choices:
    """Return what is chosen about the table on the page."""
    found: Choices = st.session_state[CHOICES]
    return found


def experiment() -> Experiment:
    """Return network, prior and method; its data are not used."""
    found: Experiment = st.session_state[EXPERIMENT]
    return found


def run() -> Run | None:
    """Return the fit under way."""
    found: Run | None = st.session_state.get(RUN)
    return found


def results() -> list[Result]:
    """Return the results on the page, the newest first."""
    found: list[Result] = st.session_state.get(RESULTS, [])
    return found


def problem() -> Failure | None:
    """Return what was wrong last, in a sentence."""
    found: Failure | None = st.session_state.get(PROBLEM)
    return found


def take(session: Session, name: str, content: bytes, image: tuple[int, int] | None = None) -> None:
    """Read a file; one that cannot be read is reported and changes nothing."""
    st.session_state[PROBLEM] = None
    try:
        summary = inspect_table(content)
        if summary.target is None:
            encode_table(summary)  # says why there is none
    except InvalidData as error:
        st.session_state[PROBLEM] = Failure(f"{name}: {error}")
        return
    assert summary.target is not None
    stop(session)
    st.session_state[RUN] = None
    st.session_state[RESULTS] = []
    st.session_state[LOADED] = Loaded(name, summary, image)
    st.session_state[CHOICES] = guess(summary, summary.target)
    st.session_state[EXPERIMENT] = usual(summary.rows * (1 - HELD_OUT))


def drop(session: Session) -> None:
    """Forget the table and all about it."""
    stop(session)
    for name in list(st.session_state):
        if str(name).startswith("table."):
            st.session_state.pop(name, None)


def guess(summary: TableSummary, target: str) -> Choices:
    """Return what to learn about a target, unless told otherwise."""
    features = summary.guess_features(target)
    return Choices(target, summary.guess_task(target)[0], features, summary.guess_missing(target, features))


def usual(rows: float) -> Experiment:
    """Return the network and method to begin with.

    Of the settings that benchmarks/uci.py compares, one that hardly any beats, and that takes seconds; and batches
    where a step over all rows would take long. On few rows mean-field ADVI lets a wide layer drown in its prior.
    """
    units = FEW_UNITS if rows <= FEW_ROWS else UNITS
    batch = None if rows <= FULL_BATCH else BATCH
    return Experiment(
        network=NetworkSpec(hidden=(units,)),
        prior=PriorSpec(scaling="learned"),
        inference=InferenceSpec(steps=20_000, learning_rate=0.01, batch_size=batch),
    )


def choose(changes: Mapping[str, Any]) -> None:
    """Change choices; another target brings the guesses for it, and the likelihood that it suggests."""
    table, now = loaded(), choices()
    st.session_state[PROBLEM] = None
    if table is None:
        return
    if changes.get("target", now.target) != now.target:
        fresh = guess(table.summary, changes["target"])
        now = replace(fresh, test_fraction=now.test_fraction, seed=now.seed)
    if {"target", "task"} & set(changes):
        change({"likelihood.family": "auto", "likelihood.noise": None})
    new: dict[str, Any] = {n: tuple(value) if isinstance(value, list) else value for n, value in changes.items()}
    st.session_state[CHOICES] = replace(now, **new)


def change(changes: Mapping[str, object]) -> None:
    """Change fields of network, prior, likelihood or method; a value that is refused changes nothing."""
    st.session_state[PROBLEM] = None
    if "inference.method" in changes:
        changes = {**changes, **_beside_method(changes["inference.method"])}
    try:
        st.session_state[EXPERIMENT] = state.replaced(experiment(), changes)
    except InvalidExperiment as error:
        st.session_state[PROBLEM] = Failure(str(error))


def _beside_method(method: object) -> dict[str, object]:
    """Return what changes with the method: NUTS takes all rows at each step, what follows it the usual batch."""
    table = loaded()
    if method == "nuts":
        return {f"inference.{name}": value for name, value in NUTS.items()}
    if experiment().inference.method != "nuts" or table is None:
        return {}
    rows = table.summary.rows * (1 - choices().test_fraction)
    return {"inference.batch_size": usual(rows).inference.batch_size}


def fit(session: Session) -> None:
    """Begin to fit (the Fit button)."""
    _submit(session, experiment())


def check(session: Session) -> None:
    """Fit the reference method beside what is there (the button below the results)."""
    _submit(session, _reference(experiment()))


def again(session: Session) -> None:
    """Ask once more for the fit that a full queue refused (the Try again button)."""
    _submit(session, st.session_state[WANTED])


def _reference(wanted: Experiment) -> Experiment:
    inference = wanted.inference.model_copy(update=dict(NUTS))
    return wanted.model_copy(update={"inference": inference})


def is_current(result: Result) -> bool:
    """Whether a result is of the settings on the page, or of the reference method with all others of them."""
    return result.experiment in (experiment(), _reference(experiment()))


def can_check(found: Sequence[Result]) -> bool:
    """Whether the first of these results has no reference yet, which would take minutes, not hours."""
    newest = found[0]
    small = len(newest.data.dataset.X_train) <= NUTS_ROWS and newest.data.dataset.n_features <= NUTS_WIDTH
    return small and ("nuts", newest.likelihood) not in {(other.method, other.likelihood) for other in found}


def stop(session: Session) -> None:
    """End the fit under way, keeping what there is (the Stop button)."""
    current = run()
    if current is not None and not current.stopped:
        current.stopped = True
        session.engine.stop(current.job, session.id)


def settle(current: Run, view: JobView) -> bool:
    """Take over how a fit ended; False while there is more to wait for."""
    if not view.ended:
        return False
    if view.picture is not None:
        new = Result(current.experiment, current.choices, current.data, view.picture)
        same = [old for old in results() if old.choices == new.choices]
        others = [old for old in same if (old.method, old.likelihood) != (new.method, new.likelihood)]
        st.session_state[RESULTS] = [new, *others]
    if view.phase == "failed":
        st.session_state[PROBLEM] = Failure(view.message or FAILED)
    st.session_state[RUN] = None  # last, as in `run.settle`
    return True


def _submit(session: Session, wanted: Experiment) -> None:
    table = loaded()
    if table is None:
        return
    stop(session)
    st.session_state[PROBLEM], st.session_state[WANTED] = None, wanted
    try:
        data = table.encode(choices())
        job = session.engine.submit(wanted, session.id, data.dataset)
    except (InvalidData, InvalidExperiment) as error:
        st.session_state[PROBLEM] = Failure.of(error)
    else:
        st.session_state[RUN] = Run(wanted, choices(), data, job)
