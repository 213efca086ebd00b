"""The regression page: which experiments it shows, and what its plots are told. Arrays in, JSON out."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from bnn_lib.dashboard import payload, state
from bnn_lib.dashboard.data import PLAYED_CURVES
from bnn_lib.datasets import DATASETS, Dataset
from bnn_lib.datasets.load import entry_of, painting_of
from bnn_lib.engine import Curves, Line, Picture, Surfaces
from bnn_lib.engine.views.surfaces import Plane
from bnn_lib.errors import Problem
from bnn_lib.experiment import DataSpec, Experiment, InferenceSpec, NetworkSpec, PriorSpec
from bnn_lib.figures import palettes
from bnn_lib.likelihoods import LIKELIHOODS

Json = dict[str, Any]

QUICK_NUTS = InferenceSpec(method="nuts", tune=200, draws=200, chains=2)  # seconds, on few rows and units
# NUTS, because what the page is about, ignorance between and beyond the data, is where the fast methods are wrong.
# With this prior functions turn about as often as the data sets' own do.
START = Experiment(
    data=DataSpec(name="gap", n=DATASETS["gap"].default_n, noise=DATASETS["gap"].default_noise),
    network=NetworkSpec(hidden=(10,)),
    prior=PriorSpec(scale=2.0, scaling="fan_in", bias_scale=2.0),
    inference=QUICK_NUTS,
)
MOST_FEATURES = 2
EMPTY_SHARE = 0.08  # of the range: a stretch without training rows that is longer is marked,
USUAL_GAPS = 3  # if it is also longer than so many of the usual ones: a few rows lie far apart
TRUTH_POINTS = 200


def for_curves(experiment: Experiment) -> tuple[Experiment, list[Problem]]:
    """Return the experiment as this page can show it: a number over one feature or two; by itself, `START`."""
    if experiment == Experiment():
        return START, []
    name = experiment.data.name
    problems = []
    changes: dict[str, object] = {}
    if name not in PLAYED_CURVES:
        if experiment.data != Experiment().data:
            problems.append(Problem("data.name", f"data.name is {name!r}, which has no number to predict."))
        data = START.data
        changes |= {"data.name": data.name, "data.n": data.n, "data.noise": data.noise}
        changes |= {"data.features": None, "data.points": None}
        name = data.name
    elif len(experiment.data.features or DATASETS[name].default_features) > MOST_FEATURES:
        problems.append(Problem("data.features", "The plots take one feature or two; data.features names more."))
        changes["data.features"] = None
    family = experiment.likelihood.family
    if family != "auto" and LIKELIHOODS[family].task != "regression":
        problems.append(Problem("likelihood.family", f"likelihood.family is {family!r}, which is for classes."))
        changes["likelihood.family"] = "auto"
    return (state.replaced(experiment, changes) if changes else experiment), problems


def empty_ranges(x: np.ndarray, low: float, high: float) -> list[list[float]]:
    """Return where between `low` and `high` there are no training rows `x`: beyond them, and in long gaps."""
    rows = np.sort(x)
    least = max(EMPTY_SHARE * (rows[-1] - rows[0]), USUAL_GAPS * float(np.median(np.diff(rows))))
    inner = [[float(a), float(b)] for a, b in pairwise(rows) if b - a > least > 0]
    return [[float(low), float(rows[0])], *inner, [float(rows[-1]), float(high)]]


def curves_data(dataset: Dataset, line: Line, name: str, key: str) -> Json:
    """Return what the curves need before anything is fitted; `key` as `payload.data_key` has it."""
    entry = DATASETS[name]
    x0, x1 = float(line.x[0]), float(line.x[-1])
    truth = None
    if entry.truth is not None and dataset.n_features == 1:
        x = np.linspace(x0, x1, TRUTH_POINTS)
        branches = np.round(entry.truth(x[:, None]).T.astype(float), 4)
        truth = {"x": np.round(x, 5).tolist(), "branches": branches.tolist()}
    return {
        "key": key,
        "names": [dataset.feature_names[0], entry.target_name],
        "points": payload.number_points(dataset),
        "extent": [x0, x1, line.low, line.high],
        "empty": empty_ranges(dataset.X_train[:, 0], x0, x1),
        "truth": truth,
        "markers": list(palettes.MARKERS),
        "palettes": payload.palette_data(),
    }


def painted_curves_data(spec: DataSpec, dataset: Dataset | None, key: str) -> Json:
    """Return the same for points that are being painted: the browser draws those that it has."""
    entry, (across, up) = entry_of(spec), painting_of(spec).window
    return {
        "key": key,
        "names": [entry.feature_names[0], entry.target_name],
        "points": {"x": [], "y": [], "held": []},
        "extent": [*across, *up],
        "empty": [] if dataset is None else empty_ranges(dataset.X_train[:, 0], *across),
        "truth": None,
        "markers": list(palettes.MARKERS),
        "palettes": payload.palette_data(),
    }


def curves_result(key: str, curves: Curves, *, may_branch: bool) -> Json:
    """Return a result's curves: the snapshots, the last state, and the predictive density.

    Where that `may_branch`, bands hide what it says, and the density is what is seen first.
    """
    return {
        "key": key,
        "frames": payload.pack(np.stack([frame.array() for frame in curves.frames])) if curves.frames else None,
        "final": payload.pack(curves.final.array()),
        "density": payload.pack(curves.density),
        "outcomes": np.round(curves.outcomes, 6).tolist(),
        "discrete": curves.discrete,
        "branches": may_branch,
    }


def surfaces_data(dataset: Dataset, plane: Plane, name: str, key: str) -> Json:
    """Return what the three surfaces need before anything is fitted."""
    grid = plane.grid
    return {
        "key": key,
        "names": list(dataset.feature_names),
        "target": DATASETS[name].target_name,
        "points": payload.number_points(dataset),
        "extent": [float(grid.x[0]), float(grid.x[-1]), float(grid.y[0]), float(grid.y[-1])],
        "range": [plane.low, plane.high],
        "top": plane.top,
        "palettes": payload.palette_data(),
    }


def surfaces_result(key: str, surfaces: Surfaces) -> Json:
    """Return a result's surfaces: the snapshots and the last state."""
    frames = np.stack([frame.array() for frame in surfaces.frames]) if surfaces.frames else None
    return {
        "key": key,
        "frames": None if frames is None else payload.pack(frames),
        "final": payload.pack(surfaces.final.array()),
    }


def seen(dataset: Dataset, name: str, key: str) -> tuple[str, Json]:
    """Return the component that shows this data, and what it needs before anything is fitted."""
    if dataset.n_features == 1:
        return "curves", curves_data(dataset, Curves.place(dataset), name, key)
    return "surfaces", surfaces_data(dataset, Surfaces.place(dataset), name, key)


def result_of(key: str, picture: Picture) -> Json:
    """Return what the component needs of a result."""
    if isinstance(picture.view, Curves):
        family = Experiment.from_json(picture.experiment_json).likelihood.family
        return curves_result(key, picture.view, may_branch=family == "mixture")
    return surfaces_result(key, picture.view_as(Surfaces))
