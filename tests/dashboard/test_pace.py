"""How often pages look: the more of them, the less often, so that all together cost no more than there is."""

from __future__ import annotations

import json
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
    assert seconds(view("running")) == pace.RUNNING <= 0.2
    assert seconds(view("queued", 1)) == pace.RUNNING
    assert seconds(view("queued", 9)) == seconds(view("waiting")) == pace.QUEUED
    assert seconds(view("queued", 9), view("running")) == pace.RUNNING


@pytest.mark.parametrize("pages", [1, 30, 1000])
def test_all_pages_together_look_no_more_often_than_is_allowed(pages: int):
    assert pages / seconds(view("running"), watching=pages) <= pace.LOOKS
    assert pages / seconds(view("queued", 9), waiting=pages) <= pace.LOOKS


def page() -> None:
    """A part of it is due again after what the session says."""
    import streamlit as st

    from bnn_lib.dashboard import pace

    def part(word: str) -> float | None:
        st.write(word)
        return st.session_state.every  # type: ignore[no-any-return]

    pace.look(part, "seen")


def test_the_browser_is_told_when_a_part_is_due_and_each_answer_is_another():
    app = AppTest.from_function(page)
    told = []
    for every in (0.2, 0.2, None):
        app.session_state.every = every
        app.run()
        assert not app.exception
        assert app.markdown[0].value == "seen"
        (look,) = app.get("bidi_component")
        assert look.proto.component_name == "bnn_look"
        told.append(json.loads(look.proto.json))
    assert [one["every"] for one in told] == [0.2, 0.2, None]
    assert len({one["number"] for one in told}) == 3
