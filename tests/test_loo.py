"""Importance weights and chains: against closed forms, and against ArviZ's own functions on whole containers."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special
from scipy.stats import norm

from bnn_lib import loo as module
from bnn_lib.errors import InvalidData
from bnn_lib.loo import loo, pointwise_log_likelihood, psis_k_hat, rhat_and_ess
from bnn_lib.predictive import Prediction

SIZE = 20_000


class TestParetoShape:
    @pytest.mark.parametrize("k", [0.2, 0.5, 0.7, 1.0])
    def test_pareto_weights_have_their_own_shape(self, k: float) -> None:
        weights = 1 + np.random.default_rng(0).pareto(1 / k, size=SIZE)
        # The tail has 424 weights; the estimate's sd is about (1 + k) / sqrt(424).
        assert psis_k_hat(np.log(weights)) == pytest.approx(k, abs=4 * (1 + k) / np.sqrt(424))

    @pytest.mark.parametrize("sd", [0.3, 0.9, 2.0])
    def test_a_normal_approximation_is_good_if_wide_and_bad_if_narrow(self, sd: float) -> None:
        # Weights N(0, 1) / N(0, sd^2) have a tail of shape 1 - sd^2; with sd above 1 they are bounded.
        x = np.random.default_rng(0).normal(0, sd, size=SIZE)
        k_hat = psis_k_hat(norm.logpdf(x) - norm.logpdf(x, 0, sd))
        assert (k_hat > module.GOOD_K) == (1 - sd**2 > module.GOOD_K)

    @given(st.floats(-1e5, 1e5), st.integers(0, 10**6))
    @settings(max_examples=20)
    def test_a_common_factor_and_the_order_do_not_matter(self, constant: float, seed: int) -> None:
        random = np.random.default_rng(seed)
        log_weights = random.normal(0, 2, size=200)
        expected = psis_k_hat(log_weights)
        assert psis_k_hat(random.permutation(log_weights) + constant) == pytest.approx(expected, abs=1e-5)

    def test_equal_weights_are_those_of_an_exact_approximation(self) -> None:
        assert psis_k_hat(np.full(50, -1234.5)) == 0
        assert psis_k_hat(np.random.default_rng(0).normal(0, 1e-7, size=50)) == 0

    @pytest.mark.parametrize("few", [1, 4])
    def test_a_few_weights_that_hold_everything_have_no_finite_shape(self, few: int) -> None:
        log_weights = np.zeros(1000)
        log_weights[few:] = -np.inf
        assert psis_k_hat(log_weights) == np.inf

    def test_weights_of_two_sizes_have_no_tail_to_fit(self) -> None:
        assert psis_k_hat(np.where(np.arange(1000) < 500, -3.0, 0.0)) == np.inf

    def test_what_was_given_is_not_written_to(self) -> None:
        log_weights = np.random.default_rng(0).normal(0, 2, size=200)
        before = log_weights.copy()
        psis_k_hat(log_weights)
        np.testing.assert_array_equal(log_weights, before)

    @pytest.mark.parametrize(
        ("log_weights", "message"),
        [
            (np.zeros(24), r"has shape \(24,\); allowed: \(S,\) with S at least 25"),
            (np.zeros((50, 2)), r"has shape \(50, 2\)"),
            (np.append(np.zeros(50), np.nan), "has nan for its largest; allowed: a finite number"),
            (np.append(np.zeros(50), np.inf), "has inf for its largest"),
            (np.full(50, -np.inf), "has -inf for its largest"),
        ],
    )
    def test_what_is_no_set_of_weights_is_refused(self, log_weights: np.ndarray, message: str) -> None:
        with pytest.raises(InvalidData, match=message):
            psis_k_hat(log_weights)


def _chains(shape: tuple[int, int, int] = (4, 500, 3), seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


class TestChains:
    def test_independent_draws_are_worth_what_they_are(self) -> None:
        rhat, ess = rhat_and_ess(_chains())
        assert 0.999 < rhat < 1.01
        assert ess == pytest.approx(2000, rel=0.2)

    def test_autocorrelated_draws_are_worth_less(self) -> None:
        # AR(1) with coefficient a: n (1 - a) / (1 + a) effective draws.
        a, noise = 0.8, _chains((4, 5000, 1))
        values = np.zeros_like(noise)
        values[:, 0] = noise[:, 0]
        for i in range(1, 5000):
            values[:, i] = a * values[:, i - 1] + np.sqrt(1 - a * a) * noise[:, i]
        rhat, ess = rhat_and_ess(values)
        assert ess == pytest.approx(20_000 * (1 - a) / (1 + a), rel=0.15)
        assert rhat < 1.01

    def test_one_quantity_that_has_not_mixed_decides(self) -> None:
        values = _chains()
        values[1, :, 2] += 3
        rhat, ess = rhat_and_ess(values)
        assert rhat > 1.1
        assert ess < 50
        assert rhat_and_ess(values[:, :, :2])[0] < 1.01

    def test_chains_of_unlike_width_are_noticed(self) -> None:
        values = _chains()
        values[1] *= 10
        assert rhat_and_ess(values)[0] > 1.1

    def test_a_drift_within_each_chain_is_noticed_even_in_a_single_one(self) -> None:
        values = _chains((1, 500, 1)) + np.linspace(0, 5, 500)[None, :, None]
        assert rhat_and_ess(values)[0] > 1.1
        assert rhat_and_ess(_chains((1, 500, 1)))[0] < 1.02

    def test_a_constant_is_known_from_every_draw(self) -> None:
        assert rhat_and_ess(np.full((4, 100, 2), 0.7)) == (1.0, 400.0)
        assert rhat_and_ess(np.zeros((4, 100, 2))) == (1.0, 400.0)
        rounding = np.where(_chains((4, 100, 1)) > 0, np.float32(1), np.nextafter(np.float32(1), np.float32(0)))
        assert rhat_and_ess(rounding) == (1.0, 400.0)

    def test_stuck_chains_have_not_mixed(self) -> None:
        values = np.tile(np.arange(4.0)[:, None, None], (1, 100, 2))
        assert rhat_and_ess(values) == (np.inf, 4.0)
        mixed = _chains((4, 100, 3))
        mixed[:, :, 1] = values[:, :, 0]
        assert rhat_and_ess(mixed) == (np.inf, 4.0)

    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    def test_numbers_that_ran_away_are_worth_nothing(self, bad: float) -> None:
        values = _chains()
        values[2, 7, 1] = bad
        assert rhat_and_ess(values) == (np.inf, 0.0)

    def test_it_is_the_worst_of_arviz_one_quantity_at_a_time(self) -> None:
        import arviz

        values = _chains((3, 60, 4)).cumsum(axis=1)  # random walks: far from mixed
        expected_rhat = max(float(arviz.rhat(values[:, :, i])) for i in range(4))
        expected_ess = min(float(arviz.ess(values[:, :, i])) for i in range(4))
        assert rhat_and_ess(values) == pytest.approx((expected_rhat, expected_ess))

    @given(st.integers(1, 4), st.integers(8, 30), st.integers(1, 3), st.integers(0, 10**6))
    @settings(max_examples=40)
    def test_no_values_give_nan(self, chains: int, draws: int, kinds: int, seed: int) -> None:
        values = np.random.default_rng(seed).integers(kinds, size=(chains, draws, 2)).astype(float)
        rhat, ess = rhat_and_ess(values)
        assert rhat > 0
        assert ess >= 0

    @pytest.mark.parametrize("shape", [(4, 100), (4, 7, 3), (0, 100, 3), (4, 100, 0)])
    def test_other_shapes_are_refused(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(InvalidData, match=r"values has shape .*; allowed: \(chains, draws, points\)"):
            rhat_and_ess(np.zeros(shape))


def _normal_mean(draws: int, n: int = 30, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Data, and log likelihoods (S, n) of exact draws of their mean; unit noise and a flat prior."""
    random = np.random.default_rng(seed)
    y = random.normal(2, 1, size=n)
    mean = random.normal(y.mean(), 1 / np.sqrt(n), size=draws)
    return y, norm.logpdf(y, mean[:, None])


