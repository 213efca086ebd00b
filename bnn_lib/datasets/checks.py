"""Rows as users give them -> clean arrays, or one sentence that says what is wrong with them."""

from __future__ import annotations

import numbers
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from bnn_lib.errors import InvalidData, shown

MAX_ROWS = 1_000_000
MAX_FEATURES = 10_000
MAX_VALUES = 100_000_000  # entries of X: 800 MB of float64
MAX_CLASSES = 1_000
MAX_MAGNITUDE = 1e30  # fits run in float32, which ends at 3e38
MAX_SEED = 2**32 - 1  # what NumPy's RandomState takes

Label = bool | int | str

_KINDS = {"c": "complex numbers", "U": "text", "S": "bytes", "M": "dates", "m": "durations", "V": "records"}


def read_matrix(value: Any, name: str) -> np.ndarray:
    """Return `value` as a new float64 array of shape (n, d), C-ordered, n >= 1, d >= 1, every entry finite.

    Raises
    ------
    InvalidData
        For anything else: text, complex numbers, missing values, another number of dimensions, no rows, or
        more of them than this library is for.
    """
    array = _as_array(value, name)
    if array.ndim != 2:
        raise InvalidData(f"{name} has shape {_shape(array, value)}; allowed: two dimensions, (n, d).")
    rows, features = array.shape
    too_many = rows > MAX_ROWS or features > MAX_FEATURES or rows * features > MAX_VALUES
    if too_many or rows == 0 or features == 0:
        raise InvalidData(
            f"{name} has {rows:,} rows and {features:,} features; allowed: 1 to {MAX_ROWS:,} rows, "
            f"1 to {MAX_FEATURES:,} features and at most {MAX_VALUES:,} values."
        )
    return _as_finite(array, name)


def read_targets(value: Any, name: str, rows: int) -> np.ndarray:
    """Return `value` as a new float64 array of shape (rows,), every entry finite; `InvalidData` otherwise."""
    array = _as_array(value, name)
    _check_rows(array, value, name, rows)
    return _as_finite(array, name, "real numbers (for labels use task='classification')")


def read_labels(value: Any, name: str, rows: int) -> list[Label]:
    """Return `value` as `rows` labels of one kind: all int, all bool or all str; `InvalidData` otherwise.

    Whole floats count as ints, since class codes are often stored so; bools among ints do too.
    """
    # A list goes through dtype object: NumPy would otherwise turn ["a", nan] into the strings "a" and "nan".
    array = _as_array(value, name, dtype=None if isinstance(value, np.ndarray) else object)
    _check_rows(array, value, name, rows)
    if array.dtype.kind not in "biufUO":
        raise InvalidData(f"{name} holds {_kind(array)}; allowed: labels that are ints, bools or strings.")
    labels = [_label(item, name, position) for position, item in enumerate(array.tolist())]
    kinds = {type(label) for label in labels}
    if str in kinds and len(kinds) > 1:
        raise InvalidData(f"{name} mixes strings with numbers; allowed: labels of one kind.")
    return [int(label) for label in labels] if kinds == {bool, int} else labels


def read_names(value: Any, name: str, count: int | None = None) -> tuple[str, ...]:
    """Return `value` as a tuple of different, non-empty strings, `count` of them unless that is None."""
    several = isinstance(value, Collection) and not isinstance(value, str | bytes | Mapping)
    names = tuple(value) if several else None
    wanted = "names" if count is None else f"{count} names, one each"
    if (
        names is None
        or not all(isinstance(item, str) and item for item in names)
        or len(set(names)) != len(names)
        or len(names) != (len(names) if count is None else count)
    ):
        raise InvalidData(f"{name} is {shown(value)}; allowed: {wanted}, different and not empty.")
    return tuple(str(item) for item in names)


def read_seed(value: Any, name: str) -> int:
    """Return `value` as an int in 0..2**32 - 1; `InvalidData` otherwise."""
    return read_whole(value, name, 0, MAX_SEED)


def read_whole(value: Any, name: str, low: int, high: int) -> int:
    """Return `value` as an int in `low`..`high`; `InvalidData` otherwise."""
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not whole or not low <= value <= high:
        raise InvalidData(f"{name} is {shown(value)}; allowed: a whole number from {low:,} to {high:,}.")
    return int(value)


