"""Densities of a network's weights, layer by layer: what the prior says, and what the posterior made of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from plotly import graph_objects as go
from plotly.subplots import make_subplots

from bnn_lib.figures.palettes import PALETTES

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
