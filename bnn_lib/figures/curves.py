"""A number over one feature: its curve, where the curve may be, and where the target may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bnn_lib.figures.palettes import PALETTES, as_text, page_layout, plotly_scale

if TYPE_CHECKING:
    import plotly.graph_objects as go

OUTCOME, FUNCTION = 0.16, 0.45  # opacities


def curve_figure(
    x: np.ndarray,
    mean: np.ndarray,
    outcome: tuple[np.ndarray, np.ndarray],
    function: tuple[np.ndarray, np.ndarray],
    *,
    draws: np.ndarray | None = None,
    points: tuple[np.ndarray, np.ndarray] | None = None,
    span: tuple[float, float] | None = None,
    names: tuple[str, str] = ("x", "y"),
    title: str = "The curve, where it may be (ignorance), and where the target may be (noise, too)",
    theme: str = "light",
) -> go.Figure:
    """Draw a curve with its bands.

    Parameters
    ----------
    x, mean : ndarray of shape (n,)
    outcome, function : pair of ndarray of shape (n,)
        Lower and upper end of the 95 % band of the target, and of the mean function.
    draws : ndarray of shape (S, n), optional
        Single functions, drawn thin.
    points : pair of ndarray of shape (m,), optional
        Features and targets of rows.
    span : pair of float, optional
        What the vertical axis shows.
    names : tuple of str
        Of feature and target.
    title : str
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
    """
    import plotly.graph_objects as go

    palette = PALETTES[theme]
    around = np.concatenate([x, x[::-1]])
    bands = (
        (outcome, palette.muted, OUTCOME, "95 % of targets"),
        (function, palette.doubt, FUNCTION, "95 % of networks"),
    )
    figure = go.Figure()
    for (low, high), colour, opacity, name in bands:
        figure.add_scatter(
            x=around, y=np.concatenate([high, low[::-1]]), fill="toself", fillcolor=colour, opacity=opacity,
            line={"width": 0}, hoverinfo="skip", name=name, mode="lines",
        )  # fmt: skip
    for drawn in () if draws is None else draws:
        line = {"color": palette.doubt, "width": 0.8}
        figure.add_scatter(x=x, y=drawn, mode="lines", line=line, opacity=0.5, showlegend=False, hoverinfo="skip")
    if points is not None:
        marker = {"color": palette.classes[1], "size": 5, "line": {"color": palette.halo, "width": 0.5}}
        figure.add_scatter(x=points[0], y=points[1], mode="markers", marker=marker, name="training rows")
    figure.add_scatter(x=x, y=mean, mode="lines", line={"color": palette.accent, "width": 2.5}, name="mean")
    axis = {"gridcolor": palette.line, "zeroline": False, "linecolor": palette.line}
    figure.update_layout(
        page_layout(theme, title),
        xaxis={**axis, "title": {"text": as_text(names[0])}, "range": [x[0], x[-1]]},
        yaxis={**axis, "title": {"text": as_text(names[1])}, "range": span and list(span)},
        legend={"orientation": "h", "y": -0.18},
    )
    return figure


def surface_figure(
    x: np.ndarray,
    y: np.ndarray,
    values: np.ndarray,
    span: tuple[float, float],
    *,
    title: str,
    unit: str,
    points: np.ndarray | None = None,
    names: tuple[str, str] = ("x1", "x2"),
    doubt: bool = False,
    theme: str = "light",
) -> go.Figure:
    """Draw a number over two features as a map.

    Parameters
    ----------
    x, y : ndarray of shape (g,)
    values : ndarray of shape (g, g)
        Row = y.
    span : pair of float
        Values at the ends of the colours.
    title, unit : str
    points : ndarray of shape (n, 2), optional
        Rows.
    names : tuple of str
        The two features.
    doubt : bool
        Whether it is an uncertainty, which has colours of its own.
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
    """
    import plotly.graph_objects as go

    palette = PALETTES[theme]
    bar = {"thickness": 14, "outlinewidth": 0, "title": {"text": as_text(unit)}}
    scale = plotly_scale("uncertainty" if doubt else "probability", theme)
    figure = go.Figure(
        go.Heatmap(x=x, y=y, z=values, zmin=span[0], zmax=span[1], colorscale=scale, zsmooth="best", colorbar=bar)
    )
    if points is not None:
        marker = {"color": palette.text, "size": 4, "line": {"color": palette.halo, "width": 0.8}}
        figure.add_scatter(x=points[:, 0], y=points[:, 1], mode="markers", marker=marker, name="training rows")
    axis = {"showgrid": False, "zeroline": False}
    figure.update_layout(
        page_layout(theme, title),
        xaxis={**axis, "title": {"text": as_text(names[0])}, "range": [x[0], x[-1]]},
        yaxis={**axis, "title": {"text": as_text(names[1])}, "range": [y[0], y[-1]]},
        showlegend=False,
    )
    return figure
