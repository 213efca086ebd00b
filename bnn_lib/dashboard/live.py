"""The part of the page that is asked for again and again while a fit runs: progress, and news for the map."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from bnn_lib.dashboard import components, data, pace, payload, run, state
from bnn_lib.dashboard.notices import plain, show_failure
from bnn_lib.dashboard.session import Session, open_session
from bnn_lib.engine import JobView
from bnn_lib.inference import METHODS

PARTS = 10  # of the steps, whose means are compared


def live(session: Session) -> None:
    """Show what the fit is doing, again and again until it is over."""
    pace.look(_live, session, session.engine.status.phase != "ready")


def _live(session: Session, was_waiting: bool) -> float | None:
    open_session()  # the tab is there; after a lost connection, again
    current = run.active()
    view = current.job.view() if current else None
    if current and view and run.settle(current, view):
        st.rerun()
    waits = session.engine.status.phase != "ready"
    if not current and was_waiting and not waits:
        st.rerun()
    _status(session, view)
    components.show("feed", _message(view))
    if view:
        return pace.between_looks(session.engine, view)
    return pace.QUEUED if waits else None


def _status(session: Session, view: JobView | None) -> None:
    """Write one line, and a bar while there is something to wait for."""
    share, text = 0.0, ""
    if view is not None:
        share, text = progress_text(view)
        if view.phase == "waiting":
            text = session.engine.status.message or text
    elif failure := run.failure():
        show_failure(failure, "again", partial(run.fit, session))
        return
    else:
        on_page, frozen = run.shown(), run.frozen(state.load())
        text = session.engine.status.message or "Not fitted with these settings yet."
        if on_page is not None and on_page.experiment == state.load():
            share, text = result_text(on_page)
        elif frozen is not None:
            done, steps = frozen.view.step, frozen.view.total
            share, text = done / steps, stopped_text(done, steps)
    st.progress(share, text=plain(text))
    if session.engine.status.warning:
        st.caption(plain(session.engine.status.warning))


def progress_text(view: JobView) -> tuple[float, str]:
    """Return the share done and a line: step, steps a second, time left, or the place in the queue."""
    if view.phase == "queued":
        place = "Next in the queue" if view.position in (None, 1) else f"Number {view.position} in the queue"
        return 0.0, view.message or f"{place}."
    if view.phase == "waiting":
        return 0.0, "The fitting engine is starting."
    if view.phase == "stopped":
        if view.settled and not view.step:
            return 0.0, "Stopped before its first step."
        word = "Stopped" if view.settled else "Stopping"
        return min(1.0, view.step / max(1, view.total)), f"{word} at step {view.step:,} of {view.total:,}."
    if view.message:  # it is being run again
        return 0.0, view.message
    if view.step >= view.total:
        return 1.0, f"{view.total:,} steps done; drawing the maps and scoring"
    parts = [f"step {view.step:,} of {view.total:,}"]
    if view.steps_per_second:
        parts.append(f"{speed(view.steps_per_second)} steps/s")
    if view.seconds_left is not None:
        parts.append(f"{duration(view.seconds_left)} left")
    if view.step == 0:
        parts = ["Compiling this network for the first time"]
    return min(1.0, view.step / max(1, view.total)), ", ".join(parts)


def stopped_text(done: int, steps: int) -> str:
    """Return what is said of a picture that is not of all steps."""
    return f"Stopped at step {done:,} of {steps:,}: what you see is unfinished."


def result_text(on_page: run.Shown) -> tuple[float, str]:
    """Return the share done and a line about a result."""
    picture, steps = on_page.picture, on_page.experiment.inference.total_steps
    if picture.stopped_at is not None:
        done = picture.stopped_at
        return min(1.0, done / steps), stopped_text(done, steps)
    done = len(picture.objective) or steps
    text = f"{done:,} steps"
    seconds = picture.diagnostics.get("seconds")
    if isinstance(seconds, int | float) and seconds > 0:
        text += f" in {duration(float(seconds))}"
    if done < steps:
        return 1.0, f"{text}: the ELBO was flat"
    if "learning_rate" in METHODS[on_page.experiment.inference.method].fields and has_fallen(picture.objective):
        return 1.0, f"{text}: it ended lower than it had been, a smaller rate may help"
    return 1.0, text


def has_fallen(objective: np.ndarray) -> bool:
    """Whether an objective (steps,) ended below where it had been, by more than it scatters at the end."""
    if len(objective) < 10 * PARTS:
        return False
    parts = np.array_split(objective.astype(np.float64), PARTS)
    means = [part.mean() for part in parts]
    return bool(max(means) - means[-1] > 3 * parts[-1].std())


def speed(rate: float) -> str:
    """Write a rate, e.g. "48 k"."""
    return f"{rate / 1000:.0f} k" if rate >= 10_000 else f"{rate / 1000:.1f} k" if rate >= 1000 else f"{rate:.0f}"


def duration(seconds: float) -> str:
    """Write a time, e.g. "0.2 s" or "3 min 10 s"."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"


def _message(view: JobView | None) -> dict[str, Any]:
    """Return what the components are told: the newest map and ELBO, and what to write over the map."""
    experiment, on_page = state.load(), run.shown()
    current: run.Active | run.Frozen | None = run.active()
    message: dict[str, Any] = {
        "phase": "idle",
        "key": on_page.key if on_page else None,
        "data": payload.data_key(experiment.data),
        "dim": on_page is not None and on_page.experiment != experiment,
        "notice": _notice(view),
        "frame": None,
        "elbo": None,
        "total": None,
        "pick_for": st.session_state.get(run.PICK_FOR),
        "pick": st.session_state.get(run.PICK),
    }
    frozen = run.frozen(experiment)
    if current is not None and view is not None:
        message |= {"phase": "running", "key": current.experiment.key, "total": view.total, "dim": False}
    elif on_page is None and frozen is not None:
        current, view = frozen, frozen.view
        message |= {"phase": "stopped", "key": frozen.experiment.key, "total": view.total}
    else:
        return message
    if current.experiment.data == experiment.data:
        if view.frame is not None:
            message["frame"] = payload.pack(view.frame.array())
        if len(view.elbo):
            message["elbo"] = payload.elbo_data(view.elbo_steps, view.elbo, view.total)
    return message


def _notice(view: JobView | None) -> str | None:
    """Return the one line over the map: what to do, or what is being waited for."""
    experiment, on_page = state.load(), run.shown()
    if view is not None:
        if view.frame is not None or view.phase == "running":
            return None if view.frame is not None else "Compiling this network…"
        return (
            "The engine is starting; the fit begins as soon as it is there"
            if view.phase == "waiting"
            else "In the queue"
        )
    _, missing = data.find(experiment.data)
    if missing:
        return missing.removesuffix(".")
    if run.failure() or (on_page is None and run.frozen(experiment)):
        return None
    if on_page is not None and on_page.experiment == experiment:
        return None
    if on_page is not None and data.same_kind_of_painting(on_page.experiment.data, experiment.data):
        return None if on_page.experiment.data == experiment.data else "Points changed: press Fit"
    if on_page is not None and on_page.experiment.data == experiment.data:
        return "Settings changed: press Fit to update"
    return "Press Fit" if on_page is None else "New data: press Fit"
