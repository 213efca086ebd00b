"""Posterior -> `Frame` and `Picture`: what a worker computes for the page."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from bnn_lib.engine.picture import Frame, Grid, Picture, UnitMaps
from bnn_lib.errors import InvalidData
from bnn_lib.inference import METHODS

if TYPE_CHECKING:
    from bnn_lib.datasets import Dataset
    from bnn_lib.posterior import Posterior

FRAME_SIZE, FRAME_DRAWS = 50, 25
FINAL_DRAWS, FEWEST_FINAL_DRAWS = 500, 100
SINGLE_SIZE, SINGLE_DRAWS = 50, 100
UNIT_SIZE, UNIT_DRAWS = 20, 50
SEED = 0  # of the draws behind every map: the same noise at each step, so that a map does not flicker

BLOCK_ROWS = 2500  # predicted at a time: a coarse grid, and a quarter of the fine one
DRAW_STEP = 25  # the library predicts by so many draws at a time
MOST_WORK = 4e10  # multiplications in one prediction, about: some seconds
MOST_BYTES = 64e6  # of one prediction's samples
LOO_ROWS, LOO_DRAWS = 500, 500  # a row takes a third of a millisecond
UNIT_COST = 20  # an activation costs as much as so many multiplications


def check_drawable(dataset: Dataset) -> None:
    """Refuse data that has no map.

    Raises
    ------
    InvalidData
        If it is not classification on two features.
    """
    if dataset.task != "classification" or dataset.n_features != 2:
        raise InvalidData(
            f"A map shows classification on two features; this is {dataset.task} on {dataset.n_features}."
        )


def affordable_draws(sizes: Sequence[int], rows: int, at_once: int | None = None) -> int:
    """Return how many draws a final prediction takes: 500, fewer for wide networks or very many rows.

    Parameters
    ----------
    sizes : sequence of int
        Features, units of each hidden layer, outputs.
    rows : int
    at_once : int, optional
        Rows whose samples are in memory together; default: all.
    """
    work = sum(a * b for a, b in pairwise(sizes)) + UNIT_COST * sum(sizes[1:])
    by_work = max(MOST_WORK / (work * max(rows, BLOCK_ROWS)), FEWEST_FINAL_DRAWS)
    by_memory = MOST_BYTES / (4 * min(rows, at_once or rows) * max(2, sizes[-1]))
    draws = min(FINAL_DRAWS, by_work, by_memory)
    return max(DRAW_STEP, int(draws) // DRAW_STEP * DRAW_STEP)


def build_frame(posterior: Posterior, grid: Grid, step: int, n_draws: int = FRAME_DRAWS) -> Frame:
    """Compute the maps over `grid`."""
    size = len(grid.x)
    means, uncertainties = [], []
    for block in _blocks(grid):
        prediction = posterior.predict(block, n_draws=n_draws, seed=SEED)
        means.append(prediction.mean)
        uncertainties.append(np.stack([prediction.total, prediction.aleatoric, prediction.epistemic]))
    probability = _classes_first(np.concatenate(means), size)
    n_classes = means[0].shape[1]
    total, aleatoric, epistemic = _as_bytes(np.concatenate(uncertainties, axis=1) / math.log(n_classes)).reshape(
        3, size, size
    )
    return Frame(step, _as_bytes(probability), total, aleatoric, epistemic)


def build_picture(
    posterior: Posterior,
    dataset: Dataset,
    grid: Grid,
    frames: Sequence[Frame],
    *,
    step: int,
    stopped_at: int | None = None,
) -> Picture:
    """Compute all that the page shows of a fit that has ended, `grid` being that of the final maps.

    The scores of the baselines are left to be filled in: they are no matter of the posterior.
    """
    from bnn_lib.held_out import judge
    from bnn_lib.metrics import evaluate

    sizes = posterior.structure.sizes
    tested, trained = (affordable_draws(sizes, len(X)) for X in (dataset.X_test, dataset.X_train))
    held_out = judge(posterior, dataset, n_draws=tested)
    return Picture(
        experiment_json=posterior.experiment.to_json(),
        grid=grid,
        frames=tuple(frames),
        final=build_frame(posterior, grid, step, affordable_draws(sizes, len(grid.x) ** 2)),
        draws=_single_networks(posterior, grid.resized(SINGLE_SIZE)),
        elbo=np.asarray(posterior.objective, np.float32),
        units=_units(posterior, grid.resized(UNIT_SIZE)),
        weights={
            name: (np.asarray(mean, np.float32), np.asarray(sd, np.float32))
            for name, (mean, sd) in posterior.weight_summary().items()
        },
        scores={
            "held-out": held_out.scores,
            "training": dict(evaluate(posterior, dataset, split="train", n_draws=trained)),
            "calibration": held_out.calibration,
            "loo": _loo(posterior, dataset),
            "baselines": {},
        },
        diagnostics=dict(posterior.diagnostics),
        held_out=held_out.summary,
        stopped_at=stopped_at,
    )


def _loo(posterior: Posterior, dataset: Dataset) -> dict[str, float]:
    """Leave-one-out, where it takes but a fifth of a second and the method's draws are of a posterior."""
    from bnn_lib.diagnostics import loo

    method = METHODS[posterior.experiment.inference.method]
    if method.kind == "optimisation" or len(dataset.X_train) > LOO_ROWS:
        return {}
    return loo(posterior, dataset, n_draws=LOO_DRAWS)


def _single_networks(posterior: Posterior, grid: Grid) -> np.ndarray:
    """Class probabilities of single draws, (S, K, g, g) uint8."""
    (block,) = _blocks(grid)
    samples = posterior.predict(block, n_draws=SINGLE_DRAWS, seed=SEED).samples
    return np.stack([_as_bytes(_classes_first(sample, len(grid.x))) for sample in samples])


def _units(posterior: Posterior, grid: Grid) -> tuple[UnitMaps, ...]:
    size = len(grid.x)
    maps = []
    for layer in posterior.unit_activations(grid.points(), n_draws=UNIT_DRAWS, seed=SEED):
        values = np.asarray(layer, np.float32).reshape(-1, size, size)
        low, high = float(values.min()), float(values.max())
        maps.append(UnitMaps(_as_bytes((values - low) / (high - low or 1.0)), low, high))
    return tuple(maps)


def _blocks(grid: Grid) -> Iterator[np.ndarray]:
    """The grid's points, so many at a time that memory stays bounded."""
    points = grid.points()
    for first in range(0, len(points), BLOCK_ROWS):
        yield points[first : first + BLOCK_ROWS]


def _classes_first(probability: np.ndarray, size: int) -> np.ndarray:
    """(g * g, C) -> (K, g, g): of two classes only the second, whose probability says it all."""
    shown = probability[:, 1:] if probability.shape[1] == 2 else probability
    return shown.T.reshape(-1, size, size)


def _as_bytes(values: np.ndarray) -> np.ndarray:
    """0..1 -> 0..255; what rounding puts beyond is clipped."""
    scaled = np.multiply(values, 255, dtype=np.float32, casting="same_kind")
    np.clip(np.rint(scaled, out=scaled), 0, 255, out=scaled)
    return scaled.astype(np.uint8)
