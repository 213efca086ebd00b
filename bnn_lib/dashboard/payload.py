"""Arrays -> what the components in the browser read: JSON, with uint8 arrays packed into texts."""

from __future__ import annotations

import base64
import functools
import zlib
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from bnn_lib.experiment import DataSpec, Experiment
from bnn_lib.figures import palettes
from bnn_lib.figures.dots import COLUMNS, quantile_dots
from bnn_lib.figures.elbo import elbo_series
from bnn_lib.figures.maps import TITLES
from bnn_lib.likelihoods import LIKELIHOODS, resolve_likelihood

if TYPE_CHECKING:
    from bnn_lib.dashboard.inspector import PointReading
    from bnn_lib.datasets import Dataset, DatasetEntry
    from bnn_lib.datasets.painted import Painting
    from bnn_lib.engine import Grid, Maps, Picture

MOST_POINTS = 1500  # on the map; more would hide it
LARGEST = 1e30  # that a plot is told
MOST_OOD = 300  # points out of distribution
MOST_UNITS = 8  # of a layer in the diagram
Json = dict[str, Any]


def pack(values: np.ndarray) -> Json:
    """Pack uint8 or float32 values: neighbours in a row differ little, so their differences deflate well.

    Each row of floats becomes 16-bit numbers between its own smallest and largest value.
    """
    packed: Json = {"shape": list(values.shape)}
    if values.dtype == np.float32:
        rows = np.clip(np.nan_to_num(values), -LARGEST, LARGEST).astype(np.float64)
        low, high = rows.min(axis=-1, keepdims=True), rows.max(axis=-1, keepdims=True)
        values = np.rint((rows - low) / np.where(high > low, high - low, 1.0) * 65535).astype("<u2")
        packed |= {
            name: [float(f"{end:.9g}") for end in ends.ravel()] for name, ends in (("low", low), ("high", high))
        }
    differences = np.diff(values, axis=-1, prepend=values.dtype.type(0))
    return packed | {"data": _base64(zlib.compress(differences.tobytes(), 6))}


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


@functools.cache
def palette_data() -> Json:
    """Return both themes' colours; the browser knows which one it shows."""
    data = {}
    for theme, palette in palettes.PALETTES.items():
        data[theme] = asdict(palette)
        for name in ("probability", "uncertainty"):
            data[theme][name] = _base64(palettes.scale(name, theme).tobytes())
    return data


def points_data(dataset: Dataset) -> Json:
    """Return the points to draw, and how many were left out.

    Of very many a random share is drawn, the same at each call.
    """
    X = np.concatenate([dataset.X_train, dataset.X_test])
    label = np.concatenate([dataset.y_train, dataset.y_test])
    held = np.repeat([0, 1], [len(dataset.X_train), len(dataset.X_test)])
    if len(X) > MOST_POINTS:
        kept = np.sort(np.random.default_rng(0).choice(len(X), MOST_POINTS, replace=False))
        X, label, held = X[kept], label[kept], held[kept]
    columns = {"x": X[:, 0], "y": X[:, 1]}
    points = {name: [float(f"{value:.5g}") for value in column] for name, column in columns.items()}
    return {**points, "label": label.tolist(), "held": held.tolist()}


def number_points(dataset: Dataset) -> Json:
    """Return rows to draw, their targets, and which are held out; of very many a random share."""
    X = np.concatenate([dataset.X_train, dataset.X_test])
    y = np.concatenate([dataset.y_train, dataset.y_test])
    held = np.repeat([0, 1], [len(dataset.X_train), len(dataset.X_test)])
    if len(X) > MOST_POINTS:
        kept = np.sort(np.random.default_rng(0).choice(len(X), MOST_POINTS, replace=False))
        X, y, held = X[kept], y[kept], held[kept]
    # Over one feature the target is the second axis; over two it is a colour.
    columns = {"x": X[:, 0], "y": y} if X.shape[1] == 1 else {"x": X[:, 0], "y": X[:, 1], "value": y}
    points = {name: [float(f"{value:.5g}") for value in column] for name, column in columns.items()}
    return {**points, "held": held.tolist()}


def data_key(spec: DataSpec) -> str:
    """Return what tells rows apart: a map is drawn only over those that it is of."""
    return spec.model_dump_json()


def map_data(dataset: Dataset, grid: Grid, key: str) -> Json:
    """Return what the map needs before anything is fitted; `key` as `data_key` has it."""
    rows = len(dataset.X_train) + len(dataset.X_test)
    return {
        **_map_frame(dataset, key),
        "points": points_data(dataset),
        "note": f"({MOST_POINTS:,} of {rows:,} points shown)" if rows > MOST_POINTS else "",
        "extent": [float(grid.x[0]), float(grid.x[-1]), float(grid.y[0]), float(grid.y[-1])],
        "ood": [] if dataset.X_ood is None else np.round(dataset.X_ood[:MOST_OOD].astype(float), 4).tolist(),
    }


def painted_map_data(entry: DatasetEntry, painting: Painting, key: str) -> Json:
    """Return the same for points that are being painted: the browser draws those that it has."""
    return {
        **_map_frame(entry, key),
        "points": {"x": [], "y": [], "label": [], "held": []},
        "note": "",
        "extent": [edge for edges in painting.window for edge in edges],
        "ood": [],
    }


