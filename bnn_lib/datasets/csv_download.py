"""Frames -> CSV that is safe to open in a spreadsheet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # full-width signs act alike


def to_csv_bytes(frame: pd.DataFrame) -> bytes:
    """Write a frame as CSV, UTF-8, such that no spreadsheet takes a cell for a formula.

    Text (names of columns too) that starts with ``= + - @``, a tab or a line end gets an apostrophe in front, as
    OWASP advises (https://owasp.org/www-community/attacks/CSV_Injection). Numbers stay as they are, those that are
    stored as text too.
    """
    import pandas as pd

    def neutralise(column: pd.Series) -> pd.Series:
        if pd.api.types.is_numeric_dtype(column):
            return column
        return column.map(_neutral, na_action="ignore")

    safe = frame.apply(neutralise) if frame.size else frame.copy()
    safe.columns = [_neutral(str(name)) for name in frame.columns]
    return safe.to_csv(index=False, lineterminator="\r\n").encode()


def _neutral(cell: Any) -> Any:
    if not isinstance(cell, str) or not cell.startswith(_FORMULA):
        return cell
    try:
        float(cell)
    except ValueError:
        return f"'{cell}"
    return cell
