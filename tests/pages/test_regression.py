"""The regression page as a visitor meets it, without a browser."""

from __future__ import annotations

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from bnn_lib.dashboard import painting
from bnn_lib.dashboard.regression import START
from bnn_lib.datasets import load_dataset
from bnn_lib.datasets.painted import MOST_IN_LINK, paint, read_painting
from bnn_lib.engine.views.curves import make_line
from bnn_lib.experiment import DataSpec
from tests.pages.fake_engine import FakeEngine, make_picture
from tests.pages.on_playground import component, experiment_of, key_of, until_ended


@pytest.fixture
def regress(engine: FakeEngine, root):
    def visit(**query: str) -> AppTest:
        page = AppTest.from_file(str(root / "app.py"), default_timeout=60)
        page.run()
        page.switch_page("pages/regression.py")
        for name, value in query.items():
            page.query_params[name.replace("__", ".")] = value
        engine.submitted.clear()
        return page.run()

    return visit


def words(page: AppTest) -> str:
    parts = [entry.value for kind in ("caption", "warning", "error", "markdown") for entry in page.get(kind)]
    return " ".join([*parts, *(entry.proto.body for entry in page.get("html"))]).replace("\\", "")


def test_a_first_visit_shows_the_page_s_own_start(engine: FakeEngine, regress):
    page = regress()
    assert not page.exception
    assert not page.warning
    assert experiment_of(page) == START
    assert engine.submitted == [START]
    page = until_ended(page)
    assert "Held-out RMSE" in words(page)
    for name in ("Ridge regression", "Gaussian process", "CRPS", "In 95 % band"):
        assert name in words(page)
    assert dict(page.query_params)["data.name"] in ("gap", ["gap"])


@pytest.mark.parametrize("name", ["x_sin_x", "counts", "bumps", "diabetes"])
def test_every_kind_of_data_can_be_fitted_from_its_link(engine: FakeEngine, regress, name: str):
    page = regress(data__name=name, inference__steps="100")
    assert not page.exception
    assert not page.warning
    page.button(key="fit").click().run()
    assert engine.submitted[-1].data.name == name
    page = until_ended(page)
    assert not page.exception
    assert "Held-out RMSE" in words(page)


def test_one_feature_of_many_gives_curves(engine: FakeEngine, regress):
    wanted = START.model_copy(update={"data": DataSpec(name="diabetes", features=("age (years)",))})
    engine.results[wanted.key] = make_picture(wanted)
    page = regress(**{name.replace(".", "__"): value for name, value in wanted.to_query().items()})
    assert not page.exception
    assert engine.results[wanted.key].view.name == "curves"
    assert page.multiselect(key="w.features").value == ["age (years)"]
    page.multiselect(key="w.features").set_value(["age (years)", "body mass index"]).run()
    assert experiment_of(page).data.features == ("age (years)", "body mass index")


def test_what_is_not_for_numbers_is_said(regress):
    page = regress(data__name="circles", likelihood__family="bernoulli")
    said = words(page)
    assert "data.name is 'circles', which has no number to predict" in said
    assert "likelihood.family is 'bernoulli', which is for classes" in said
    assert experiment_of(page).data.name == "gap"
    page = regress(data__name="diabetes", data__features="age (years),sex,body mass index")
    assert "The plots take one feature or two" in words(page)


def test_auto_says_what_it_chose_and_the_noise_can_be_known(regress):
    page = regress(data__name="counts")
    family = page.selectbox(key="w.likelihood.family")
    assert family.options[0] == "auto: negative binomial"
    assert "the target counts" in family.proto.help
    page = regress(data__name="gap", likelihood__family="mixture")
    assert page.selectbox(key="w.likelihood.components").value == "3"


def test_a_likelihood_without_noise_lets_go_of_one_that_was_set_and_counts_are_for_counts(regress):
    page = regress(data__name="gap", likelihood__noise="0.1")
    family = page.selectbox(key="w.likelihood.family")
    assert not {"Poisson", "negative binomial"} & set(family.options)
    assert {"Gaussian", "Student t"} < set(family.options)
    page = family.set_value("mixture").run()
    assert experiment_of(page).likelihood.noise is None  # its widget has gone, and a fit would be refused for it
    page = regress(data__name="gap", likelihood__family="poisson")  # by a link: it stays, and can be left
    assert page.selectbox(key=key_of(page, "w.likelihood.family")).value == "poisson"
    assert not page.exception


def test_a_suggested_likelihood_lets_go_of_a_noise_that_it_does_not_have(regress):
    page = regress(data__name="bimodal", likelihood__noise="0.3")
    page.button(key="suggested").click().run()
    likelihood = experiment_of(page).likelihood
    assert (likelihood.family, likelihood.noise) == ("mixture", None)


