"""Small pictures of the data sets, for choosing one by eye."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from bnn_lib.dashboard.data import PLAYED
from bnn_lib.dashboard.payload import palette_data
from bnn_lib.datasets import DATASETS, load_dataset
from bnn_lib.experiment import DataSpec
from bnn_lib.figures.palettes import MARKERS

POINTS = 70


@st.cache_resource(show_spinner=False)
def _options(names: tuple[str, ...]) -> list[dict[str, Any]]:
    options = []
    for name in names:
        entry = DATASETS[name]
        of: dict[str, Any] = {"name": name, "label": entry.label, "help": entry.help}
        if entry.painted:
            options.append({**of, "points": [], "group": "measured"})
            continue
        dataset = load_dataset(DataSpec(name=name, n=POINTS + 30, noise=min(0.08, entry.default_noise)))
        X = np.concatenate([dataset.X_train, dataset.X_test])
        y = np.concatenate([dataset.y_train, dataset.y_test])
        if dataset.task == "regression":  # over the first feature
            X, y = np.column_stack([X[:, 0], y]), np.zeros(len(y), int)
        kept = np.random.default_rng(0).permutation(len(X))[:POINTS]
        low, high = X.min(axis=0), X.max(axis=0)
        place = np.rint(100 * (X[kept] - low) / (high - low)).astype(int)
        points = [[*map(int, position), int(label)] for position, label in zip(place, y[kept], strict=True)]
        group = "measured" if entry.fixed_rows else "generated"
        options.append({**of, "points": points, "group": group})
    return options


def chooser_data(chosen: str, times: int = 0, names: tuple[str, ...] = PLAYED) -> dict[str, Any]:
    """Return what the chooser shows: for each data set of `names` its name and points (x, y in 0..100, class).

    `times` counts the choices made: a refused one changes nothing else, and the browser must hear of it.
    """
    return {
        "options": _options(names),
        "chosen": chosen,
        "times": times,
        "markers": list(MARKERS),
        "palettes": palette_data(),
    }