def _map_frame(of: Dataset | DatasetEntry, key: str) -> Json:
    return {
        "key": key,
        "titles": {**TITLES, "network": "One network drawn from the posterior"},
        "names": list(of.feature_names),
        "classes": list(of.class_names),
        "markers": list(palettes.MARKERS),
        "palettes": palette_data(),
    }


def map_result(key: str, maps: Maps) -> Json:
    """Return a result's maps: the snapshots, the final one, and single networks."""
    frames = np.stack([frame.array() for frame in maps.frames]) if maps.frames else None
    return {
        "key": key,
        "frames": None if frames is None else pack(frames),
        "final": pack(maps.final.array()),
        "draws": pack(maps.draws),
    }


def elbo_data(steps: np.ndarray, values: np.ndarray, total: int) -> Json:
    """Return an ELBO curve, thinned and smoothed."""
    series = elbo_series(steps, values, total)
    return {
        "step": series.step.tolist(),
        "raw": [float(f"{value:.6g}") for value in series.raw],
        "smooth": [float(f"{value:.6g}") for value in series.smooth],
        "range": [float(f"{value:.6g}") for value in series.range],
    }


def elbo_result(key: str, picture: Picture) -> Json:
    """Return a result's ELBO and the steps of its snapshots."""
    last = len(picture.objective) or picture.final.step
    return {
        "key": key,
        "total": last,
        "stopped": picture.stopped_at is not None,
        "steps": [frame.step for frame in picture.frames],
        "elbo": elbo_data(np.arange(1, len(picture.objective) + 1), picture.objective, last),
    }


def shown_units(picture: Picture | None, hidden: tuple[int, ...]) -> list[list[int]]:
    """Choose the units to draw: of a wide layer those whose outgoing weights are largest, in their order."""
    chosen = []
    for layer, width in enumerate(hidden):
        units = np.arange(width)
        if width > MOST_UNITS:
            if picture is not None:
                out = np.abs(picture.weights[f"W{layer + 2}"][0]).sum(axis=0)
                units = np.sort(np.argsort(-out, kind="stable")[:MOST_UNITS])
            else:
                units = units[:MOST_UNITS]
        chosen.append(units.tolist())
    return chosen


def _outputs(experiment: Experiment, dataset: Dataset | DatasetEntry) -> list[str]:
    """Name the network's outputs."""
    if dataset.task == "regression":
        spec = experiment.likelihood
        return LIKELIHOODS[resolve_likelihood(spec, dataset)].output_names(spec.components)
    two = dataset.n_classes == 2 and experiment.likelihood.family in ("auto", "bernoulli")
    return [f"P({dataset.class_names[1]})"] if two else list(dataset.class_names)


def network_data(
    experiment: Experiment, dataset: Dataset | DatasetEntry, picture: Picture | None, key: str
) -> Json:
    """Return the diagram: units and, once there is a result of this structure, tiles and weights."""
    hidden = experiment.network.hidden
    chosen = shown_units(picture, hidden)
    outputs = _outputs(experiment, dataset)
    data: Json = {
        "inputs": list(dataset.feature_names),
        "hidden": [
            {"shown": units, "more": width - len(units)} for units, width in zip(chosen, hidden, strict=True)
        ],
        "outputs": outputs,
        "palettes": palette_data(),
        "result": None,
    }
    if picture is None:
        return data
    columns = [list(range(dataset.n_features)), *chosen, list(range(len(outputs)))]
    weights = []
    for layer in range(len(columns) - 1):
        rows = np.ix_(columns[layer + 1], columns[layer])
        mean, sd = (part[rows] for part in picture.weights[f"W{layer + 1}"])
        weights.append(
            {"mean": np.round(mean.astype(float), 3).tolist(), "sd": np.round(sd.astype(float), 3).tolist()}
        )
    tiles = []
    for layer, units in enumerate(chosen):
        maps = picture.units[layer]
        largest = max(abs(maps.low), abs(maps.high)) or 1.0  # the scale's middle stands for zero
        signed = np.rint(127.5 * (1 + maps.activations()[units] / largest))
        signed = np.clip(signed, 0, 255).astype(np.uint8)
        if signed.ndim == 2:  # over a line: every row of the tile is the same
            signed = np.repeat(signed[:, None], signed.shape[-1], axis=1)
        tiles.append([pack(tile) for tile in signed])
    data["result"] = {"key": key, "tiles": tiles, "weights": weights}
    return data


def dots_data(reading: PointReading, dataset: Dataset | DatasetEntry) -> Json:
    """Return the quantile dot plot of a class's probability: the second of two, else the most likely."""
    shown = 1 if dataset.n_classes == 2 else int(np.argmax(reading.probability))
    name = dataset.class_names[shown]
    samples = reading.samples[:, shown]
    position, height = quantile_dots(samples)
    for_it = int((position > 0.5).sum())
    other = 0 if dataset.n_classes == 2 else next(c for c in range(dataset.n_classes) if c != shown)
    return {
        "position": np.round(position, 3).tolist(),
        "height": height.tolist(),
        "columns": COLUMNS,
        "label": f"P({name}), by each of 20 networks",
        "markers": [palettes.MARKERS[other], palettes.MARKERS[shown]],
        "colours": [other, shown],
        "alt": f"{for_it} of {len(position)} networks give {name} more than one half; "
        f"they range from {samples.min():.2f} to {samples.max():.2f}.",
        "palettes": palette_data(),
    }
