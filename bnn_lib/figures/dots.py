"""Quantile dot plots: a distribution as a few dots, each standing for the same share (Kay et al. 2016)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bnn_lib.figures.palettes import MARKERS, PALETTES, as_text

if TYPE_CHECKING:
    import plotly.graph_objects as go

DOTS = 20
COLUMNS = 20  # of the axis from 0 to 1 that dots are stacked in


def quantile_dots(samples: np.ndarray, dots: int = DOTS, columns: int = COLUMNS) -> tuple[np.ndarray, np.ndarray]:
    """Place the dots of probabilities' quantiles.

    Parameters
    ----------
    samples : ndarray, shape (s,)
        Probabilities, 0..1.
    dots : int
        How many dots; dot i is the (i + 0.5) / dots quantile.
    columns : int
        Into how many columns the axis is cut; dots of a column are stacked at its middle.

    Returns
    -------
    position : ndarray, shape (dots,)
        Ascending, the middle of a column.
    height : ndarray of int, shape (dots,)
        From 1 at the axis.
    """
    quantiles = np.quantile(np.asarray(samples, dtype=np.float64), (np.arange(dots) + 0.5) / dots)
    column = np.clip((quantiles * columns).astype(int), 0, columns - 1)
    first = np.searchsorted(column, column, side="left")
    return (column + 0.5) / columns, np.arange(dots) - first + 1


def dots_figure(
    samples: np.ndarray,
    names: tuple[str, str] = ("class 0", "class 1"),
    theme: str = "light",
    height: int = 150,
) -> go.Figure:
    """Draw probabilities over posterior draws as a quantile dot plot.

    Parameters
    ----------
    samples : ndarray, shape (s,)
        The probability of ``names[1]`` by each network drawn from the posterior.
    names : tuple of str
        The classes that 0 and 1 stand for.
    theme : {"light", "dark"}
    height : int
        Pixels.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    import plotly.graph_objects as go

    palette = PALETTES[theme]
    position, stack = quantile_dots(samples)
    side = (position > 0.5).astype(int)
    top = max(8, int(stack.max()))
    size = max(3.0, min(7.5, 0.86 * (height - 50) / top))
    figure = go.Figure(
        go.Scatter(
            x=position,
            y=stack - 0.5,
            mode="markers",
            marker={
                "size": size,
                "color": [palette.classes[k] for k in side],
                "symbol": [{"triangle": "triangle-up"}.get(MARKERS[k], MARKERS[k]) for k in side],
            },
            hovertemplate="%{x:.2f}<extra></extra>",
        )
    )
    figure.add_vline(x=0.5, line={"color": palette.muted, "width": 1, "dash": "dot"})
    figure.update_layout(
        template="none",
        height=height,
        margin={"l": 8, "r": 8, "t": 6, "b": 40},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": palette.text, "size": 11},
        showlegend=False,
        xaxis={
            "range": [0, 1],
            "tickvals": [0, 0.5, 1],
            "ticktext": ["0", "0.5", "1"],
            "title": {"text": f"P({as_text(names[1])})", "standoff": 4, "font": {"size": 11}},
            "showgrid": False,
            "zeroline": False,
            "linecolor": palette.line,
            "showline": True,
            "fixedrange": True,
        },
        yaxis={"range": [0, top + 0.5], "visible": False, "fixedrange": True},
    )
    return figure
