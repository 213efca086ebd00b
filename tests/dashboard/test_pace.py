"""How often pages look: the more of them, the less often, so that all together cost no more than there is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from bnn_lib.dashboard import pace
from bnn_lib.engine import JobView, Load

IDLE = Load(1, 0, 0, {}, 0.0, watching=0, waiting=0)


class Engine:
    """Has so much to do."""

    def __init__(self, load: Load) -> None:
        self._load = load

    def load(self) -> Load:
        return self._load


def view(phase: str, position: int | None = None) -> JobView:
    nothing = np.empty(0)
    return JobView(phase, position, 0, 1, None, None, nothing, nothing, None, None, None, 1)  # type: ignore[arg-type]


def seconds(*views: JobView, watching: int = 1, waiting: int = 0) -> float:
    engine = Engine(replace(IDLE, watching=watching, waiting=waiting))
    return pace.between_looks(engine, *views)  # type: ignore[arg-type]


def test_one_page_looks_five_times_a_second_and_seldom_while_it_waits():
    assert seconds(view("running")) == pace.RUNNING == 0.2
    assert seconds(view("queued", 1)) == pace.RUNNING
    assert seconds(view("queued", 9)) == seconds(view("waiting")) == pace.QUEUED
    assert seconds(view("queued", 9), view("running")) == pace.RUNNING


@pytest.mark.parametrize("pages", [1, 30, 1000])
def test_all_pages_together_look_no_more_often_than_is_allowed(pages: int):
    assert pages / seconds(view("running"), watching=pages) <= pace.LOOKS
    assert pages / seconds(view("queued", 9), waiting=pages) <= pace.LOOKS


def page() -> None:
    """Has set one pace, and looks twice when another is due."""
    import streamlit as st

    from bnn_lib.dashboard import pace

    runs = st.session_state.runs = st.session_state.get("runs", 0) + 1
    own = pace.Pace(st.session_state.before if runs == 1 else st.session_state.now)
    own.keep(st.session_state.now)  # in the page's own run, which has just set it
    st.session_state.kept = runs
    own.keep(st.session_state.now)


@pytest.mark.parametrize(
    ("before", "now", "changed"),
    [(pace.QUEUED, pace.RUNNING, True), (0.2, 0.6, True), (0.2, 0.3, False), (0.3, 0.2, False)],
)
def test_a_page_runs_again_when_its_turn_comes_and_not_for_a_little(before: float, now: float, changed: bool):
    app = AppTest.from_function(page)
    app.session_state.before, app.session_state.now = before, now
    app.run()
    assert not app.exception
    assert app.session_state.runs == app.session_state.kept == (2 if changed else 1)
