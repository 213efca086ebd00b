"""Maps: classification over two features."""

from __future__ import annotations

import math
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
from bnn_lib.errors import InvalidData

if TYPE_CHECKING:
    from bnn_lib.datasets import Dataset
    from bnn_lib.posterior import Posterior

MARGIN = 0.25  # of the data's range, on each side: what the network believes away from data is the point
FINAL_SIZE = 100
FRAME_SIZE, FRAME_DRAWS = 50, 25
SINGLE_SIZE, SINGLE_DRAWS = 50, 100
UNIT_SIZE = 20
UNCERTAINTIES = ("total", "aleatoric", "epistemic")
HEADER = "<4sqii"


@dataclass(frozen=True, eq=False)
class Grid:
    """Where a map is computed, in the data's own units.

    Attributes
    ----------
    x, y : ndarray, shape (g,)
        Ascending positions of columns and rows.
    """

    x: np.ndarray
    y: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows, which are y, and columns."""
        return (len(self.y), len(self.x))

    def points(self) -> np.ndarray:
        """Return all points, shape (g * g, 2); row by row, so values reshape to (g, g) with y first."""
        return np.column_stack([np.tile(self.x, len(self.y)), np.repeat(self.y, len(self.x))])

    def resized(self, size: int) -> Grid:
        """Return the same rectangle with `size` rows and columns."""
        return Grid(np.linspace(self.x[0], self.x[-1], size), np.linspace(self.y[0], self.y[-1], size))


def make_grid(dataset: Dataset, size: int = FINAL_SIZE) -> Grid:
    """Return a grid over what the data set shows: its window, or its range and a quarter of it on each side.

    Raises
    ------
    InvalidData
        If the data has not two features.
    """
    if dataset.n_features != 2:
        raise InvalidData(f"A map needs two features, and this data has {dataset.n_features}.")
    low, high = dataset.view(MARGIN)
    return Grid(np.linspace(low[0], high[0], size), np.linspace(low[1], high[1], size))


def with_margin(low: np.ndarray, high: np.ndarray, margin: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of ranges, moved apart by a share of their distance."""
    by = np.where(high > low, margin * (high - low), 1.0)
    return low - by, high + by


