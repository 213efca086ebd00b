"""What every view of a fit looks like: computed and sent by a worker, kept in a picture, read by a page."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

import numpy as np

from bnn_lib.errors import InvalidData

if TYPE_CHECKING:
    from bnn_lib.datasets import Dataset
    from bnn_lib.posterior import Posterior

SEED = 0  # of the draws behind every view: the same noise at each step, so that it does not flicker
FINAL_DRAWS, FEWEST_FINAL_DRAWS = 500, 100
BLOCK_ROWS = 2500  # predicted at a time: a coarse grid, and a quarter of the fine one
DRAW_STEP = 25  # the library predicts by so many draws at a time
MOST_WORK = 4e10  # multiplications in one prediction, about: some seconds
MOST_BYTES = 64e6  # of one prediction's samples
UNIT_COST = 20  # an activation costs as much as so many multiplications

Json = dict[str, Any]
Arrays = Mapping[str, np.ndarray]


class Place(Protocol):
    """The inputs at which a view is computed."""

    @property
    def shape(self) -> tuple[int, ...]:
        """How values at the points are laid out."""
        ...

    def points(self) -> np.ndarray:
        """Return all points, (n, d), in the data's own units; values there reshape to `shape`."""
        ...

    def resized(self, size: int) -> Self:
        """Return the same range with `size` points along each axis."""
        ...


class Frame(ABC):
    """What a view shows at one step: the part that moves while a fit runs.

    Attributes
    ----------
    tag : bytes
        Four letters that begin such a frame's bytes.
    step : int
    """

    tag: ClassVar[bytes]
    step: int

    @abstractmethod
    def array(self) -> np.ndarray:
        """Return all that is drawn as one array."""

    @abstractmethod
    def to_bytes(self) -> bytes:
        """Return `tag` and the rest as plain bytes, for sending while a fit runs."""

    @classmethod
    @abstractmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read what `to_bytes` wrote.

        Raises
        ------
        InvalidData
            If the content has not the length that its header says.
        """


@dataclass(frozen=True, eq=False)
class View(ABC):
    """All that a page draws of a fit over its inputs. The data points are not in it: the page loads them itself.

    Attributes
    ----------
    name : str
        Of the kind, as it is written in a stored picture.
    frames : tuple of Frame
        Snapshots evenly in the logarithm of the step.
    final : Frame
        The last state, with more points and more draws than the others.
    """

    name: ClassVar[str]
    frames: tuple[Any, ...]
    final: Any

    @staticmethod
    @abstractmethod
    def suits(task: str, n_features: int) -> bool:
        """Whether data of this kind are seen so."""

    @staticmethod
    @abstractmethod
    def place(dataset: Dataset) -> Any:
        """Return where the last state is computed; all else is computed over the same range with fewer points."""

    @staticmethod
    @abstractmethod
    def frame(posterior: Posterior, place: Any, step: int) -> Frame:
        """Compute a frame while the fit runs: some ten milliseconds at the most."""

    @classmethod
    @abstractmethod
    def finish(cls, posterior: Posterior, place: Any, frames: Sequence[Any], step: int) -> Self:
        """Compute the view of a fit that has ended."""

    @staticmethod
    @abstractmethod
    def unit_place(place: Any) -> Place | None:
        """Return where hidden units are looked at, None if nowhere."""

    @abstractmethod
    def pack(self) -> tuple[Json, dict[str, np.ndarray]]:
        """Return all of it as JSON and named arrays."""

    @classmethod
    @abstractmethod
    def unpack(cls, meta: Json, arrays: Arrays) -> Self:
        """Read what `pack` returned.

        Raises
        ------
        InvalidData
            If the arrays are not those of such a view.
        """


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


def blocks(rows: np.ndarray) -> Iterator[np.ndarray]:
    """Return rows (n, d) so many at a time that the memory of predicting them stays bounded."""
    for first in range(0, len(rows), BLOCK_ROWS):
        yield rows[first : first + BLOCK_ROWS]


def as_bytes(values: np.ndarray) -> np.ndarray:
    """0..1 -> 0..255; what is beyond is clipped."""
    scaled = np.multiply(values, 255, dtype=np.float32, casting="same_kind")
    np.clip(np.rint(scaled, out=scaled), 0, 255, out=scaled)
    return scaled.astype(np.uint8)


def checked(array: np.ndarray, dtype: type, *shape: int | None) -> np.ndarray:
    """Return the array if it is of this type and shape (None: any length but 0) and finite.

    Raises
    ------
    InvalidData
        If it is another.
    """
    fits = array.dtype == dtype and array.ndim == len(shape) and array.size > 0
    if not fits or any(wanted not in (None, found) for wanted, found in zip(shape, array.shape, strict=True)):
        raise InvalidData(f"This is not a picture of a fit: an array is {array.dtype} of shape {array.shape}.")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise InvalidData("This is not a picture of a fit: an array has entries that are no numbers.")
    return array
