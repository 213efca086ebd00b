"""The priors page as a visitor meets it, without a browser."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from bnn_lib.dashboard import prior_fit, prior_state, prior_view
from bnn_lib.engine import Question
from bnn_lib.experiment import Experiment, InferenceSpec
from tests.pages.fake_engine import FakeEngine
from tests.pages.on_playground import component, experiment_of, key_of, query_of

Priors = Callable[..., AppTest]


@pytest.fixture
def priors(engine: FakeEngine, root) -> Priors:
    """Open the page by a link, as a browser would."""

    def visit(**query: str) -> AppTest:
        page = AppTest.from_file(str(root / "app.py"), default_timeout=60)
        page.run()
        page.switch_page("pages/priors.py")
        for name, value in query.items():
            page.query_params[name.replace("__", ".")] = value
        return page.run()

    return visit


def asked(engine: FakeEngine) -> tuple[Experiment, dict[str, Any]]:
    """What a worker was asked last: the experiment, and all else."""
    values = json.loads(engine.asked[-1].values_json)
    return Experiment.from_json(values.pop("experiment")), values


def test_a_first_visit_shows_functions_of_the_default_prior(engine: FakeEngine, priors: Priors):
    page = priors()
    assert not page.exception
    experiment, values = asked(engine)
    assert experiment == Experiment()
    assert values == {"inputs": 1, "output": "number", "seed": 0, "low": -3.0, "high": 3.0, "size": 161}
    content = component(page, "functions")
    assert content["key"] == engine.asked[-1].key
    assert content["samples"]["shape"] == [30, 161]
    assert content["notice"] is None
    assert query_of(page) == {}
    assert len(engine.asked) == 1
    page.run()
    assert len(engine.asked) == 1  # the answer is at hand


def test_every_control_asks_for_other_functions(engine: FakeEngine, priors: Priors):
    page = priors()
    page.select_slider(key="w.width").set_value(20).run()
    assert asked(engine)[0].network.hidden == (20, 20)
    page.segmented_control(key="w.depth").set_value(3).run()
    assert asked(engine)[0].network.hidden == (20, 20, 20)
    page.selectbox(key="w.network.activation").set_value("relu").run()
    page.selectbox(key="w.prior.family").set_value("laplace").run()
    page.select_slider(key="w.prior.scale").set_value("3.0").run()
    page.select_slider(key="w.prior.bias_scale").set_value("none").run()
    experiment, _ = asked(engine)
    assert experiment.network.activation == "relu"
    assert (experiment.prior.family, experiment.prior.scale, experiment.prior.bias_scale) == ("laplace", 3.0, None)
    page.button(key="draw_again").click().run()
    assert asked(engine)[1]["seed"] == 1
    assert not page.exception
    assert not page.warning
    assert query_of(page) == {
        "network.hidden": "20,20,20",
        "network.activation": "relu",
        "prior.family": "laplace",
        "prior.scale": "3.0",
        "prior.bias_scale": "none",
        "draw": "1",
    }
    keys = [question.key for question in engine.asked]
    assert len(set(keys)) == len(keys) == 8


def test_two_inputs_are_shown_as_small_maps(engine: FakeEngine, priors: Priors):
    page = priors(inputs="2", output="class")
    assert not page.exception
    assert asked(engine)[1] | {"seed": 0} == {
        "inputs": 2, "output": "class", "seed": 0, "low": -3.0, "high": 3.0, "size": 28,
    }  # fmt: skip
    content = component(page, "fields")
    assert content["samples"]["shape"] == [30, 28, 28]
    assert content["sums"]["shape"] == [4, 28, 28]
    assert content["captions"]["total"] == "Total, 0 to 0.69 nats"
    assert query_of(page) == {"inputs": "2", "output": "class"}


@pytest.mark.parametrize("label", prior_state.PRESETS)
def test_presets_are_one_click_and_a_link(engine: FakeEngine, priors: Priors, label: str):
    page = priors()
    page.button(key=f"preset_{label}").click().run()
    assert not page.exception
    assert not page.warning
    changes, functions = prior_state.PRESETS[label]
    experiment, values = asked(engine)
    assert values["output"] == functions.output
    assert experiment.network.hidden == changes["network.hidden"]
    key = engine.asked[-1].key
    again = priors(**{name.replace(".", "__"): value for name, value in query_of(page).items()})
    assert component(again, "functions")["key"] == key


def test_kernels_are_beside_their_limit_where_there_is_one(engine: FakeEngine, priors: Priors):
    page = priors()
    assert "Gaussian process" not in " ".join(entry.value for entry in page.markdown)
    page = priors(prior__scaling="fan_in")
    assert component(page, "kernels")["kernels"]["shape"] == [3, 21, 21]
    assert any("**30 %** from the Gaussian process" in entry.value for entry in page.markdown)


def test_what_a_link_says_wrongly_is_reported(engine: FakeEngine, priors: Priors):
    page = priors(inputs="3", output="<b>", draw="-1", prior__scale="0", nonsense="1")
    assert not page.exception
    text = " ".join(entry.value for entry in page.warning).replace("\\", "")
    for words in ("inputs is '3'; allowed: 1, 2.", "output is '<b>'; allowed: number, class.", "draw is '-1'"):
        assert words in text
    assert "prior.scale is" in text
    assert asked(engine)[0] == Experiment()


def test_until_an_answer_comes_the_functions_before_stay(engine: FakeEngine, priors: Priors):
    page = priors()
    before = component(page, "functions")["key"]
    engine.silent = True
    page.select_slider(key="w.width").set_value(20).run()
    content = component(page, "functions")
    assert (content["key"], content["notice"]) == (before, "Drawing…")
    page.select_slider(key="w.width").set_value(50).run()
    engine.answer_all()
    page.run()
    assert component(page, "functions")["key"] == engine.asked[-1].key
    assert component(page, "functions")["notice"] is None


def test_an_engine_that_starts_says_so(engine: FakeEngine, priors: Priors):
    engine.silent, engine.phase = True, "starting"
    content = component(priors(), "functions")
    assert content["samples"] is None
    assert content["notice"].startswith("The fitting engine is starting")


def test_a_failure_is_said_where_the_picture_would_be(engine: FakeEngine, priors: Priors):
    engine.unable = "The process that should answer ended unexpectedly."
    page = priors()
    assert not page.exception
    assert component(page, "functions")["notice"] == engine.unable
    assert len(engine.asked) == 1  # and not again and again
    engine.unable = None
    page.button(key="ask_again").click().run()
    assert component(page, "functions")["notice"] is None


def test_functions_are_the_same_whatever_data_and_method_are_chosen():
    functions = prior_state.Functions()
    one = prior_state.question(Experiment(), functions)
    query = {"data.name": "iris", "inference.steps": "5", "likelihood.family": "categorical"}
    two = prior_state.question(Experiment.from_query(query), functions)
    assert one.key == two.key
    assert isinstance(one, Question)


def test_the_playground_is_not_touched_by_what_this_page_may_show(engine: FakeEngine, priors: Priors):
    page = priors(data__name="x_sin_x")
    assert not page.warning
    page.switch_page("pages/playground.py").run()
    assert not page.exception
    assert component(page, "map")["classes"]


def test_fit_this_puts_the_posterior_beside_the_prior(engine: FakeEngine, priors: Priors):
    page = priors(inputs="2", output="class", data__name="circles", prior__scale="2.0")
    engine.submitted.clear()
    page.button(key="prior_fit_button").click().run()
    (wanted,) = engine.submitted
    assert (wanted.data.name, wanted.prior.scale) == ("circles", 2.0)
    for _ in range(10):
        page.run()
    assert not page.exception
    assert engine.asked[-1].name == "posterior"
    shown = [entry.proto for entry in page.get("bidi_component") if entry.proto.component_name == "bnn_fields"]
    assert [json.loads(proto.json)["title"] for proto in shown] == [
        prior_view.TITLES["class"],
        "And after it has seen Circles",
    ]
    assert len(page.get("plotly_chart")) == 1
    page.select_slider(key=key_of(page, "w.prior.scale")).set_value("3.0").run()
    assert len(page.get("plotly_chart")) == 0  # it was another prior's
    assert not page.exception


def test_a_finished_fit_leads_to_the_page_that_has_all_of_it(engine: FakeEngine, priors: Priors):
    page = priors(inputs="2", output="class", data__name="circles")
    engine.submitted.clear()
    page.button(key="prior_fit_button").click().run()
    for _ in range(10):
        page.run()
    (link,) = [found.proto for found in page.get("page_link") if "scores" in found.proto.label]
    query = dict(parse_qsl(link.query_string))
    assert Experiment.from_query(query) == engine.submitted[0]
    assert link.page == "pages/playground.py" or link.page_script_hash


def test_a_fit_can_be_stopped_after_a_setting_has_moved_and_makes_room_for_the_next(
    engine: FakeEngine, priors: Priors
):
    engine.stays = "running"
    page = priors()
    page.button(key="prior_fit_button").click().run()
    page.select_slider(key=key_of(page, "w.prior.scale")).set_value("3.0").run()
    assert not page.button(key="prior_stop").disabled
    page.button(key="prior_fit_button").click().run()
    assert sum(name == "stop" for name, _ in engine.calls) == 1  # the first, which nobody sees any more
    page.button(key="prior_stop").click().run()
    assert sum(name == "stop" for name, _ in engine.calls) == 2
    assert not page.exception


def test_inputs_and_output_can_be_hidden(priors: Priors):
    page = priors(inputs="2", hide="inputs,output")
    assert not page.warning
    assert not [control for control in page.get("button_group") if control.key in ("w.inputs", "w.output")]


def test_a_fit_that_is_refused_says_why(engine: FakeEngine, priors: Priors):
    engine.refuses = "One step of this fit would take 9 s; allowed: 0.35 s."
    page = priors()
    page.button(key="prior_fit_button").click().run()
    assert page.error[0].value.replace("\\", "") == engine.refuses


def test_a_full_queue_offers_to_try_again(engine: FakeEngine, priors: Priors):
    engine.refuses, engine.full = "The queue is full: 200 fits are waiting. Try again in a minute.", True
    page = priors()
    page.button(key="prior_fit_button").click().run()
    engine.refuses = None
    page.button(key="prior_again").click().run()
    assert not page.error
    assert len(engine.submitted) == 1


def test_what_is_small_is_fitted_by_nuts_and_the_button_says_so(priors: Priors):
    assert priors().button(key="prior_fit_button").label == "Fit by NUTS"
    wide = priors(network__hidden="64,64", inference__steps="3000")
    assert wide.button(key="prior_fit_button").label == "Fit by Mean-field ADVI"
    wide = priors(network__hidden="64,64")
    assert prior_fit.to_fit(experiment_of(wide), prior_state.Functions()).inference == InferenceSpec()


def test_biases_can_be_left_out(priors: Priors):
    page = priors()
    page.toggle(key="w.network.bias").set_value(False).run()
    assert not experiment_of(page).network.bias
    assert "w.prior.bias_scale" not in {slider.key for slider in page.select_slider}
    assert not page.exception


def test_data_is_offered_that_suits_the_functions():
    assert "x_sin_x" in prior_fit.suiting(prior_state.Functions())
    assert "painted_curve" not in prior_fit.suiting(prior_state.Functions())  # nothing is painted there
    assert "moons" in prior_fit.suiting(prior_state.Functions(2, "class"))
    assert prior_fit.suiting(prior_state.Functions(2, "number"))
    assert prior_fit.to_fit(Experiment(), prior_state.Functions(1, "class")) is None
