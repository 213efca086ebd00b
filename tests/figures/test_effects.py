"""The panels of single features."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bnn_lib.figures.effects import MOST_MARKS, Effect, effects_figure, shared_range

X = np.linspace(0, 1, 11)
CURVE = Effect("age", X, X, X - 0.1, X + 0.1, X - 0.5, X + 0.5, np.random.default_rng(0).uniform(size=1000))
LEVELS = Effect(
    "<b>town</b>",
    np.array(["a", "<i>b"], dtype=object),
    np.array([1.0, 2]),
    np.zeros(2),
    np.full(2, 3.0),
    None,
    None,
    X,
)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_all_panels_share_one_scale_and_hold_their_bands(theme: str):
    figure = effects_figure([CURVE, LEVELS, CURVE, CURVE], "price", "What", theme=theme)
    axes = [figure.layout[f"yaxis{i or ''}"].range for i in ("", 2, 3, 4)]
    assert len(set(axes)) == 1
    low, high = axes[0]
    assert low < -0.5
    assert high > 3
    mean = figure.data[2]
    np.testing.assert_array_equal(mean.y, CURVE.mean)
    assert len(figure.data[3].x) <= MOST_MARKS  # the rows below the curve


def test_figures_of_single_features_share_the_range_of_all():
    span = shared_range([CURVE, LEVELS])
    both = effects_figure([CURVE, LEVELS], "price", "What")
    single = effects_figure([CURVE], "price", "What", columns=1, span=span)
    assert single.layout.yaxis.range == both.layout.yaxis.range == tuple(span)
    assert effects_figure([CURVE], "price", "What").layout.yaxis.range != tuple(span)


def test_names_are_shown_and_never_read_as_html():
    figure = effects_figure([LEVELS], "<script>", "<h1>")
    text = str(figure.to_dict())
    for marked in ("<b>", "<i>", "<script>", "<h1>"):
        assert marked not in text
        assert marked.replace("<", "&lt;").replace(">", "&gt;") in text
    assert figure.data[0].x[1] == "&lt;i&gt;b"


def test_size_is_how_far_the_prediction_moves():
    assert CURVE.size == pytest.approx(1)
    assert replace(CURVE, mean=np.ones(11)).size == 0
