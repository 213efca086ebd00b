"""Distances from a reference: closed forms, the properties of a distance, and when none is reported."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from bnn_lib import agreement as module
from bnn_lib.agreement import agreement, check_reference, distance_from, wasserstein
from bnn_lib.errors import InvalidData
from bnn_lib.predictive import Prediction


def _classes(seed: int, draws: int = 20, n: int = 6, classes: int = 3) -> Prediction:
    return Prediction(np.random.default_rng(seed).dirichlet(np.ones(classes), size=(draws, n)).astype("float32"))


def _numbers(seed: int, draws: int = 20, n: int = 6) -> Prediction:
    random = np.random.default_rng(seed)
    return Prediction.normal(random.normal(3, 2, (draws, n)).astype("float32"), random.uniform(0.5, 1.5, draws))


def _normal(mean: list[float], sd: float, draws: int = 1) -> Prediction:
    return Prediction.normal(np.tile(np.array(mean), (draws, 1)), np.full(draws, sd))


class TestClassification:
    def test_two_inputs_by_hand(self) -> None:
        mine = Prediction(np.array([[[1.0, 0.0], [0.5, 0.5]], [[0.6, 0.4], [0.3, 0.7]]]))  # 0.8, 0.2; 0.4, 0.6
        reference = Prediction(np.array([[[0.4, 0.6], [0.4, 0.6]]]))
        result = agreement(mine, reference, np.array([0, 1]))
        assert result["agreement"] == 0.5
        assert result["total_variation"] == pytest.approx((0.4 + 0.0) / 2)
        assert result["nll_difference"] == pytest.approx((-np.log(0.8) + np.log(0.4)) / 2)
        assert math.isnan(result["epistemic_ratio"])  # one draw of the reference: it knows everything

    @given(st.integers(0, 10**6), st.integers(2, 5))
    def test_total_variation_is_a_distance_and_bounds_what_classes_can_differ(
        self, seed: int, classes: int
    ) -> None:
        a, b, c = (_classes(seed + i, classes=classes) for i in range(3))
        ab, ba, bc, ac = (agreement(*pair)["total_variation"] for pair in ((a, b), (b, a), (b, c), (a, c)))
        assert ab == pytest.approx(ba)
        assert 0 <= ab <= 1
        assert ac <= ab + bc + 1e-12
        assert agreement(a, b)["epistemic_ratio"] == pytest.approx(1 / agreement(b, a)["epistemic_ratio"])

    def test_opposite_certainties_are_as_far_apart_as_can_be(self) -> None:
        sure, opposite = (Prediction(np.tile(row, (2, 4, 1))) for row in ([1.0, 0.0], [0.0, 1.0]))
        result = agreement(sure, opposite)
        assert (result["agreement"], result["total_variation"]) == (0, 1)


class TestRegression:
    @given(
        st.lists(st.floats(-100, 100), min_size=1, max_size=4),
        st.floats(-100, 100),
        st.floats(0.01, 100),
        st.floats(0.01, 100),
        st.integers(1, 3),
    )
    def test_two_normals_have_their_closed_form(
        self, mean: list[float], shift: float, sd: float, other: float, draws: int
    ) -> None:
        moved = [value + shift for value in mean]
        result = agreement(_normal(mean, sd, draws), _normal(moved, other))
        assert result["wasserstein"] == pytest.approx(np.hypot(shift, sd - other), abs=1e-9, rel=1e-6)
        assert result["sd_ratio"] == pytest.approx(sd / other)

    def test_a_mixture_is_as_far_from_a_normal_as_quantiles_say(self) -> None:
        mixture = Prediction.normal(np.array([[-2.0], [1.0]]), np.array([0.5, 1.5]))
        level = (np.arange(4000) + 0.5) / 4000
        axis = np.linspace(-10, 10, 200_001)
        cdf = (norm.cdf(axis, -2, 0.5) + norm.cdf(axis, 1, 1.5)) / 2
        exact = np.sqrt(np.mean((np.interp(level, cdf, axis) - norm.ppf(level)) ** 2))
        np.testing.assert_allclose(wasserstein(mixture, _normal([0.0], 1.0)), exact, rtol=0.02)

    @given(st.integers(0, 10**6), st.floats(-1e3, 1e3), st.floats(0.01, 100))
    def test_it_is_a_distance_that_moves_and_scales_with_the_target(
        self, seed: int, shift: float, scale: float
    ) -> None:
        a, b, c = (_numbers(seed + i) for i in range(3))
        ab, bc, ac = wasserstein(a, b), wasserstein(b, c), wasserstein(a, c)
        np.testing.assert_array_equal(ab, wasserstein(b, a))
        assert (ac <= ab + bc + 1e-9).all()
        # No two distributions are closer than their means and standard deviations.
        bound = np.hypot(a.mean - b.mean, np.sqrt(a.total) - np.sqrt(b.total))
        assert (ab >= bound - 1e-6).all()
        a2, b2 = (
            Prediction.normal(shift + scale * each.samples.astype(float), scale * each.conditional.sd[:, 0])
            for each in (a, b)
        )
        np.testing.assert_allclose(wasserstein(a2, b2), scale * ab, rtol=1e-6, atol=1e-7)

    def test_blocks_and_other_numbers_of_draws_change_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        a, b = _numbers(0, draws=20), _numbers(1, draws=20)
        whole = wasserstein(a, b)
        twice = Prediction.normal(np.repeat(b.samples, 2, axis=0), np.repeat(b.conditional.sd[:, 0], 2))
        np.testing.assert_allclose(wasserstein(a, twice), whole, rtol=1e-12)
        monkeypatch.setattr(module, "BLOCK_VALUES", 1000)
        np.testing.assert_array_equal(wasserstein(a, b), whole)
        # 20 and 30 draws: levels between atoms take the nearest.
        thirty = Prediction.normal(np.repeat(b.samples, 3, axis=0)[::2], np.repeat(b.conditional.sd[:, 0], 3)[::2])
        assert np.isfinite(wasserstein(a, thirty)).all()

    def test_the_nll_difference_is_that_of_the_scores(self) -> None:
        y = np.array([0.5, -1.0])
        result = agreement(_normal([0, 0], 2.0), _normal([0, 0], 1.0), y)
        assert result["nll_difference"] == pytest.approx((norm.logpdf(y) - norm.logpdf(y, 0, 2)).mean())

    def test_epistemic_ratio_is_of_variances_of_the_mean_function(self) -> None:
        reference = _numbers(0)
        centre = reference.samples.mean(axis=0)
        narrow = Prediction.normal(centre + (reference.samples - centre) / 2, reference.conditional.sd[:, 0])
        assert agreement(narrow, reference)["epistemic_ratio"] == pytest.approx(1 / 4, rel=1e-5)
        assert agreement(narrow, reference)["sd_ratio"] < 1


@pytest.mark.parametrize("make", [_classes, _numbers])
def test_the_same_prediction_is_at_no_distance(make: Any) -> None:
    y = np.zeros(6, dtype=int)
    assert agreement(make(0), make(0), y) == pytest.approx(
        {"agreement": 1, "total_variation": 0, "epistemic_ratio": 1, "nll_difference": 0}
        if make is _classes
        else {"wasserstein": 0, "sd_ratio": 1, "epistemic_ratio": 1, "nll_difference": 0}
    )
    assert "nll_difference" not in agreement(make(0), make(0))


@pytest.mark.parametrize(
    ("prediction", "reference"),
    [
        (_classes(0), _classes(0, n=5)),
        (_classes(0), _classes(0, classes=2)),
        (_classes(0), _numbers(0)),
        (_numbers(0), _numbers(0, n=5)),
        (_numbers(0, n=0), _numbers(0, n=0)),
    ],
)
def test_predictions_of_different_things_are_refused(prediction: Prediction, reference: Prediction) -> None:
    with pytest.raises(InvalidData, match="allowed: the same inputs, at least one, and the same classes"):
        agreement(prediction, reference)


def test_classes_have_no_wasserstein_distance() -> None:
    with pytest.raises(InvalidData, match="of classes; allowed: for regression"):
        wasserstein(_classes(0), _classes(1))


UNCONVERGED = [
    ({}, "The reference has no r_hat; allowed: a posterior of NUTS with an r_hat of at most 1.1"),
    (
        {"r_hat": math.nan},
        "their r_hat is nan; allowed: at most 1.1, which more draws, more tuning",
    ),
    ({"r_hat": math.inf}, "their r_hat is inf; allowed"),
    ({"r_hat": np.float32(1.2)}, "their r_hat is 1.2; allowed"),
    ({"r_hat": 1.1001}, "their r_hat is 1.1001; allowed"),
    ({"r_hat": None}, "their r_hat is None; allowed"),
    ({"r_hat": "1.0"}, "their r_hat is '1.0'; allowed"),
    ({"r_hat": True}, "their r_hat is True; allowed"),
]


class StubPosterior:
    """Predicts X's first column, moved."""

    def __init__(self, diagnostics: Mapping[str, Any], shift: float = 0.0) -> None:
        self.diagnostics, self.shift = diagnostics, shift
        self.calls: list[tuple[int, int, int]] = []

    def predict(self, X: np.ndarray, n_draws: int, seed: int) -> Prediction:
        self.calls.append((len(X), n_draws, seed))
        return Prediction.normal(np.tile(X[:, 0] + self.shift, (n_draws, 1)), np.ones(n_draws))


