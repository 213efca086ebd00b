"""A change and the press of a button right after it come in one message: the change counts for what is begun."""

from __future__ import annotations

import pytest
from streamlit.runtime.scriptrunner_utils.exceptions import StopException

from bnn_lib.dashboard import asked
from tests.pages.conftest import Open
from tests.pages.fake_engine import FakeEngine
from tests.pages.test_page_state import by_menu


def test_a_fit_is_of_the_settings_changed_just_before(engine: FakeEngine, visit: Open):
    page = visit(data__name="circles")
    engine.submitted.clear()
    page.slider(key="w.data.noise").set_value(0.3)
    page.button(key="fit").click()
    page.run()
    assert [experiment.data.noise for experiment in engine.submitted] == [0.3]
    assert not page.exception
    assert page.button(key="fit").disabled


def test_and_so_are_fits_that_are_compared(engine: FakeEngine, visit: Open):
    page = by_menu(visit(), "compare")
    engine.submitted.clear()
    page.multiselect(key="w.methods").set_value(["map", "dropout"])
    page.button(key="compare").click()
    page.run()
    assert [experiment.inference.method for experiment in engine.submitted] == ["map", "dropout"]
    assert not page.exception


def test_and_one_on_the_priors_page(engine: FakeEngine, visit: Open):
    page = by_menu(visit(), "priors")
    engine.submitted.clear()
    page.select_slider(key="w.prior.scale").set_value("3.0")
    page.button(key="prior_fit_button").click()
    page.run()
    assert [experiment.prior.scale for experiment in engine.submitted] == [3.0]
    assert not page.exception


def test_what_can_no_longer_be_done_is_not_done_later_either(engine: FakeEngine, visit: Open):
    page = by_menu(visit(), "compare")
    engine.submitted.clear()
    page.multiselect(key="w.methods").set_value(["map"])  # one alone is nothing to compare
    page.button(key="compare").click()
    page.run()
    page.multiselect(key="w.methods").set_value(["map", "dropout"]).run()
    assert not engine.submitted
    assert not page.exception


def test_what_a_newer_message_stopped_is_done_by_its_run(monkeypatch: pytest.MonkeyPatch):
    session: dict[str, object] = {}
    monkeypatch.setattr(asked.st, "session_state", session)
    done: list[int] = []

    def deed() -> None:
        done.append(1)
        if len(done) == 1:
            raise StopException

    asked.ask(deed)
    with pytest.raises(StopException):
        asked.do()
    assert asked.waits()
    asked.do()
    assert len(done) == 2
    assert not asked.waits()
    asked.do()
    assert len(done) == 2


def test_what_fails_is_said_and_not_tried_at_every_run(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(asked.st, "session_state", {})

    def deed() -> None:
        raise ZeroDivisionError

    asked.ask(deed)
    with pytest.raises(ZeroDivisionError):
        asked.do()
    assert not asked.waits()
    asked.do()
