"""Painting: the browser keeps the points and says each change; here they become the experiment's.

A message has all points, so that none can be lost or doubled, and its revision: what the browser hears back of an
older one it lets pass, since it has gone on meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeGuard

import numpy as np
import streamlit as st

from bnn_lib.dashboard import data, links, regression, state
from bnn_lib.dashboard.widgets import given_file
from bnn_lib.datasets import DATASETS, Dataset
from bnn_lib.datasets.load import painting_of
from bnn_lib.datasets.painted import (
    MOST_CLASSES,
    MOST_IN_LINK,
    MOST_POINTS,
    Painting,
    paint,
    painting_from_csv,
    painting_to_csv,
    write_painting,
)
from bnn_lib.engine import Curves, make_grid
from bnn_lib.errors import InvalidData, Problem
from bnn_lib.experiment import DataSpec, Experiment, InferenceSpec

REVISION = "paint_revision"
SOURCE, KEPT = "paint_source.", "paint_kept."  # of each painted data set
BEGINNING = MappingProxyType({"classification": DataSpec(), "regression": regression.START.data})
FILE = "w.points_file"
FEW = 30  # points
METHOD = "paint_method"
HARDLY_MOVED = ("advi", "lowrank_advi", "fullrank_advi")  # on few rows the ELBO's best is close to the prior
FOR_FEW: Mapping[str, object] = MappingProxyType(
    {name: getattr(regression.QUICK_NUTS, name) for name in ("method", "tune", "draws", "chains")}
)


def begin(name: str, before: DataSpec) -> dict[str, object]:
    """Return the changes that turn to painting: with the points painted before in this tab, if there are any."""
    if before.name != name:
        st.session_state[SOURCE + name] = before
    _raise_revision()
    kept: str | None = st.session_state.get(KEPT + name)
    return {"data.points": kept, "data.test_fraction": DATASETS[name].default_test_fraction}


def begin_method(inference: InferenceSpec) -> dict[str, object]:
    """Return the changes that make a method one that a few points move; what it was is kept for afterwards."""
    if inference.method not in HARDLY_MOVED or links.hides("inference.method"):
        return {}
    st.session_state[METHOD] = {f"inference.{name}": getattr(inference, name) for name in FOR_FEW}
    return {f"inference.{name}": value for name, value in FOR_FEW.items()}


def end_method(inference: InferenceSpec) -> dict[str, object]:
    """Return the changes that undo those, unless another method has been chosen meanwhile."""
    before: dict[str, object] = st.session_state.pop(METHOD, {})
    return before if all(getattr(inference, name) == value for name, value in FOR_FEW.items()) else {}


def changed(component: str) -> None:
    """Take what the browser sends: all points as they are now, or the wish to start from another data set's."""
    message = st.session_state[component].get("painted")
    experiment = state.load()
    entry = DATASETS[experiment.data.name]
    if not entry.painted or not isinstance(message, dict):
        return
    if message.get("start"):
        _set(start_from(data.load(source(experiment.data.name))))
        return
    points, revision = message.get("points"), message.get("revision")
    if not _are_points(points) or type(revision) is not int:
        return
    columns = 2 if entry.task == "regression" else 3  # a curve's points have no class
    try:
        text = paint([point[:columns] for point in points], painting_of(experiment.data).window)
    except InvalidData as error:
        _refuse(error)
        return
    _set(text, revision)


def source(name: str) -> DataSpec:
    """Return the data set that was on the page before painting began; the page's first one if none was."""
    found: DataSpec = st.session_state.get(SOURCE + name) or BEGINNING[DATASETS[name].task]
    return found


def start_from(dataset: Dataset) -> str:
    """Return a painting of a data set's points, 200 of them at most, at random; every class is among them.

    Of a number over several features it is that over the first of them.
    """
    X = np.concatenate([dataset.X_train, dataset.X_test])
    y = np.concatenate([dataset.y_train, dataset.y_test])
    order = np.random.default_rng(0).permutation(len(X))
    if dataset.task == "regression":
        line, kept = Curves.place(dataset), np.sort(order[:MOST_IN_LINK])
        return paint(np.column_stack([X[kept, 0], y[kept]]), ((line.x[0], line.x[-1]), (line.low, line.high)))
    first = np.concatenate([order[y[order] == code][:2] for code in range(dataset.n_classes)])
    kept = np.sort(np.concatenate([first, order[~np.isin(order, first)]])[:MOST_IN_LINK])
    grid = make_grid(dataset)
    return paint(np.column_stack([X[kept], y[kept]]), ((grid.x[0], grid.x[-1]), (grid.y[0], grid.y[-1])))