class TestReference:
    @pytest.mark.parametrize(("diagnostics", "message"), UNCONVERGED)
    def test_without_convergence_nothing_is_predicted(self, diagnostics: dict[str, Any], message: str) -> None:
        with pytest.raises(InvalidData, match=message):
            check_reference(diagnostics)
        mine, reference = StubPosterior({"r_hat": 1.0}), StubPosterior(diagnostics)
        with pytest.raises(InvalidData, match=message):
            distance_from(mine, reference, np.zeros((3, 1)))
        assert mine.calls == reference.calls == []

    @pytest.mark.parametrize("r_hat", [0.999, 1, 1.1, np.float64(1.05)])
    def test_up_to_the_limit_it_is_taken(self, r_hat: float) -> None:
        check_reference({"r_hat": r_hat})

    def test_the_limit_can_be_another(self) -> None:
        check_reference({"r_hat": 1.2}, limit=1.5)
        with pytest.raises(InvalidData, match=r"r_hat is 1\.05; allowed: at most 1\.01"):
            check_reference({"r_hat": 1.05}, limit=1.01)

    def test_the_method_under_comparison_needs_no_r_hat(self, monkeypatch: pytest.MonkeyPatch) -> None:
        mine, reference = StubPosterior({}, shift=2.0), StubPosterior({"r_hat": 1.02})
        X = np.random.default_rng(0).normal(size=(10, 2))
        y = X[:, 0]
        expected = agreement(mine.predict(X, 7, 3), reference.predict(X, 7, 3), y)
        mine.calls.clear()
        monkeypatch.setattr(module, "BLOCK_ROWS", 4)
        result = distance_from(mine, reference, X, y, n_draws=7, seed=3)
        assert result == pytest.approx(expected, nan_ok=True)
        assert result["wasserstein"] == pytest.approx(2)
        assert result["nll_difference"] == pytest.approx(2)  # half of 2 squared
        assert len(mine.calls) == 3
        assert sum(rows for rows, _, _ in mine.calls) == 10
        assert {call[1:] for call in mine.calls} == {(7, 3)}

    def test_targets_that_do_not_fit_are_refused(self) -> None:
        reference = StubPosterior({"r_hat": 1.0})
        with pytest.raises(InvalidData, match=r"y has shape \(2,\); allowed: \(3,\)"):
            distance_from(reference, reference, np.zeros((3, 1)), np.zeros(2))

    @pytest.mark.parametrize("X", [0.0, [1.0, 2.0], [[1.0], [1.0, 2.0]], "rows", [[np.nan]], np.zeros((0, 1))])
    def test_inputs_that_are_no_matrix_are_refused(self, X: Any) -> None:
        reference = StubPosterior({"r_hat": 1.0})
        with pytest.raises(InvalidData, match=r"^X.*; allowed"):
            distance_from(reference, reference, X)
