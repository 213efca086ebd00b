"""A file that a user hands over -> its text and encoding, or one sentence that says why there is none."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, BinaryIO

from bnn_lib.errors import InvalidData, shown

MAX_BYTES = 5_000_000

File = str | os.PathLike[str] | bytes | BinaryIO

_SIGNATURES = {
    b"PK\x03\x04": "a zip archive, perhaps an Excel workbook",
    b"\x1f\x8b": "a gzip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF",
    b"PAR1": "a Parquet file",
    b"\x89PNG": "an image",
    b"SQLite format 3": "a database",
}
_BOMS = (  # UTF-32's starts with UTF-16's
    (b"\xef\xbb\xbf", "utf-8-sig", "UTF-8"),
    (b"\xff\xfe\x00\x00", "utf-32", "UTF-32"),
    (b"\x00\x00\xfe\xff", "utf-32", "UTF-32"),
    (b"\xff\xfe", "utf-16", "UTF-16"),
    (b"\xfe\xff", "utf-16", "UTF-16"),
)
_CONTROL = re.compile(r"[\x01-\x08\x0e-\x1f]")


def read_text(file: File) -> tuple[str, str]:
    """Return the text and the name of the encoding of a path, of bytes, or of a file opened in binary mode.

    Raises
    ------
    InvalidData
        If it is larger than `MAX_BYTES` (no more than that is read), cannot be read, or is not text.
    """
    return decode(_read_bytes(file))


def decode(data: bytes) -> tuple[str, str]:
    """Return a file's text and the name of its encoding.

    By the byte order mark if there is one; else UTF-16 if every other byte is zero; else UTF-8 if it is valid,
    else Windows-1252 or, for the bytes that it lacks, Latin-1.
    """
    for start, kind in _SIGNATURES.items():
        if data.startswith(start):
            raise InvalidData(f"The file is {kind}, whatever its name; needed: text. Save the table as CSV first.")
    codec, name = next(((codec, name) for mark, codec, name in _BOMS if data.startswith(mark)), ("", ""))
    if not codec and b"\0" in data:
        codec, name = _without_mark(data[:4_096])
    try:
        if codec:
            text = data.decode(codec)
        else:
            text, name = _decode_eight_bits(data)
    except UnicodeDecodeError as error:
        raise InvalidData(
            f"The file is marked as {name} and is not valid {name} at byte {error.start:,}; save it as UTF-8."
        ) from error
    if "\0" in text or len(_CONTROL.findall(text)) > 1 + len(text) / 100:
        what = "NUL bytes" if "\0" in text else "control characters"
        raise InvalidData(f"The file has {what}, so it is not text; needed: a table saved as CSV.")
    return text, name


def _without_mark(start: bytes) -> tuple[str, str]:
    """UTF-16 of mostly Western text has a zero in every other byte."""
    even, odd = start[::2].count(0), start[1::2].count(0)
    half = len(start) / 2
    if odd > 0.4 * half and even < 0.05 * half:
        return "utf-16-le", "UTF-16"
    if even > 0.4 * half and odd < 0.05 * half:
        return "utf-16-be", "UTF-16"
    raise InvalidData("The file has NUL bytes, so it is not text; needed: a table saved as CSV.")


def _decode_eight_bits(data: bytes) -> tuple[str, str]:
    for codec, name in (("utf-8", "UTF-8"), ("cp1252", "Windows-1252")):
        try:
            return data.decode(codec), name
        except UnicodeDecodeError:
            pass
    return data.decode("latin-1"), "Latin-1"


def _read_bytes(file: Any) -> bytes:
    if isinstance(file, bytes | bytearray | memoryview):
        data = bytes(file)
    elif isinstance(file, str | os.PathLike):
        try:
            with Path(file).open("rb") as opened:
                size = os.fstat(opened.fileno()).st_size
                data = opened.read(MAX_BYTES + 1)
        except (OSError, ValueError) as error:  # ValueError: a NUL byte in the path
            reason = getattr(error, "strerror", None) or error
            raise InvalidData(f"The file {shown(str(file))} cannot be read: {reason}.") from error
        _check_size(max(size, len(data)))
    elif hasattr(file, "read"):
        data = file.read(MAX_BYTES + 1)
        if not isinstance(data, bytes):
            raise InvalidData("The file was opened as text; allowed: opened in binary mode, open(path, 'rb').")
    else:
        raise InvalidData(f"file is {shown(file)}; allowed: a path, bytes, or a file opened in binary mode.")
    _check_size(len(data))
    return data


def _check_size(size: int) -> None:
    if size > MAX_BYTES:
        more = "more than " if size == MAX_BYTES + 1 else ""  # all that was read of it
        raise InvalidData(f"The file has {more}{size / 1e6:,.1f} MB; allowed: at most {MAX_BYTES / 1e6:g} MB.")
