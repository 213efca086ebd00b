"""Pictures of Plotly's figures, drawn without a browser."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET

import numpy as np
import plotly.graph_objects as go
import pytest
from PIL import Image

from bnn_lib.exports.images import PNG_SCALE, figure_image
from bnn_lib.figures.calibration import pit_figure, reliability_figure
from bnn_lib.figures.curves import curve_figure, surface_figure
from bnn_lib.figures.dots import dots_figure
from bnn_lib.figures.effects import Effect, effects_figure
from bnn_lib.figures.elbo import elbo_figure, elbo_series
from bnn_lib.figures.maps import map_figure
from bnn_lib.figures.weights import weight_intervals_figure, weights_figure

X = np.linspace(-1, 1, 20)
FIELD = np.clip(0.5 + np.add.outer(X, X) / 3, 0, 1)
POINTS = np.random.default_rng(0).normal(0, 0.4, (30, 2))
NASTY = "$x_1$ <b>& \"'> € 温"


def effects() -> list[Effect]:
    numbers = Effect("age", X, X, X - 0.1, X + 0.1, X - 1, X + 1, X)
    levels = np.array(["no", NASTY], dtype=object)
    mean = np.array([0.2, 0.4])
    return [numbers, Effect("sex", levels, mean, mean - 0.1, mean + 0.1, None, None, np.array([]))]


FIGURES = {
    "map": lambda: map_figure(X, X, FIELD, "probability", points=POINTS, labels=np.arange(30) % 5),
    "uncertainty": lambda: map_figure(X, X, FIELD, "epistemic"),
    "surface": lambda: surface_figure(X, X, FIELD, (0, 1), title="Mean", unit="y", points=POINTS),
    "curve": lambda: curve_figure(
        X, X, (X - 1, X + 1), (X - 0.2, X + 0.2), draws=np.stack([X, -X]), points=(X, X)
    ),
    "elbo": lambda: elbo_figure(elbo_series(np.arange(1, 500), -1000 / np.arange(1.0, 500), 499)),
    "pit": lambda: pit_figure(np.full(10, 0.1), 300, "Flat is right"),
    "reliability": lambda: reliability_figure(X[10:], X[10:] ** 2, np.full(10, 30), "Right"),
    "dots": lambda: dots_figure(np.random.default_rng(0).uniform(size=100)),
    "effects": lambda: effects_figure(effects(), "target", "What each feature does"),
    "densities": lambda: weights_figure([(np.arange(5.0), np.ones(4), np.arange(4.0))] * 2, "light"),
    "weights": lambda: weight_intervals_figure({"W1": (FIELD, FIELD), "b1": (X, X**2), "W2": (X, X**2)}, "light"),
}


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_drawn(name: str):
    figure = FIGURES[name]()
    with Image.open(io.BytesIO(figure_image(figure, "png"))) as image:
        height, width = figure.layout.height or 520, figure.layout.width or 760
        assert image.size == (PNG_SCALE * width, PNG_SCALE * height)
        assert len(image.convert("RGB").getcolors(1_000_000)) > 50
    svg = figure_image(figure, "svg")
    assert svg == figure_image(figure, "svg")
    said = "".join(ET.fromstring(svg).itertext())
    for axis in ("xaxis", "yaxis"):
        title = figure.layout[axis].title.text
        assert title is None or figure.layout[axis].visible is False or title in said


def test_a_line_is_where_its_numbers_are():
    figure = go.Figure(go.Scatter(x=[0, 10], y=[0, 10], mode="lines", line={"color": "#ff0000", "width": 6}))
    figure.update_layout(xaxis={"range": [0, 10]}, yaxis={"range": [0, 10]})
    with Image.open(io.BytesIO(figure_image(figure, "png"))) as image:
        pixels = np.asarray(image.convert("RGB"), int)
    red = np.argwhere((pixels[..., 0] > 240) & (pixels[..., 1] < 20))
    # From the lower left corner to the upper right one: as x grows, y falls, evenly.
    slope, _ = np.polyfit(red[:, 1], red[:, 0], 1)
    assert slope == pytest.approx(-np.ptp(red[:, 0]) / np.ptp(red[:, 1]), rel=0.05)
    assert np.corrcoef(red.T)[0, 1] < -0.999


def test_a_map_shows_rows_upwards_in_the_colours_of_its_scale():
    values = np.zeros((20, 20))
    values[15:] = 1.0
    figure = map_figure(X, X, values, "epistemic")
    figure.data[0].update(colorscale=[[0, "#0000ff"], [1, "#00ff00"]], zmax=1, zsmooth=False)
    with Image.open(io.BytesIO(figure_image(figure, "png"))) as image:
        pixels = np.asarray(image.convert("RGB"), int)[:, :1000]
    blue = np.argwhere((pixels == [0, 0, 255]).all(axis=2))
    green = np.argwhere((pixels == [0, 255, 0]).all(axis=2))
    assert green[:, 0].max() < blue[:, 0].min()
    assert len(blue) / len(green) == pytest.approx(3, rel=0.05)


def test_names_are_shown_as_they_are():

    figure = map_figure(X, X, FIELD, "epistemic", names=(NASTY, "y"))
    svg = figure_image(figure, "svg")
    assert NASTY in "".join(ET.fromstring(svg).itertext())


def test_what_it_cannot_draw_is_named():
    with pytest.raises(ValueError, match="pie"):
        figure_image(go.Figure(go.Pie(values=[1, 2])), "png")
