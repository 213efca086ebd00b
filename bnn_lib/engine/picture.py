"""Everything that a page shows of a fit, as small arrays: NumPy only, so that the web process can load it."""

from __future__ import annotations

import io
import json
import math
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from bnn_lib.agreement import PredictiveSummary
from bnn_lib.engine.sealed import seal, unseal
from bnn_lib.errors import InvalidData

if TYPE_CHECKING:
    from bnn_lib.datasets import Dataset

MAGIC = b"BNN picture 1\n"
MARGIN = 0.25  # of the data's range, on each side: what the network believes away from data is the point
LARGEST_CONTENT = 256_000_000  # bytes of a picture unpacked; the largest real one has a tenth of it
UNCERTAINTIES = ("total", "aleatoric", "epistemic")


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

    def points(self) -> np.ndarray:
        """Return all points, shape (g * g, 2); row by row, so values reshape to (g, g) with y first."""
        return np.column_stack([np.tile(self.x, len(self.y)), np.repeat(self.y, len(self.x))])

    def resized(self, size: int) -> Grid:
        """Return the same rectangle with `size` rows and columns."""
        return Grid(np.linspace(self.x[0], self.x[-1], size), np.linspace(self.y[0], self.y[-1], size))


def make_grid(dataset: Dataset, size: int = 100) -> Grid:
    """Return a grid over the data's range and a margin of a quarter of it on each side.

    Raises
    ------
    InvalidData
        If the data has not two features.
    """
    if dataset.n_features != 2:
        raise InvalidData(f"A map needs two features, and this data has {dataset.n_features}.")
    low, high = dataset.extent
    margin = np.where(high > low, MARGIN * (high - low), 1.0)
    low, high = low - margin, high + margin
    return Grid(np.linspace(low[0], high[0], size), np.linspace(low[1], high[1], size))


@dataclass(frozen=True, eq=False)
class Frame:
    """The maps at one step, as bytes: row = y ascending, column = x.

    Attributes
    ----------
    step : int
    probability : ndarray of uint8, shape (K, g, g)
        255 is 1. K is 1 for two classes (the probability of the second), else the number of classes.
    total, aleatoric, epistemic : ndarray of uint8, shape (g, g)
        255 is ln C nats, C the number of classes.
    """

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

    def to_bytes(self) -> bytes:
        """Return the maps as plain bytes behind a header of three numbers, for sending while a fit runs."""
        k, g, _ = self.probability.shape
        maps = (self.probability, self.total, self.aleatoric, self.epistemic)
        return struct.pack("<qii", self.step, k, g) + b"".join(a.tobytes() for a in maps)

    @classmethod
    def from_bytes(cls, content: bytes) -> Frame:
        """Read what `to_bytes` wrote.

        Raises
        ------
        InvalidData
            If the content has not the length that its header says.
        """
        start = struct.calcsize("<qii")
        if len(content) < start:
            raise InvalidData("This is not a frame: it is too short.")
        step, k, g = struct.unpack("<qii", content[:start])
        if k < 1 or g < 1 or len(content) != start + (k + 3) * g * g:
            raise InvalidData("This is not a frame: its length does not match its header.")
        maps = np.frombuffer(content, np.uint8, offset=start).reshape(k + 3, g, g)
        return cls(step, maps[:k], maps[k], maps[k + 1], maps[k + 2])


@dataclass(frozen=True, eq=False)
class UnitMaps:
    """One hidden layer's posterior mean activations over the grid.

    Attributes
    ----------
    values : ndarray of uint8, shape (units, g, g)
        0 is `low` and 255 is `high`.
    low, high : float
    """

    values: np.ndarray
    low: float
    high: float

    def activations(self) -> np.ndarray:
        """Return the activations themselves, float32, shape (units, g, g)."""
        unit = np.float32((self.high - self.low) / 255)
        return self.values.astype(np.float32) * unit + np.float32(self.low)


