"""The playground as a visitor meets it, without a browser."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from bnn_lib.dashboard import data
from bnn_lib.datasets import Dataset, load_dataset
from bnn_lib.errors import InvalidData
from bnn_lib.experiment import DataSpec, Experiment, NetworkSpec, PriorSpec
from tests.pages.fake_engine import FakeEngine, make_picture
from tests.pages.on_playground import click, component, query_of, scores, status, until_ended

DEFAULT = Experiment()


# --- opening ------------------------------------------------------------------------------------------------


def test_a_first_visit_shows_the_stored_default_at_once(engine: FakeEngine, visit):
    engine.results[DEFAULT.key] = make_picture(DEFAULT)
    page = visit()
    assert not page.exception
    assert not engine.submitted
    assert component(page, "map")["result"]["key"] == DEFAULT.key
    assert component(page, "feed")["notice"] is None
    assert query_of(page) == {}


def test_a_first_visit_without_a_stored_result_waits_for_the_default_fit(engine: FakeEngine, visit):
    page = visit()
    assert engine.submitted == [DEFAULT]
    assert component(page, "map")["result"] is None
    assert component(page, "map")["points"]["x"]
    until_ended(page)
    assert component(page, "map")["result"]["key"] == DEFAULT.key
    assert engine.submitted == [DEFAULT]


def test_another_link_without_a_stored_result_says_what_to_do(engine: FakeEngine, visit):
    page = visit(network__hidden="3")
    assert engine.submitted == []
    assert [e.network.hidden for e in engine.prepared] == [(3,)]
    assert component(page, "feed")["notice"] == "Press Fit"
    assert query_of(page) == {"network.hidden": "3"}


def test_a_link_shows_its_stored_result_at_once(engine: FakeEngine, visit):
    experiment = Experiment(data=DataSpec(name="iris", noise=0.2), network=NetworkSpec(hidden=(4,)))
    engine.results[experiment.key] = make_picture(experiment)
    page = visit(**{name.replace(".", "__"): value for name, value in experiment.to_query().items()})
    assert not page.exception
    assert component(page, "map")["result"]["key"] == experiment.key
    assert component(page, "map")["classes"] == ["setosa", "versicolor", "virginica"]
    assert engine.submitted == []


@pytest.mark.parametrize("name", data.MAPPED)
def test_every_data_set_opens_and_fits(engine: FakeEngine, visit, name: str):
    page = visit(data__name=name, data__n="100")
    page = until_ended(click(page, "fit"))
    assert not page.exception
    shown = component(page, "map")
    channels = 4 if len(shown["classes"]) == 2 else len(shown["classes"]) + 3
    assert shown["result"]["final"]["shape"][0] == channels


@pytest.mark.parametrize("hidden", ["none", "1", "128,3", "2,2,2,2"])
def test_every_depth_opens_and_fits(engine: FakeEngine, visit, hidden: str):
    page = until_ended(click(visit(network__hidden=hidden, data__n="60"), "fit"))
    assert not page.exception
    layers = component(page, "network")["hidden"]
    assert all(len(layer["shown"]) <= 8 for layer in layers)
    written = ",".join(str(len(layer["shown"]) + layer["more"]) for layer in layers)
    assert (written or "none") == hidden


# --- bad links ----------------------------------------------------------------------------------------------


def test_a_bad_link_says_which_value_was_wrong_and_uses_the_rest(engine: FakeEngine, visit):
    page = visit(prior__scale="-3", inference__steps="1e9", data__noise="0.1", nonsense="1")
    assert not page.exception
    warnings = [w.value.replace("\\", "") for w in page.warning]
    assert len(warnings) == 3
    assert any("prior.scale" in w and "0.001" in w and "default" in w for w in warnings)
    assert any("inference.steps" in w for w in warnings)
    assert any("nonsense" in w for w in warnings)
    assert query_of(page) == {"data.noise": "0.1"}


def test_a_link_cannot_write_markdown(engine: FakeEngine, visit):
    page = visit(
        data__name="[press](https://example.org) ![x](https://example.org/x.png) :red[no] $x$ www.example.org"
    )
    text = page.warning[0].value
    for opening in ("[press]", "![x]", ":red[", "$x$", "www.example", "<"):
        assert opening not in text


@pytest.mark.parametrize(
    "query",
    [
        {"data__name": "iris", "data__features": "petal width (cm)"},
        {"data__name": "iris", "likelihood__family": "bernoulli"},
        {"likelihood__family": "gaussian"},
        {"likelihood__noise": "0.5"},
        {"network__hidden": ",".join(["5"] * 50)},
        {"data__name": "x" * 500_000},
    ],
)
def test_what_the_map_cannot_show_is_said(engine: FakeEngine, visit, query: dict[str, str]):
    page = visit(**query)
    assert not page.exception
    assert len(page.warning) == 1
    assert len(page.warning[0].value) < 500
    assert set(query_of(page)) <= {"data.name"}


def test_a_link_of_ten_megabytes_opens_the_default(engine: FakeEngine, visit):
    page = visit(data__name="x" * 10_000_000)
    assert not page.exception
    assert engine.submitted == [DEFAULT]


def test_rows_that_cannot_be_had_are_named(engine: FakeEngine, visit, monkeypatch: pytest.MonkeyPatch):
    def load(spec: DataSpec) -> Dataset:
        if spec.seed == 4:
            raise InvalidData("Class 1 has no training row.")
        return load_dataset(spec)

    monkeypatch.setattr(data, "load", load)
    page = visit(data__seed="4", prior__scale="2.0")
    assert not page.exception
    assert "Class 1 has no training row" in page.warning[0].value
    assert query_of(page) == {"prior.scale": "2.0"}
    page.number_input(key="w.data.seed").set_value(4).run()
    assert "Class 1 has no training row" in page.warning[0].value
    assert page.number_input(key="w.data.seed").value == 0


@given(
    query=st.dictionaries(
        st.sampled_from(
            [f"{s}__{f}" for s in Experiment.model_fields for f in type(getattr(DEFAULT, s)).model_fields]
        )
        | st.text(min_size=1, max_size=8),
        st.sampled_from(["1", "0", "-1", "nan", "inf", "iris", "none", "true", "5,5", "relu", "x"])
        | st.text(max_size=12),
        max_size=5,
    )
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_link_ends_in_a_traceback(engine: FakeEngine, visit, query: dict[str, str]):
    assert not visit(**query).exception


# --- fitting ------------------------------------------------------------------------------------------------


def test_fit_shows_progress_then_the_result(engine: FakeEngine, visit):
    page = click(visit(data__seed="4"), "fit")
    assert engine.submitted[-1].data.seed == 4
    assert page.button(key="fit").disabled
    assert "of 20,000" in status(page)
    assert "48 k steps/s" in status(page)
    assert "left" in status(page)
    feed = component(page, "feed")
    assert feed["phase"] == "running"
    assert feed["frame"]["shape"][0] == 4
    assert feed["elbo"]["step"] == sorted(feed["elbo"]["step"])
    until_ended(page)
    assert not page.button(key="fit").disabled
    assert "20,000 steps in 0.5 s" in status(page)
    assert component(page, "elbo")["result"]["total"] == 20_000
    assert component(page, "network")["result"]["weights"]


def test_stop_keeps_what_there_is_and_says_so(engine: FakeEngine, visit):
    engine.stays = "running"
    page = click(visit(data__seed="4"), "fit")
    page = until_ended(click(page, "stop"))
    assert [what for what, _ in engine.calls] == ["stop"]
    assert "Stopped at step" in status(page)
    assert "unfinished" in status(page)
    assert "stopped early" in scores(page)
    assert component(page, "map")["result"] is not None


def test_stop_leaves_what_was_seen_of_a_fit_that_others_go_on_with(engine: FakeEngine, visit):
    engine.stays, engine.shared = "running", True
    engine.results[DEFAULT.key] = make_picture(DEFAULT)
    page = until_ended(click(click(visit(prior__scale="3.0"), "fit"), "stop"))
    assert not page.exception
    assert "unfinished" in status(page)
    feed = component(page, "feed")
    assert feed["phase"] == "stopped"
    assert feed["frame"] is not None
    assert feed["elbo"]["step"]
    assert feed["notice"] is None
    assert component(page, "map")["result"] is None
    page = click(page, "unit_plus_0")
    assert component(page, "feed")["frame"] is None
    assert component(page, "feed")["notice"] == "Press Fit"


def test_a_failed_fit_says_why_and_the_page_goes_on(engine: FakeEngine, visit):
    engine.fails = "The fit ran out of memory [here](https://example.org)."
    page = until_ended(click(visit(data__seed="4"), "fit"))
    assert not page.exception
    assert "ran out of memory" in page.error[0].value
    assert "[here](" not in page.error[0].value
    engine.fails = None
    page = until_ended(click(page, "fit"))
    assert not page.error
    assert component(page, "map")["result"] is not None


def test_a_fit_that_the_host_refuses_says_why_and_the_page_goes_on(engine: FakeEngine, visit):
    engine.refuses = "This fit needs [more](https://example.org) memory than the host allows."
    page = visit()  # nothing is stored: the first visit asks by itself
    assert not page.exception
    assert "memory than the host allows" in page.error[0].value
    page = click(page, "fit")
    assert not page.exception
    assert "[more](" not in page.error[0].value
    assert page.button(key="stop").disabled
    engine.refuses = None
    page = until_ended(click(page, "fit"))
    assert not page.error
    assert component(page, "map")["result"] is not None


def test_a_full_queue_says_so_and_offers_to_try_again(engine: FakeEngine, visit):
    engine.refuses, engine.full = "The queue is full: 200 fits are waiting. Try again in a minute.", True
    page = click(visit(), "fit")
    assert "The queue is full" in page.error[0].value
    page = click(page, "again")  # still full
    assert "The queue is full" in page.error[0].value
    engine.refuses = None
    page = until_ended(click(page, "again"))
    assert not page.error
    assert component(page, "map")["result"] is not None
    assert "again" not in [button.key for button in page.button]
    engine.refuses, engine.full = "This fit needs more memory than the host allows.", False
    page = click(page, "fit")
    assert "again" not in [button.key for button in page.button]


def test_a_stored_result_of_settings_chosen_during_a_fit_is_shown_when_it_ends(engine: FakeEngine, visit):
    chosen = Experiment(prior=PriorSpec(scale=3.0), data=DataSpec(seed=4))
    engine.results[chosen.key], engine.stays = make_picture(chosen), "running"
    page = click(visit(data__seed="4"), "fit")
    page.selectbox(key="w.prior.scale").set_value("3.0").run()
    assert not page.button(key="stop").disabled
    engine.stays = None
    until_ended(page)
    assert component(page, "map")["result"]["key"] == chosen.key
    assert component(page, "feed")["notice"] is None


def test_a_moving_map_names_the_data_that_it_is_of(engine: FakeEngine, visit):
    engine.stays = "running"
    page = click(visit(data__name="xor"), "fit")
    feed = component(page, "feed")
    assert feed["frame"] is not None
    assert feed["data"] == component(page, "map")["key"]
    page = click(page, "regenerate")
    other = component(page, "feed")
    assert other["frame"] is None
    assert other["data"] == component(page, "map")["key"] != feed["data"]


@pytest.mark.parametrize(("phase", "said"), [("queued", "Number 2 in the queue"), ("waiting", "starting")])
def test_waiting_is_explained(engine: FakeEngine, visit, phase: str, said: str):
    engine.stays = phase
    engine.phase = "starting" if phase == "waiting" else "ready"
    page = click(visit(data__seed="4"), "fit")
    assert said in status(page)
    assert component(page, "feed")["notice"]
    assert not page.button(key="stop").disabled


@pytest.mark.parametrize("phase", ["starting", "down"])
def test_without_an_engine_the_page_is_there_and_says_so(engine: FakeEngine, visit, phase: str):
    engine.phase = phase
    engine.stays = "waiting"
    page = visit(data__seed="4")
    assert not page.exception
    assert "starting" in status(page)
    assert page.button(key="fit").disabled is False


def test_a_new_fit_lets_the_old_one_go(engine: FakeEngine, visit):
    engine.stays = "running"
    page = click(visit(data__seed="4"), "fit")
    page = click(page, "unit_plus_0")
    assert not page.button(key="fit").disabled
    page = click(page, "fit")
    assert [what for what, _ in engine.calls] == ["stop"]
    assert engine.submitted[-1].network.hidden == (6, 5)


def test_changed_settings_leave_the_result_and_say_so(engine: FakeEngine, visit):
    engine.results[DEFAULT.key] = make_picture(DEFAULT)
    page = visit()
    page.selectbox(key="w.prior.scale").set_value("3.0").run()
    feed = component(page, "feed")
    assert feed["dim"]
    assert feed["notice"] == "Settings changed: press Fit to update"
    assert component(page, "map")["result"]["key"] == DEFAULT.key
    page.selectbox(key="w.prior.scale").set_value("1.0").run()
    assert not component(page, "feed")["dim"]


def test_new_data_takes_the_old_result_away(engine: FakeEngine, visit):
    engine.results[DEFAULT.key] = make_picture(DEFAULT)
    page = click(visit(), "regenerate")
    assert component(page, "map")["result"] is None
    assert component(page, "feed")["notice"] == "New data: press Fit"
    assert query_of(page) == {"data.seed": "1"}


def test_reset_goes_back_to_the_default_and_its_result(engine: FakeEngine, visit):
    engine.results[DEFAULT.key] = make_picture(DEFAULT)
    page = visit(data__name="xor", prior__scale="3.0")
    page = click(page, "reset")
    assert query_of(page) == {}
    assert component(page, "map")["result"]["key"] == DEFAULT.key


# --- reading the result -------------------------------------------------------------------------------------


def test_scores_stand_beside_what_one_would_try_first(engine: FakeEngine, visit):
    engine.results[DEFAULT.key] = make_picture(DEFAULT)
    table = scores(visit())
    for text in (
        "Accuracy",
        "NLL",
        "Brier",
        "ECE",
        "This network",
        "Logistic regression",
        "Random forest",
        "95.4 %",
    ):
        assert text in table


def test_a_point_is_explained_at_once(engine: FakeEngine, visit):
    engine.results[DEFAULT.key] = make_picture(DEFAULT)
    page = visit()
    assert component(page, "feed")["pick"] is not None
    assert any("nats" in m.value for m in page.markdown)
    page.session_state["pick"] = [-0.9, 0.6]
    page.run()
    assert any("Class 0 with probability" in m.value.replace("\\", "") for m in page.markdown)


# --- trust --------------------------------------------------------------------------------------------------


def words(page: AppTest) -> str:
    return " ".join(entry.value for entry in page.markdown).replace("\\", "")


def test_the_answer_is_there_and_what_it_rests_on_only_when_asked_for(engine: FakeEngine, visit):
    engine.results[DEFAULT.key] = make_picture(DEFAULT)
    page = visit()
    assert "when it says" in words(page)
    assert "compare it with NUTS" in words(page)
    assert "Brier score" not in words(page)
    assert not page.get("plotly_chart")
    page.session_state["trust_details"] = True
    page.run()
    assert not page.exception
    for heading in ("Brier score", "Far from all data", "Each training row left out"):
        assert heading in words(page)
    assert len(page.get("plotly_chart")) == 1
