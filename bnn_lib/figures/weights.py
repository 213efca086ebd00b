"""Densities of a network's weights, layer by layer: what the prior says, and what the posterior made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from plotly import graph_objects as go
from plotly.subplots import make_subplots

from bnn_lib.figures.palettes import MARKERS, PALETTES, page_layout

HEIGHT = 220


def weights_figure(layers: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]], theme: str) -> go.Figure:
    """Draw one panel a layer.

    Parameters
    ----------
    layers : sequence of (edges, prior, posterior)
        Edges (m + 1,) of bins, and densities (m,) within them.
    theme : {"light", "dark"}
    """
    palette = PALETTES[theme]
    titles = [f"Weights of layer {layer}" for layer in range(1, len(layers) + 1)]
    figure = make_subplots(1, len(layers), subplot_titles=titles, horizontal_spacing=0.06)
    for column, (edges, prior, posterior) in enumerate(layers, 1):
        middle = (edges[:-1] + edges[1:]) / 2
        for name, density, colour, fill in (
            ("prior", prior, palette.muted, "tozeroy"),
            ("posterior", posterior, palette.classes[1], None),
        ):
            line = {"color": colour, "width": 2, "shape": "hvh", "dash": "solid" if fill is None else "dot"}
            figure.add_scatter(
                x=middle, y=density, name=name, line=line, fill=fill, mode="lines", showlegend=column == 1,
                hovertemplate=f"{name}: %{{y:.3g}} at %{{x:.2f}}<extra></extra>", row=1, col=column,
            )  # fmt: skip
    axis = {"gridcolor": palette.line, "zerolinecolor": palette.line, "color": palette.muted}
    figure.update_xaxes(**axis)
    figure.update_yaxes(**axis, rangemode="tozero")
    figure.update_annotations(font={"size": 13, "color": palette.text})
    figure.update_layout(
        template="none", height=HEIGHT, margin={"l": 46, "r": 8, "t": 28, "b": 24}, paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)", font={"color": palette.text, "size": 12},
        legend={"orientation": "h", "y": -0.16, "x": 0},
    )  # fmt: skip
    figure.update_yaxes(title={"text": "density", "standoff": 4, "font": {"size": 12}}, col=1)
    return figure


def weight_intervals_figure(weights: Mapping[str, tuple[np.ndarray, np.ndarray]], theme: str) -> go.Figure:
    """Draw posterior mean and standard deviation of every weight and bias, one panel a layer.

    Parameters
    ----------
    weights : mapping
        ``W1``, ``b1``, ... -> (mean, standard deviation), of equal shapes.
    theme : {"light", "dark"}
    """
    palette = PALETTES[theme]
    count = sum(name[0] == "W" for name in weights)
    titles = [f"Layer {layer}" for layer in range(1, count + 1)]
    figure = make_subplots(1, count, subplot_titles=titles, horizontal_spacing=0.06)
    for layer in range(1, count + 1):
        start = 0
        for name, label, colour in ((f"W{layer}", "weights", 0), (f"b{layer}", "biases", 1)):
            if name not in weights:
                continue
            mean, sd = (np.ravel(values) for values in weights[name])
            places, start = np.arange(start, start + len(mean)), start + len(mean)
            marker = {"color": palette.classes[colour], "size": 5, "symbol": MARKERS[colour]}
            error = {"array": sd, "color": palette.classes[colour], "thickness": 1, "width": 0}
            figure.add_scatter(
                x=places, y=mean, error_y=error, marker=marker, mode="markers", name=label,
                showlegend=layer == 1, row=1, col=layer,
            )  # fmt: skip
    axis = {"gridcolor": palette.line, "zerolinecolor": palette.line, "color": palette.muted}
    figure.update_xaxes(**axis, showgrid=False, showticklabels=False, title={"text": "one after another"})
    figure.update_yaxes(**axis)
    figure.update_layout(
        page_layout(theme, "Weights: posterior mean, and one standard deviation on each side"),
        legend={"orientation": "h", "y": -0.16, "x": 0},
    )
    return figure
