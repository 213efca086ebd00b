"""Named arrays as bytes, without pickles: what goes with a question to a worker, and what comes back."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from bnn_lib.errors import InvalidData


def to_bytes(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return the arrays as an uncompressed npz.

    Raises
    ------
    ValueError
        If an array holds Python objects.
    """
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **cast(Any, arrays))
    return buffer.getvalue()


def from_bytes(content: bytes) -> dict[str, np.ndarray]:
    """Read what `to_bytes` wrote.

    Raises
    ------
    InvalidData
        If it is something else, or damaged.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    # A damaged archive can make zipfile, zlib and NumPy's header parser fail in many ways.
    except Exception as error:
        raise InvalidData(f"These are not named arrays, or they are damaged ({type(error).__name__}).") from None