def read_number(value: Any, name: str, low: float, high: float, *, inside: bool = False) -> float:
    """Return `value` as a float in `low`..`high`, without these two if `inside`; `InvalidData` otherwise."""
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not real or not low <= value <= high or (inside and value in (low, high)):
        bounds = f"above {low:g} and below {high:g}" if inside else f"from {low:g} to {high:g}"
        raise InvalidData(f"{name} is {shown(value)}; allowed: a number {bounds}.")
    return float(value)


def read_flag(value: Any, name: str) -> bool:
    """Return `value` as a bool; `InvalidData` for anything else."""
    if not isinstance(value, bool | np.bool_):
        raise InvalidData(f"{name} is {shown(value)}; allowed: True or False.")
    return bool(value)


def _as_array(value: Any, name: str, dtype: type | None = None) -> np.ndarray:
    if np.ma.isMaskedArray(value) and np.ma.getmaskarray(value).any():
        raise InvalidData(f"{name} has masked entries; allowed: rows without missing values.")
    try:
        return np.asarray(value, dtype=dtype)
    except (ValueError, TypeError) as error:  # NumPy's for ragged lists, and for objects that refuse
        raise InvalidData(f"{name} is not an array; allowed: rows of one length ({error}).") from error


def _as_finite(array: np.ndarray, name: str, wanted: str = "real numbers") -> np.ndarray:
    """Return a C-ordered float64 copy of a real array, after looking at every entry."""
    if array.dtype.kind not in "biufO":
        raise InvalidData(f"{name} holds {_kind(array)}; allowed: {wanted}.")
    if array.dtype.kind == "O":
        for position, item in np.ndenumerate(array):
            if not isinstance(item, numbers.Real | np.bool_):
                raise InvalidData(f"{name}{_at(position)} is {shown(item)}; allowed: {wanted}.")
    try:
        # A long double beyond float64 becomes infinite, and is refused below.
        with np.errstate(over="ignore"):
            result = np.array(array, dtype=np.float64, order="C", copy=True)
    except OverflowError as error:
        raise InvalidData(f"{name} has a whole number too large for a float.") from error
    for good, problem in (
        (np.isfinite(result), "finite numbers"),
        (np.abs(result) <= MAX_MAGNITUDE, f"numbers from {-MAX_MAGNITUDE:g} to {MAX_MAGNITUDE:g}"),
    ):
        if not good.all():
            first = tuple(int(index) for index in np.argwhere(~good)[0])
            others = int((~good).sum()) - 1
            more = f", and {others:,} more like it" if others else ""
            raise InvalidData(f"{name}{_at(first)} is {result[first]:g}{more}; allowed: {problem}.")
    result += 0.0  # -0.0 equals 0.0 but would give another digest
    return result


def _check_rows(array: np.ndarray, value: Any, name: str, rows: int) -> None:
    if array.shape != (rows,):
        raise InvalidData(
            f"{name} has shape {_shape(array, value)}; allowed: one dimension, one entry a row, ({rows},)."
        )


def _label(item: Any, name: str, position: int) -> Label:
    if isinstance(item, np.generic):
        item = item.item()
    if isinstance(item, bool):
        return item
    if isinstance(item, numbers.Integral) or (isinstance(item, float) and item.is_integer()):
        return int(item)
    if isinstance(item, str):
        return item
    real = isinstance(item, float) and item == item
    hint = " (for a continuous target use task='regression')" if real else ""
    raise InvalidData(f"{name}[{position}] is {shown(item)}; allowed: ints, bools or strings{hint}.")


def _kind(array: np.ndarray) -> str:
    return _KINDS.get(array.dtype.kind, f"values of type {array.dtype}")


def _at(position: tuple[int, ...]) -> str:
    return f"[{', '.join(str(index) for index in position)}]"


def _shape(array: np.ndarray, value: Any) -> str:
    # For a number, None or a generator the shape () alone would not tell the user what went wrong.
    return f"{array.shape}" if array.ndim else f"() ({shown(value)})"
