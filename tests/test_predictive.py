from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import bnn_lib as bnn
from bnn_lib.predictive import Prediction
from tests.cases import small


@st.composite
def class_predictions(draw: st.DrawFn) -> Prediction:
    shape = draw(st.tuples(st.integers(1, 8), st.integers(1, 5), st.integers(2, 4)))
    logits = draw(hnp.arrays("float32", shape, elements=st.floats(-200, 200, width=32)))
    p = np.exp(logits - logits.max(-1, keepdims=True))
    return Prediction((p / p.sum(-1, keepdims=True)).astype("float32"))


@given(class_predictions())
def test_total_is_aleatoric_plus_epistemic_and_none_is_negative(prediction: Prediction) -> None:
    np.testing.assert_allclose(prediction.total, prediction.aleatoric + prediction.epistemic, atol=1e-12)
    assert (prediction.epistemic >= 0).all()
    assert (prediction.aleatoric >= -1e-6).all()
    assert (prediction.total <= np.log(prediction.samples.shape[2]) + 1e-6).all()


@given(class_predictions())
def test_one_draw_repeated_has_no_epistemic_part(prediction: Prediction) -> None:
    repeated = Prediction(np.repeat(prediction.samples[:1], 7, axis=0))
    np.testing.assert_allclose(repeated.epistemic, 0.0, atol=1e-6)


def test_the_decomposition_by_hand() -> None:
    # Two draws sure of opposite classes: all ignorance. Two draws that both say 1/2: all noise.
    p = np.array([[[1.0, 0.0], [0.5, 0.5]], [[0.0, 1.0], [0.5, 0.5]]], "float32")
    prediction = Prediction(p)
    np.testing.assert_allclose(prediction.epistemic, [np.log(2), 0.0], atol=1e-7)
    np.testing.assert_allclose(prediction.aleatoric, [0.0, np.log(2)], atol=1e-7)


def test_the_epistemic_map_is_not_a_function_of_the_mean_map() -> None:
    """The article's own uncertainty map, the sd of sampled labels sqrt(p (1 - p)), is one."""
    experiment = bnn.Experiment(inference=bnn.InferenceSpec(steps=3000))
    axis = np.linspace(-3, 3, 40)
    prediction = bnn.fit(experiment).predict(np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2))
    p = prediction.mean[:, 1]
    article = np.sqrt(p * (1 - p))
    # Points alike in p, and so in the article's map: ranked by it, neighbours differ much in epistemic part.
    alike = np.argsort(article)
    assert np.abs(np.diff(article[alike])).max() < 0.02
    assert np.abs(np.diff(prediction.epistemic[alike])).max() > 0.05


def regression(seed: int = 0, draws: int = 200, n: int = 6) -> Prediction:
    rng = np.random.default_rng(seed)
    return Prediction.normal(rng.normal(3, 2, (draws, n)).astype("float32"), rng.uniform(0.5, 1.5, draws))


def test_regression_obeys_the_law_of_total_variance() -> None:
    prediction = regression()
    samples, noise = prediction.samples.astype("float64"), prediction.conditional.sd[:, 0]
    second_moment = (samples**2 + noise[:, None] ** 2).mean(0)
    np.testing.assert_allclose(prediction.total, second_moment - samples.mean(0) ** 2, rtol=1e-6)
    np.testing.assert_allclose(prediction.total, prediction.aleatoric + prediction.epistemic, rtol=1e-12)


@pytest.mark.parametrize("probability", [0.5, 0.8, 0.95, 0.999])
def test_an_interval_holds_its_share_of_the_mixture(probability: float) -> None:
    prediction = regression()
    low, high = prediction.interval(probability).T
    cdf = lambda y: scipy.stats.norm.cdf(y, prediction.samples, prediction.conditional.sd).mean(0)  # noqa: E731
    np.testing.assert_allclose(cdf(low), (1 - probability) / 2, atol=1e-6)
    np.testing.assert_allclose(cdf(high), (1 + probability) / 2, atol=1e-6)


