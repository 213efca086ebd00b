"""A closer look at one point: what each network drawn from the posterior says there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bnn_lib.engine import Grid, Maps

SURE = 0.1  # nats of doubt below which there is nothing to explain


@dataclass(frozen=True, eq=False)
class PointReading:
    """What a result says at a point.

    Attributes
    ----------
    probability : ndarray, shape (C,)
        Mean class probabilities.
    total, aleatoric, epistemic : float
        Nats; they add up.
    samples : ndarray, shape (S, C)
        Class probabilities of single networks.
    """

    probability: np.ndarray
    total: float
    aleatoric: float
    epistemic: float
    samples: np.ndarray


def read_point(maps: Maps, x: float, y: float) -> PointReading:
    """Read a result at a point, interpolating between the grid's points."""
    final = maps.final
    p = interpolate(maps.grid, final.probability, x, y) / 255
    draws = interpolate(maps.draw_grid, maps.draws, x, y) / 255
    nats = np.log(final.n_classes) / 255
    total = float(interpolate(maps.grid, final.total, x, y) * nats)
    aleatoric = min(total, float(interpolate(maps.grid, final.aleatoric, x, y) * nats))
    return PointReading(_complete(p), total, aleatoric, total - aleatoric, _complete(draws))


def _complete(p: np.ndarray) -> np.ndarray:
    """Add the first class's probability where only the second's is stored."""
    return np.concatenate([1 - p, p], axis=-1) if p.shape[-1] == 1 else p


def interpolate(grid: Grid, values: np.ndarray, x: float, y: float) -> np.ndarray:
    """Interpolate bilinearly in the last two axes (rows y, columns x); outside the grid the edge counts."""
    row, down = _place(grid.y, y)
    column, right = _place(grid.x, x)
    corner = values[..., row : row + 2, column : column + 2].astype(np.float64)
    weights = np.outer([1 - down, down], [1 - right, right])
    return np.asarray((corner * weights).sum(axis=(-2, -1)))


def _place(axis: np.ndarray, value: float) -> tuple[int, float]:
    """Return the cell that `value` is in, and how far into it, 0..1."""
    at = float(np.clip((value - axis[0]) / (axis[-1] - axis[0]), 0, 1)) * (len(axis) - 1)
    cell = min(int(at), len(axis) - 2)
    return cell, at - cell


def describe(reading: PointReading, class_names: tuple[str, ...]) -> str:
    """Say in one sentence how sure the network is there, and what would help."""
    best = int(np.argmax(reading.probability))
    start = f"{class_names[best].capitalize()} with probability {reading.probability[best]:.2f}"
    if reading.total < SURE:
        return f"{start}: hardly any doubt ({reading.total:.2f} nats), and the networks agree."
    if reading.epistemic > 0.5 * reading.total:
        return (
            f"{start}, and most of the doubt ({reading.epistemic:.2f} of {reading.total:.2f} nats) is ignorance: "
            "labels here would help."
        )
    if reading.epistemic > 0.2 * reading.total:
        return (
            f"{start}; of the doubt, {reading.total:.2f} nats, more than half is noise. Labels here would remove "
            f"the ignorance, {reading.epistemic:.2f}, but not that."
        )
    return (
        f"{start}, and nearly all of the doubt ({reading.aleatoric:.2f} of {reading.total:.2f} nats) is noise: "
        "more labels here would change little."
    )


def most_ignorant_point(maps: Maps, within: np.ndarray) -> tuple[float, float]:
    """Return where, inside the range of the rows `within` (n, 2), the epistemic uncertainty is largest."""
    low, high = within.min(axis=0), within.max(axis=0)
    grid = maps.grid
    columns = np.flatnonzero((grid.x >= low[0]) & (grid.x <= high[0]))
    rows = np.flatnonzero((grid.y >= low[1]) & (grid.y <= high[1]))
    if not len(columns) or not len(rows):
        return float(grid.x[len(grid.x) // 2]), float(grid.y[len(grid.y) // 2])
    inside = maps.final.epistemic[np.ix_(rows, columns)]
    row, column = np.unravel_index(int(np.argmax(inside)), inside.shape)
    return float(grid.x[columns[column]]), float(grid.y[rows[row]])
