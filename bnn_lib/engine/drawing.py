"""Posterior -> `Frame` and `Picture`: what a worker computes for the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bnn_lib.engine.picture import Frame, Grid, Picture, UnitMaps
from bnn_lib.errors import InvalidData

if TYPE_CHECKING:
    from bnn_lib.datasets import Dataset
    from bnn_lib.experiment import Experiment
    from bnn_lib.posterior import Posterior

FRAME_SIZE, FRAME_DRAWS = 50, 25
FINAL_DRAWS = 500
SINGLE_SIZE, SINGLE_DRAWS = 50, 100
UNIT_SIZE, UNIT_DRAWS = 20, 50
BLOCK_BYTES = 64_000_000  # of the largest array while predicting, about
SEED = 0  # of the draws behind every map: the same noise at each step, so that a map does not flicker


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


def build_frame(
    posterior: Posterior, grid: Grid, step: int, *, n_draws: int = FRAME_DRAWS, widest: int = 1
) -> Frame:
    """Compute the maps over `grid`; `widest` is the widest layer's number of units."""
    size = len(grid.x)
    blocks = _blocks(grid.points(), n_draws, widest)
    predictions = [posterior.predict(block, n_draws=n_draws, seed=SEED) for block in blocks]

    def gather(values: Sequence[np.ndarray]) -> np.ndarray:
        return np.concatenate(values)[: size * size]

    mean = gather([p.mean for p in predictions])
    n_classes = mean.shape[1]
    shown = mean[:, 1:] if n_classes == 2 else mean
    scale = 1 / math.log(n_classes)
    return Frame(
        step=step,
        probability=_as_bytes(shown.T.reshape(-1, size, size)),
        total=_as_bytes(gather([p.total for p in predictions]).reshape(size, size) * scale),
        aleatoric=_as_bytes(gather([p.aleatoric for p in predictions]).reshape(size, size) * scale),
        epistemic=_as_bytes(gather([p.epistemic for p in predictions]).reshape(size, size) * scale),
    )


def build_picture(
    posterior: Posterior,
    experiment: Experiment,
    dataset: Dataset,
    grid: Grid,
    frames: Sequence[Frame],
    *,
    elbo: np.ndarray,
    step: int,
    stopped_at: int | None = None,
    baselines: dict[str, Any] | None = None,
) -> Picture:
    """Compute all that the page shows of a fit that has ended."""
    from bnn_lib.metrics import evaluate

    widest = max((*experiment.network.hidden, dataset.n_classes))
    return Picture(
        experiment_json=experiment.to_json(),
        grid=grid,
        frames=tuple(frames),
        final=build_frame(posterior, grid, step, n_draws=FINAL_DRAWS, widest=widest),
        draws=_single_networks(posterior, grid.resized(SINGLE_SIZE), widest),
        elbo=np.asarray(elbo, np.float32),
        units=_units(posterior, grid.resized(UNIT_SIZE)),
        weights={
            name: (np.asarray(mean, np.float32), np.asarray(sd, np.float32))
            for name, (mean, sd) in posterior.weight_summary().items()
        },
        scores={
            "held-out": dict(evaluate(posterior, dataset)),
            "training": dict(evaluate(posterior, dataset, split="train")),
            "baselines": baselines or {},
        },
        diagnostics=dict(posterior.diagnostics),
        stopped_at=stopped_at,
    )


def _single_networks(posterior: Posterior, grid: Grid, widest: int) -> np.ndarray:
    """Class probabilities of single draws, (S, K, g, g) uint8."""
    size = len(grid.x)
    samples = np.concatenate(
        [
            _as_bytes(posterior.predict(block, n_draws=SINGLE_DRAWS, seed=SEED).samples)
            for block in _blocks(grid.points(), SINGLE_DRAWS, widest)
        ],
        axis=1,
    )[:, : size * size]
    if samples.shape[2] == 2:
        samples = samples[:, :, 1:]
    return np.ascontiguousarray(samples.transpose(0, 2, 1)).reshape(SINGLE_DRAWS, -1, size, size)


def _units(posterior: Posterior, grid: Grid) -> tuple[UnitMaps, ...]:
    size = len(grid.x)
    maps = []
    for layer in posterior.unit_activations(grid.points(), n_draws=UNIT_DRAWS, seed=SEED):
        values = np.asarray(layer, np.float32).reshape(-1, size, size)
        low, high = float(values.min()), float(values.max())
        maps.append(UnitMaps(_as_bytes((values - low) / (high - low or 1.0)), low, high))
    return tuple(maps)


def _blocks(points: np.ndarray, n_draws: int, widest: int) -> list[np.ndarray]:
    """Cut points into blocks of one length (each length is compiled anew), so that memory stays bounded.

    The last block is filled up with copies of the last point.
    """
    count = max(1, math.ceil(4 * n_draws * (widest + 8) * len(points) / BLOCK_BYTES))
    length = math.ceil(len(points) / count)
    missing = count * length - len(points)
    padded = np.concatenate([points, np.repeat(points[-1:], missing, axis=0)])
    return list(padded.reshape(count, length, points.shape[1]))


def _as_bytes(values: np.ndarray) -> np.ndarray:
    """0..1 -> 0..255; what rounding puts beyond is clipped."""
    scaled = np.multiply(values, 255, dtype=np.float32)
    np.clip(np.rint(scaled, out=scaled), 0, 255, out=scaled)
    return scaled.astype(np.uint8)


def frame_of(posterior: Posterior, grid: Grid, step: int, experiment: Experiment, dataset: Dataset) -> Frame:
    """Compute a snapshot: coarse, of few draws, cheap."""
    return build_frame(posterior, grid, step, widest=max((*experiment.network.hidden, dataset.n_classes)))
