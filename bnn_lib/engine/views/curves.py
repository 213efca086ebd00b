"""Curves: a number as a function of one feature, with its bands."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from bnn_lib.engine.views.base import SEED, Arrays, Frame, Json, View, affordable_draws, checked
from bnn_lib.errors import InvalidData

if TYPE_CHECKING:
    from bnn_lib.datasets import Dataset
    from bnn_lib.posterior import Posterior
    from bnn_lib.predictive import Prediction

X_MARGIN = 0.3  # of the data's range, on each side: beyond the data is where ignorance shows
Y_MARGIN = 0.5  # the same for every method and every step, so that pictures compare
COUNT_MARGIN = 0.04  # below 0, of the top
FINAL_SIZE = 200
FRAME_SIZE, FRAME_DRAWS, FRAME_FUNCTIONS = 64, 50, 10
FUNCTIONS = 100  # single functions of the last state
OUTCOMES, DENSITY_DRAWS = 121, 200
FRAME_ATOMS = 16  # values that stand for the outcomes of one network while a fit runs
UNIT_SIZE = 40
LEVELS = (0.5, 0.8, 0.95)  # of the bands
TAILS = np.sort([tail for level in LEVELS for tail in ((1 - level) / 2, (1 + level) / 2)])
ENDS = np.cumsum([1, len(TAILS), len(TAILS), 2])  # of the parts of a frame's rows; single functions follow
HEADER = "<4sqii"


@dataclass(frozen=True, eq=False)
class Line:
    """Where curves are computed, and what range of outcomes is looked at, in the data's own units.

    Attributes
    ----------
    x : ndarray, shape (n,)
        Ascending.
    low, high : float
        Of the outcomes: the targets' range and a margin.
    """

    x: np.ndarray
    low: float
    high: float

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of points, as a shape."""
        return self.x.shape

    def points(self) -> np.ndarray:
        """Return the points as rows, (n, 1)."""
        return self.x[:, None]

    def resized(self, size: int) -> Line:
        """Return the same range with `size` points."""
        return Line(np.linspace(self.x[0], self.x[-1], size), self.low, self.high)


def make_line(dataset: Dataset, size: int = FINAL_SIZE) -> Line:
    """Return a line over what the data set shows: its window, or its range and a margin on each side."""
    low, high = dataset.view(X_MARGIN)
    bottom, top = dataset.target_view(Y_MARGIN)
    if dataset.is_count and dataset.window is None:  # nothing is below 0: room for the points at 0
        bottom = max(bottom, -COUNT_MARGIN * top)
    return Line(np.linspace(low[0], high[0], size), bottom, top)


