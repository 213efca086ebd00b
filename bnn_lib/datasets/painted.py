"""Points painted by hand: a handful of rows as a short text, which fits in a link, and as a CSV file.

The text is base64url without padding of: a version byte, the window (four little-endian float32: lowest and
highest value across, then up), and four bytes a point: 14 bits across, 14 bits up, 4 bits of class. So a place is
exact to one part in 16,383 of the window, and 200 points take 1,090 characters.
"""

from __future__ import annotations

import base64
import binascii
import csv
import io
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from bnn_lib.datasets.checks import read_matrix
from bnn_lib.errors import InvalidData, shown

MOST_POINTS = 2_000
MOST_IN_LINK = 200
MOST_CLASSES = 5
STEPS = 2**14 - 1  # from one edge of the window to the other
LARGEST = 1e6  # coordinate
NARROWEST = 1e-6  # window
NEAR = 1e-4  # a window's width as a share of its largest coordinate: float32 must tell its edges apart
MARGIN = 0.25  # of the points' range, around points without a window
LARGEST_FILE = 200_000  # bytes

Window = tuple[tuple[float, float], tuple[float, float]]

_VERSION = 1
_HEADER = np.dtype([("version", "u1"), ("window", "<f4", 4)])
_TEXT = re.compile(r"[A-Za-z0-9_-]*\Z")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z", re.ASCII)


@dataclass(frozen=True, eq=False)
class Painting:
    """Points in a window.

    Attributes
    ----------
    places : ndarray of shape (n, 2), float64
        Across and up: both features of a classification, or feature and target of a regression.
    classes : ndarray of shape (n,), int64
        0 to 4; all 0 for a regression.
    window : pair of pairs of float
        Lowest and highest value across, and up.
    """

    places: np.ndarray
    classes: np.ndarray
    window: Window


def paint(points: Any, window: Any = None) -> str:
    """Write points as the text that `DataSpec.points` holds.

    Parameters
    ----------
    points : array-like of shape (n, 3) or (n, 2)
        x1, x2 and class (0 to 4) of each point; or x and y, for a regression.
    window : ((x_low, x_high), (y_low, y_high)), optional
        What a map shows; the points' range and a quarter of it on each side if not given.

    Returns
    -------
    str

    Raises
    ------
    InvalidData
        If there are more than 2,000 points, one is outside the window, or a class is not 0 to 4.
    """
    rows = read_matrix(points, "points") if np.size(points) else np.empty((0, 3))
    if rows.shape[1] not in (2, 3):
        raise InvalidData(f"points has {rows.shape[1]} columns; allowed: 3 (x1, x2, class) or 2 (x, y).")
    if len(rows) > MOST_POINTS:
        raise InvalidData(f"There are {len(rows):,} points; allowed: at most {MOST_POINTS:,}.")
    places, codes = rows[:, :2], rows[:, 2] if rows.shape[1] == 3 else np.zeros(len(rows))
    if not np.isin(codes, range(MOST_CLASSES)).all():
        wrong = codes[~np.isin(codes, range(MOST_CLASSES))][0]
        raise InvalidData(f"A point has class {wrong:g}; allowed: whole numbers from 0 to {MOST_CLASSES - 1}.")
    edges = _edges(_window_around(places) if window is None else window)
    steps = np.rint((places - edges[:, 0]) / (edges[:, 1] - edges[:, 0]) * STEPS)
    outside = ((steps < 0) | (steps > STEPS)).any(axis=1)
    if outside.any():
        place = ", ".join(f"{value:g}" for value in places[outside][0])
        raise InvalidData(f"A point lies at ({place}); allowed: inside the window {edges.tolist()}.")
    words = codes.astype(np.uint32) << 28 | steps[:, 1].astype(np.uint32) << 14 | steps[:, 0].astype(np.uint32)
    header = np.array((_VERSION, edges.ravel()), dtype=_HEADER)
    content = header.tobytes() + words.astype("<u4").tobytes()
    return base64.urlsafe_b64encode(content).decode("ascii").rstrip("=")


