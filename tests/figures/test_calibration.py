from __future__ import annotations

import numpy as np
import pytest

from bnn_lib.figures.calibration import chance_band, pit_figure, reliability_figure
from bnn_lib.figures.palettes import PALETTES


def test_chance_leaves_the_band_as_often_as_it_should():
    random, share, count = np.random.default_rng(0), np.array([0.5, 0.8, 0.95]), np.array([400, 200, 500])
    low, high = chance_band(share, count)
    seen = random.binomial(count, share, size=(4000, 3)) / count
    np.testing.assert_allclose(((low <= seen) & (seen <= high)).mean(axis=0), 0.95, atol=0.02)
    assert chance_band(np.array([1.0]), np.array([9]))[1] == 1


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_reliability_curve_is_drawn_with_its_rows(theme: str):
    confidence, accuracy, count = np.array([0.6, 0.9]), np.array([0.5, 1.0]), np.array([20, 30])
    figure = reliability_figure(confidence, accuracy, count, "When it says", theme)
    curve = figure.data[-1]
    np.testing.assert_array_equal(curve.x, confidence)
    np.testing.assert_array_equal(curve.y, accuracy)
    np.testing.assert_array_equal(curve.customdata, count)
    assert figure.layout.title.text == "When it says"
    assert figure.layout.paper_bgcolor == PALETTES[theme].surface
    assert figure.layout.xaxis.range[0] < 0.5


def test_the_histogram_shows_what_chance_allows():
    figure = pit_figure(np.full(10, 0.1), 1000, "Flat")
    (bars,) = figure.data
    assert len(bars.x) == 10
    (band,) = figure.layout.shapes
    reach = 1.96 * np.sqrt(0.09 / 1000)
    assert (band.y0, band.y1) == pytest.approx((0.1 - reach, 0.1 + reach))
