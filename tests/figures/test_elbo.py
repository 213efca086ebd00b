from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bnn_lib.figures.elbo import elbo_figure, elbo_series


def curve(steps: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    s = np.arange(1, steps + 1)
    noise = np.random.default_rng(seed).normal(size=steps) * (5 + 500 / s)
    return s, -100 - 20_000 / s + noise


def test_the_end_fills_the_axis_however_deep_the_start_was():
    s, values = curve(20_000)
    series = elbo_series(s, values, 20_000)
    low, high = series.range
    assert values[0] < -15_000
    assert low > -2000
    assert low < -110 < high < 0


def test_points_are_even_in_log_steps_and_end_at_the_last():
    s, values = curve(20_000)
    series = elbo_series(s, values, 20_000)
    assert len(series.step) < 250
    assert np.all(np.diff(series.step) > 0)
    assert series.step[0] == 1
    assert series.step[-1] == 20_000
    late = np.diff(np.log(series.step[series.step > 200]))
    assert late.std() / late.mean() < 0.1


def test_a_growing_curve_keeps_the_points_it_has():
    s, values = curve(20_000)
    early, late = elbo_series(s[:5000], values[:5000], 20_000), elbo_series(s, values, 20_000)
    shared = len(early.step) - 2
    np.testing.assert_array_equal(early.step[:shared], late.step[:shared])
    np.testing.assert_array_equal(early.raw[:shared], late.raw[:shared])


def test_smoothing_keeps_a_constant_and_lessens_noise():
    s = np.arange(1, 5001)
    constant = elbo_series(s, np.full(5000, -7.0), 5000)
    np.testing.assert_allclose(constant.smooth, -7.0)
    assert constant.range[0] < -7.0 < constant.range[1]
    noisy = elbo_series(s, np.random.default_rng(0).normal(size=5000), 5000)
    assert noisy.smooth.std() < 0.5 * noisy.raw.std()


def test_nothing_and_what_is_not_finite():
    assert elbo_series(np.empty(0, int), np.empty(0), 100).range == (0.0, 1.0)
    series = elbo_series(np.arange(1, 5), np.array([np.nan, -np.inf, -3.0, np.inf]), 100)
    assert series.step.tolist() == [3]


@given(arrays(np.float32, st.integers(1, 400), elements=st.floats(-1e9, 1e9, width=32)), st.integers(0, 10_000))
def test_any_curve_has_a_range(values: np.ndarray, more: int):
    series = elbo_series(np.arange(1, len(values) + 1), values, len(values) + more)
    low, high = series.range
    assert np.isfinite([low, high]).all()
    assert low < high
    assert len(series.step) == len(series.raw) == len(series.smooth)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_figure_has_both_curves_and_its_units(theme: str):
    figure = elbo_figure(elbo_series(*curve(1000), 1000), theme)
    assert [trace.name for trace in figure.data] == ["each step", "smoothed"]
    assert figure.layout.xaxis.type == "log"
    assert "nats" in figure.layout.yaxis.title.text
    assert "placeholder" not in figure.to_json()
