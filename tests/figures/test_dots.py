from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bnn_lib.figures.dots import DOTS, dots_figure, quantile_dots


def test_dots_are_the_quantiles():
    position, height = quantile_dots((np.arange(1000) + 0.5) / 1000)
    np.testing.assert_allclose(position, (np.arange(DOTS) + 0.5) / DOTS)
    assert height.tolist() == [1] * DOTS


def test_equal_samples_make_one_tower():
    position, height = quantile_dots(np.full(50, 0.83))
    assert set(position) == {0.825}
    assert height.tolist() == list(range(1, DOTS + 1))


@given(arrays(np.float64, st.integers(1, 200), elements=st.floats(0, 1)))
def test_as_many_dots_on_each_side_as_networks(samples: np.ndarray):
    position, height = quantile_dots(samples)
    assert len(position) == DOTS
    assert np.all(np.diff(position) >= 0)
    assert position.min() > 0
    assert position.max() < 1
    assert len({*zip(position, height, strict=True)}) == DOTS  # no two in one place
    assert abs((position > 0.5).mean() - (samples >= 0.5).mean()) <= 1.5 / DOTS + 1 / len(samples)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_sides_differ_in_shape_as_in_colour(theme: str):
    marker = dots_figure(np.linspace(0, 1, 100), ("no", "yes"), theme).data[0].marker
    assert len(set(marker.symbol)) == len(set(marker.color)) == 2


def test_a_class_is_named_as_it_is():
    figure = dots_figure(np.array([0.2, 0.8]), ("no", "<b>yes</b> & so"))
    assert figure.layout.xaxis.title.text == "P(&lt;b&gt;yes&lt;/b&gt; &amp; so)"  # Plotly reads it as HTML
