"""Calibration: identities that hold exactly, closed forms, and what targets drawn from the prediction give."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest, norm

from bnn_lib import metrics
from bnn_lib.calibration import brier_decomposition, coverage, ood_auroc, pit, ring_around, sharpness
from bnn_lib.errors import InvalidData
from bnn_lib.predictive import Prediction


class TestBrier:
    def test_two_levels_by_hand(self) -> None:
        # 10 rows at 0.2 of which 4 are of class 1, and 10 at 0.8 of which 8 are.
        p1 = np.repeat([0.2, 0.8], 10)
        y = np.concatenate([np.arange(10) < 4, np.arange(10) < 8]).astype(int)
        parts = brier_decomposition(np.stack([1 - p1, p1], axis=1), y)
        assert parts == pytest.approx(
            {
                "reliability": 0.2**2 / 2,
                "resolution": 0.2**2,
                "uncertainty": 0.6 * 0.4,
                "within_bins": 0,
                "brier": 0.2**2 / 2 - 0.2**2 + 0.6 * 0.4,
            },
            abs=1e-12,
        )

    @given(st.integers(1, 60), st.integers(2, 4), st.integers(1, 4), st.integers(0, 10**6))
    def test_murphys_identity_is_exact_for_forecasts_of_a_few_levels(
        self, n: int, classes: int, levels: int, seed: int
    ) -> None:
        random = np.random.default_rng(seed)
        kinds = random.dirichlet(np.ones(classes), size=levels)
        p, y = kinds[random.integers(levels, size=n)], random.integers(classes, size=n)
        parts = brier_decomposition(p, y, bins=n)  # every level has a bin of its own
        assert parts["within_bins"] == pytest.approx(0, abs=1e-12)
        assert parts["brier"] == metrics.classification_scores(p, y)["brier"]
        square = ((p - np.eye(classes)[y]) ** 2).sum(axis=1).mean() / (2 if classes == 2 else 1)
        total = parts["reliability"] - parts["resolution"] + parts["uncertainty"]
        assert total == pytest.approx(square, abs=1e-12)

    @given(st.integers(1, 80), st.integers(1, 15), st.integers(0, 10**6))
    def test_what_is_left_within_bins_is_variance_less_twice_covariance(
        self, n: int, bins: int, seed: int
    ) -> None:
        random = np.random.default_rng(seed)
        p1, y = random.uniform(size=n), random.integers(2, size=n)
        parts = brier_decomposition(np.stack([1 - p1, p1], axis=1), y, bins)
        order, expected = np.argsort(p1), 0.0
        for number in range(bins):
            rows = order[np.arange(n) * bins // n == number]
            if len(rows):
                deviation = p1[rows] - p1[rows].mean()
                expected += (deviation**2).sum() - 2 * (deviation * (y[rows] - y[rows].mean())).sum()
        assert parts["within_bins"] == pytest.approx(expected / n, abs=1e-12)
        assert min(parts["reliability"], parts["resolution"], parts["uncertainty"]) >= 0
        assert parts["resolution"] <= parts["uncertainty"] + 1e-12

    def test_the_base_rate_alone_is_reliable_and_resolves_nothing(self) -> None:
        y = np.arange(30) % 3
        parts = brier_decomposition(np.full((30, 3), 1 / 3), y)
        assert (parts["reliability"], parts["resolution"]) == pytest.approx((0, 0), abs=1e-15)
        assert parts["uncertainty"] == pytest.approx(3 * (1 / 3) * (2 / 3))

    def test_a_perfect_forecast_resolves_all_there_is(self) -> None:
        y = np.arange(40) % 2
        parts = brier_decomposition(np.eye(2)[y], y)
        assert parts == pytest.approx(
            {"reliability": 0, "resolution": 0.25, "uncertainty": 0.25, "within_bins": 0, "brier": 0}
        )

    def test_what_does_not_fit_is_refused(self) -> None:
        with pytest.raises(InvalidData, match="no distribution"):
            brier_decomposition(np.ones((3, 2)), np.zeros(3, dtype=int))
        with pytest.raises(InvalidData, match="bins is 0; allowed: a whole number from 1"):
            brier_decomposition(np.eye(2), np.arange(2), bins=0)


def _regression(n: int = 4000, draws: int = 30, noise: float = 0.7) -> tuple[Prediction, np.ndarray]:
    """Return a prediction, and targets that are drawn from it."""
    random = np.random.default_rng(0)
    prediction = Prediction.normal(random.normal(5, 2, size=(draws, n)), np.full(draws, noise))
    return prediction, prediction.predictive_samples(1)[0]


def _scaled(prediction: Prediction, factor: float) -> Prediction:
    """Return the prediction with every deviation from its mean multiplied."""
    assert prediction.conditional is not None
    centre = prediction.samples.mean(axis=0)
    return Prediction.normal(
        centre + factor * (prediction.samples - centre), factor * prediction.conditional.sd[:, 0]
    )


CLASSES = Prediction(np.full((2, 3, 2), 0.5))


class TestCoverage:
    def test_targets_from_the_prediction_are_covered_as_often_as_it_says(self) -> None:
        prediction, y = _regression()
        for level, share in coverage(prediction, y).items():
            assert share == pytest.approx(level, abs=4 * np.sqrt(level * (1 - level) / len(y)))

    def test_one_that_is_too_sure_covers_less(self) -> None:
        prediction, y = _regression()
        assert coverage(_scaled(prediction, 0.5), y)[0.95] < 0.8
        assert coverage(_scaled(prediction, 2.0), y)[0.5] > 0.7

    def test_it_counts_what_the_interval_holds(self) -> None:
        prediction, y = _regression(n=300)
        for level in (0.1, 0.5, 0.95):
            interval = prediction.interval(level)
            inside = (interval[:, 0] <= y) & (y <= interval[:, 1])
            assert coverage(prediction, y, [level]) == {level: inside.mean()}

    @given(st.integers(0, 10**6), st.lists(st.floats(0.01, 0.99), min_size=2, max_size=5))
    def test_wider_intervals_cover_no_less(self, seed: int, levels: list[float]) -> None:
        random = np.random.default_rng(seed)
        prediction = Prediction.normal(random.normal(size=(5, 8)), random.uniform(0.1, 2, size=5))
        shares = coverage(prediction, random.normal(size=8), sorted(levels))
        assert list(shares.values()) == sorted(shares.values())

    @pytest.mark.parametrize("level", [0.0, 1.0, 95, "0.5", float("nan")])
    def test_levels_are_between_0_and_1(self, level: float) -> None:
        with pytest.raises(InvalidData, match=r"A level is .*; allowed: a number above 0 and below 1"):
            coverage(*_regression(n=3), levels=(0.5, level))


class TestPit:
    def test_of_one_normal_it_is_its_distribution_function(self) -> None:
        y = np.array([-1.0, 0.0, 7.0])
        prediction = Prediction.normal(np.array([[0.0, 0.0, 3.0]]), np.array([2.0]))
        np.testing.assert_allclose(pit(prediction, y), norm.cdf(y, [0, 0, 3], 2))

    def test_of_a_mixture_it_is_the_mean(self) -> None:
        prediction = Prediction.normal(np.array([[0.0], [4.0]]), np.array([1.0, 3.0]))
        np.testing.assert_allclose(pit(prediction, np.array([1.0])), (norm.cdf(1) + norm.cdf(-1)) / 2)

    def test_it_inverts_the_interval(self) -> None:
        prediction, _ = _regression(n=50)
        low, high = prediction.interval(0.8).T
        np.testing.assert_allclose(pit(prediction, low), 0.1, atol=1e-6)
        np.testing.assert_allclose(pit(prediction, high), 0.9, atol=1e-6)

    def test_it_is_uniform_if_and_only_if_targets_come_from_the_prediction(self) -> None:
        prediction, y = _regression()
        assert kstest(pit(prediction, y), "uniform").pvalue > 0.01
        assert kstest(pit(_scaled(prediction, 0.5), y), "uniform").pvalue < 1e-6
        # Too sure: many in the ends.
        ends = pit(_scaled(prediction, 0.5), y)
        assert ((ends < 0.05) | (ends > 0.95)).mean() > 0.2

    @given(st.integers(0, 10**6), st.floats(0, 100))
    def test_it_grows_with_the_target_within_0_and_1(self, seed: int, step: float) -> None:
        random = np.random.default_rng(seed)
        prediction = Prediction.normal(
            random.normal(size=(4, 6)).astype("float32"), random.uniform(0.1, 2, size=4)
        )
        y = random.normal(scale=5, size=6)
        low, high = pit(prediction, y), pit(prediction, y + step)
        assert ((low >= 0) & (low <= high) & (high <= 1)).all()


@pytest.mark.parametrize("function", [coverage, pit])
def test_what_does_not_fit_a_regression_is_refused(function) -> None:
    prediction, y = _regression(n=3)
    with pytest.raises(InvalidData, match="of classes; allowed: of numbers"):
        function(CLASSES, y)
    with pytest.raises(InvalidData, match=r"y has shape .*2.*; allowed"):
        function(prediction, y[:2])
    with pytest.raises(InvalidData, match=r"y\[0\] is nan.*; allowed: finite"):
        function(prediction, y * np.nan)


class TestSharpness:
    def test_of_normals_it_is_the_closed_form(self) -> None:
        prediction = Prediction.normal(np.array([[0.0, 5.0]] * 3), np.full(3, 2.0))
        assert sharpness(prediction) == pytest.approx(2 * 2 * norm.ppf(0.975), rel=1e-6)
        assert sharpness(prediction, 0.5) == pytest.approx(2 * 2 * norm.ppf(0.75), rel=1e-6)

    def test_it_scales_with_the_target(self) -> None:
        prediction, _ = _regression(n=20)
        assert sharpness(_scaled(prediction, 3.0)) == pytest.approx(3 * sharpness(prediction))

    def test_classes_have_none(self) -> None:
        with pytest.raises(InvalidData, match="for regression"):
            sharpness(CLASSES)


class TestOutOfDistribution:
    @given(
        st.lists(st.integers(0, 5), min_size=1, max_size=20),
        st.lists(st.integers(0, 5), min_size=1, max_size=20),
    )
    def test_it_is_the_share_of_pairs_in_the_right_order(self, inside: list[int], outside: list[int]) -> None:
        a, b = np.array(inside, float), np.array(outside, float)
        pairs = (b[:, None] > a).mean() + (b[:, None] == a).mean() / 2
        assert ood_auroc(a, b) == pytest.approx(pairs)
        assert ood_auroc(a, b) + ood_auroc(b, a) == pytest.approx(1)

    @pytest.mark.parametrize(
        ("bad", "message"),
        [
            (np.zeros(0), r"has shape \(0,\); allowed: one dimension"),
            (np.zeros((2, 2)), r"has shape \(2, 2\)"),
            (np.array([np.nan]), "NaN or infinite; allowed: finite"),
        ],
    )
    def test_no_points_are_refused(self, bad: np.ndarray, message: str) -> None:
        with pytest.raises(
            InvalidData, match=f"epistemic_in {message}|epistemic_in has entries that are {message}"
        ):
            ood_auroc(bad, np.zeros(2))
        with pytest.raises(InvalidData, match="epistemic_out"):
            ood_auroc(np.zeros(2), bad)


class TestRing:
    @given(st.integers(1, 30), st.integers(1, 6), st.integers(0, 10**6))
    def test_every_point_is_farther_out_than_any_row(self, rows: int, features: int, seed: int) -> None:
        X = np.random.default_rng(seed).standard_t(2, size=(rows, features)) * 10.0 ** np.arange(features)
        points = ring_around(X, n=40, seed=seed)
        assert points.shape == (40, features)
        scale = np.where(X.std(axis=0) > 0, X.std(axis=0), 1)
        far = np.linalg.norm((X - X.mean(axis=0)) / scale, axis=1).max()
        distance = np.linalg.norm((points - X.mean(axis=0)) / scale, axis=1)
        assert (distance > 1.499 * far).all()
        assert (distance < 2.501 * max(far, 1)).all()

    def test_it_is_all_round(self) -> None:
        X = np.random.default_rng(0).normal(size=(200, 2))
        points = ring_around(X, n=2000) - X.mean(axis=0)
        quadrant = np.bincount(2 * (points[:, 0] > 0) + (points[:, 1] > 0), minlength=4) / 2000
        np.testing.assert_allclose(quadrant, 0.25, atol=5 * np.sqrt(0.25 * 0.75 / 2000))

    def test_units_do_not_matter(self) -> None:
        X = np.random.default_rng(0).normal(size=(50, 3))
        units, origin = np.array([1e-3, 1.0, 1e4]), np.array([5.0, -2.0, 1e3])
        np.testing.assert_allclose(ring_around(X * units + origin), ring_around(X) * units + origin, rtol=1e-6)

    def test_the_seed_decides(self) -> None:
        X = np.random.default_rng(0).normal(size=(50, 3))
        np.testing.assert_array_equal(ring_around(X, seed=1), ring_around(X, seed=1))
        assert not np.array_equal(ring_around(X, seed=1), ring_around(X, seed=2))

    def test_constant_columns_and_a_single_row_have_a_ring_too(self) -> None:
        points = ring_around(np.full((7, 2), 0.1), n=50)
        distance = np.linalg.norm(points - 0.1, axis=1)
        assert ((distance >= 1.5 - 1e-9) & (distance <= 2.5 + 1e-9)).all()

    @pytest.mark.parametrize(
        ("X", "n", "message"),
        [
            (np.zeros(3), 5, r"X has shape \(3,\)"),
            (np.full((2, 2), np.nan), 5, r"X\[0, 0\] is nan.*; allowed: finite"),
            (np.zeros((2, 2)), 0, "n is 0; allowed: a whole number from 1 to 100,000"),
        ],
    )
    def test_what_is_no_data_is_refused(self, X: np.ndarray, n: int, message: str) -> None:
        with pytest.raises(InvalidData, match=message):
            ring_around(X, n)


def test_importing_it_imports_nothing_heavy(root: Path) -> None:
    code = (
        "import sys, bnn_lib.calibration, bnn_lib.agreement; print({'sklearn', 'jax', 'pymc'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"
