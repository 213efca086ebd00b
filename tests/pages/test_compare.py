"""The compare page as a visitor meets it, without a browser."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from bnn_lib.dashboard import compare, history
from bnn_lib.dashboard.presets import PRESETS
from bnn_lib.experiment import Experiment
from tests.pages.fake_engine import FakeEngine, make_picture
from tests.pages.on_playground import key_of, query_of, until_ended

METHODS = ("advi", "map")


@pytest.fixture
def compared(engine: FakeEngine, root):
    def visit(**query: str) -> AppTest:
        page = AppTest.from_file(str(root / "app.py"), default_timeout=60)
        page.run()
        page.switch_page("pages/compare.py")
        for name, value in query.items():
            page.query_params[name.replace("__", ".")] = value
        page = page.run()
        engine.submitted.clear()
        return page

    return visit


def words(page: AppTest) -> str:
    parts = [entry.value for kind in ("caption", "warning", "error") for entry in page.get(kind)]
    return " ".join([*parts, *(entry.proto.body for entry in page.get("html"))]).replace("\\", "")


def markdown(page: AppTest) -> str:
    return " ".join(entry.value for entry in page.markdown).replace("\\", "")


def test_compare_fits_each_method_and_shows_the_table(engine: FakeEngine, compared):
    page = compared(methods=",".join(METHODS))
    assert not page.exception
    assert not page.warning
    page.button(key="compare").click().run()
    assert [e.inference.method for e in engine.submitted] == list(METHODS)
    until_ended(page, "compare_stop")
    assert not page.exception
    assert len(page.dataframe[0].value) == len(METHODS)
    assert "NUTS, which they are measured from, is not chosen" in words(page)
    assert query_of(page) == {"methods": "advi,map"}


def test_methods_stay_chosen_beside_curves_whose_cells_have_no_map_to_choose(compared):
    page = compared(data__name="gap")
    for methods in (["map", "dropout"], ["map", "dropout", "laplace"], ["advi", "laplace"], ["advi", "map"]):
        page.multiselect(key="w.methods").set_value(methods).run()
        assert page.multiselect(key="w.methods").value == methods
        assert page.session_state[compare.CHOSEN] == tuple(methods)
    assert not page.exception


def test_stored_results_show_without_pressing(engine: FakeEngine, compared):
    for method in METHODS:
        experiment = compare.with_method(Experiment(), method)
        engine.results[experiment.key] = make_picture(experiment)
    page = compared(methods=",".join(METHODS))
    assert len(page.dataframe[0].value) == len(METHODS)
    assert not engine.submitted


@pytest.mark.parametrize("text", ["advi", "advi,wrong", "pymc,advi", ""])
def test_a_bad_link_says_what_is_allowed_in_one_sentence(compared, text):
    page = compared(methods=text)
    assert not page.exception
    assert len(page.warning) == 1
    assert "allowed: 2 to 6 of" in words(page)


def test_stop_stops_every_fit(engine: FakeEngine, compared):
    engine.stays = "running"
    page = compared(methods=",".join(METHODS))
    page.button(key="compare").click().run()
    page.button(key="compare_stop").click().run()
    assert sum(name == "stop" for name, _ in engine.calls) >= len(METHODS)
    assert not page.exception
    until_ended(page, "compare_stop")
    assert "unfinished" in words(page)


def test_a_refused_fit_says_why_in_its_cell(engine: FakeEngine, compared):
    page = compared(methods=",".join(METHODS))
    engine.refuses = "Too much work."
    page.button(key="compare").click().run()
    assert [e.value.replace("\\", "") for e in page.error] == ["Too much work."] * len(METHODS)


def test_what_a_full_queue_refused_can_be_asked_for_again(engine: FakeEngine, compared):
    page = compared(methods=",".join(METHODS))
    engine.refuses, engine.full = "The queue is full: 200 fits are waiting. Try again in a minute.", True
    page.button(key="compare").click().run()
    assert len(page.error) == len(METHODS)
    engine.refuses = None
    page.button(key="compare_again_map").click().run()
    assert not page.exception
    assert [experiment.inference.method for experiment in engine.submitted] == ["map"]
    assert len(page.error) == len(METHODS) - 1


def test_fits_are_in_the_history_of_the_page_that_shows_one(engine: FakeEngine, compared):
    page = compared(methods=",".join(METHODS))
    page.button(key="compare").click().run()
    until_ended(page, "compare_stop")
    found = page.session_state[history.ENTRIES]
    assert {(entry.page, entry.experiment.inference.method) for entry in found} == {
        ("playground", method) for method in METHODS
    }


def test_another_data_set_drops_a_likelihood_that_was_for_counts(compared):
    page = compared(data__name="counts", likelihood__family="poisson")
    page.selectbox(key="w.data.name").select("x_sin_x").run()
    assert not page.exception
    assert page.session_state["experiment"].likelihood.family == "auto"
    page = compared(data__name="gap", likelihood__family="student_t")
    page.selectbox(key="w.data.name").select("x_sin_x").run()
    assert page.session_state["experiment"].likelihood.family == "student_t"


def test_the_address_follows_the_map(compared):
    page = compared(methods=",".join(METHODS))
    control = next(c for c in page.get("button_group") if c.key == key_of(page, "w.map"))
    control.set_value("total").run()
    assert query_of(page) == {"methods": ",".join(METHODS), "map": "total"}


def test_methods_and_map_can_be_hidden(compared):
    page = compared(methods=",".join(METHODS), map="epistemic", hide="methods,map")
    assert not page.exception
    assert not page.warning
    assert not page.multiselect
    assert not [c for c in page.get("button_group") if c.key == key_of(page, "w.map")]
    assert page.session_state[compare.SHOWN] == "epistemic"


@pytest.mark.parametrize("label", list(PRESETS))
def test_a_preset_sets_problem_and_methods(compared, label):
    page = compared()
    page.button(key=f"preset_{label}").click().run()
    assert not page.exception
    assert not page.warning
    preset = PRESETS[label]
    assert query_of(page)["methods"] == ",".join(preset.methods)
    assert preset.look in markdown(page)
    assert page.session_state[compare.SHOWN] == preset.kind


def test_a_preset_by_its_link_says_what_to_look_for(compared):
    preset = next(iter(PRESETS.values()))
    query = preset.experiment.to_query() | {"methods": ",".join(preset.methods)}
    page = compared(**{name.replace(".", "__"): value for name, value in query.items()})
    assert not page.warning
    assert preset.look in markdown(page)
    page.button(key="preset_What dropout thinks").click().run()
    assert preset.look not in markdown(page)


def test_curves_side_by_side(engine: FakeEngine, compared):
    page = compared(methods="advi,nuts", data__name="gap", data__n="100")
    assert not page.exception
    assert not page.warning
    page.button(key="compare").click().run()
    assert {e.data.name for e in engine.submitted} == {"gap"}
    until_ended(page, "compare_stop")
    assert not page.exception
    said = words(page)
    assert "in 95 % band" in said
    assert "it is the reference" in said
    columns = set(page.dataframe[0].value)
    assert {"RMSE", "CRPS", "W2, rows", "Spread, rows", "Spread, plot"} <= columns
    assert not {"Accuracy", "TV, rows", "ECE"} & columns
    # One and the same fake posterior: no distance at all.
    row = page.dataframe[0].value.iloc[0]
    assert (row["W2, rows"], row["Spread, plot"]) == (0, 1)


def test_the_chooser_offers_curves_and_their_rows(engine: FakeEngine, compared):
    page = compared()
    chooser = page.selectbox(key="w.data.name")
    assert {"Moons", "Gap"} <= set(chooser.options)
    assert "Bumps" not in chooser.options
    chooser.select("gap").run()
    assert not page.exception
    assert page.session_state["experiment"].data.n == 100