def test_the_interval_of_one_normal_is_its_own() -> None:
    prediction = Prediction.normal(np.full((1, 3), 2.0, "float32"), np.array([0.5]))
    np.testing.assert_allclose(
        prediction.interval(0.95), 3 * [scipy.stats.norm.interval(0.95, 2.0, 0.5)], rtol=1e-6
    )


def test_log_prob_is_that_of_the_mixture() -> None:
    prediction, y = regression(), np.linspace(-50, 50, 6)
    pdf = scipy.stats.norm.pdf(y, prediction.samples, prediction.conditional.sd).mean(0)
    inner = pdf > 0
    np.testing.assert_allclose(prediction.log_prob(y)[inner], np.log(pdf[inner]), rtol=1e-5)
    assert np.isfinite(prediction.log_prob(y)).all()
    sure = Prediction(np.array([[[1.0, 0.0]]], "float32"))
    assert np.isfinite(sure.log_prob([1])).all()
    assert sure.log_prob([0]) == 0.0


def test_predictive_samples_have_the_mixtures_moments() -> None:
    prediction = regression(draws=40_000, n=2)
    samples = prediction.predictive_samples(seed=1)
    np.testing.assert_allclose(samples.mean(0), prediction.mean, atol=0.05)
    np.testing.assert_allclose(samples.var(0), prediction.total, rtol=0.05)
    classes = Prediction(np.tile(np.array([0.2, 0.5, 0.3], "float32"), (40_000, 1, 1))).predictive_samples(seed=1)
    np.testing.assert_allclose(np.bincount(classes[:, 0]) / 40_000, [0.2, 0.5, 0.3], atol=0.01)


@pytest.mark.parametrize("family", ["gaussian", "heteroscedastic", "student_t", "mixture"])
def test_scores_do_not_care_where_the_target_s_zero_is(family: str) -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(-2, 2, (60, 1))
    y = 3 + np.sin(2 * X[:, 0]) + 0.1 * rng.normal(size=60)
    dataset, far = (bnn.Dataset.from_arrays(X, y + shift, test_fraction=0.5) for shift in (0, 1e7))
    spec = bnn.LikelihoodSpec(family=family)
    posterior = bnn.fit(
        small(likelihood=spec, inference=bnn.InferenceSpec(steps=1000, schedule="cosine")), dataset
    )
    # The same state, told that the target is elsewhere: all that differs is what comes after the network.
    moved = replace(posterior, schema=replace(posterior.schema, scaling=far.scaling))
    scores, same = bnn.evaluate(posterior, dataset), bnn.evaluate(moved, far)
    assert same == pytest.approx(scores, rel=1e-5)
    here, there = posterior.predict(X), moved.predict(X)
    np.testing.assert_allclose(there.mean - 1e7, here.mean, atol=1e-6)
    for part in ("epistemic", "aleatoric"):
        np.testing.assert_allclose(getattr(there, part), getattr(here, part), rtol=1e-4)
    np.testing.assert_allclose(there.interval(0.95) - 1e7, here.interval(0.95), atol=1e-5)


def test_what_does_not_apply_is_refused_in_a_sentence() -> None:
    classes = Prediction(np.full((2, 3, 2), 0.5, "float32"))
    with pytest.raises(bnn.InvalidData, match="for regression"):
        classes.interval(0.95)
    with pytest.raises(bnn.InvalidData, match="one target an input"):
        classes.log_prob([0, 1])
    with pytest.raises(bnn.InvalidData, match="class codes 0 to 1"):
        classes.log_prob([0, 1, 2])
    for bad in (95, 1.0, -0.5, float("nan"), "0.9"):
        with pytest.raises(bnn.InvalidData, match=r"probability is .*; allowed: a number above 0 and below 1"):
            regression().interval(bad)  # type: ignore[arg-type]
    # A level out of an array of 32 bits is a number like any other.
    np.testing.assert_allclose(regression().interval(np.float32(0.5)), regression().interval(0.5))
