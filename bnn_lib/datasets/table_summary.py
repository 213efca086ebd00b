"""A table looked at: what its columns are, and what to make of them unless told otherwise.

Each guess is a method of its own, from the table to an answer that a page can show and let the user change.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from bnn_lib.datasets.columns import CATEGORY, NUMBER, Column, read_column
from bnn_lib.datasets.csv_file import DELIMITERS, Table, read_csv
from bnn_lib.datasets.table_encoding import DROP, MAX_WIDTH, MEDIAN
from bnn_lib.datasets.text_file import File
from bnn_lib.errors import InvalidData, counted, shown

MAX_CODES = 10  # whole numbers 0, 1, ... up to so many are taken for classes
MAX_LOST = 0.05  # share of rows that leaving out incomplete ones may cost before filling in is the better guess

_TARGETS = re.compile(r"(?i)target|labels?|class|y|outcome|response|output|result|diagnosis|survived|species")


@dataclass(frozen=True, eq=False)
class TableSummary:
    """What a table holds, and what to make of it unless told otherwise.

    Attributes
    ----------
    table : Table
        The cells, and how they were read.
    columns : tuple of Column
        In the table's order, each with its kind and, if it is no feature by default, the reason.
    target : str or None
        The guess; None if no column can be one.
    """

    table: Table
    columns: tuple[Column, ...]
    target: str | None

    @property
    def rows(self) -> int:
        """Number of rows, the header not counted."""
        return len(self.table.frame)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(column.name for column in self.columns)

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of the columns that can be a target."""
        return tuple(column.name for column in self.columns if column.usable)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences on what was changed in reading the cells."""
        return (*self.table.warnings, *(column.note for column in self.columns if column.note))

    @property
    def text(self) -> str:
        """One line: size, kinds, missing values, how it was read."""
        parts = [
            f"{number:,} {name}"
            for kind, name in ((NUMBER, "numeric"), (CATEGORY, "categorical"))
            if (number := sum(column.kind == kind and not column.why_not for column in self.columns))
        ]
        left_out = sum(bool(column.why_not) for column in self.columns)
        parts += [f"{left_out:,} left out"] if left_out else []
        missing = sum(column.missing for column in self.columns)
        read = f"{self.table.encoding}, {DELIMITERS[self.table.delimiter]} between cells"
        read += ", decimal comma" if self.table.decimal == "," else ""
        return (
            f"{counted(self.rows, 'row')}, {counted(len(self.columns), 'column')}: {', '.join(parts)}; "
            f"{counted(missing, 'missing value') if missing else 'no missing values'} ({read})."
        )

    def column(self, name: object) -> Column:
        """Return a column by its name; `InvalidData` if there is none."""
        found = next((column for column in self.columns if column.name == name), None)
        if found is None:
            raise InvalidData(f"The table has no column {shown(name)}; allowed: {shown(list(self.names), 300)}.")
        return found

    def guess_task(self, target: str) -> tuple[str, str]:
        """Return the type of target, and why."""
        column = self.column(target)
        if not column.numeric:
            return "classification", f"{counted(column.distinct, 'different value')} of text"
        known = np.unique(column.values[column.known])
        codes = known[0] in (0, 1) and bool((np.diff(known) == 1).all())
        if codes and len(known) <= min(MAX_CODES, column.known.sum() / 2):
            return "classification", f"the whole numbers {known[0]:.0f} to {known[-1]:.0f}"
        return "regression", f"numbers from {known[0]:g} to {known[-1]:g}"

    def guess_features(self, target: str | None) -> tuple[str, ...]:
        """Return the columns that are features by default: as many from the left as `MAX_WIDTH` allows.

        If none is left, those that look like row numbers are taken after all.
        """
        able = [column for column in self.columns if column.usable and column.name != target]
        names: list[str] = []
        width = 0
        for column in [column for column in able if not column.why_not] or able:
            if width + column.width <= MAX_WIDTH:
                names.append(column.name)
                width += column.width
        return tuple(names)

    def guess_missing(self, target: str | None, features: Sequence[str]) -> str:
        """Return ``"drop"`` if that costs few rows, else ``"median"``."""
        known = self.known([] if target is None else [target])
        lost = known & ~self.known(features)
        return DROP if lost.sum() <= MAX_LOST * known.sum() else MEDIAN

    def count_incomplete(self, target: str, features: Sequence[str]) -> int:
        """Return in how many of the rows that have a target a feature is missing."""
        return int((self.known([target]) & ~self.known(features)).sum())

    def known(self, names: Collection[str]) -> np.ndarray:
        """Return which rows have a value in each of these columns."""
        known = np.ones(self.rows, dtype=bool)
        for name in names:
            known &= self.column(name).known
        return known


def inspect_table(file: File) -> TableSummary:
    """Read a CSV file and say what it holds, without deciding anything yet.

    Parameters
    ----------
    file : path, bytes, or file opened in binary mode
        At most 5 MB, 50,000 rows and 1,000 columns. Encoding, delimiter and decimal sign are found out.

    Returns
    -------
    TableSummary
        Of which `encode_table` makes a data set.

    Raises
    ------
    InvalidData
        If it is no table, in one sentence for the person whose file it is.
    """
    table = read_csv(file)
    columns = tuple(read_column(str(name), table.frame[name], table.decimal) for name in table.frame)
    return TableSummary(table, columns, guess_target(columns))


def guess_target(columns: Sequence[Column]) -> str | None:
    """Return the column that is named like a target, else the last that can be one."""
    able = [column for column in columns if column.usable and not column.why_not]
    able = able or [column for column in columns if column.usable]
    named = [column for column in able if _TARGETS.fullmatch(column.name.strip())]
    return (named or able)[-1].name if able else None