@dataclass(frozen=True, eq=False)
class Picture:
    """A fit as a page shows it. The data points are not in it: the page loads them itself.

    Attributes
    ----------
    experiment_json : str
    grid : Grid
        Of the final maps; frames, draws and units cover the same rectangle with fewer points.
    frames : tuple of Frame
        Snapshots evenly in the logarithm of the step.
    final : Frame
    draws : ndarray of uint8, shape (S, K, g, g)
        Class probabilities of single networks drawn from the posterior; 255 is 1.
    elbo : ndarray of float32, shape (steps,)
        For a method without one, the log density that it reports in its place.
    units : tuple of UnitMaps
        One for each hidden layer.
    weights : dict
        Name -> (posterior mean, posterior standard deviation), float32.
    scores : dict
        "held-out", "training" and "baselines", each a mapping of numbers; "calibration" as of
        `bnn_lib.held_out.judge`, and "loo" as of `bnn_lib.loo.loo`, empty where it is not computed.
    diagnostics : dict
    held_out : PredictiveSummary
        Predictions at held-out inputs, to measure distances by.
    stopped_at : int or None
        The step at which the fit was stopped, None if it came to its end.
    """

    experiment_json: str
    grid: Grid
    frames: tuple[Frame, ...]
    final: Frame
    draws: np.ndarray
    elbo: np.ndarray
    units: tuple[UnitMaps, ...]
    weights: dict[str, tuple[np.ndarray, np.ndarray]]
    scores: dict[str, Any]
    diagnostics: dict[str, Any]
    held_out: PredictiveSummary
    stopped_at: int | None = None

    @property
    def frame_grid(self) -> Grid:
        """Where the frames are computed."""
        return self.grid.resized(self.frames[0].total.shape[0] if self.frames else len(self.grid.x))

    @property
    def draw_grid(self) -> Grid:
        """Where the single networks are computed."""
        return self.grid.resized(self.draws.shape[-1])

    def to_bytes(self) -> bytes:
        """Return the picture as sealed, compressed npz."""
        meta = {
            "experiment": self.experiment_json,
            "frames": [frame.step for frame in self.frames],
            "final": self.final.step,
            "units": [[unit.low, unit.high] for unit in self.units],
            "weights": list(self.weights),
            "scores": self.scores,
            "diagnostics": self.diagnostics,
            "classification": self.held_out.is_classification,
            "stopped_at": self.stopped_at,
        }
        arrays = {
            "meta": np.frombuffer(json.dumps(meta, default=_plain).encode(), np.uint8),
            "x": self.grid.x,
            "y": self.grid.y,
            "draws": self.draws,
            "elbo": self.elbo,
            "held_out": np.column_stack([self.held_out.values, self.held_out.total, self.held_out.epistemic]),
        }
        for prefix, frame in [("final", self.final), *((f"frame{i}", f) for i, f in enumerate(self.frames))]:
            maps = [frame.probability, *(getattr(frame, name)[None] for name in UNCERTAINTIES)]
            arrays[prefix] = np.concatenate(maps)
        for i, unit in enumerate(self.units):
            arrays[f"units{i}"] = unit.values
        for i, (mean, sd) in enumerate(self.weights.values()):
            arrays[f"mean{i}"], arrays[f"sd{i}"] = mean, sd
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **cast(Any, arrays))
        # One pass over the whole at the fastest level: three times faster than npz's own compression.
        return seal(MAGIC, zlib.compress(buffer.getbuffer(), level=1))

    @classmethod
    def from_bytes(cls, content: bytes) -> Picture:
        """Read what `to_bytes` wrote.

        Raises
        ------
        InvalidData
            If the content is damaged, cut short, or something else.
        """
        packed = unseal(MAGIC, content)
        try:
            return _read(_unpack(packed))
        except InvalidData:
            raise
        except _FOREIGN as error:
            # The checksum is right, so this was written so: by other code than this.
            raise InvalidData(f"This is not a picture of a fit ({type(error).__name__}).") from error


