"""A widget that is tied to a value, and what the browser may still say of the value from before."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def page_with_a_slider() -> None:
    import streamlit as st

    from bnn_lib.dashboard.widgets import tie

    def set_value(value: float) -> None:
        st.session_state["value"] = min(value, 8.0)  # more is refused

    st.slider("Value", 0.0, 10.0, **tie("w", st.session_state.setdefault("value", 1.0), set_value))
    st.button("Set", on_click=set_value, args=(5.0,))
    st.number_input("Other", key="other")


def test_a_value_changed_from_elsewhere_has_another_widget():
    page = AppTest.from_function(page_with_a_slider).run()
    assert page.slider[0].key == "w"
    page = page.button[0].click().run()
    assert page.slider[0].key == "w.1"
    assert page.slider[0].value == 5.0
    # With the same value again nothing has changed.
    assert page.button[0].click().run().slider[0].key == "w.1"
    page.slider[0].set_value(2.0).run()
    assert page.button[0].click().run().slider[0].key == "w.2"
    assert not page.exception


def test_a_value_that_its_own_widget_gives_keeps_the_widget_and_so_the_focus():
    page = AppTest.from_function(page_with_a_slider).run()
    for given, is_now in ((2.0, 2.0), (9.0, 8.0), (3.0, 3.0)):
        page.slider[0].set_value(given).run()
        assert (page.slider[0].key, page.slider[0].value) == ("w", is_now)
        assert page.number_input[0].set_value(given).run().slider[0].key == "w"  # a run for something else
    assert not page.exception
