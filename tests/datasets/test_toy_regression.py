"""The regression generators: where their features lie, and what is special about each."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import PoissonRegressor

from bnn_lib.datasets import DATASETS
from bnn_lib.datasets import toy_regression as toy

N = 4001
RANGES = {
    "x_sin_x": (0, 10),
    "gap": (-3, 3),
    "step": (-2, 2),
    "heteroscedastic": (0, 4),
    "outliers": (-3, 3),
    "linear": (-1, 1),
    "bimodal": (-2, 2),
    "counts": (-2, 2),
    "plane": (-1, 1),
    "bumps": (-2, 2),
}


@pytest.mark.parametrize(("name", "span"), RANGES.items())
def test_features_fill_their_range_and_have_no_noise(name: str, span: tuple[int, int]) -> None:
    clean, noisy = (DATASETS[name].generate(N, noise, 0)[0] for noise in (0.0, 1.0))
    np.testing.assert_array_equal(clean, noisy)
    np.testing.assert_allclose([clean.min(), clean.max()], span, atol=0.01 * np.ptp(span))


@pytest.mark.parametrize("name", [name for name in RANGES if name not in ("outliers", "bimodal", "counts")])
def test_without_noise_the_target_is_the_truth(name: str) -> None:
    X, y = DATASETS[name].generate(N, 0.0, 0)
    np.testing.assert_allclose(y, DATASETS[name].truth(X)[:, 0], atol=10.0**-toy.DECIMALS)


def test_the_gap_is_empty_and_its_clusters_are_equal() -> None:
    X, _ = toy.make_gap(N, 0.0, 0)
    assert np.abs(X).min() >= 1
    assert ((X < 0).sum(), (X > 0).sum()) == (N // 2 + 1, N // 2)


def test_every_tenth_row_is_an_outlier_and_two_to_four_too_high() -> None:
    X, y = toy.make_outliers(N, 0.0, 0)
    shift = y - toy.slow_sine(X)[:, 0]
    out = np.abs(shift) > 1e-5
    assert out.sum() == N // 10 + 1
    assert shift[out].min() >= 2
    assert shift[out].max() <= 4


def test_both_branches_have_half_of_the_rows_everywhere() -> None:
    X, y = toy.make_bimodal(N, 0.0, 0)
    np.testing.assert_allclose(np.abs(y), toy.branches(X)[:, 0], atol=10.0**-toy.DECIMALS)
    assert ((y > 0).sum(), (y < 0).sum()) == (N // 2 + 1, N // 2)
    assert (np.abs(np.corrcoef(X[:, 0], y > 0)) < 5 / np.sqrt(N))[0, 1]


@pytest.mark.parametrize("noise", [0.0, 1e-200, 0.5, 1.0])
def test_counts_are_whole_and_a_poisson_regression_finds_their_coefficients(noise: float) -> None:
    X, y = toy.make_counts(50_000, noise, 0)
    assert (y >= 0).all()
    np.testing.assert_array_equal(y, y.round())
    model = PoissonRegressor(alpha=0.0).fit(X, y)
    assert [model.intercept_, *model.coef_] == pytest.approx([1.0, 1.0], abs=0.05)


def test_noise_grows_tenfold_from_left_to_right() -> None:
    assert toy.growing_sd(np.array([[0.0], [2.0], [4.0]]), 0.5) == pytest.approx([0.05, 0.275, 0.5])


def test_the_hill_and_the_hollow_are_where_they_are_said_to_be() -> None:
    far = np.exp(-2 * 1.6**2 / (2 * 0.6**2))  # what either is at the other's centre
    X = np.array([[-0.8, -0.8], [0.8, 0.8], [0.5, -0.5], [-0.8 - 0.6, -0.8]])
    expected = [1 - far, far - 1, 0.0, np.exp(-0.5)]
    assert toy.bumps(X)[:, 0] == pytest.approx(expected, abs=2e-3)