# All that zlib, zipfile, NumPy and json raise on content that is not theirs.
_FOREIGN = (
    *(ValueError, TypeError, LookupError, AttributeError, OSError, EOFError, RuntimeError, MemoryError),
    *(OverflowError, RecursionError, struct.error, zlib.error, zipfile.BadZipFile),
)


def _plain(value: object) -> object:
    """Turn NumPy's numbers and arrays into JSON's."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} cannot be kept in a picture")


def _unpack(packed: memoryview) -> dict[str, np.ndarray]:
    unpacker = zlib.decompressobj()
    raw = unpacker.decompress(packed, LARGEST_CONTENT)
    if not unpacker.eof:
        raise InvalidData("This stored result is cut short, or larger than any picture.")
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
            raise InvalidData("This is not a picture of a fit: it is packed twice.")
    with np.load(io.BytesIO(raw), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def _read(arrays: dict[str, np.ndarray]) -> Picture:
    meta = json.loads(_checked(arrays["meta"], np.uint8, 1).tobytes())
    grid = Grid(_checked(arrays["x"], np.float64, 1), _checked(arrays["y"], np.float64, 1))
    final = _frame(meta["final"], arrays["final"])
    frames = tuple(_frame(step, arrays[f"frame{i}"]) for i, step in enumerate(meta["frames"]))
    draws = _checked(arrays["draws"], np.uint8, 4)
    elbo = arrays["elbo"]
    if elbo.size:  # not every method has one
        _checked(elbo, np.float32, 1)
    units = tuple(
        UnitMaps(_checked(arrays[f"units{i}"], np.uint8, 3), float(low), float(high))
        for i, (low, high) in enumerate(meta["units"])
    )
    weights = {
        str(name): (_checked(arrays[f"mean{i}"], np.float32), _checked(arrays[f"sd{i}"], np.float32))
        for i, name in enumerate(meta["weights"])
    }
    k, side = len(final.probability), len(grid.x)
    if final.total.shape != (side, side) or len(grid.y) != side or draws.shape[1] != k:
        raise InvalidData("This is not a picture of a fit: its maps do not fit its grid.")
    if any(len(frame.probability) != k or frame.total.shape != frames[0].total.shape for frame in frames):
        raise InvalidData("This is not a picture of a fit: its frames differ in shape.")
    *values, total, epistemic = _checked(arrays["held_out"], np.float32, 2).T
    held_out = PredictiveSummary(np.stack(values, axis=1), total, epistemic, bool(meta["classification"]))
    stopped_at = meta["stopped_at"]
    return Picture(
        experiment_json=str(meta["experiment"]),
        grid=grid,
        frames=frames,
        final=final,
        draws=draws,
        elbo=elbo,
        units=units,
        weights=weights,
        scores=dict(meta["scores"]),
        diagnostics=dict(meta["diagnostics"]),
        held_out=held_out,
        stopped_at=None if stopped_at is None else int(stopped_at),
    )


def _frame(step: object, maps: np.ndarray) -> Frame:
    maps = _checked(maps, np.uint8, 3)
    if len(maps) < 4:
        raise InvalidData("This is not a picture of a fit: a frame has the wrong shape.")
    k = len(maps) - 3
    return Frame(int(cast(int, step)), maps[:k], maps[k], maps[k + 1], maps[k + 2])


def _checked(array: np.ndarray, dtype: type, ndim: int | None = None) -> np.ndarray:
    good = array.dtype == dtype and array.size > 0 and ndim in (None, array.ndim)
    if array.ndim > 2 and array.shape[-1] != array.shape[-2]:
        good = False  # maps are square
    if not good:
        raise InvalidData(f"This is not a picture of a fit: an array is {array.dtype} of shape {array.shape}.")
    return array
