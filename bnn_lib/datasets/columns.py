"""What each column of a table is: numbers, categories, dates, text; and whether it can serve as a feature.

Every rule is a guess that a page shows with its reason and lets the user overrule.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bnn_lib.datasets.checks import MAX_MAGNITUDE
from bnn_lib.errors import counted, shown

if TYPE_CHECKING:
    import pandas as pd

MAX_LEVELS = 30  # of a category; text with more is no category unless it is asked for
MIN_SHARE = 0.9  # of a column's values that must be numbers, or dates, for the column to be
MAX_MISSING = 0.5  # share, above which a column is no feature unless it is asked for

NUMBER, CATEGORY, DATE, TEXT, CONSTANT, EMPTY = "number", "category", "date", "text", "constant", "empty"

# Names of row numbers and keys: "id", "Customer ID", "patient_id", "userId", "Unnamed: 0"; not "paid" or "Madrid".
_IDENTIFIER = re.compile(
    r"(?i:(.*[\s_.-])?(id|ids|key|uuid|guid|index|idx|rownames|unnamed.*)|(id|key)[\s_.-].*)|.*[a-z]I[Dd]"
)
_MONTH = "(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DATES = (
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[T ]\d{1,2}:\d{2}.*)?",
    r"\d{1,2}[-/.]\d{1,2}[-/.](?:\d{2}|\d{4})(?:[T ,]+\d{1,2}:\d{2}.*)?",
    r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:\s*[AaPp][Mm])?",
    rf"(?:[A-Za-z]{{3,9}},?\s+)?\d{{1,2}}[. -]+{_MONTH}[., -]+\d{{2,4}}.*",
    rf"{_MONTH}\.?\s+\d{{1,2}},?\s+\d{{2,4}}.*",
)
_THIN = r"\s\u00a0\u2009\u202f'’"  # what else parts thousands
_AROUND = r"^[\s'$€£¥]+|[\s%$€£¥]+$"  # currencies, per cent, and the apostrophe that makes a spreadsheet keep text


@dataclass(frozen=True, eq=False)
class Column:
    """One column of a table.

    Attributes
    ----------
    name : str
    kind : {"number", "category", "date", "text", "constant", "empty"}
    missing : int
        Cells without a value that can be used.
    levels : tuple of str
        A category's different values, sorted; empty for others.
    distinct : int
        Number of different values.
    why_not : str
        Why it is left out unless it is asked for; empty for a feature.
    note : str
        A sentence on cells that count as missing though they are not empty; empty if there is none.
    values : ndarray of shape (rows,)
        Float64, NaN where missing, for numbers; str or None for others.
    """

    name: str
    kind: str
    missing: int
    levels: tuple[str, ...]
    distinct: int
    why_not: str
    note: str
    values: np.ndarray

    @property
    def numeric(self) -> bool:
        """Whether `values` are numbers."""
        return self.values.dtype.kind == "f"

    @property
    def known(self) -> np.ndarray:
        """Which rows have a value, shape (rows,)."""
        return there(self.values)

    @property
    def usable(self) -> bool:
        """Whether it can be a feature at all."""
        return self.kind in (NUMBER, CATEGORY)

    @property
    def width(self) -> int:
        """Number of columns after encoding: one for numbers and for two levels, else one a level."""
        return len(self.levels) if len(self.levels) > 2 else 1

    @property
    def text(self) -> str:
        """What it holds, in a few words."""
        if self.kind == NUMBER:
            return f"{np.nanmin(self.values):g} to {np.nanmax(self.values):g}"
        some = ", ".join(self.levels[:3]) + (", ..." if len(self.levels) > 3 else "")
        return f"{counted(self.distinct, 'value')}{': ' if some else ''}{some}"


def read_column(name: str, cells: pd.Series, decimal: str) -> Column:
    """Return what the cells (text, NaN if missing) of a column are."""
    rows, filled = len(cells), int(cells.notna().sum())
    if filled == 0:
        return Column(name, EMPTY, rows, (), 0, "It is empty.", "", _as_text(cells))
    numbers = to_numbers(cells, decimal)
    usable = np.isfinite(numbers) & (np.abs(numbers) <= MAX_MAGNITUDE)
    # Infinities and 1e308 are numbers that no model can use; "abc" among numbers is none.
    if (~np.isnan(numbers)).sum() >= MIN_SHARE * filled and usable.any():
        return _number(name, cells, np.where(usable, numbers, np.nan))
    if _share_of_dates(cells.dropna()) >= MIN_SHARE:
        reason = "It holds dates. To use them, turn them into numbers first: a year, a month, days since a day."
        return Column(name, DATE, rows - filled, (), cells.nunique(), reason, "", _as_text(cells))
    return _category(name, cells, filled)


def to_numbers(cells: pd.Series, decimal: str) -> np.ndarray:
    """Read each cell as a number, NaN where it is none.

    Also numbers with signs of currency or per cent around them, and with thousands grouped by the other of point
    and comma, by spaces or by apostrophes. Nothing is divided by 100.
    """
    import pandas as pd

    plain = cells if decimal == "." else cells.mask(cells.str.contains(".", regex=False, na=False))
    if decimal == ",":
        plain = plain.str.replace(",", ".", regex=False)
    numbers = pd.to_numeric(plain, errors="coerce").to_numpy(dtype=float, na_value=np.nan).copy()
    left = np.isnan(numbers) & cells.notna().to_numpy()
    if left.any():
        codes, different = pd.factorize(cells[left])  # categories repeat: look at each of them once
        numbers[left] = _to_numbers_in_disguise(pd.Series(different, dtype=str), decimal)[codes]
    return numbers


def _to_numbers_in_disguise(cells: pd.Series, decimal: str) -> np.ndarray:
    import pandas as pd

    groups = rf"[{',' if decimal == '.' else '.'}{_THIN}]"
    cells = cells.str.replace("\u2212", "-", regex=False).str.replace(_AROUND, "", regex=True)
    grouped = cells.str.fullmatch(rf"[+-]?\d{{1,3}}(?:{groups}\d{{3}})+(?:[{decimal}]\d+)?")
    single = cells.str.fullmatch(rf"[+-]?\d*[{decimal}]?\d*(?:[eE][+-]?\d+)?")
    cells = cells.mask(~(grouped | single)).str.replace(groups, "", regex=True)
    cells = cells.str.replace(decimal, ".", regex=False)
    return pd.to_numeric(cells, errors="coerce").to_numpy(dtype=float, na_value=np.nan)


def looks_like_identifier(name: str, values: np.ndarray) -> str:
    """Say why a column of numbers is no feature but a row's name; an empty string if it is one.

    Measurements may be whole and different too, so these alone are not enough: the name must say it, or the
    numbers must count the rows.
    """
    known = values[~np.isnan(values)]
    whole, different = bool((known == np.floor(known)).all()), len(np.unique(known))
    if not whole or len(known) < 3:
        return ""
    if known[0] in (0, 1) and (np.diff(known) == 1).all():
        return "It counts the rows."
    if _IDENTIFIER.fullmatch(name.strip()) and different > len(known) / 2:
        return "It names rows: its name says so, and its whole numbers hardly repeat."
    return ""


def _number(name: str, cells: pd.Series, values: np.ndarray) -> Column:
    missing = np.isnan(values)
    distinct = len(np.unique(values[~missing]))
    note = ""
    odd = missing & cells.notna().to_numpy()
    if odd.any():
        example = shown(str(cells.iloc[int(odd.argmax())]), 30)
        one = odd.sum() == 1
        note = (
            f"{counted(int(odd.sum()), 'cell')} of {shown(name)} {'is' if one else 'are'} no usable "
            f"number{'' if one else 's'} ({'' if one else 'such as '}{example}) and count{'s' if one else ''} as "
            "missing."
        )
    if distinct == 1:
        return Column(name, CONSTANT, int(missing.sum()), (), 1, "It has one value only.", note, values)
    why_not = looks_like_identifier(name, values) or _too_empty(int(missing.sum()), len(values))
    return Column(name, NUMBER, int(missing.sum()), (), distinct, why_not, note, values)


def _category(name: str, cells: pd.Series, filled: int) -> Column:
    missing = len(cells) - filled
    distinct = int(cells.nunique())
    values = _as_text(cells)
    if distinct == 1:
        return Column(name, CONSTANT, missing, (), 1, "It has one value only.", "", values)
    if distinct == filled and filled > 2:
        return Column(name, TEXT, missing, (), distinct, "It is text, different in every row.", "", values)
    levels = tuple(sorted(str(level) for level in cells.dropna().unique()))
    if distinct > min(MAX_LEVELS, max(2, filled // 2)):
        why_not = f"It is text with {distinct:,} different values, too many for categories."
        return Column(name, TEXT, missing, (), distinct, why_not, "", values)
    return Column(name, CATEGORY, missing, levels, distinct, _too_empty(missing, len(cells)), "", values)


def _too_empty(missing: int, rows: int) -> str:
    share = missing / rows
    return f"It is missing in {share:.0%} of the rows." if share > MAX_MISSING else ""


def _share_of_dates(cells: pd.Series) -> float:
    sample = cells.drop_duplicates().head(500)
    return float(sample.str.fullmatch("|".join(f"(?:{date})" for date in _DATES)).mean())


def there(values: np.ndarray) -> np.ndarray:
    """Return whether each value is one: not NaN, not None."""
    import pandas as pd

    return np.asarray(pd.notna(values))


def _as_text(cells: pd.Series) -> np.ndarray:
    """Return an array of str, None where missing."""
    return cells.astype(object).where(cells.notna(), None).to_numpy(dtype=object)
