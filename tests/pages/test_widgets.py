"""A widget that is tied to a value, and what the browser may still say of the value from before."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest


def page_with_a_slider() -> None:
    import streamlit as st
    from streamlit.runtime.scriptrunner import RerunData, RerunException

    from bnn_lib.dashboard.widgets import tie

    def set_value(value: float) -> None:
        if st.session_state.pop("interrupt", False):  # by a newer message, as Streamlit does it
            raise RerunException(RerunData())
        st.session_state["value"] = min(value, 8.0)  # more is refused

    if st.session_state.setdefault("value", 1.0) != 4.0:
        st.slider("Value", 0.0, 10.0, **tie("w", st.session_state["value"], set_value))
    for value in (5.0, 4.0):
        st.button(f"Set {value}", on_click=set_value, args=(value,))
    st.number_input("Other", key="other")


@pytest.fixture
def page() -> AppTest:
    return AppTest.from_function(page_with_a_slider).run()


def test_a_value_changed_from_elsewhere_has_another_widget(page: AppTest):
    assert page.slider[0].key == "w"
    page.button[0].click().run()
    assert (page.slider[0].key, page.slider[0].value) == ("w.1", 5.0)
    # With the same value again nothing has changed.
    assert page.button[0].click().run().slider[0].key == "w.1"
    page.slider[0].set_value(2.0).run()
    assert page.button[0].click().run().slider[0].key == "w.2"
    assert not page.exception


def test_a_value_that_its_own_widget_gives_keeps_the_widget_and_so_the_focus(page: AppTest):
    for given, is_now in ((2.0, 2.0), (9.0, 8.0), (9.0, 8.0), (3.0, 3.0)):
        page.slider[0].set_value(given).run()
        assert (page.slider[0].key, page.slider[0].value) == ("w", is_now)
        assert page.number_input[0].set_value(given).run().slider[0].key == "w"  # a run for something else
    assert not page.exception


@pytest.mark.parametrize(("button", "value"), [(0, 5.0), (1, 4.0)], ids=["it stays", "it goes"])
def test_what_the_browser_still_shows_undoes_nothing(page: AppTest, button: int, value: float):
    shown = page._tree.get_widget_states()
    page.button[button].click().run()
    page._run(shown)
    assert page.session_state["value"] == value
    assert not page.exception


def test_a_change_that_is_made_before_the_browser_has_heard_of_another_counts(page: AppTest):
    page.slider[0].set_value(7.0)
    moved = page._tree.get_widget_states()
    page.slider[0].set_value(1.0)
    page.button[0].click().run()
    page._run(moved)
    assert page.session_state["value"] == 7.0


def test_a_change_whose_callback_was_stopped_is_made(page: AppTest):
    page.session_state["interrupt"] = True
    page.slider[0].set_value(6.0).run()
    assert page.session_state["value"] == page.slider[0].value == 6.0
    assert page.slider[0].key == "w"
