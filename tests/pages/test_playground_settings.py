"""The playground's settings: each can be set, is in the link and the fit, and is refused where it must be."""

from __future__ import annotations

import pytest

from bnn_lib.dashboard import controls, data, run, views
from bnn_lib.experiment import DataSpec, Experiment, InferenceSpec, NetworkSpec, PriorSpec
from bnn_lib.inference import METHODS
from tests.pages.fake_engine import FakeEngine
from tests.pages.on_playground import click, component, query_of, type_in

DEFAULT = Experiment()


def fields() -> set[str]:
    return {f"{s}.{f}" for s in Experiment.model_fields for f in type(getattr(DEFAULT, s)).model_fields}


def test_every_field_of_an_experiment_can_be_set(engine: FakeEngine, visit):
    kinds = ("selectbox", "slider", "select_slider", "number_input", "text_input", "toggle")
    keys: set[str] = set()
    for method, entry in METHODS.items():
        if entry.in_app:
            page = visit(inference__method=method)
            offered = {w.key.removeprefix("w.") for kind in kinds for w in getattr(page, kind) if w.key}
            assert {f"inference.{name}" for name in entry.fields} <= offered
            keys |= offered
    page = visit()
    elsewhere = {
        "data.name",  # chosen by its picture
        "data.features",  # two boxes, where there is a choice
        "data.points",  # painted
        "likelihood.noise",  # of a numeric target: not on this page
        "likelihood.components",
    }
    assert fields() - keys == elsewhere
    assert component(page, "datasets")["chosen"] == "moons"
    assert [o["name"] for o in component(page, "datasets")["options"]] == [*data.MAPPED, "painted"]
    iris = visit(data__name="iris")
    assert {w.key for w in iris.selectbox} >= {"w.feature0", "w.feature1"}


def test_what_widgets_say_is_in_the_link_and_in_the_fit(engine: FakeEngine, visit):
    page = visit()
    page.slider(key="w.data.noise").set_value(0.35)
    page.select_slider(key="w.data.n").set_value(200)
    page.selectbox(key="w.network.activation").set_value("relu")
    page.selectbox(key="w.prior.family").set_value("laplace")
    type_in(page, "selectbox", "w.prior.scale", "0.7")
    type_in(page, "selectbox", "w.inference.steps", "3,000")
    page.selectbox(key="w.inference.batch_size").set_value("64")
    page.toggle(key="w.inference.early_stopping").set_value(True)
    page.text_input(key="w.network.hidden").set_value("8,8,2")
    page.run()
    wanted = Experiment(
        data=DataSpec(noise=0.35, n=200),
        network=NetworkSpec(hidden=(8, 8, 2), activation="relu"),
        prior=PriorSpec(family="laplace", scale=0.7),
        inference=InferenceSpec(steps=3000, batch_size=64, early_stopping=True),
    )
    assert query_of(page) == wanted.to_query()
    click(page, "fit")
    assert engine.submitted[-1] == wanted


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("selectbox", "w.prior.scale", "a lot"),
        ("selectbox", "w.inference.steps", "0"),
        ("text_input", "w.network.hidden", "5,5,5,5,5"),
        ("text_input", "w.network.hidden", "[x](https://example.org)"),
    ],
)
def test_a_refused_value_changes_nothing_and_is_named(engine: FakeEngine, visit, kind: str, key: str, value: str):
    page = visit()
    type_in(page, kind, key, value)
    page.run()
    assert not page.exception
    assert key.removeprefix("w.") in page.warning[0].value.replace("\\", "")
    assert query_of(page) == {}
    assert getattr(page, kind)(key=key).value != value
    page.selectbox(key="w.network.activation").set_value("relu").run()
    assert not page.warning


def test_layers_and_units_grow_and_shrink(engine: FakeEngine, visit):
    page = visit()
    page = click(click(page, "layer_plus"), "unit_minus_2")
    assert query_of(page) == {"network.hidden": "5,5,4"}
    for _ in range(3):
        page = click(page, "layer_minus")
    assert query_of(page) == {"network.hidden": "none"}
    assert page.button(key="layer_minus").disabled
    for _ in range(4):
        page = click(page, "layer_plus")
    assert page.button(key="layer_plus").disabled
    assert query_of(page) == {"network.hidden": "5,5,5,5"}


def test_the_features_of_measured_data_can_be_chosen(engine: FakeEngine, visit):
    page = visit(data__name="iris")
    page.selectbox(key="w.feature0").set_value("sepal length (cm)").run()
    assert query_of(page)["data.features"] == "sepal length (cm),petal width (cm)"
    assert component(page, "map")["names"] == ["sepal length (cm)", "petal width (cm)"]


def test_a_link_edited_by_hand_is_read_again(engine: FakeEngine, visit):
    page = visit(data__seed="4")
    page.query_params["data.seed"] = "9"
    page.run()
    assert query_of(page) == {"data.seed": "9"}
    assert component(page, "map")["points"] != component(visit(data__seed="4"), "map")["points"]


# --- forged values ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pick", [None, "1,2", [1], [True, 1], [10**400, 1], [float("nan"), 0], [0, float("inf")], [{}, 1]]
)
def test_only_two_numbers_pick_a_point(monkeypatch: pytest.MonkeyPatch, pick: object):
    state = {"map": {"pick": pick}}
    monkeypatch.setattr(views.st, "session_state", state)
    views._picked()
    assert run.PICK not in state
    state["map"]["pick"] = [1, -2.5]
    views._picked()
    assert state[run.PICK] == [1.0, -2.5]


@pytest.mark.parametrize("name", [None, ["moons"], {"moons": 1}, 7, "no such data"])
def test_only_a_known_name_chooses_data(monkeypatch: pytest.MonkeyPatch, name: object):
    state = {"datasets": {"name": name}}
    monkeypatch.setattr(controls.st, "session_state", state)
    monkeypatch.setattr(controls.state, "change", lambda changes: pytest.fail(f"changed {changes}"))
    controls._dataset_chosen()
    assert state[controls.CHOICES] == 1  # so that the browser hears of it
