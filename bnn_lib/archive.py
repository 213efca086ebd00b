"""Named arrays and a JSON header as bytes: a NumPy archive, deflated, in which nothing is ever pickled."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from bnn_lib.errors import InvalidData

LARGEST = 256_000_000  # bytes unpacked: a small archive can hold an absurd one
HEADER = "header"

# All that zlib, zipfile, NumPy and json raise on content that is not theirs.
FOREIGN = (
    *(ValueError, TypeError, LookupError, AttributeError, OSError, EOFError, RuntimeError, MemoryError),
    *(OverflowError, RecursionError, struct.error, zlib.error, zipfile.BadZipFile),
)


def pack(header: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return header and arrays as bytes. NumPy's numbers and arrays in the header become JSON's."""
    text = np.frombuffer(json.dumps(header, default=_plain).encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **cast(Any, {HEADER: text, **arrays}))
    # One pass over the whole at the fastest level: three times faster than npz's own compression.
    return zlib.compress(buffer.getbuffer(), level=1)


def unpack(content: bytes | memoryview, what: str, largest: int = LARGEST) -> tuple[Any, dict[str, np.ndarray]]:
    """Return header and arrays of what `pack` wrote; the header is any JSON.

    Parameters
    ----------
    content : bytes
    what : str
        What it should be, for the error: "a picture of a fit".
    largest : int
        Bytes unpacked that are allowed.

    Raises
    ------
    InvalidData
        If `pack` did not write it, or it is larger.
    """
    try:
        unpacker = zlib.decompressobj()
        raw = unpacker.decompress(content, largest)
        if not unpacker.eof:
            raise InvalidData(f"This is not {what}: it is cut short, or larger than any.")
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
                raise InvalidData(f"This is not {what}: it is packed twice.")
        with np.load(io.BytesIO(raw), allow_pickle=False) as loaded:
            arrays = {name: loaded[name] for name in loaded.files}
        text = arrays.pop(HEADER)
        if text.dtype != np.uint8 or text.ndim != 1:
            raise InvalidData(f"This is not {what}: its header is no text.")
        return json.loads(text.tobytes()), arrays
    except InvalidData:
        raise
    except FOREIGN as error:
        raise InvalidData(f"This is not {what} ({type(error).__name__}).") from error


def _plain(value: object) -> object:
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
