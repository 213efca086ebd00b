"""Painting: the browser keeps the points and says each change; here they become the experiment's.

A message has all points, so that none can be lost or doubled, and its revision: what the browser hears back of an
older one it lets pass, since it has gone on meanwhile.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from bnn_lib.dashboard import data, state
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
from bnn_lib.engine import make_grid
from bnn_lib.errors import InvalidData, Problem
from bnn_lib.experiment import DataSpec

REVISION, SOURCE, KEPT = "paint_revision", "paint_source", "paint_kept"
FILE = "w.points_file"


def begin(before: DataSpec) -> dict[str, object]:
    """Return the changes that turn to painting: with the points painted before in this tab, if there are any."""
    if before.name != data.PAINTED:
        st.session_state[SOURCE] = before
    _raise_revision()
    entry = DATASETS[data.PAINTED]
    kept: str | None = st.session_state.get(KEPT)
    return {"data.points": kept, "data.test_fraction": entry.default_test_fraction}


def changed() -> None:
    """Take what the browser sends: all points as they are now, or the wish to start from another data set's."""
    message = st.session_state["map"].get("painted")
    experiment = state.load()
    if experiment.data.name != data.PAINTED or not isinstance(message, dict):
        return
    if message.get("start"):
        _set(start_from(data.load(source())))
        return
    points, revision = message.get("points"), message.get("revision")
    if not _are_points(points) or type(revision) is not int:
        return
    try:
        text = paint(points, painting_of(experiment.data).window)
    except InvalidData as error:
        _refuse(error)
        return
    _set(text, revision)


def source() -> DataSpec:
    """Return the data set that was on the page before painting began; the default one if none was."""
    found: DataSpec = st.session_state.get(SOURCE) or DataSpec()
    return found


def start_from(dataset: Dataset) -> str:
    """Return a painting of a data set's points, 200 of them at most, at random; every class is among them."""
    X = np.concatenate([dataset.X_train, dataset.X_test])
    y = np.concatenate([dataset.y_train, dataset.y_test])
    order = np.random.default_rng(0).permutation(len(X))
    first = np.concatenate([order[y[order] == code][:2] for code in range(dataset.n_classes)])
    kept = np.sort(np.concatenate([first, order[~np.isin(order, first)]])[:MOST_IN_LINK])
    grid = make_grid(dataset)
    return paint(np.column_stack([X[kept], y[kept]]), ((grid.x[0], grid.x[-1]), (grid.y[0], grid.y[-1])))


def paint_data(spec: DataSpec, dataset: Dataset | None) -> dict[str, Any]:
    """Return what the browser needs to paint: the points as [x, y, class, held out], and where one may begin."""
    painting = painting_of(spec)
    held = set() if dataset is None else {tuple(row) for row in dataset.X_test.tolist()}
    points = [
        [x, y, int(code), int((x, y) in held)]
        for (x, y), code in zip(painting.places.tolist(), painting.classes, strict=True)
    ]
    beginning = source()
    rows = DATASETS[beginning.name].fixed_rows or beginning.n
    return {
        "points": points,
        "revision": st.session_state.get(REVISION, 0),
        "most": MOST_POINTS,
        "classes": [f"class {code}" for code in range(MOST_CLASSES)],
        "start": f"Start from {DATASETS[beginning.name].label}",
        "startHelp": "All its points"
        if rows <= MOST_IN_LINK
        else f"{MOST_IN_LINK} of its {rows:,} points, at random",
    }


def show_file_controls(spec: DataSpec) -> None:
    """Offer the points as a file, and take one."""
    st.download_button(
        "Points as CSV",
        lambda: painting_to_csv(painting_of(spec)),
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
        help=f"A CSV file with columns x1, x2, class (0 to {MOST_CLASSES - 1}), {MOST_POINTS:,} points at most.",
    )


def _file_given() -> None:
    file = st.session_state.get(FILE)
    if file is None or state.load().data.name != data.PAINTED:
        return
    try:
        painting: Painting = painting_from_csv(file.getvalue())
    except InvalidData as error:
        _refuse(error)
    else:
        _set(write_painting(painting))


def _set(text: str, revision: int | None = None) -> None:
    if revision is None:
        _raise_revision()
    else:
        st.session_state[REVISION] = revision
    st.session_state[KEPT] = text
    state.change({"data.points": text})


def _raise_revision() -> None:
    # Above whatever the browser may count meanwhile: this is not its own doing, and it must take it.
    st.session_state[REVISION] = st.session_state.get(REVISION, 0) + 1_000


def _refuse(error: InvalidData) -> None:
    _raise_revision()
    st.session_state[state.PROBLEMS] = [Problem("data.points", str(error))]
    st.session_state[state.REFUSED] = "The points stay as they were."


def _are_points(value: object) -> bool:
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
