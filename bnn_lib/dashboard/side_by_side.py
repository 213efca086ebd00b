"""The maps side by side and the ELBO, as Plotly figures to zoom, measure and save; drawn only when asked for."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st

from bnn_lib.dashboard import run
from bnn_lib.datasets import Dataset
from bnn_lib.figures.elbo import elbo_figure, elbo_series
from bnn_lib.figures.maps import map_figure

HEIGHT = 340
CONFIG = {"displaylogo": False, "showSendToCloud": False, "scrollZoom": True}


def show_side_by_side(dataset: Dataset, result: run.Shown) -> None:
    """Offer the figures; three uncertainties share one range, so that their colours compare."""
    if not st.toggle(
        "Side by side, to zoom and save",
        key="side_by_side",
        help="The same maps as separate figures, with the values under the pointer and a button that saves each.",
    ):
        return
    theme = "dark" if st.context.theme.type == "dark" else "light"
    final, grid, n_classes = result.picture.final, result.picture.grid, dataset.n_classes
    nats = math.log(n_classes) / 255
    names = (dataset.feature_names[0], dataset.feature_names[1])
    labels = dataset.class_names[1:] if n_classes == 2 else dataset.class_names
    maps: list[tuple[str, str | None, np.ndarray]] = [
        ("probability", f"Probability of {label}", field / np.float32(255))
        for label, field in zip(labels, final.probability, strict=True)
    ]
    for kind in ("total", "aleatoric", "epistemic"):
        maps.append((kind, None, getattr(final, kind) * np.float32(nats)))
    figures = []
    for kind, title, values in maps:
        figure = map_figure(grid.x, grid.y, values, kind, n_classes=n_classes, names=names, theme=theme)
        if title is not None:
            figure.update_layout(title_text=title)
        figures.append((title or kind, figure))
    elbo = result.picture.elbo
    if len(elbo):
        steps = np.arange(1, len(elbo) + 1)
        figures.append(("ELBO", elbo_figure(elbo_series(steps, elbo, len(elbo)), theme)))
    for start in range(0, len(figures), 2):
        for column, (name, figure) in zip(st.columns(2), figures[start : start + 2], strict=False):
            figure.update_layout(height=HEIGHT, margin={"l": 56, "r": 8, "t": 44, "b": 44})
            column.plotly_chart(figure, theme=None, key=f"figure_{name}", config=CONFIG, alt=name)
