"""The regression page as a visitor meets it, without a browser."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from bnn_lib.dashboard import state
from bnn_lib.dashboard.regression import START
from bnn_lib.experiment import DataSpec, Experiment
from tests.pages.fake_engine import FakeEngine, make_picture


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


def experiment_of(page: AppTest) -> Experiment:
    found = page.session_state[state.STATE]
    assert isinstance(found, Experiment)
    return found


def until_ended(page: AppTest) -> AppTest:
    for _ in range(20):
        if page.button(key="stop").disabled:
            return page
        page.run()
    raise AssertionError("the fit did not end")


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