def read_painting(text: Any) -> Painting:
    """Read what `paint` wrote, and nothing else: each painting has one text.

    Raises
    ------
    InvalidData
        Saying what is wrong with it.
    """
    if not isinstance(text, str) or not _TEXT.match(text):
        raise InvalidData(
            f"These points are {shown(text)}; allowed: letters, digits, - and _, as `paint` writes them."
        )
    try:
        content = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        raise InvalidData(
            f"These points are cut short: {len(text):,} characters are no whole number of bytes."
        ) from None
    size, rest = divmod(len(content) - _HEADER.itemsize, 4)
    if size < 0 or rest or content[0] != _VERSION:
        raise InvalidData("These points are cut short, or were not written by `paint`.")
    if size > MOST_POINTS:
        raise InvalidData(f"There are {size:,} points; allowed: at most {MOST_POINTS:,}.")
    header = np.frombuffer(content, _HEADER, count=1)[0]
    edges = _edges(header["window"].astype(float).reshape(2, 2))
    words = np.frombuffer(content, "<u4", offset=_HEADER.itemsize)
    steps = np.column_stack([words & STEPS, words >> 14 & STEPS])
    classes = (words >> 28).astype(np.int64)
    if (classes >= MOST_CLASSES).any():
        raise InvalidData(f"A point has class {classes.max()}; allowed: 0 to {MOST_CLASSES - 1}.")
    places = edges[:, 0] + (edges[:, 1] - edges[:, 0]) * steps / STEPS
    across, up = ((float(low), float(high)) for low, high in edges)
    painting = Painting(places, classes, (across, up))
    if write_painting(painting) != text:
        raise InvalidData("These points have bits that `paint` does not write.")
    return painting


def count_points(text: str | None) -> int:
    """Return how many points a painting's text has; 0 for none."""
    return 0 if text is None else len(read_painting(text).places)


def write_painting(painting: Painting) -> str:
    """Return the text of a painting."""
    return paint(np.column_stack([painting.places, painting.classes]), painting.window)


def painting_to_csv(painting: Painting, regression: bool = False) -> str:
    """Return a painting as a CSV file: ``x1,x2,class``, or ``x,y`` for a regression."""
    lines = ["x,y" if regression else "x1,x2,class"]
    for (across, up), code in zip(painting.places, painting.classes, strict=True):
        lines.append(f"{across:.7g},{up:.7g}" + ("" if regression else f",{code}"))
    return "\n".join(lines) + "\n"


def painting_from_csv(content: bytes, regression: bool = False) -> Painting:
    """Read a CSV file as `painting_to_csv` writes it.

    Raises
    ------
    InvalidData
        Naming the line that cannot be read, what it holds, and what is allowed.
    """
    if len(content) > LARGEST_FILE:
        raise InvalidData(f"This file has {len(content):,} bytes; allowed: {LARGEST_FILE:,}, some 2,000 points.")
    wanted = ["x", "y"] if regression else ["x1", "x2", "class"]
    try:
        lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidData(f"This file cannot be read as CSV in UTF-8: {error}.") from None
    lines = [line for line in lines if line]
    if not lines or [name.strip() for name in lines[0]] != wanted:
        received = shown(",".join(lines[0])) if lines else "missing"
        raise InvalidData(f"The first line of this file is {received}; allowed: {','.join(wanted)}.")
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        values = [float(cell) if _NUMBER.match(cell.strip()) else np.nan for cell in line]
        if len(values) != len(wanted) or not np.isfinite(values).all():
            raise InvalidData(
                f"Line {number} of this file is {shown(','.join(line))}; allowed: {len(wanted)} numbers."
            )
        rows.append(values)
    return read_painting(paint(rows))


def _window_around(places: np.ndarray) -> np.ndarray:
    if len(places) == 0:
        return np.array([[-3.0, 3.0], [-3.0, 3.0]])
    low, high = places.min(axis=0), places.max(axis=0)
    margin = np.where(high > low, MARGIN * (high - low), 1.0)
    margin = np.maximum(margin, np.maximum(NARROWEST, NEAR * np.abs(places).max(axis=0)))
    return np.column_stack([low - margin, high + margin])


def _edges(window: Any) -> np.ndarray:
    """Return a window as (2, 2) numbers that float32 has."""
    try:
        edges = np.asarray(window, dtype=np.float64)
    except (TypeError, ValueError):
        edges = np.empty(0)
    with np.errstate(over="ignore"):
        edges = edges.astype("<f4").astype(np.float64)
    if edges.shape == (2, 2) and np.isfinite(edges).all() and np.abs(edges).max() <= LARGEST:
        width = edges[:, 1] - edges[:, 0]
        if (width >= np.maximum(NARROWEST, NEAR * np.abs(edges).max(axis=1))).all():
            return edges + 0.0
    raise InvalidData(
        f"The window is {shown(window)}; allowed: lowest and highest value across, and up, from {-LARGEST:,.0f} "
        f"to {LARGEST:,.0f}, and not too close together."
    )
