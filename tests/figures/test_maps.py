from __future__ import annotations

import math

import numpy as np
import pytest

from bnn_lib.figures.maps import TITLES, map_figure

X = np.linspace(-1, 1, 5)


@pytest.mark.parametrize("kind", TITLES)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_ranges_are_fixed_whatever_the_values(kind: str, n_classes: int):
    figure = map_figure(X, X, np.full((5, 5), 0.3), kind, n_classes=n_classes)
    heat = figure.data[0]
    assert heat.zmin == 0
    assert heat.zmax == pytest.approx(1 if kind == "probability" else math.log(n_classes))
    assert figure.layout.title.text == TITLES[kind]
    assert len(figure.data) == (2 if kind == "probability" else 1)


def test_classes_differ_in_shape():
    points = np.random.default_rng(0).normal(size=(6, 2))
    figure = map_figure(X, X, np.zeros((5, 5)), "total", points=points, labels=np.array([0, 0, 1, 1, 2, 2]))
    symbols = {trace.marker.symbol for trace in figure.data if trace.type == "scatter"}
    assert len(symbols) == 3


def test_an_unknown_kind_is_named():
    with pytest.raises(ValueError, match="entropy"):
        map_figure(X, X, np.zeros((5, 5)), "entropy")