@dataclass(frozen=True, eq=False)
class MapFrame(Frame):
    """The maps at one step, as bytes: row = y ascending, column = x.

    Attributes
    ----------
    step : int
    probability : ndarray of uint8, shape (K, g, g)
        255 is 1. K is 1 for two classes (the probability of the second), else the number of classes.
    total, aleatoric, epistemic : ndarray of uint8, shape (g, g)
        255 is ln C nats, C the number of classes.
    """

    tag = b"maps"
    step: int
    probability: np.ndarray
    total: np.ndarray
    aleatoric: np.ndarray
    epistemic: np.ndarray

    @property
    def n_classes(self) -> int:
        """Return the number of classes C."""
        return max(2, len(self.probability))

    def probabilities(self) -> np.ndarray:
        """Return the class probabilities, shape (K, g, g), float32 in 0..1."""
        return self.probability.astype(np.float32) / 255

    def nats(self, uncertainty: str) -> np.ndarray:
        """Return "total", "aleatoric" or "epistemic" in nats, shape (g, g), float32."""
        if uncertainty not in UNCERTAINTIES:
            raise ValueError(f"uncertainty is {uncertainty!r}; allowed: {', '.join(UNCERTAINTIES)}.")
        values: np.ndarray = getattr(self, uncertainty)
        return values.astype(np.float32) * np.float32(math.log(self.n_classes) / 255)

    def array(self) -> np.ndarray:
        """Return all maps as one array, (K + 3, g, g): probabilities, total, aleatoric, epistemic."""
        return np.concatenate([self.probability, self.total[None], self.aleatoric[None], self.epistemic[None]])

    @classmethod
    def of_array(cls, step: int, array: np.ndarray) -> Self:
        """Take apart what `array` put together."""
        return cls(step, array[:-3], *array[-3:])

    def to_bytes(self) -> bytes:
        """Return the maps as plain bytes behind a header of three numbers."""
        k, g, _ = self.probability.shape
        return struct.pack(HEADER, self.tag, self.step, k, g) + self.array().tobytes()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read what `to_bytes` wrote."""
        start = struct.calcsize(HEADER)
        if len(content) < start:
            raise InvalidData("This is not a frame: it is too short.")
        _, step, k, g = struct.unpack(HEADER, content[:start])
        if k < 1 or g < 1 or len(content) != start + (k + 3) * g * g:
            raise InvalidData("This is not a frame: its length does not match its header.")
        return cls.of_array(step, np.frombuffer(content, np.uint8, offset=start).reshape(k + 3, g, g))


@dataclass(frozen=True, eq=False)
class Maps(View):
    """Class probabilities and the three uncertainties over a rectangle.

    Attributes
    ----------
    grid : Grid
        Of the final maps; frames, draws and units cover the same rectangle with fewer points.
    draws : ndarray of uint8, shape (S, K, g, g)
        Class probabilities of single networks drawn from the posterior; 255 is 1.
    """

    name = "maps"
    frames: tuple[MapFrame, ...]
    final: MapFrame
    grid: Grid
    draws: np.ndarray

    @property
    def draw_grid(self) -> Grid:
        """Where the single networks are computed."""
        return self.grid.resized(self.draws.shape[-1])

    @staticmethod
    def suits(task: str, n_features: int) -> bool:
        """Whether it is classification on two features."""
        return task == "classification" and n_features == 2

    @staticmethod
    def place(dataset: Dataset) -> Grid:
        """Return the grid of the final maps."""
        return make_grid(dataset)

    @staticmethod
    def frame(posterior: Posterior, place: Grid, step: int) -> MapFrame:
        """Compute coarse maps."""
        return map_frame(posterior, place.resized(FRAME_SIZE), step, FRAME_DRAWS)

    @classmethod
    def finish(cls, posterior: Posterior, place: Grid, frames: Sequence[MapFrame], step: int) -> Self:
        """Compute fine maps, and single networks."""
        n_draws = affordable_draws(posterior.structure.sizes, len(place.x) ** 2)
        final = map_frame(posterior, place, step, n_draws)
        return cls(tuple(frames), final, place, _single_networks(posterior, place.resized(SINGLE_SIZE)))

    @staticmethod
    def unit_place(place: Grid) -> Grid:
        """Return a coarse grid."""
        return place.resized(UNIT_SIZE)

    def pack(self) -> tuple[Json, dict[str, np.ndarray]]:
        """Return steps as JSON, and all maps."""
        arrays = {"x": self.grid.x, "y": self.grid.y, "draws": self.draws, "final": self.final.array()}
        arrays |= {f"frame{i}": frame.array() for i, frame in enumerate(self.frames)}
        return {"frames": [frame.step for frame in self.frames], "final": self.final.step}, arrays

    @classmethod
    def unpack(cls, meta: Json, arrays: Arrays) -> Self:
        """Read what `pack` returned."""
        x = checked(arrays["x"], np.float64, None)
        grid = Grid(x, checked(arrays["y"], np.float64, len(x)))
        final = _read_frame(meta["final"], arrays["final"], len(x))
        k, side = len(final.probability), None
        frames = []
        for i, step in enumerate(meta["frames"]):
            frames.append(_read_frame(step, arrays[f"frame{i}"], side, k))
            side = frames[0].total.shape[0]
        draws = checked(arrays["draws"], np.uint8, None, k, None, arrays["draws"].shape[-1])
        return cls(tuple(frames), final, grid, draws)


def map_frame(posterior: Posterior, grid: Grid, step: int, n_draws: int = FRAME_DRAWS) -> MapFrame:
    """Compute the maps over `grid`."""
    size = len(grid.x)
    means, uncertainties = [], []
    for block in blocks(grid.points()):
        prediction = posterior.predict(block, n_draws=n_draws, seed=SEED)
        means.append(prediction.mean)
        uncertainties.append(np.stack([prediction.total, prediction.aleatoric, prediction.epistemic]))
    probability = _classes_first(np.concatenate(means), size)
    n_classes = means[0].shape[1]
    total, aleatoric, epistemic = as_bytes(np.concatenate(uncertainties, axis=1) / math.log(n_classes)).reshape(
        3, size, size
    )
    return MapFrame(step, as_bytes(probability), total, aleatoric, epistemic)


def _single_networks(posterior: Posterior, grid: Grid) -> np.ndarray:
    """Class probabilities of single draws, (S, K, g, g) uint8."""
    samples = posterior.predict(grid.points(), n_draws=SINGLE_DRAWS, seed=SEED).samples
    return np.stack([as_bytes(_classes_first(sample, len(grid.x))) for sample in samples])


def _classes_first(probability: np.ndarray, size: int) -> np.ndarray:
    """(g * g, C) -> (K, g, g): of two classes only the second, whose probability says it all."""
    shown = probability[:, 1:] if probability.shape[1] == 2 else probability
    return shown.T.reshape(-1, size, size)


def _read_frame(step: object, fields: np.ndarray, side: int | None, k: int | None = None) -> MapFrame:
    wanted = None if k is None else k + 3
    fields = checked(fields, np.uint8, wanted, side, side or fields.shape[-1])
    if len(fields) < 4 or fields.shape[1] != fields.shape[2] or not isinstance(step, int):
        raise InvalidData("This is not a picture of a fit: a frame has the wrong shape.")
    return MapFrame.of_array(step, fields)
