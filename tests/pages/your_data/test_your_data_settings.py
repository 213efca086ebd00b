"""Your data: the model's settings, which of them are offered, and that fits are of them."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
from streamlit.testing.v1 import AppTest

from bnn_lib.dashboard import table
from bnn_lib.experiment import LikelihoodSpec, PriorSpec
from tests.pages.on_playground import key_of
from tests.pages.your_data.fake_table import TableEngine
from tests.pages.your_data.on_your_data import DIABETES, family, fit, upload, words


def test_a_large_table_is_fitted_in_batches():
    assert table.usual(1_000).inference.batch_size is None
    assert table.usual(100).network.hidden < table.usual(1_000).network.hidden
    assert table.usual(40_000).inference.batch_size == table.BATCH


def method(page: AppTest, name: str) -> AppTest:
    return page.selectbox(key="w.table.inference.method").set_value(name).run()


def test_batches_come_back_after_nuts_which_takes_all_rows(engine: TableEngine, page: AppTest):
    rows = np.random.default_rng(0).normal(size=(3_000, 2)).round(3)
    upload(page, pd.DataFrame(rows, columns=["x", "y"]).to_csv(index=False).encode())
    fit(method(method(page, "nuts"), "advi"))
    assert engine.submitted[-1].inference.batch_size == table.BATCH
    page.selectbox(key="w.table.inference.batch_size").set_value("64").run()
    fit(method(page, "sghmc"))
    assert engine.submitted[-1].inference.batch_size == 64  # a choice stays, where both take batches


def test_only_the_methods_own_field_sets_the_method(engine: TableEngine, page: AppTest):
    upload(page, DIABETES)
    next(w for w in page.text_input if w.label.startswith("Units")).set_value("nuts").run()
    assert page.selectbox(key="w.table.inference.method").value == "advi"
    assert "nuts" in words(page)


def counts_and_numbers() -> bytes:
    random = np.random.default_rng(0)
    x = random.normal(size=60).round(3)
    frame = pd.DataFrame({"x": x, "visits": random.poisson(np.exp(x)), "price": (x + 0.1).round(2)})
    return frame.to_csv(index=False).encode()


def test_the_likelihood_is_said_and_only_what_the_target_can_have_is_offered(engine: TableEngine, page: AppTest):
    upload(page, counts_and_numbers())
    page.selectbox(key="w.table.target").set_value("visits").run()
    page.segmented_control(key=key_of(page, "w.table.task")).set_value("regression").run()
    assert family(page).options[0] == "auto: negative binomial"
    assert "Poisson" in family(page).options
    assert "negative binomial likelihood" in page.expander[0].label
    family(page).set_value("poisson").run()
    page.selectbox(key="w.table.target").set_value("price").run()
    assert family(page).value == "auto"  # what suits one target need not suit another
    assert family(page).options[0] == "auto: Gaussian"
    assert "Poisson" not in family(page).options
    page.selectbox(key="w.table.likelihood.noise").set_value("0.3").run()
    family(page).set_value("student_t").run()
    fit(page)
    assert engine.submitted[-1].likelihood == LikelihoodSpec(family="student_t", noise=0.3)
    family(page).set_value("mixture").run()
    page.selectbox(key="w.table.likelihood.components").set_value("2").run()
    fit(page)
    assert engine.submitted[-1].likelihood == LikelihoodSpec(family="mixture", components=2)  # and no noise


def test_prior_and_a_methods_own_settings_can_be_set_and_the_defaults_are_as_before(
    engine: TableEngine, page: AppTest
):
    fit(upload(page, DIABETES))
    assert engine.submitted[-1] == table.usual(354)
    page.selectbox(key="w.table.prior.family").set_value("horseshoe").run()
    page.selectbox(key="w.table.prior.scale").set_value("2.0").run()
    page.selectbox(key="w.table.inference.method").set_value("svgd").run()
    page.selectbox(key="w.table.inference.particles").set_value("10").run()
    fit(page)
    sent = engine.submitted[-1]
    assert sent.prior == PriorSpec(family="horseshoe", scale=2.0, scaling="learned")
    assert (sent.inference.method, sent.inference.particles) == ("svgd", 10)


def test_a_fit_is_of_the_settings_changed_just_before(engine: TableEngine, page: AppTest):
    upload(page, DIABETES)
    page.selectbox(key="w.table.prior.scale").set_value("2.0")
    fit(page)  # in one message with the change
    assert engine.submitted[-1].prior.scale == 2.0


def test_a_prior_by_feature_says_which_features_matter(page: AppTest):
    fit(upload(page, DIABETES))
    assert "Which features matter" not in words(page)
    page.selectbox(key="w.table.prior.scaling").set_value("ard").run()
    fit(page)
    (said,) = (entry.value for entry in page.markdown if "Which features matter" in entry.value)
    names = list(pd.read_csv(io.BytesIO(DIABETES)).drop(columns="progression"))
    assert f"{names[-1]} 10.00 ± 1.00, {names[-2]} 9.00" in said.replace("\\", "").split(": ", 1)[1]
