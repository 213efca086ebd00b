"""The generators' geometry: without noise every point lies where its class says."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import datasets as sklearn_datasets

from bnn_lib.datasets import DATASETS
from bnn_lib.datasets import toy_classification as toy

N = 2001
ROUNDING = 10.0**-toy.DECIMALS


def test_moons_are_those_of_scikit_learn_and_of_the_article() -> None:
    X, y = toy.make_moons(1000, 0.2, 0)
    expected, labels = sklearn_datasets.make_moons(n_samples=1000, noise=0.2, random_state=0)
    np.testing.assert_allclose(X, expected, atol=ROUNDING)
    np.testing.assert_array_equal(y, labels)


def test_each_moon_is_a_half_circle_of_radius_one() -> None:
    X, y = toy.make_moons(N, 0.0, 0)
    for code, centre, side in ((0, (0.0, 0.0), 1), (1, (1.0, 0.5), -1)):
        offset = X[y == code] - centre
        np.testing.assert_allclose(np.hypot(*offset.T), 1.0, atol=2 * ROUNDING)
        assert (side * offset[:, 1] >= -ROUNDING).all()


def test_circles_have_radius_one_and_one_half() -> None:
    X, y = toy.make_circles(N, 0.0, 0)
    np.testing.assert_allclose(np.hypot(*X.T), np.where(y == 0, 1.0, 0.5), atol=2 * ROUNDING)


@pytest.mark.parametrize(("generate", "sd"), [(toy.make_blobs, 0.5), (toy.make_clusters, 0.25)])
def test_blobs_are_round_and_where_they_are_said_to_be(generate, sd: float) -> None:
    X, y = generate(100_000, 0.0, 0)
    for code, centre in ((0, -1.0), (1, 1.0)):
        # Five standard errors of a mean of 50,000 rows, and of a standard deviation.
        cloud = X[y == code]
        np.testing.assert_allclose(cloud.mean(axis=0), centre, atol=5 * sd / np.sqrt(50_000))
        np.testing.assert_allclose(np.cov(cloud.T), sd**2 * np.eye(2), atol=5 * sd**2 * np.sqrt(2 / 50_000))


def test_xor_has_class_one_where_the_signs_agree() -> None:
    X, y = toy.make_xor(N, 0.0, 0)
    assert np.abs(X).max() <= 1
    np.testing.assert_array_equal(X.prod(axis=1) > 0, y == 1)


def test_spirals_wind_one_and_a_half_turns_the_arms_opposite() -> None:
    X, y = toy.make_spirals(N, 0.0, 0)
    radius = np.hypot(*X.T)
    assert radius.max() <= 2 + ROUNDING
    # Turning a point back by its arm's own angle at that radius puts it on the positive x axis.
    angle = 2 * np.pi * 1.5 * radius / 2 + np.pi * y
    back = X[:, 0] * np.cos(angle) + X[:, 1] * np.sin(angle)
    np.testing.assert_allclose(back, radius, atol=10 * ROUNDING)


def test_checkerboard_squares_alternate_and_are_all_used() -> None:
    X, y = toy.make_checkerboard(N, 0.0, 0)
    square = np.floor(X + 2).astype(int)
    assert square.min() == 0
    assert square.max() == 3
    np.testing.assert_array_equal(square.sum(axis=1) % 2, y)
    assert len(np.unique(square, axis=0)) == 16


@pytest.mark.parametrize(
    "generate",
    [entry.generate for entry in DATASETS.values() if entry.fixed_rows is None and not entry.painted],
)
def test_a_generator_leaves_the_global_random_state_alone(generate) -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - the global state is the point
    generate(50, 0.1, 0)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_three_blobs_are_at_the_corners_of_an_equilateral_triangle() -> None:
    X, y = toy.make_blobs3(90_000, 0.0, 0)
    centres = np.stack([X[y == code].mean(axis=0) for code in range(3)])
    sides = np.linalg.norm(centres - np.roll(centres, 1, axis=0), axis=1)
    np.testing.assert_allclose(sides, 1.5 * np.sqrt(3), atol=0.02)
    np.testing.assert_allclose(np.cov((X - centres[y]).T), 0.25 * np.eye(2), atol=0.01)


def test_unwound_a_pinwheel_has_five_straight_arms() -> None:
    X, y = toy.make_pinwheel(N, 0.0, 0)
    radius = np.hypot(*X.T)
    # The distance along the arm is the radius, but for its width.
    turned = np.arctan2(X[:, 1], X[:, 0]) - 0.25 * np.exp(radius) - 2 * np.pi * y / 5
    across = radius * np.sin(turned)
    assert np.sqrt((across**2).mean()) < 2 * toy.PINWHEEL_WIDTH
    assert radius.mean() == pytest.approx(1.2, abs=0.05)
