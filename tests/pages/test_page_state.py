"""Each page is as it was left when one comes back to it by the menu, whose links have no settings."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from bnn_lib.dashboard import compare, state
from bnn_lib.datasets.painted import MOST_IN_LINK, paint
from bnn_lib.experiment import Experiment
from tests.pages.conftest import Open
from tests.pages.fake_engine import FakeEngine, make_picture
from tests.pages.on_playground import key_of, query_of

SETTINGS = {
    "data.name": "circles",
    "network.hidden": "8,8",
    "prior.scale": "3.0",
    "title": "Group 3",
    "note": "Look at the middle.",
    "hide": "inference",
}


def by_menu(page: AppTest, name: str) -> AppTest:
    page.switch_page(f"pages/{name}.py")
    page.query_params.clear()
    page.run()
    assert not page.exception
    return page


def address(page: AppTest, query: dict[str, str]) -> None:
    page.query_params.clear()
    page.query_params.update(query)


def headings(page: AppTest) -> str:
    return " ".join(element.value for element in page.markdown)


@pytest.mark.parametrize("other", ["lessons", "results", "regression", "compare", "priors", "your_data"])
def test_the_playground_keeps_its_settings_and_its_link(visit: Open, other: str):
    page = visit(**{name.replace(".", "__"): text for name, text in SETTINGS.items()})
    page.slider(key="w.data.noise").set_value(0.3).run()
    wanted, link = page.session_state["experiment"], query_of(page)
    assert link == SETTINGS | {"data.noise": "0.3"}
    by_menu(page, other)
    assert "Group 3" not in headings(page)  # it is the playground's
    by_menu(page, "playground")
    assert page.session_state["experiment"] == wanted
    assert query_of(page) == link
    assert "Group 3" in headings(page)
    assert page.slider(key=key_of(page, "w.data.noise")).value == 0.3
    assert not [box for box in page.selectbox if box.key == "w.inference.method"]


def test_a_new_link_counts_for_more_than_what_was_there(visit: Open):
    page = by_menu(visit(prior__scale="3.0"), "lessons")
    page.switch_page("pages/playground.py")
    page.query_params.clear()
    page.query_params["data.n"] = "200"
    page.run()
    assert page.session_state["experiment"] == Experiment.from_query({"data.n": "200"})


def test_what_is_pressed_before_the_browser_has_the_last_link_undoes_nothing(visit: Open):
    page = visit(title="Group 3")
    old = query_of(page)
    page.slider(key="w.data.noise").set_value(0.3).run()
    new = query_of(page)
    assert new == {"title": "Group 3", "data.noise": "0.3"}
    address(page, old)  # which the browser still shows as the next is pressed
    page.selectbox(key="w.prior.family").set_value("laplace").run()
    assert query_of(page) == new | {"prior.family": "laplace"}
    assert page.slider(key=key_of(page, "w.data.noise")).value == 0.3
    address(page, new)  # it has heard of the first by now
    page.selectbox(key="w.prior.scaling").set_value("fan_in").run()
    last = new | {"prior.family": "laplace", "prior.scaling": "fan_in"}
    assert query_of(page) == last
    address(page, old)  # from longer ago
    page.run()
    assert query_of(page) == last


@pytest.mark.parametrize("by", ["a while later", "the browser's Back"])
def test_an_earlier_link_counts_again(visit: Open, monkeypatch: pytest.MonkeyPatch, by: str):
    page = visit(data__noise="0.1")
    old = query_of(page)
    page.slider(key="w.data.noise").set_value(0.3).run()
    address(page, old)
    if by == "a while later":
        monkeypatch.setattr(state, "LATE", 0.0)
    else:
        monkeypatch.setattr(state, "get_script_run_ctx", lambda: SimpleNamespace(is_history_navigation=True))
    page.run()
    assert query_of(page) == old
    assert page.slider(key=key_of(page, "w.data.noise")).value == 0.1


def test_points_too_many_for_a_link_stay(visit: Open):
    rng = np.random.default_rng(0)
    rows = MOST_IN_LINK + 20
    window = ((-3, 3), (-3, 3))
    text = paint(np.column_stack([rng.uniform(-2, 2, (rows, 2)), rng.integers(0, 2, rows)]), window)
    page = visit(data__name="painted", data__points=text)
    assert page.session_state["experiment"].data.points == text
    assert "data.points" not in query_of(page)
    by_menu(by_menu(page, "results"), "playground")
    assert page.session_state["experiment"].data.points == text


def test_other_pages_keep_theirs(engine: FakeEngine, visit: Open):
    page = by_menu(visit(), "regression")
    page.query_params["data.name"] = "step"
    page.run()
    by_menu(page, "compare")
    page.query_params["methods"], page.query_params["map"] = "map,dropout", "total"
    page.run()
    by_menu(page, "results")
    key = Experiment().key
    engine.results[key] = make_picture(Experiment())
    page.query_params["keys"] = key
    page.run()
    by_menu(page, "lessons")
    assert by_menu(page, "regression").session_state["experiment"].data.name == "step"
    by_menu(page, "compare")
    assert page.session_state[compare.CHOSEN] == ("map", "dropout")
    assert query_of(page) == {"methods": "map,dropout", "map": "total"}
    assert query_of(by_menu(page, "results")) == {"keys": key}


def test_a_lesson_is_found_again(visit: Open):
    page = by_menu(visit(), "lessons")
    page.query_params["lesson"], page.query_params["step"] = "point-to-posterior", "2"
    page.run()
    by_menu(page, "playground")
    assert query_of(by_menu(page, "lessons")) == {"lesson": "point-to-posterior", "step": "2"}
