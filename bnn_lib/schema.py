"""What a fit keeps of its data set beside its own state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from bnn_lib.datasets.dataset import Scaling

if TYPE_CHECKING:
    from bnn_lib.datasets import Dataset


@dataclass(frozen=True, eq=False)
class Schema:
    """What a posterior needs to know of its data set: names and units, no rows.

    Attributes
    ----------
    task : {"classification", "regression"}
    feature_names, class_names : tuple of str
    scaling : Scaling
    is_count : bool
        Whether a regression target is clearly a count.
    """

    task: str
    feature_names: tuple[str, ...]
    class_names: tuple[str, ...]
    scaling: Scaling
    is_count: bool = False

    @classmethod
    def of(cls, dataset: Dataset) -> Schema:
        """Take them from a data set."""
        return cls(dataset.task, dataset.feature_names, dataset.class_names, dataset.scaling, dataset.is_count)

    @property
    def n_features(self) -> int:
        """Number of columns d."""
        return len(self.feature_names)

    @property
    def n_classes(self) -> int:
        """Number of classes C; 0 for regression."""
        return len(self.class_names)

    def same_as(self, other: Schema) -> bool:
        """Whether numbers and classes mean the same: names, and units to nine digits."""
        mine, theirs = self.scaling, other.scaling
        return self.header() == other.header() and all(
            np.allclose(getattr(mine, part.name), getattr(theirs, part.name), rtol=1e-9, atol=0.0)
            for part in fields(Scaling)
        )

    def header(self) -> dict[str, Any]:
        """Return all but the scaling, as a file's header has it."""
        return {
            "task": self.task,
            "feature_names": list(self.feature_names),
            "class_names": list(self.class_names),
            "is_count": self.is_count,
        }

    @classmethod
    def of_header(cls, header: Mapping[str, Any], scaling: Scaling) -> Schema:
        """Put together what `header` gave and the scaling; `KeyError` or `TypeError` if it is something else."""
        features, classes = tuple(header["feature_names"]), tuple(header["class_names"])
        return cls(header["task"], features, classes, scaling, bool(header["is_count"]))
