"""The maps side by side and the ELBO, as Plotly figures to zoom, measure and save; drawn only when asked for."""

from __future__ import annotations

import numpy as np
import streamlit as st

from bnn_lib.dashboard import run, views
from bnn_lib.datasets import Dataset
from bnn_lib.engine import Grid, Maps
from bnn_lib.figures.elbo import elbo_figure, elbo_series
from bnn_lib.figures.maps import TITLES, map_figure

HEIGHT = 340
FONT = '"Source Sans", sans-serif'  # the page's
MARGIN = {"l": 56, "r": 8, "t": 44, "b": 44}
CONFIG = {"displaylogo": False, "showSendToCloud": False, "scrollZoom": True}


def show_side_by_side(dataset: Dataset, result: run.Shown) -> None:
    """Offer the figures; three uncertainties share one range, so that their colours compare."""
    if not st.toggle(
        "Side by side, to zoom and save",
        key="side_by_side",
        help="The same maps as separate figures, with the values under the pointer and a button that saves each.",
    ):
        return
    theme = views.theme()
    maps, n_classes = result.picture.view_as(Maps), dataset.n_classes
    final, grid = maps.final, maps.grid
    names = (dataset.feature_names[0], dataset.feature_names[1])
    labels = dataset.class_names[1:] if n_classes == 2 else dataset.class_names
    shown: list[tuple[str, str, np.ndarray]] = [
        ("probability", f"Probability of {label}", field)
        for label, field in zip(labels, final.probabilities(), strict=True)
    ]
    for kind in ("total", "aleatoric", "epistemic"):
        shown.append((kind, TITLES[kind], final.nats(kind)))
    figures = []
    for kind, title, values in shown:
        figure = map_figure(grid.x, grid.y, values, kind, n_classes=n_classes, names=names, theme=theme)
        figure.update_layout(title_text=title)
        figures.append((describe_map(grid, values, kind, title, names), figure))
    elbo = result.picture.objective
    if len(elbo):
        series = elbo_series(np.arange(1, len(elbo) + 1), elbo, len(elbo))
        label = views.objective_label(result.experiment)
        seen = f"{label} over {len(elbo):,} steps, from {series.smooth[0]:,.1f} to {series.smooth[-1]:,.1f} nats"
        figures.append((seen, elbo_figure(series, theme, label=label)))
    for place, (alt, figure) in enumerate(figures):
        if place % 2 == 0:
            columns = st.columns(2)
        figure.update_layout(
            height=HEIGHT, margin=MARGIN, title={"font": {"size": 14}, "x": 0.02}, font_family=FONT
        )
        columns[place % 2].plotly_chart(figure, theme=None, key=f"figure_{place}", config=CONFIG, alt=alt)


def describe_map(grid: Grid, values: np.ndarray, kind: str, title: str, names: tuple[str, str]) -> str:
    """Say what is seen on a map `values` (g, g): of what, over what, and how large it gets where."""
    row, column = np.unravel_index(int(np.argmax(values)), values.shape)
    where = f"({grid.x[column]:.2f}, {grid.y[row]:.2f})"
    what = title if kind == "probability" else f"{kind.capitalize()} uncertainty in nats"
    return f"{what} over {names[0]} and {names[1]}: largest {values[row, column]:.2f} at {where}"
