from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnn_lib.dashboard.inspector import (
    PointReading,
    describe,
    interpolate,
    most_ignorant_point,
    read_point,
)
from bnn_lib.datasets import load_dataset
from bnn_lib.engine import Grid
from bnn_lib.experiment import DataSpec, Experiment
from tests.pages.fake_engine import make_picture

MAPS = make_picture(Experiment(data=DataSpec(n=100))).view
GRID = Grid(np.linspace(-2, 3, 7), np.linspace(10, 20, 5))


@given(st.floats(-2, 3), st.floats(10, 20))
def test_interpolation_is_exact_for_a_plane(x: float, y: float):
    plane = 3 * GRID.x[None, :] - 0.5 * GRID.y[:, None] + 1
    assert interpolate(GRID, plane, x, y) == pytest.approx(3 * x - 0.5 * y + 1, abs=1e-9)


def test_outside_the_grid_the_edge_counts():
    values = np.arange(35.0).reshape(5, 7)
    assert interpolate(GRID, values, 99, 99) == 34
    assert interpolate(GRID, values, -99, -99) == 0


@given(st.floats(-10, 10), st.floats(-10, 10))
def test_a_reading_adds_up(x: float, y: float):
    reading = read_point(MAPS, x, y)
    assert reading.probability.sum() == pytest.approx(1)
    np.testing.assert_allclose(reading.samples.sum(axis=1), 1)
    assert reading.total == pytest.approx(reading.aleatoric + reading.epistemic)
    assert min(reading.aleatoric, reading.epistemic) >= 0
    assert 0 <= reading.total <= np.log(2) + 1e-9


def test_the_most_ignorant_point_is_within_the_data():
    rows = load_dataset(DataSpec(n=100)).X_train
    x, y = most_ignorant_point(MAPS, rows)
    assert rows[:, 0].min() <= x <= rows[:, 0].max()
    assert rows[:, 1].min() <= y <= rows[:, 1].max()
    best = read_point(MAPS, x, y).epistemic
    for row in rows[::7]:
        assert read_point(MAPS, *row).epistemic <= best + 0.02


def reading(p: float, total: float, epistemic: float) -> PointReading:
    return PointReading(np.array([1 - p, p]), total, total - epistemic, epistemic, np.zeros((3, 2)))


@pytest.mark.parametrize(
    ("given_reading", "said"),
    [
        (
            reading(0.71, 0.42, 0.31),
            "Red with probability 0.71, and most of the doubt (0.31 of 0.42 nats) is ignorance",
        ),
        (
            reading(0.4, 0.67, 0.05),
            "Blue with probability 0.60, and nearly all of the doubt (0.62 of 0.67 nats) is noise",
        ),
        (reading(0.53, 0.69, 0.27), "more than half is noise. Labels here would remove the ignorance, 0.27"),
        (reading(0.01, 0.05, 0.04), "hardly any doubt (0.05 nats)"),
    ],
)
def test_one_sentence_says_what_would_help(given_reading: PointReading, said: str):
    assert said in describe(given_reading, ("blue", "red"))