def test_reset_goes_back_to_the_page_s_start(engine: FakeEngine, regress):
    page = regress(data__name="step", network__hidden="3")
    page.button(key="reset").click().run()
    assert experiment_of(page) == START


def test_a_failed_fit_is_said(engine: FakeEngine, regress):
    engine.fails = "The noise vanished."
    page = regress(data__name="step")
    page.button(key="fit").click().run()
    page = until_ended(page)
    assert "The noise vanished" in words(page)


def test_the_playground_is_as_it_was_after_a_visit_here(regress):
    page = regress(data__name="step")
    page.switch_page("pages/playground.py")
    page.query_params.clear()
    page = page.run()
    assert not page.exception
    assert experiment_of(page).data.name == "moons"


# --- painting -----------------------------------------------------------------------------------------------

PLACES = [[-2, -1], [-1, 0], [0, 1], [1, 0.5], [2, -1], [2.5, -2]]
WINDOW = ((-3, 3), (-3, 3))
NAME = "painted_curve"


def test_painted_points_open_fit_and_are_in_the_link(engine: FakeEngine, regress):
    text = paint(PLACES, WINDOW)
    page = regress(data__name=NAME, data__points=text, inference__steps="100")
    assert not page.exception
    assert not page.warning
    shown = component(page, "curves")
    np.testing.assert_allclose([point[:2] for point in shown["paint"]["points"]], PLACES, atol=6 / 2**14)
    assert sum(point[3] for point in shown["paint"]["points"]) == 3  # held out, by half as the link says nothing
    assert shown["extent"] == [-3, 3, -3, 3]
    page.button(key="fit").click().run()
    page = until_ended(page)
    assert engine.submitted[-1].data.points == text
    line = engine.results[engine.submitted[-1].key].view.line
    assert (line.x[0], line.x[-1], line.low, line.high) == (-3, 3, -3, 3)
    assert component(page, "curves")["result"] is not None
    # The curves of before stay under new points, as long as the window is the same.
    for window, stays in ((WINDOW, True), (((-3, 3), (-4, 4)), False)):
        page.query_params["data.points"] = paint([*PLACES, [0.5, 0.5]], window)
        page.run()
        assert not page.exception
        assert (component(page, "curves")["result"] is not None) == stays


@pytest.mark.parametrize("points", [None, paint([]), paint(PLACES[:3])])
def test_too_few_points_say_what_to_paint_and_cannot_be_fitted(engine: FakeEngine, regress, points):
    page = regress(data__name=NAME, **({} if points is None else {"data__points": points}))
    assert not page.exception
    assert not page.warning
    assert page.button(key="fit").disabled
    assert "aint at least 4" in component(page, "feed")["notice"]
    assert engine.submitted == []


def test_classes_are_not_painted_here(regress):
    page = regress(data__name="painted", data__points=paint([[0, 0, 1]]))
    assert "which has no number to predict" in words(page)
    assert experiment_of(page).data == START.data


@pytest.mark.parametrize("name", ["gap", "counts", "diabetes"])
def test_a_painting_starts_with_another_data_set_s_points_in_the_same_window(name: str):
    dataset = load_dataset(DataSpec(name=name, n=1000))
    found = read_painting(painting.start_from(dataset))
    assert len(found.places) == min(MOST_IN_LINK, len(dataset.X_train) + len(dataset.X_test))
    assert not found.classes.any()
    rows = np.column_stack(
        [
            np.concatenate([dataset.X_train[:, 0], dataset.X_test[:, 0]]),
            np.concatenate([dataset.y_train, dataset.y_test]),
        ]
    )
    step = np.diff(found.window, axis=1)[:, 0] / 2**14
    nearest = np.abs(found.places[:, None] - rows[None]) / step
    assert (nearest.max(axis=2).min(axis=1) <= 1).all()
    line = make_line(dataset)
    np.testing.assert_allclose(found.window, [[line.x[0], line.x[-1]], [line.low, line.high]], rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "family"), [("heteroscedastic",) * 2, ("outliers", "student_t"), ("bimodal", "mixture")]
)
def test_data_that_a_gaussian_does_not_suit_say_so_and_one_click_follows(regress, name: str, family: str):
    page = regress(data__name=name)
    assert "These data have" in words(page) or "noise of these data" in words(page)
    page = page.button(key="suggested").click().run()
    assert experiment_of(page).likelihood.family == family
    assert "suggested" not in {button.key for button in page.button}
    assert not page.exception


def test_data_whose_target_says_it_all_come_without_a_suggestion(regress):
    assert "suggested" not in {button.key for button in regress(data__name="counts").button}