class TestLoo:
    def test_the_mean_of_normals_has_a_closed_form(self) -> None:
        y, log_likelihood = _normal_mean(draws=20_000)
        n = len(y)
        others = (y.sum() - y) / (n - 1)
        exact = norm.logpdf(y, others, np.sqrt(1 + 1 / (n - 1)))
        in_sample = norm.logpdf(y, y.mean(), np.sqrt(1 + 1 / n))
        result = loo(log_likelihood)
        assert result["elpd_loo"] == pytest.approx(exact.sum(), abs=0.05)
        assert result["se"] == pytest.approx(np.sqrt(n) * exact.std(ddof=1), rel=0.02)
        assert result["p_loo"] == pytest.approx(in_sample.sum() - exact.sum(), abs=0.05)
        assert result["k_hat_max"] < module.GOOD_K
        assert result["k_hat_bad"] == 0

    def test_arviz_says_the_same_of_a_whole_container(self) -> None:
        import arviz

        _, log_likelihood = _normal_mean(draws=400)
        mine = loo(log_likelihood)
        groups = {"posterior": {"mean": np.zeros((1, 400))}, "log_likelihood": {"y": log_likelihood[None]}}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            old = arviz.__version__.startswith("0.")
            data = arviz.from_dict(**groups) if old else arviz.from_dict(groups)
            theirs = arviz.loo(data, reff=1.0, pointwise=True)
        elpd, p_loo = (theirs["elpd_loo"], theirs["p_loo"]) if old else (theirs.elpd, theirs.p)
        n = log_likelihood.shape[1]
        se = theirs.se * np.sqrt(n / (n - 1)) if old else theirs.se  # the older line divides by n
        assert mine["elpd_loo"] == pytest.approx(float(elpd), rel=1e-10)
        assert mine["se"] == pytest.approx(float(se), rel=1e-10)
        assert mine["p_loo"] == pytest.approx(float(p_loo), rel=1e-6)
        assert mine["k_hat_max"] == pytest.approx(float(theirs.pareto_k.max()), rel=1e-6)

    def test_an_outlier_cannot_be_left_out(self) -> None:
        random = np.random.default_rng(0)
        y = np.append(random.normal(size=5), 30.0)
        mean = random.normal(y.mean(), 1 / np.sqrt(6), size=2000)
        result = loo(norm.logpdf(y, mean[:, None]))
        assert result["k_hat_max"] > module.GOOD_K
        assert result["k_hat_bad"] >= 1 / 6

    def test_draws_that_all_agree_are_left_out_at_no_loss(self) -> None:
        log_likelihood = np.tile(np.array([-1.0, -2.0, -0.0]), (100, 1))
        assert loo(log_likelihood) == pytest.approx(
            {
                "elpd_loo": -3.0,
                "se": np.sqrt(3) * np.std([1, 2, 0], ddof=1),
                "p_loo": 0,
                "k_hat_max": 0,
                "k_hat_bad": 0,
            }
        )

    @pytest.mark.parametrize("shape", [(99, 3), (100, 5001), (100, 1), (100,), (100, 3, 2)])
    def test_too_few_draws_or_too_many_rows_are_refused(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(InvalidData, match=r"at least 100 draws S and 2 to 5,000 rows n\."):
            loo(np.zeros(shape))

    @pytest.mark.parametrize("bad", [np.nan, -np.inf])
    def test_infinite_losses_are_refused(self, bad: float) -> None:
        log_likelihood = np.zeros((100, 3))
        log_likelihood[5, 1] = bad
        with pytest.raises(InvalidData, match="NaN or infinite; allowed: finite"):
            loo(log_likelihood)


def _predictions() -> list[tuple[Prediction, np.ndarray]]:
    random = np.random.default_rng(0)
    p = random.dirichlet(np.ones(3), size=(50, 7)).astype("float32")
    mean = random.normal(size=(50, 7)).astype("float32")
    return [
        (Prediction(p), random.integers(3, size=7)),
        (Prediction.normal(mean, random.uniform(0.5, 2, size=50)), random.normal(size=7)),
    ]


class TestPointwise:
    @pytest.mark.parametrize(("prediction", "y"), _predictions())
    def test_its_mean_over_draws_is_the_predictive_density(self, prediction: Prediction, y: np.ndarray) -> None:
        matrix = pointwise_log_likelihood(prediction, y)
        assert matrix.shape == prediction.samples.shape[:2]
        mixture = special.logsumexp(matrix, axis=0) - np.log(len(matrix))
        np.testing.assert_allclose(mixture, prediction.log_prob(y), rtol=1e-6)

    def test_a_draw_that_calls_the_truth_impossible_costs_a_finite_number(self) -> None:
        matrix = pointwise_log_likelihood(Prediction(np.array([[[1.0, 0.0]]], "float32")), np.array([1]))
        assert matrix[0, 0] == np.log(module.SMALLEST_PROBABILITY)

    @pytest.mark.parametrize(("prediction", "y"), _predictions())
    def test_targets_of_another_shape_are_refused(self, prediction: Prediction, y: np.ndarray) -> None:
        with pytest.raises(InvalidData, match=r"y has shape \(6,\); allowed: \(7,\)"):
            pointwise_log_likelihood(prediction, y[:-1])

    def test_codes_that_are_none_are_refused(self) -> None:
        prediction, y = _predictions()[0]
        with pytest.raises(InvalidData, match="values other than the class codes 0 to 2"):
            pointwise_log_likelihood(prediction, y + 1)


def test_importing_it_imports_nothing_heavy(root: Path) -> None:
    code = "import sys, bnn_lib.loo; print({'arviz', 'sklearn', 'pymc', 'jax', 'pandas'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"
