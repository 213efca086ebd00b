"""Surfaces: a number as a function of two features, as three maps."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from bnn_lib.engine.views.base import (
    SEED,
    Arrays,
    Frame,
    Json,
    View,
    affordable_draws,
    as_bytes,
    blocks,
    checked,
)
from bnn_lib.engine.views.maps import MARGIN, Grid, make_grid, with_margin
from bnn_lib.errors import InvalidData

if TYPE_CHECKING:
    from bnn_lib.datasets import Dataset
    from bnn_lib.posterior import Posterior

FRAME_SIZE, FRAME_DRAWS = 50, 25
SINGLE_SIZE, SINGLE_DRAWS = 50, 50
UNIT_SIZE = 20
HEADER = "<4sqi"


@dataclass(frozen=True, eq=False)
class Plane:
    """Where surfaces are computed, and the ranges of their colours, in the data's own units.

    Attributes
    ----------
    grid : Grid
    low, high : float
        Of the mean: the targets' range and a margin.
    top : float
        Of both standard deviations: that of the training targets, which is what one knows without the features.
    """

    grid: Grid
    low: float
    high: float
    top: float

    def mean_bytes(self, values: np.ndarray) -> np.ndarray:
        """Return means as bytes: 0 is `low`, 255 `high`."""
        return as_bytes((values - self.low) / (self.high - self.low))


def make_plane(dataset: Dataset) -> Plane:
    """Return a plane over the data's range and a margin on each side.

    Raises
    ------
    InvalidData
        If the data has not two features.
    """
    y = np.concatenate([dataset.y_train, dataset.y_test])
    low, high = with_margin(y.min(), y.max(), MARGIN)
    return Plane(make_grid(dataset), float(low), float(high), float(np.std(dataset.y_train)) or 1.0)


@dataclass(frozen=True, eq=False)
class SurfaceFrame(Frame):
    """The surfaces at one step, as bytes in the plane's ranges: row = y ascending, column = x.

    Attributes
    ----------
    step : int
    mean : ndarray of uint8, shape (g, g)
        0 is the plane's low, 255 its high.
    epistemic, aleatoric : ndarray of uint8, shape (g, g)
        Standard deviations; 255 is the plane's top, or more.
    """

    tag = b"surf"
    step: int
    mean: np.ndarray
    epistemic: np.ndarray
    aleatoric: np.ndarray

    def array(self) -> np.ndarray:
        """Return all of it as one array, (3, g, g)."""
        return np.stack([self.mean, self.epistemic, self.aleatoric])

    def to_bytes(self) -> bytes:
        """Return the surfaces as plain bytes behind a header of two numbers."""
        return struct.pack(HEADER, self.tag, self.step, len(self.mean)) + self.array().tobytes()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read what `to_bytes` wrote."""
        start = struct.calcsize(HEADER)
        if len(content) < start:
            raise InvalidData("This is not a frame: it is too short.")
        _, step, g = struct.unpack(HEADER, content[:start])
        if g < 1 or len(content) != start + 3 * g * g:
            raise InvalidData("This is not a frame: its length does not match its header.")
        return cls(step, *np.frombuffer(content, np.uint8, offset=start).reshape(3, g, g))


@dataclass(frozen=True, eq=False)
class Surfaces(View):
    """Mean and both standard deviations over a rectangle.

    Attributes
    ----------
    plane : Plane
        Of the final surfaces; all else covers the same rectangle with fewer points.
    draws : ndarray of uint8, shape (S, g, g)
        Mean functions of single networks drawn from the posterior, in the mean's range.
    """

    name = "surfaces"
    frames: tuple[SurfaceFrame, ...]
    final: SurfaceFrame
    plane: Plane
    draws: np.ndarray

    @staticmethod
    def suits(task: str, n_features: int) -> bool:
        """Whether it is regression on two features."""
        return task == "regression" and n_features == 2

    @staticmethod
    def place(dataset: Dataset) -> Plane:
        """Return the plane of the final surfaces."""
        return make_plane(dataset)

    @staticmethod
    def frame(posterior: Posterior, place: Plane, step: int) -> SurfaceFrame:
        """Compute coarse surfaces."""
        return surface_frame(posterior, place, step, FRAME_SIZE, FRAME_DRAWS)

    @classmethod
    def finish(cls, posterior: Posterior, place: Plane, frames: Sequence[SurfaceFrame], step: int) -> Self:
        """Compute fine surfaces, and single networks."""
        size = len(place.grid.x)
        n_draws = affordable_draws(posterior.structure.sizes, size**2)
        final = surface_frame(posterior, place, step, size, n_draws)
        points = place.grid.resized(SINGLE_SIZE).points()
        samples = posterior.predict(points, n_draws=SINGLE_DRAWS, seed=SEED).samples
        return cls(tuple(frames), final, place, place.mean_bytes(samples).reshape(-1, SINGLE_SIZE, SINGLE_SIZE))

    @staticmethod
    def unit_place(place: Plane) -> Grid:
        """Return a coarse grid."""
        return place.grid.resized(UNIT_SIZE)

    def pack(self) -> tuple[Json, dict[str, np.ndarray]]:
        """Return steps and ranges as JSON, and all surfaces."""
        arrays = {"x": self.plane.grid.x, "y": self.plane.grid.y, "draws": self.draws}
        arrays |= {"final": self.final.array()}
        arrays |= {f"frame{i}": frame.array() for i, frame in enumerate(self.frames)}
        steps = {"frames": [frame.step for frame in self.frames], "final": self.final.step}
        return steps | {"low": self.plane.low, "high": self.plane.high, "top": self.plane.top}, arrays

    @classmethod
    def unpack(cls, meta: Json, arrays: Arrays) -> Self:
        """Read what `pack` returned."""
        x = checked(arrays["x"], np.float64, None)
        grid = Grid(x, checked(arrays["y"], np.float64, len(x)))
        plane = Plane(grid, *(float(meta[name]) for name in ("low", "high", "top")))
        side = arrays["frame0"].shape[-1] if meta["frames"] else 0
        frames = tuple(_read_frame(step, arrays[f"frame{i}"], side) for i, step in enumerate(meta["frames"]))
        draws = checked(arrays["draws"], np.uint8, None, None, arrays["draws"].shape[-2])
        return cls(frames, _read_frame(meta["final"], arrays["final"], len(x)), plane, draws)


def surface_frame(posterior: Posterior, plane: Plane, step: int, size: int, n_draws: int) -> SurfaceFrame:
    """Compute the surfaces with `size` rows and columns."""
    parts = []
    for block in blocks(plane.grid.resized(size).points()):
        prediction = posterior.predict(block, n_draws=n_draws, seed=SEED)
        parts.append(np.stack([prediction.mean, np.sqrt(prediction.epistemic), np.sqrt(prediction.aleatoric)]))
    mean, epistemic, aleatoric = np.concatenate(parts, axis=1).reshape(3, size, size)
    sds = as_bytes(np.stack([epistemic, aleatoric]) / plane.top)
    return SurfaceFrame(step, plane.mean_bytes(mean), *sds)


def _read_frame(step: object, fields: np.ndarray, side: int) -> SurfaceFrame:
    fields = checked(fields, np.uint8, 3, side, side)
    if not isinstance(step, int):
        raise InvalidData("This is not a picture of a fit: a frame has no step.")
    return SurfaceFrame(step, *fields)
