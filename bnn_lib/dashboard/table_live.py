"""Your data, while it is fitted: one line, a bar, and the ELBO as it climbs."""

from __future__ import annotations

import streamlit as st

from bnn_lib.dashboard import components, pace, payload, table
from bnn_lib.dashboard.live import progress_text
from bnn_lib.dashboard.notices import plain
from bnn_lib.dashboard.session import Session, open_session
from bnn_lib.dashboard.views import objective_label


def live(session: Session) -> None:
    """Show what the fit is doing, again and again until it is over."""
    waiting = session.engine.status.phase != "ready"
    pace.look(_live, session, waiting, settings=(table.CHOICES, table.EXPERIMENT))


def _live(session: Session, was_waiting: bool) -> float | None:
    open_session()
    current = table.run()
    if current is None:
        message = session.engine.status.message
        if was_waiting and message is None:
            st.rerun()
        if message:
            st.caption(plain(message))
        return pace.QUEUED if session.engine.status.phase != "ready" else None
    view = current.job.view()
    if table.settle(current, view):
        st.rerun()
    share, text = progress_text(view)
    if view.phase == "waiting":
        text = session.engine.status.message or text
    st.progress(share, text=plain(text.replace("drawing the maps and scoring", "scoring")))
    elbo = payload.elbo_data(view.elbo_steps, view.elbo, view.total) if len(view.elbo) else None
    components.show(
        "feed", {"phase": "running", "key": current.job.key, "total": view.total, "elbo": elbo, "frame": None}
    )
    return pace.between_looks(session.engine, view)


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