def paint_data(spec: DataSpec, dataset: Dataset | None) -> dict[str, Any]:
    """Return what the browser needs to paint: the points as [x, y, class, held out], and where one may begin."""
    painting, classes = painting_of(spec), DATASETS[spec.name].class_names
    held = set() if dataset is None else {tuple(row) for row in _places(dataset).tolist()}
    points = [
        [x, y, int(code), int((x, y) in held)]
        for (x, y), code in zip(painting.places.tolist(), painting.classes, strict=True)
    ]
    beginning = source(spec.name)
    rows = DATASETS[beginning.name].fixed_rows or beginning.n
    return {
        "name": spec.name,
        "points": points,
        "revision": st.session_state.get(REVISION, 0),
        "most": MOST_POINTS,
        "classes": list(classes),
        "start": f"Start from {DATASETS[beginning.name].label}",
        "startHelp": "All its points"
        if rows <= MOST_IN_LINK
        else f"{MOST_IN_LINK} of its {rows:,} points, at random",
    }


def _places(dataset: Dataset) -> np.ndarray:
    """Return where the held-out points are, across and up."""
    if dataset.task == "classification":
        return dataset.X_test
    return np.column_stack([dataset.X_test, dataset.y_test])


def show_file_controls(spec: DataSpec) -> None:
    """Offer the points as a file, and take one."""
    curve = DATASETS[spec.name].task == "regression"
    columns = "x, y" if curve else f"x1, x2, class (0 to {MOST_CLASSES - 1})"
    st.download_button(
        "Points as CSV",
        lambda: painting_to_csv(painting_of(spec), curve),
        file_name="points.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        width="stretch",
        key="points_download",
    )
    st.file_uploader(
        "Open points",
        type="csv",
        key=FILE,
        on_change=_file_given,
        help=f"A CSV file with columns {columns}, {MOST_POINTS:,} points at most.",
    )


def show_hints(experiment: Experiment) -> None:
    """Say what is the matter with very few points, or very many."""
    rows = len(painting_of(experiment.data).places)
    if 0 < rows < FEW and experiment.inference.method in HARDLY_MOVED:
        st.caption("So few points hardly move this method from its prior: NUTS shows what they say.")
    if rows > MOST_IN_LINK:
        st.caption(
            f"{rows:,} points are too many for a link, which takes {MOST_IN_LINK}. To keep them, download them "
            "under the settings beside."
        )


def _file_given() -> None:
    file = given_file(FILE)
    entry = DATASETS[state.load().data.name]
    if file is None or not entry.painted:
        return
    try:
        painting: Painting = painting_from_csv(file.getvalue(), entry.task == "regression")
    except InvalidData as error:
        _refuse(error)
    else:
        _set(write_painting(painting))


def _set(text: str, revision: int | None = None) -> None:
    st.session_state[KEPT + state.load().data.name] = text
    state.change({"data.points": text})
    # Last: a newer message may stop this on its way, and the browser takes what has its revision for its own.
    if revision is None:
        _raise_revision()
    else:
        st.session_state[REVISION] = revision


def _raise_revision() -> None:
    # Above whatever the browser may count meanwhile: this is not its own doing, and it must take it.
    st.session_state[REVISION] = st.session_state.get(REVISION, 0) + 1_000


def _refuse(error: InvalidData) -> None:
    _raise_revision()
    st.session_state[state.PROBLEMS] = [Problem("data.points", str(error))]
    st.session_state[state.REFUSED] = "The points stay as they were."


def _are_points(value: object) -> TypeGuard[list[list[float]]]:
    """Whether a message has points: anyone can send anything, and no whole number too large for a float."""
    return (
        isinstance(value, list)
        and len(value) <= MOST_POINTS
        and all(
            isinstance(point, list)
            and len(point) == 3
            and all(type(number) in (int, float) and abs(number) < 1e9 for number in point)
            for point in value
        )
    )
