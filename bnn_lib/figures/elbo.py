"""The ELBO over the steps: thinned evenly in the logarithm of the step, smoothed, with a range that shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bnn_lib.figures.palettes import PALETTES, page_layout

if TYPE_CHECKING:
    import plotly.graph_objects as go

POINTS = 240
SMOOTHING = 3.0  # standard deviation of the smoothing kernel, in points
RUINED = 0.25  # share of the curve's start, in log steps, that may lie below the range


@dataclass(frozen=True, eq=False)
class ElboSeries:
    """A curve ready to draw.

    Attributes
    ----------
    step : ndarray of int, shape (k,)
        Ascending.
    raw : ndarray of float, shape (k,)
        The value at that step, nats.
    smooth : ndarray of float, shape (k,)
        Mean over the steps since the point before, smoothed along the points.
    range : tuple of float
        Where an axis should begin and end.
    """

    step: np.ndarray
    raw: np.ndarray
    smooth: np.ndarray
    range: tuple[float, float]


def elbo_series(steps: np.ndarray, values: np.ndarray, total: int, points: int = POINTS) -> ElboSeries:
    """Thin and smooth an ELBO curve.

    Parameters
    ----------
    steps : ndarray of int, shape (k,)
        Ascending, from 1.
    values : ndarray, shape (k,)
        Nats; what is not finite is left out.
    total : int
        Steps of the whole fit: a growing curve keeps the points that it has.
    points : int
        At most about so many points.

    Returns
    -------
    ElboSeries
        Empty, with range (0, 1), if there is nothing to draw.
    """
    steps, values = np.asarray(steps), np.asarray(values, dtype=np.float64)
    good = np.isfinite(values)
    steps, values = steps[good], values[good]
    if not len(steps):
        return ElboSeries(steps.astype(int), values, values, (0.0, 1.0))
    edges = np.unique(np.rint(np.geomspace(1, max(2, total), points)).astype(int))
    bins = np.searchsorted(edges, steps, side="left")
    starts = np.concatenate([[0], np.flatnonzero(np.diff(bins)) + 1])
    ends = np.concatenate([starts[1:], [len(steps)]])
    means = np.add.reduceat(values, starts) / (ends - starts)
    smooth = _smooth(means)
    return ElboSeries(steps[ends - 1].astype(int), values[ends - 1], smooth, _range(values[ends - 1], smooth))


def _smooth(values: np.ndarray) -> np.ndarray:
    """Average over neighbours with Gaussian weights; near the ends over those that there are."""
    reach = int(3 * SMOOTHING)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / SMOOTHING) ** 2)
    weight = np.convolve(np.ones_like(values), kernel, mode="full")[reach : reach + len(values)]
    return np.asarray(np.convolve(values, kernel, mode="full")[reach : reach + len(values)] / weight)


def _range(raw: np.ndarray, smooth: np.ndarray) -> tuple[float, float]:
    """Leave out how far down the curve starts, and single outliers."""
    low = float(np.quantile(smooth, RUINED))
    late = raw[len(raw) // 2 :]
    low, high = (
        min(low, float(np.quantile(late, 0.05))),
        max(float(smooth.max()), float(np.quantile(late, 0.98))),
    )
    room = 0.08 * (high - low) or max(1.0, 0.01 * abs(high))
    return low - room, high + room


def elbo_figure(
    series: ElboSeries, theme: str = "light", title: str = "How the fit climbed", label: str = "ELBO"
) -> go.Figure:
    """Draw the curve with Plotly.

    Parameters
    ----------
    series : ElboSeries
    theme : {"light", "dark"}
    title : str
    label : str
        Of the vertical axis, without its unit.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    import plotly.graph_objects as go

    palette = PALETTES[theme]
    axis = {"gridcolor": palette.line, "zeroline": False, "linecolor": palette.line}
    return go.Figure(
        data=[
            go.Scatter(
                x=series.step,
                y=series.raw,
                name="each step",
                line={"color": palette.muted, "width": 1},
                opacity=0.45,
            ),
            go.Scatter(
                x=series.step, y=series.smooth, name="smoothed", line={"color": palette.accent, "width": 2}
            ),
        ],
        layout={
            **page_layout(theme, title),
            "xaxis": {**axis, "type": "log", "dtick": 1, "title": {"text": "step"}},
            "yaxis": {**axis, "range": list(series.range), "title": {"text": f"{label}, nats"}},
            "legend": {"orientation": "h", "y": 1.1},
        },
    )
