"""Is it as often right as it says? The reliability curve, and for numbers the histogram of the PIT."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bnn_lib.figures.palettes import PALETTES, page_layout

if TYPE_CHECKING:
    import plotly.graph_objects as go

Z95 = 1.96  # standard errors on each side of a 95 % interval


def chance_band(share: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where 95 % of observed shares of `count` rows lie if `share` is true; by the normal distribution.

    Parameters
    ----------
    share : ndarray of shape (b,), in 0..1
    count : ndarray of shape (b,)

    Returns
    -------
    low, high : ndarray of shape (b,), in 0..1

    References
    ----------
    Bröcker and Smith (2007), Increasing the reliability of reliability diagrams.
    """
    reach = Z95 * np.sqrt(share * (1 - share) / count)
    return np.clip(share - reach, 0, 1), np.clip(share + reach, 0, 1)


def reliability_figure(
    confidence: np.ndarray, accuracy: np.ndarray, count: np.ndarray, title: str, theme: str = "light"
) -> go.Figure:
    """Draw how often it is right against how sure it is, and where chance alone would put a calibrated model.

    Parameters
    ----------
    confidence, accuracy, count : ndarray of shape (b,)
        As of `bnn_lib.metrics.ReliabilityCurve`.
    title : str
        What is seen.
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
    """
    import plotly.graph_objects as go

    palette = PALETTES[theme]
    low, high = chance_band(confidence, count)
    floor = max(0.0, min(float(confidence.min()), float(accuracy.min()), float(low.min())) - 0.05)
    axis = {
        "range": [floor, 1.02],
        "tickformat": ".0%",
        "gridcolor": palette.line,
        "zeroline": False,
        "linecolor": palette.line,
    }
    chance = {"type": "data", "symmetric": False, "array": high - confidence, "arrayminus": confidence - low}
    line = {"color": palette.accent, "width": 2}
    hover = "says %{x:.1%}, is right %{y:.1%} of %{customdata:,} rows<extra></extra>"
    return go.Figure(
        data=[
            go.Scatter(
                x=[floor, 1],
                y=[floor, 1],
                mode="lines",
                name="as often as it says",
                line={"color": palette.muted, "dash": "dot", "width": 1},
                hoverinfo="skip",
            ),
            go.Scatter(
                x=confidence,
                y=confidence,
                mode="markers",
                name="chance, 95 %",
                marker={"color": palette.line, "size": 1},
                error_y={**chance, "color": palette.muted, "thickness": 5, "width": 0},
                opacity=0.4,
                hoverinfo="skip",
            ),
            go.Scatter(
                x=confidence,
                y=accuracy,
                mode="lines+markers",
                name="this network",
                line=line,
                marker={"size": 7},
                customdata=count,
                hovertemplate=hover,
            ),
        ],
        layout={**page_layout(theme, title), "showlegend": False}
        | {
            "xaxis": {**axis, "title": {"text": "how sure it says it is"}},
            "yaxis": {**axis, "title": {"text": "how often it is right"}},
        },
    )


def pit_figure(shares: np.ndarray, rows: int, title: str, theme: str = "light") -> go.Figure:
    """Draw the histogram of the probability integral transform, flat for a calibrated prediction.

    Parameters
    ----------
    shares : ndarray of shape (b,)
        Share of rows in each of b equal bins of 0..1.
    rows : int
        How many rows there are.
    title : str
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
    """
    import plotly.graph_objects as go

    palette, bins = PALETTES[theme], len(shares)
    low, high = chance_band(np.array([1 / bins]), np.array([rows]))
    axis = {"gridcolor": palette.line, "zeroline": False, "linecolor": palette.line, "tickformat": ".0%"}
    figure = go.Figure(
        data=[
            go.Bar(
                x=(np.arange(bins) + 0.5) / bins,
                y=shares,
                width=0.94 / bins,
                marker={"color": palette.accent},
                name="held-out rows",
                hovertemplate="%{y:.1%} of rows<extra></extra>",
            )
        ],
        layout={**page_layout(theme, title), "showlegend": False}
        | {
            "xaxis": {**axis, "range": [0, 1], "title": {"text": "where the truth lies in the prediction"}},
            "yaxis": {**axis, "rangemode": "tozero", "title": {"text": "share of rows"}},
        },
    )
    figure.add_hrect(
        y0=float(low[0]), y1=float(high[0]), fillcolor=palette.muted, opacity=0.25, line_width=0, layer="above"
    )
    return figure
