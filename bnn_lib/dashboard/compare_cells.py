"""The cells of the compare page, by what is compared: maps of classes, or curves of a number."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import streamlit as st

from bnn_lib.dashboard import compare, components, data, payload, regression
from bnn_lib.datasets import DATASETS
from bnn_lib.engine import Curves, Frame, MapFrame, make_grid
from bnn_lib.experiment import Experiment
from bnn_lib.figures.palettes import MARKERS

NAMES = {
    "probability": "probability",
    "total": "total doubt",
    "aleatoric": "noise (aleatoric)",
    "epistemic": "ignorance (epistemic)",
}
SCRIPTS = ("shared/shared.js", "shared/field.js", "cell/cell.js")
CURVE_SCRIPTS = ("shared/shared.js", "shared/field.js", "curves/paint.js", "curve_cell/curve_cell.js")


@functools.cache
def _mount(name: str, scripts: tuple[str, ...]) -> Callable[..., Any]:
    """Return the function that mounts a cell; its files are read once."""
    script = "\n".join((components.FOLDER / file).read_text(encoding="utf-8") for file in scripts)
    return st.components.v2.component(f"bnn_{name}", js=script, css=components.style(name))


def kinds(experiment: Experiment) -> tuple[str, ...]:
    """Return what can be looked at in every cell: of curves all at once."""
    return compare.KINDS if DATASETS[experiment.data.name].task == "classification" else ()


def show_legend(experiment: Experiment, kind: str | None, group: str = "") -> None:
    """Show what the colours mean, and tell the cells, of a group if there are several, what they share."""
    dataset = data.load(experiment.data)
    if kind is None:
        shared = regression.curves_data(dataset, Curves.place(dataset), experiment.data.name, "")
        content = {"legend": True, "group": group, **shared}
        _mount("curve_cell", CURVE_SCRIPTS)(key=f"cell_legend{group}", data=content)
        return
    grid = make_grid(dataset)
    names = list(dataset.class_names)
    content = {
        "legend": True,
        "group": group,
        "kind": kind,
        "classes": names,
        "ends": ["no doubt", f"ln {len(names)} nats"],
        "points": payload.points_data(dataset),
        "markers": list(MARKERS),
        "extent": [float(grid.x[0]), float(grid.x[-1]), float(grid.y[0]), float(grid.y[-1])],
        "palettes": payload.palette_data(),
    }
    _mount("cell", SCRIPTS)(key=f"cell_legend{group}", data=content)


def show_cell(name: str, frame: Frame | None, kind: str | None, label: str, group: str = "") -> None:
    """Show one picture, e.g. of the method `name`, on the scale that all cells of its group share."""
    if kind is None:
        content = curve_data(frame, label) | {"group": group}
        _mount("curve_cell", CURVE_SCRIPTS)(key=f"cell_{name}", data=content)
    else:
        maps = frame if isinstance(frame, MapFrame) else None
        _mount("cell", SCRIPTS)(key=f"cell_{name}", data=cell_data(maps, kind, label) | {"group": group})


def cell_data(frame: MapFrame | None, kind: str, label: str) -> dict[str, Any]:
    """Return what a map's cell draws: one map in bytes."""
    values = None
    if frame is not None:
        values = frame.probability if kind == "probability" else getattr(frame, kind)[None]
    return {
        "map": None if values is None else payload.pack(values),
        "kind": kind,
        "step": frame.step if frame is not None else 0,
        "alt": f"{label}: {kind}" + ("" if frame is not None else ", nothing yet"),
    }


def curve_data(frame: Frame | None, label: str) -> dict[str, Any]:
    """Return what a curve's cell draws: mean and bands."""
    return {
        "rows": None if frame is None else payload.pack(frame.array()),
        "step": frame.step if frame is not None else 0,
        "alt": f"{label}: mean and bands" + ("" if frame is not None else ", nothing yet"),
    }
