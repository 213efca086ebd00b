"""The fit of one browser tab: begin it, stop it, take its result, and know which result is on the page."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from bnn_lib.dashboard import history, lessons, page_state, state
from bnn_lib.dashboard.notices import FAILED, Failure
from bnn_lib.dashboard.session import Session
from bnn_lib.engine import Job, JobView, Picture
from bnn_lib.errors import InvalidExperiment
from bnn_lib.experiment import Experiment

ACTIVE, SHOWN, FROZEN, LOOKED_UP, FAILURE = "active", "shown", "frozen", "looked_up", "failure"
PICK, PICK_FOR = "pick", "pick_for"
GROUP = "run"
OWN = (ACTIVE, SHOWN, FROZEN, LOOKED_UP, FAILURE, PICK, PICK_FOR)  # each page's


@dataclass
class Active:
    """A fit that this tab waits for."""

    experiment: Experiment
    job: Job
    stopped: bool = False  # Stop was pressed


@dataclass(frozen=True)
class Frozen:
    """What a stopped tab saw last of a fit that others go on with: a map and an ELBO, but no result."""

    experiment: Experiment
    view: JobView


@dataclass(frozen=True)
class Shown:
    """The result on the page."""

    experiment: Experiment
    picture: Picture

    @property
    def key(self) -> str:
        """Tell results apart."""
        return history.key_of(self.experiment, self.picture.stopped_at)


def enter(page: str) -> None:
    """Make this page's fit and result those that are meant from now on; other pages' are kept for them."""
    page_state.swap(GROUP, page, OWN)


def page() -> str:
    """Return the page that was entered last."""
    return page_state.current(GROUP)


def active() -> Active | None:
    """Return the fit that is under way."""
    found: Active | None = st.session_state.get(ACTIVE)
    return found


def fitting(experiment: Experiment) -> bool:
    """Return whether just this experiment is being fitted."""
    current = active()
    return current is not None and current.experiment == experiment and not current.stopped


def shown() -> Shown | None:
    """Return the result on the page, which may be of other settings than the page's."""
    found: Shown | None = st.session_state.get(SHOWN)
    return found


def frozen(experiment: Experiment) -> Frozen | None:
    """Return what was seen last of a stopped fit of these settings, if there is no more of it than that."""
    found: Frozen | None = st.session_state.get(FROZEN)
    return found if found is not None and found.experiment == experiment else None


def failure() -> Failure | None:
    """Return why the last fit failed."""
    found: Failure | None = st.session_state.get(FAILURE)
    return found


def fit(session: Session) -> None:
    """Begin to fit the page's experiment (the Fit button)."""
    stop(session)
    experiment = state.load()
    st.session_state[FAILURE] = st.session_state[FROZEN] = None
    _submit(session, experiment)


def _submit(session: Session, experiment: Experiment) -> None:
    try:
        job = session.engine.submit(experiment, session.id)
    except InvalidExperiment as error:  # more work or memory than the host allows
        st.session_state[ACTIVE] = None
        st.session_state[FAILURE] = Failure.of(error)
    else:
        st.session_state[ACTIVE] = Active(experiment, job)


def stop(session: Session) -> None:
    """End the fit under way, keeping what there is (the Stop button)."""
    current = active()
    if current is not None and not current.stopped:
        current.stopped = True
        session.engine.stop(current.job, session.id)


def reset(session: Session) -> None:
    """Back to the start: the default experiment and its result (the Reset button)."""
    stop(session)
    for name in OWN:
        st.session_state[name] = None
    state.reset()


def look_up(session: Session, experiment: Experiment, start: Experiment | None = None) -> None:
    """Show a result that is there already; of `start`, the page's first experiment, or a lesson's, wait for it."""
    current, is_lesson = active(), lessons.asks_for(experiment)
    if current is not None and is_lesson and current.experiment != experiment:
        stop(session)  # of the step before
        st.session_state[ACTIVE] = current = None
    if current is not None or st.session_state.get(LOOKED_UP) == experiment.key:
        return
    st.session_state[LOOKED_UP] = experiment.key
    on_page = shown()
    if on_page is not None and on_page.experiment == experiment:
        return
    picture = session.engine.result(experiment.key)
    if picture is not None:
        st.session_state[SHOWN] = Shown(experiment, picture)
        history.record(page(), experiment, picture)
        st.session_state[FAILURE] = st.session_state[FROZEN] = None
    elif is_lesson or (
        experiment == (start or Experiment()) and not (on_page and on_page.experiment.data == experiment.data)
    ):
        st.session_state[FAILURE] = None
        _submit(session, experiment)
    else:
        session.engine.prepare(experiment)


def put(experiment: Experiment, picture: Picture | None, failure: str | None = None) -> None:
    """Put a result that was here before on the page again; without one, say why there is none."""
    st.session_state[SHOWN] = Shown(experiment, picture) if picture is not None else None
    st.session_state[LOOKED_UP], st.session_state[FROZEN] = experiment.key, None
    st.session_state[FAILURE] = Failure(failure) if failure else None


def settle(current: Active, view: JobView) -> bool:
    """Take over how a fit ended; False while there is more to wait for."""
    if not view.ended:
        return False
    # Only that: the page's settings may have changed meanwhile, to ones with a stored result.
    st.session_state[LOOKED_UP] = current.experiment.key
    if view.picture is not None:
        st.session_state[SHOWN] = Shown(current.experiment, view.picture)
        history.record(page(), current.experiment, view.picture)
    elif view.phase == "stopped" and view.frame is not None:
        st.session_state[SHOWN] = None
        st.session_state[FROZEN] = Frozen(current.experiment, view)
    if view.phase == "failed":
        st.session_state[FAILURE] = Failure(view.message or FAILED)
    st.session_state[ACTIVE] = None  # last: this may be stopped on its way, and is then done once more
    return True
