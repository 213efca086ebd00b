"""A data set as bytes, to be handed to another process: plain arrays, nothing to unpickle."""

from __future__ import annotations

from typing import Any

from bnn_lib import archive
from bnn_lib.datasets.dataset import Dataset
from bnn_lib.errors import InvalidData

WHAT = "a data set"
ARRAYS = ("X_train", "y_train", "X_test", "y_test")
OPTIONAL = ("X_ood",)
NAMES = ("feature_names", "class_names")


def dataset_to_bytes(dataset: Dataset) -> bytes:
    """Return the data set as bytes that `dataset_from_bytes` reads."""
    header = {name: getattr(dataset, name) for name in ("task", "standardize", "window", *NAMES)}
    arrays = {name: getattr(dataset, name) for name in (*ARRAYS, *OPTIONAL)}
    return archive.pack(header, {name: array for name, array in arrays.items() if array is not None})


def dataset_from_bytes(content: bytes) -> Dataset:
    """Read what `dataset_to_bytes` wrote; the data set is validated as any other, and equals the one written.

    Raises
    ------
    InvalidData
        If the content is damaged or something else.
    """
    header, arrays = archive.unpack(content, WHAT)
    try:
        parts: dict[str, Any] = {name: arrays[name] for name in ARRAYS}
        parts |= {name: arrays[name] for name in OPTIONAL if name in arrays}
        parts |= {name: tuple(header[name]) for name in NAMES}
        window = header["window"]
        parts["window"] = None if window is None else tuple(tuple(edges) for edges in window)
        return Dataset(task=header["task"], standardize=header["standardize"], **parts)
    except InvalidData:
        raise
    except archive.FOREIGN as error:
        raise InvalidData(f"This is not {WHAT} ({type(error).__name__}).") from error
