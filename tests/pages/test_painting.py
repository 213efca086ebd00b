"""Painting on the playground, as the server sees it: what the browser sends is taken or refused, and kept."""

from __future__ import annotations

import numpy as np
import pytest

from bnn_lib.dashboard import painting, payload
from bnn_lib.dashboard.state import replaced
from bnn_lib.datasets import load_dataset
from bnn_lib.datasets.load import entry_of, painting_of
from bnn_lib.datasets.painted import MOST_IN_LINK, paint, read_painting
from bnn_lib.experiment import DataSpec, Experiment, InferenceSpec
from tests.pages.fake_engine import FakeEngine
from tests.pages.on_playground import click, component, query_of, until_ended

POINTS = [[-1, -1, 0], [-1, 0, 0], [-1, 1, 0], [1, -1, 1], [1, 0, 1], [1, 1, 1]]
WINDOW = ((-3, 3), (-3, 3))


def test_painted_points_open_fit_and_are_in_the_link(engine: FakeEngine, visit):
    text = paint(POINTS, WINDOW)
    page = visit(data__name="painted", data__points=text)
    assert not page.exception
    shown = component(page, "map")
    assert [point[2] for point in shown["paint"]["points"]] == [0, 0, 0, 1, 1, 1]
    assert sum(point[3] for point in shown["paint"]["points"]) == 3  # held out, by half as the link says nothing
    assert shown["extent"] == [-3, 3, -3, 3]
    page = until_ended(click(page, "fit"))
    assert engine.submitted[-1].data.points == text
    assert component(page, "map")["result"] is not None
    assert query_of(page) == {"data.name": "painted", "data.points": text}


@pytest.mark.parametrize("points", [None, paint([]), paint(POINTS[:3])])
def test_too_few_points_say_what_to_paint_and_cannot_be_fitted(engine: FakeEngine, visit, points):
    page = visit(data__name="painted", **({} if points is None else {"data__points": points}))
    assert not page.exception
    assert not page.warning
    assert page.button(key="fit").disabled
    assert "paint at least" in component(page, "feed")["notice"]
    assert engine.prepared == engine.submitted == []


def test_more_than_a_link_takes_is_said_and_kept(engine: FakeEngine, visit):
    page = visit(data__name="painted", data__points=paint(POINTS * 40, WINDOW))
    assert not page.exception
    assert any("too many for a link" in caption.value for caption in page.caption)
    assert query_of(page) == {"data.name": "painted"}
    page = page.run()
    assert len(component(page, "map")["paint"]["points"]) == 240


@pytest.mark.parametrize("name", ["moons", "iris", "pinwheel", "moons_ood"])
def test_a_painting_starts_with_points_of_every_class_in_the_same_window(name: str):
    dataset = load_dataset(DataSpec(name=name, n=1000))
    found = read_painting(painting.start_from(dataset))
    assert len(found.places) == min(MOST_IN_LINK, len(dataset.X_train) + len(dataset.X_test))
    assert set(found.classes) == set(range(dataset.n_classes))
    rows = np.concatenate([dataset.X_train, dataset.X_test])
    step = np.diff(found.window, axis=1)[:, 0] / 2**14
    nearest = np.abs(found.places[:, None] - rows[None]) / step
    assert (nearest.max(axis=2).min(axis=1) <= 1).all()
    low, high = dataset.view(0.25)
    np.testing.assert_allclose(found.window, np.column_stack([low, high]), rtol=1e-5)


def test_of_a_rare_class_two_points_are_kept():
    dataset = load_dataset(DataSpec(name="blobs3", n=10_000, imbalance=0.95))
    assert (np.bincount(read_painting(painting.start_from(dataset)).classes) >= 2).all()


@pytest.mark.parametrize(
    "value",
    [None, "x", [1], [[1, 2]], [[1, 2, "0"]], [[1, 2, True]], [[10**400, 0, 0]], [[0, 0, 0]] * 2001, [{"x": 1}]],
)
def test_what_is_no_list_of_points_is_let_pass(value: object):
    assert not painting._are_points(value)


def test_a_result_stays_under_points_of_the_same_classes_and_window(engine: FakeEngine, visit):
    page = until_ended(click(visit(data__name="painted", data__points=paint(POINTS, WINDOW)), "fit"))
    for points, stays in (([*POINTS, [0, 0, 1]], True), ([*POINTS, [0, 0, 2], [0, 1, 2]], False)):
        page.query_params["data.points"] = paint(points, WINDOW)
        page.run()
        assert not page.exception
        assert (component(page, "map")["result"] is not None) == stays


def test_the_browser_gets_classes_for_what_is_painted():
    spec = DataSpec(name="painted", points=[*POINTS, [0, 0, 2]])
    data = payload.painted_map_data(entry_of(spec), painting_of(spec), "key")
    assert data["classes"] == ["class 0", "class 1", "class 2"]
    assert data["names"] == ["x1", "x2"]


def test_a_few_points_are_fitted_by_what_they_move_and_afterwards_by_the_method_before(monkeypatch):
    monkeypatch.setattr(painting.st, "session_state", {})
    before = InferenceSpec(method="advi", steps=3000)
    begun = painting.begin_method(before)
    assert begun["inference.method"] == "nuts"
    painted = replaced(Experiment(inference=before), begun)
    assert painted.inference.steps == 3000
    assert replaced(painted, painting.end_method(painted.inference)).inference == before
    assert painting.begin_method(InferenceSpec(method="sghmc")) == {}
    painting.begin_method(before)
    assert painting.end_method(InferenceSpec(method="map")) == {}  # chosen meanwhile
