"""No view: data with too many inputs to draw a fit over them. Its scores say how it goes."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from bnn_lib.engine.views.base import Arrays, Frame, Json, View
from bnn_lib.errors import InvalidData

if TYPE_CHECKING:
    from bnn_lib.datasets import Dataset
    from bnn_lib.posterior import Posterior

HEADER = "<4sq"


@dataclass(frozen=True)
class BareFrame(Frame):
    """A step of which nothing is drawn."""

    tag = b"bare"
    step: int

    def array(self) -> np.ndarray:
        """Return nothing, as an array."""
        return np.empty(0, np.uint8)

    def to_bytes(self) -> bytes:
        """Return the step."""
        return struct.pack(HEADER, self.tag, self.step)

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read what `to_bytes` wrote."""
        if len(content) != struct.calcsize(HEADER):
            raise InvalidData("This is not a frame: its length does not match its header.")
        return cls(struct.unpack(HEADER, content)[1])


@dataclass(frozen=True, eq=False)
class Bare(View):
    """A fit of which nothing is drawn over its inputs."""

    name = "bare"
    frames: tuple[BareFrame, ...]
    final: BareFrame

    @staticmethod
    def suits(task: str, n_features: int) -> bool:
        """Any data can be seen so: it is the last in the list of views."""
        return True

    @staticmethod
    def place(dataset: Dataset) -> None:
        """Nowhere."""

    @staticmethod
    def frame(posterior: Posterior, place: None, step: int) -> BareFrame:
        """Note the step."""
        return BareFrame(step)

    @classmethod
    def finish(cls, posterior: Posterior, place: None, frames: Sequence[BareFrame], step: int) -> Self:
        """Note the steps."""
        return cls(tuple(frames), BareFrame(step))

    @staticmethod
    def unit_place(place: None) -> None:
        """Nowhere."""

    def pack(self) -> tuple[Json, dict[str, np.ndarray]]:
        """Return the steps."""
        return {"frames": [frame.step for frame in self.frames], "final": self.final.step}, {}

    @classmethod
    def unpack(cls, meta: Json, arrays: Arrays) -> Self:
        """Read what `pack` returned."""
        return cls(tuple(BareFrame(int(step)) for step in meta["frames"]), BareFrame(int(meta["final"])))
