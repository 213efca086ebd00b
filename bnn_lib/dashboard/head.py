"""What pages have in common at their top: the title, what to do, how far it is, and the row of settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import streamlit as st

from bnn_lib.dashboard import asked, history_view, lesson_view, links, notices, run, share, state, views
from bnn_lib.dashboard.live import live
from bnn_lib.dashboard.session import Session
from bnn_lib.dashboard.widgets import group
from bnn_lib.experiment import Experiment

# Group of settings -> the section of an experiment that it sets.
SECTIONS: Mapping[str, str] = {label: name for name, label in links.SECTIONS.items()} | {"Noise": "likelihood"}


def head(title: str) -> Any:
    """Show a page's title, and return the row that it begins: what is shown in there stands beside it."""
    row = st.container(key="top", horizontal=True, vertical_alignment="center", gap="medium")
    row.markdown(f"# {title}", width="content")
    return row


def start_and_stop(
    session: Session,
    start: Callable[[Session], None],
    stop: Callable[[Session], None],
    *,
    can_start: bool,
    can_stop: bool,
    label: str = "Fit",
    keys: tuple[str, str] = ("fit", "stop"),
    why_not: str = "",
) -> None:
    """Show the page's main button, and the one that ends what it began; `why_not` is what it waits for."""
    st.button(
        label,
        key=keys[0],
        type="primary",
        icon=":material/play_arrow:",
        on_click=asked.ask,
        args=(partial(start, session),),
        disabled=not can_start,
        help=why_not or None,
    )
    st.button("Stop", key=keys[1], icon=":material/stop:", on_click=stop, args=(session,), disabled=not can_stop)


def fit_head(session: Session, title: str, experiment: Experiment, result: run.Shown | None, missing: str) -> None:
    """Show the head of a page of one fit: Fit, Stop, Reset, the link, how far it is, how good it is.

    Parameters
    ----------
    session : Session
    title : str
    experiment : Experiment
        The page's.
    result : Shown, optional
        What is on the page.
    missing : str
        What the data lack for a fit; empty if nothing.
    """
    with head(title):
        with st.container(key="buttons", horizontal=True, gap="small", width="content"):
            start_and_stop(
                session,
                run.fit,
                run.stop,
                can_start=not missing and not run.fitting(experiment),
                can_stop=run.active() is not None,
                why_not=missing,
            )
            st.button(
                "Reset",
                key="reset",
                on_click=run.reset,
                args=(session,),
                help="Back to the page's first settings and their result",
            )
            share.button(result=result)
            history_view.button(session, run.page(), may_open=not st.session_state.get("share"))
        with st.container(key="status"):
            live(session)
        views.show_verdict(experiment, result)
    notices.show_problems(*state.problems())
    lesson_view.show_strip()


def settings_row(experiment: Experiment, groups: Mapping[str, Callable[[Experiment], None]]) -> None:
    """Show the row of settings: name of a group -> what shows its widgets."""
    with st.container(key="settings", horizontal=True, gap="medium"):
        for name, show in groups.items():
            if SECTIONS[name] in links.current().hide:
                continue
            with group(name):
                show(experiment)
