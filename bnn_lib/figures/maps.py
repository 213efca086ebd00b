"""Maps over two features, as Plotly figures for notebooks; the playground draws its own on a canvas."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from bnn_lib.figures.palettes import MARKERS, PALETTES, as_text, page_layout, plotly_scale

if TYPE_CHECKING:
    import plotly.graph_objects as go

# The playground's map has them too.
TITLES = {
    "probability": "Which class, and how likely",
    "total": "How much doubt there is in all",
    "aleatoric": "Doubt from noise: more data would not remove it",
    "epistemic": "Doubt from ignorance: more data would remove it",
}


def map_figure(
    x: np.ndarray,
    y: np.ndarray,
    values: np.ndarray,
    kind: str,
    *,
    n_classes: int = 2,
    points: np.ndarray | None = None,
    labels: np.ndarray | None = None,
    names: tuple[str, str] = ("x1", "x2"),
    theme: str = "light",
) -> go.Figure:
    """Draw one map.

    Parameters
    ----------
    x, y : ndarray, shape (g,)
        Columns and rows, in the features' units.
    values : ndarray, shape (g, g)
        Row = y: a probability, or nats.
    kind : {"probability", "total", "aleatoric", "epistemic"}
        Uncertainties share one fixed range, 0 to ln `n_classes`.
    n_classes : int
    points : ndarray, shape (n, 2), optional
    labels : ndarray of int, shape (n,), optional
        The points' classes.
    names : tuple of str
        The two features.
    theme : {"light", "dark"}

    Returns
    -------
    plotly.graph_objects.Figure
    """
    import plotly.graph_objects as go

    if kind not in TITLES:
        raise ValueError(f"kind is {kind!r}; allowed: {', '.join(TITLES)}.")
    palette = PALETTES[theme]
    probability = kind == "probability"
    figure = go.Figure(
        go.Heatmap(
            x=x,
            y=y,
            z=values,
            zmin=0,
            zmax=1 if probability else math.log(n_classes),
            colorscale=plotly_scale("probability" if probability else "uncertainty", theme),
            zsmooth="best",
            colorbar={
                "thickness": 14,
                "outlinewidth": 0,
                "title": {"text": "probability" if probability else "nats"},
            },
        )
    )
    if probability:
        line = {"start": 0.5, "end": 0.5, "size": 1, "coloring": "none"}
        figure.add_contour(x=x, y=y, z=values, contours=line, line={"color": palette.contour}, showscale=False)
    if points is not None:
        labels = np.zeros(len(points), int) if labels is None else labels
        for code in np.unique(labels):
            rows = points[labels == code]
            symbol = MARKERS[code % len(MARKERS)]
            marker = {
                "color": palette.classes[code % len(palette.classes)],
                "symbol": "triangle-up" if symbol == "triangle" else symbol,
                "line": {"color": palette.halo, "width": 1},
            }
            figure.add_scatter(x=rows[:, 0], y=rows[:, 1], mode="markers", marker=marker, name=f"class {code}")
    figure.update_layout(
        page_layout(theme, TITLES[kind]),
        xaxis={"title": {"text": as_text(names[0])}, "showgrid": False, "zeroline": False},
        yaxis={"title": {"text": as_text(names[1])}, "showgrid": False, "zeroline": False},
        showlegend=False,
    )
    return figure