@dataclass(frozen=True, eq=False)
class CurveFrame(Frame):
    """The curves at one step, in the target's units.

    Attributes
    ----------
    step : int
    mean : ndarray of float32, shape (n,)
        Of the prediction.
    outcome : ndarray of float32, shape (6, n)
        Quantiles `TAILS` of the predictive distribution, noise included: ends of the 95, 80 and 50 % bands.
    function : ndarray of float32, shape (6, n)
        The same quantiles of the mean function over the posterior: where the curve itself may be.
    epistemic_sd, aleatoric_sd : ndarray of float32, shape (n,)
        Their squares add up to the predictive variance.
    draws : ndarray of float32, shape (S, n)
        Mean functions of single networks drawn from the posterior.
    """

    tag = b"curv"
    step: int
    mean: np.ndarray
    outcome: np.ndarray
    function: np.ndarray
    epistemic_sd: np.ndarray
    aleatoric_sd: np.ndarray
    draws: np.ndarray

    @property
    def total_sd(self) -> np.ndarray:
        """Standard deviation of the predictive distribution, (n,)."""
        return np.hypot(self.epistemic_sd, self.aleatoric_sd)

    def band(self, level: float) -> np.ndarray:
        """Return the central predictive band of probability `level`, one of `LEVELS`: (2, n)."""
        place = LEVELS[::-1].index(level)
        return self.outcome[[place, -1 - place]]

    def array(self) -> np.ndarray:
        """Return all of it as one array, (15 + S, n)."""
        sds = np.stack([self.epistemic_sd, self.aleatoric_sd])
        return np.concatenate([self.mean[None], self.outcome, self.function, sds, self.draws])

    @classmethod
    def of_array(cls, step: int, array: np.ndarray) -> Self:
        """Take apart what `array` put together."""
        mean, outcome, function, sds, draws = np.split(array, ENDS)
        return cls(step, mean[0], outcome, function, sds[0], sds[1], draws)

    def to_bytes(self) -> bytes:
        """Return the curves as plain bytes behind a header of three numbers."""
        rows = self.array()
        return struct.pack(HEADER, self.tag, self.step, *rows.shape) + rows.tobytes()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read what `to_bytes` wrote."""
        start = struct.calcsize(HEADER)
        if len(content) < start:
            raise InvalidData("This is not a frame: it is too short.")
        _, step, count, n = struct.unpack(HEADER, content[:start])
        if count < ENDS[-1] or n < 1 or len(content) != start + 4 * count * n:
            raise InvalidData("This is not a frame: its length does not match its header.")
        return cls.of_array(step, np.frombuffer(content, np.float32, offset=start).reshape(count, n))


@dataclass(frozen=True, eq=False)
class Curves(View):
    """Mean, bands, single functions and the predictive density along a line.

    Attributes
    ----------
    line : Line
        Of the last state; frames and units cover the same range with fewer points.
    outcomes : ndarray of float64, shape (m,)
        Ascending, from the line's low to its high.
    density : ndarray of uint8, shape (m, n)
        Predictive density of each outcome at each point of the line, 255 being the largest there.
    peak : ndarray of float32, shape (n,)
        That largest density, per unit of the target; for counts the largest probability.
    discrete : bool
        Whether outcomes are counts.
    """

    name = "curves"
    frames: tuple[CurveFrame, ...]
    final: CurveFrame
    line: Line
    outcomes: np.ndarray
    density: np.ndarray
    peak: np.ndarray
    discrete: bool

    @staticmethod
    def suits(task: str, n_features: int) -> bool:
        """Whether it is regression on one feature."""
        return task == "regression" and n_features == 1

    @staticmethod
    def place(dataset: Dataset) -> Line:
        """Return the line of the last state."""
        return make_line(dataset)

    @staticmethod
    def frame(posterior: Posterior, place: Line, step: int) -> CurveFrame:
        """Compute coarse curves."""
        line = place.resized(FRAME_SIZE)
        prediction = posterior.predict(line.points(), n_draws=FRAME_DRAWS, seed=SEED)
        # Exact quantiles would take longer than the steps between two frames.
        assert prediction.conditional is not None  # it is of numbers
        atoms = np.moveaxis(prediction.conditional.atoms(FRAME_ATOMS), 1, 0).reshape(FRAME_SIZE, -1)
        return curve_frame(prediction, np.quantile(atoms, TAILS, axis=1), step, FRAME_FUNCTIONS)

    @classmethod
    def finish(cls, posterior: Posterior, place: Line, frames: Sequence[CurveFrame], step: int) -> Self:
        """Compute fine curves, and the predictive density."""
        n_draws = affordable_draws(posterior.structure.sizes, len(place.x))
        prediction = posterior.predict(place.points(), n_draws=n_draws, seed=SEED)
        bands = np.concatenate([prediction.interval(level) for level in LEVELS], axis=1)
        final = curve_frame(prediction, np.sort(bands.T, axis=0), step, FUNCTIONS)
        assert prediction.conditional is not None
        discrete = prediction.conditional.discrete
        outcomes = _outcomes(place, discrete)
        prediction = posterior.predict(place.points(), n_draws=min(n_draws, DENSITY_DRAWS), seed=SEED)
        density = np.exp([prediction.log_prob(np.full(len(place.x), outcome)) for outcome in outcomes])
        peak = density.max(axis=0)
        shares = np.rint(255 * density / np.where(peak > 0, peak, 1.0)).astype(np.uint8)
        return cls(tuple(frames), final, place, outcomes, shares, peak.astype(np.float32), discrete)

    @staticmethod
    def unit_place(place: Line) -> Line:
        """Return a coarse line."""
        return place.resized(UNIT_SIZE)

    def pack(self) -> tuple[Json, dict[str, np.ndarray]]:
        """Return steps and ranges as JSON, and all curves."""
        arrays = {"x": self.line.x, "outcomes": self.outcomes, "density": self.density, "peak": self.peak}
        arrays |= {"final": self.final.array()}
        arrays |= {f"frame{i}": frame.array() for i, frame in enumerate(self.frames)}
        steps = {"frames": [frame.step for frame in self.frames], "final": self.final.step}
        return steps | {"low": self.line.low, "high": self.line.high, "discrete": self.discrete}, arrays

    @classmethod
    def unpack(cls, meta: Json, arrays: Arrays) -> Self:
        """Read what `pack` returned."""
        x = checked(arrays["x"], np.float64, None)
        line = Line(x, float(meta["low"]), float(meta["high"]))
        outcomes = checked(arrays["outcomes"], np.float64, None)
        frames = tuple(_read_frame(step, arrays[f"frame{i}"]) for i, step in enumerate(meta["frames"]))
        if any(len(frame.mean) != len(frames[0].mean) for frame in frames):
            raise InvalidData("This is not a picture of a fit: its frames differ in shape.")
        return cls(
            frames,
            _read_frame(meta["final"], arrays["final"], len(x)),
            line,
            outcomes,
            checked(arrays["density"], np.uint8, len(outcomes), len(x)),
            checked(arrays["peak"], np.float32, len(x)),
            bool(meta["discrete"]),
        )


def _outcomes(line: Line, discrete: bool) -> np.ndarray:
    """Return the outcomes whose density is looked at; of counts whole numbers, to 0 and no further."""
    if not discrete:
        return np.linspace(line.low, line.high, OUTCOMES)
    low, high = max(0, math.ceil(line.low)), max(1, math.floor(line.high))
    return np.arange(low, high + 1, max(1, -(-(high - low) // OUTCOMES)), dtype=np.float64)


def curve_frame(prediction: Prediction, outcome: np.ndarray, step: int, functions: int) -> CurveFrame:
    """Return what a prediction along a line says, with the first `functions` of its draws.

    `outcome` has the predictive distribution's quantiles, (6, n).
    """
    kept = (
        prediction.mean,
        outcome,
        np.quantile(prediction.samples, TAILS, axis=0),
        np.sqrt(prediction.epistemic),
        np.sqrt(prediction.aleatoric),
        prediction.samples[:functions],
    )
    return CurveFrame(step, *(np.asarray(values, np.float32) for values in kept))


def _read_frame(step: object, rows: np.ndarray, n: int | None = None) -> CurveFrame:
    rows = checked(rows, np.float32, None, n)
    if len(rows) < ENDS[-1] or not isinstance(step, int):
        raise InvalidData("This is not a picture of a fit: a frame has the wrong shape.")
    return CurveFrame.of_array(step, rows)
