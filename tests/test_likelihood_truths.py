"""Each likelihood on data made for it: the truth is known, and is found."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import PoissonRegressor

import bnn_lib as bnn
from bnn_lib.likelihoods import LIKELIHOODS, choose_likelihood
from tests.cases import small


def fit(dataset: bnn.Dataset, family: str, hidden: tuple[int, ...] = (16,), steps: int = 5000) -> bnn.Posterior:
    experiment = bnn.Experiment(
        network=bnn.NetworkSpec(hidden=hidden),
        likelihood=bnn.LikelihoodSpec(family=family),
        inference=bnn.InferenceSpec(steps=steps),
    )
    return bnn.fit(experiment, dataset)


def test_noise_that_grows_with_the_input_is_recovered() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(-2, 2, 1500)
    sd = 5 * (0.3 + 0.2 * (x + 2))
    dataset = bnn.Dataset.from_arrays(x[:, None], 100 + 10 * np.sin(x) + sd * rng.normal(size=len(x)))
    at = np.linspace(-1.8, 1.8, 13)
    prediction = fit(dataset, "heteroscedastic", steps=20_000).predict(at[:, None])
    np.testing.assert_allclose(np.sqrt(prediction.aleatoric), 5 * (0.3 + 0.2 * (at + 2)), rtol=0.15)


def test_outliers_do_not_bend_a_student_t() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(-2, 2, 200)
    y = 3 * x + 0.3 * rng.normal(size=200)
    y[:20] += rng.choice([-1, 1], 20) * rng.uniform(5, 20, 20)
    x_test = rng.uniform(-2, 2, 200)
    y_test = 3 * x_test + 0.3 * rng.normal(size=200)
    dataset = bnn.Dataset.from_arrays(x[:, None], y, X_test=x_test[:, None], y_test=y_test)
    scores = {family: bnn.evaluate(fit(dataset, family), dataset) for family in ("gaussian", "student_t")}
    assert scores["student_t"]["nll"] < scores["gaussian"]["nll"] - 0.3
    assert scores["student_t"]["rmse"] < scores["gaussian"]["rmse"]


def test_a_mixture_finds_both_branches() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(-2, 2, 600)
    y = rng.choice([-1, 1], 600) * (2 + x) + 0.1 * rng.normal(size=600)
    dataset = bnn.Dataset.from_arrays(x[:, None], y)
    mixture, gaussian = fit(dataset, "mixture", steps=8000), fit(dataset, "gaussian", steps=2000)
    assert bnn.evaluate(mixture, dataset)["nll"] < bnn.evaluate(gaussian, dataset)["nll"] - 1
    prediction = mixture.predict(np.full((1, 1), 1.0))
    samples = prediction.predictive_samples()[:, 0]
    up, down = (np.abs(samples - 3) < 0.8).mean(), (np.abs(samples + 3) < 0.8).mean()
    assert up + down > 0.9
    assert min(up, down) > 0.3
    assert prediction.log_prob([0.0]) < prediction.log_prob([3.0]) - 3  # nothing is in the middle
    np.testing.assert_allclose(prediction.mean, 0, atol=0.7)
    np.testing.assert_allclose(prediction.total, 9, rtol=0.25)


def counts(overdispersion: float = 0.0, n: int = 800) -> bnn.Dataset:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 2)) * [2.0, 0.5] + [5.0, 0.0]
    rate = np.exp(0.4 * (X[:, 0] - 5) - 0.8 * X[:, 1] + 1.5)
    if overdispersion:
        rate = rate * rng.gamma(overdispersion**-2, overdispersion**2, n)
    return bnn.Dataset.from_arrays(X, rng.poisson(rate))


def test_a_poisson_line_is_scikit_learns_at_a_flat_prior() -> None:
    dataset = counts()
    experiment = bnn.Experiment(
        network=bnn.NetworkSpec(hidden=()),
        prior=bnn.PriorSpec(scale=100.0, bias_scale=100.0),
        likelihood=bnn.LikelihoodSpec(family="poisson"),
        inference=bnn.InferenceSpec(method="map", steps=3000),
    )
    posterior = bnn.fit(experiment, dataset)
    line = PoissonRegressor(alpha=0, tol=1e-8).fit(dataset.X_train, dataset.y_train)
    np.testing.assert_allclose(posterior.draws(1)["W1"][0, 0] / dataset.scaling.x_scale, line.coef_, rtol=2e-3)
    np.testing.assert_allclose(posterior.predict(dataset.X_test).mean, line.predict(dataset.X_test), rtol=5e-3)


def test_a_negative_binomial_learns_how_much_counts_scatter() -> None:
    dataset = counts(overdispersion=0.6)
    negative, poisson = (fit(dataset, family, hidden=()) for family in ("negative_binomial", "poisson"))
    assert negative.draws(200)["noise"].mean() == pytest.approx(0.6, rel=0.15)
    assert bnn.evaluate(negative, dataset)["nll"] < bnn.evaluate(poisson, dataset)["nll"] - 0.1
    assert fit(counts(), "auto", hidden=()).draws(200)["noise"].mean() < 0.15  # hardly more than a Poisson's


def test_auto_says_what_it_chooses_and_why() -> None:
    numbers = bnn.Dataset.from_arrays(np.zeros((9, 1)), np.arange(1.0, 10.0))
    for dataset, name in (
        (counts(), "negative_binomial"),
        (numbers, "gaussian"),  # whole numbers, but none is 0
        (bnn.Dataset.from_arrays(np.zeros((9, 1)), np.arange(9) % 2), "gaussian"),  # 0 and 1 are no count
        (bnn.load_dataset(bnn.DataSpec(n=40)), "bernoulli"),
        (bnn.load_dataset(bnn.DataSpec(name="iris")), "categorical"),
    ):
        chosen, reason = choose_likelihood(dataset)
        assert chosen == name
        assert reason.startswith(LIKELIHOODS[name].label.capitalize())
        assert "because" in reason


@pytest.mark.parametrize("bad", [-1.0, 0.5, 1_000_001.0])
@pytest.mark.parametrize("family", ["poisson", "negative_binomial"])
def test_what_is_no_count_is_refused(family: str, bad: float) -> None:
    dataset = bnn.Dataset.from_arrays(np.zeros((9, 1)), [0, 1, 2, 3, 4, 5, 6, 7, bad])
    experiment = small(likelihood=bnn.LikelihoodSpec(family=family))
    with pytest.raises(
        bnn.InvalidExperiment, match=rf"'{family}'.*value .*; allowed: whole numbers from 0 to 1,000,000"
    ):
        bnn.fit(experiment, dataset)


@pytest.mark.parametrize("components", [1, 3])
def test_every_output_of_a_number_has_a_name(components: int) -> None:
    for entry in LIKELIHOODS.values():
        if entry.task == "regression":
            names = entry.output_names(components)
            assert len(set(names)) == len(names) == entry.n_outputs(0, components)
