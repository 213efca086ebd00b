"""The file that a posterior is kept in: a NumPy archive of plain arrays and a JSON header, never a pickle."""

from __future__ import annotations

import json
import os
import zipfile
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from bnn_lib.errors import InvalidData

FORMAT = "bnn_lib posterior 2"
LARGEST_FILE = 1_000_000_000  # bytes, unpacked: a small archive can hold an absurd one


def write(
    path: str | PathLike[str], header: dict[str, Any], arrays: dict[str, np.ndarray], leaves: list[np.ndarray]
) -> None:
    """Write header, named arrays and the leaves of the method's state; the old file stays until all is written."""
    text = json.dumps({"format": FORMAT, "n_leaves": len(leaves)} | header).encode()
    numbered = {f"state_{i}": leaf for i, leaf in enumerate(leaves)}
    partial = Path(f"{os.fspath(path)}.part")
    try:
        with partial.open("wb") as file:
            everything: dict[str, Any] = {"header": np.frombuffer(text, "uint8")} | arrays | numbered
            np.savez(file, **everything)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def name_of(source: str | PathLike[str] | BinaryIO) -> str:
    """Return what messages call it."""
    return os.fspath(source) if isinstance(source, str | PathLike) else "The file"


def read(
    source: str | PathLike[str] | BinaryIO,
) -> tuple[dict[str, Any], dict[str, np.ndarray], list[np.ndarray]]:
    """Read what `write` wrote, from a path or an open file.

    Raises
    ------
    InvalidData
        If the file is damaged or was not written by `write`.
    FileNotFoundError
        If there is none.
    """
    path = name_of(source)
    try:
        with zipfile.ZipFile(source) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
        if unpacked > LARGEST_FILE:
            raise InvalidData(f"{path} unpacks to {unpacked:,} bytes; allowed: at most {LARGEST_FILE:,}.")
        if not isinstance(source, str | PathLike):
            source.seek(0)
        with np.load(source, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        header = json.loads(arrays.pop("header").tobytes())
        if header["format"] != FORMAT:
            raise InvalidData(f"{path} is in the format {header['format']!r}; this version reads {FORMAT!r}.")
        leaves = [arrays.pop(f"state_{i}") for i in range(header["n_leaves"])]
    except (FileNotFoundError, InvalidData):
        raise
    # A damaged archive can make zipfile, zlib and NumPy's header parser fail in many ways.
    except Exception as error:
        raise InvalidData(f"{path} is not a saved posterior, or is damaged ({type(error).__name__}).") from None
    return header, arrays, leaves
