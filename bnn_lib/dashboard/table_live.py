"""Your data, while it is fitted: one line, a bar, and the ELBO as it climbs."""

from __future__ import annotations

import streamlit as st

from bnn_lib.dashboard import components, pace, payload, table
from bnn_lib.dashboard.live import progress_text
from bnn_lib.dashboard.notices import plain
from bnn_lib.dashboard.session import Session, open_session
from bnn_lib.dashboard.views import objective_label
from bnn_lib.engine import JobView


def live(session: Session) -> None:
    """Show what the fit is doing, again and again until it is over."""
    waiting = session.engine.status.phase != "ready"
    current = table.run()
    seen = [current.job.view()] if current else []
    every = pace.between_looks(session.engine, *seen) if seen else pace.QUEUED if waiting else None
    st.fragment(_live, run_every=every)(session, waiting, pace.Pace(every) if every else None, seen)


def _live(session: Session, was_waiting: bool, every: pace.Pace | None, seen: list[JobView]) -> None:
    open_session()
    current = table.run()
    if current is None:
        message = session.engine.status.message
        if was_waiting and message is None:
            st.rerun()
        if message:
            st.caption(plain(message))
        return
    view = seen.pop() if seen else current.job.view()  # the page's own run has looked already
    if table.settle(current, view):
        st.rerun()
    if every and every.has_changed(pace.between_looks(session.engine, view)):
        st.rerun()
    if every:
        pace.keep_looking(every.seconds)
    share, text = progress_text(view)
    if view.phase == "waiting":
        text = session.engine.status.message or text
    st.progress(share, text=plain(text.replace("drawing the maps and scoring", "scoring")))
    elbo = payload.elbo_data(view.elbo_steps, view.elbo, view.total) if len(view.elbo) else None
    components.show(
        "feed", {"phase": "running", "key": current.job.key, "total": view.total, "elbo": elbo, "frame": None}
    )


def show_curve(current: table.Run) -> None:
    """Show the ELBO's curve, which the line above feeds."""
    content = {
        "palettes": payload.palette_data(),
        "total": current.experiment.inference.total_steps,
        "label": objective_label(current.experiment),
        "result": None,
        "plain": True,
    }
    components.show("elbo", content)
