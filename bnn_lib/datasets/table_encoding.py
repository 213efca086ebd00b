"""How columns of a table become a model's inputs: remembered, so that a second table can be encoded alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bnn_lib.datasets.checks import MAX_MAGNITUDE, read_number
from bnn_lib.datasets.columns import MIN_SHARE, Column, there, to_numbers
from bnn_lib.datasets.csv_file import Table, read_csv, unique_names
from bnn_lib.datasets.text_file import File
from bnn_lib.errors import InvalidData, counted, shown

if TYPE_CHECKING:
    import pandas as pd

MAX_WIDTH = 200  # columns of X
DROP, MEDIAN = "drop", "median"


@dataclass(frozen=True)
class Input:
    """One column of a table, as a model is given it.

    Attributes
    ----------
    name : str
        Of the table's column.
    levels : tuple of str
        A category's levels, sorted: two become one column of 0 and 1, more become one each (one-hot). Empty for
        numbers, which stay as they are.
    fill : float or str or None
        What stands for a missing value: the median, or the most common level, of the training rows. None if rows
        with a missing value are left out.
    """

    name: str
    levels: tuple[str, ...] = ()
    fill: float | str | None = None

    @property
    def shown_levels(self) -> tuple[str, ...]:
        """The levels that have a column of their own."""
        return self.levels[1:] if len(self.levels) == 2 else self.levels

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of its columns."""
        return tuple(f"{self.name} = {level}" for level in self.shown_levels) or (self.name,)

    def encode(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return its columns, shape (n, width), and for each row whether there is a value.

        `values` are floats, or text that is one of the levels; NaN or None where missing.
        """
        known = there(values)
        if self.fill is not None:
            values = np.where(known, values, self.fill)
            known = np.ones(len(values), dtype=bool)
        if not self.levels:
            return values.astype(float)[:, None], known
        return np.column_stack([values == level for level in self.shown_levels]).astype(float), known


@dataclass(frozen=True, eq=False)
class NewRows:
    """A second table, encoded as the first was.

    Attributes
    ----------
    X : ndarray of shape (n, d)
        The rows that can be predicted, in their order.
    complete : ndarray of bool, shape (rows,)
        Which of the table's rows these are: a row with a missing value is not among them unless there is something
        to stand for it, and one with a level that the model has not seen never is.
    frame : DataFrame of str
        The table as it came.
    unknown : tuple of str
        A clause for each category with levels that the model has not seen: which, where, and what is known.
    """

    X: np.ndarray
    complete: np.ndarray
    frame: pd.DataFrame
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableEncoding:
    """What a model's inputs and target are called, and how rows of a table become inputs.

    Attributes
    ----------
    inputs : tuple of Input
    target : str
    task : {"classification", "regression"}
    class_names : tuple of str
        Empty for regression.
    """

    inputs: tuple[Input, ...]
    target: str
    task: str
    class_names: tuple[str, ...] = ()

    @property
    def feature_names(self) -> tuple[str, ...]:
        """A name for each of the d columns of X."""
        return unique_names([name for item in self.inputs for name in item.column_names])

    def columns_of(self, name: str) -> slice:
        """Return which columns of X a column of the table became."""
        start = 0
        for item in self.inputs:
            stop = start + len(item.column_names)
            if item.name == name:
                return slice(start, stop)
            start = stop
        raise InvalidData(f"{shown(name)} is none of the features; allowed: {shown(self._names, 200)}.")

    def encode(self, values: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Return X of the complete rows, shape (n, d), and which rows these are.

        Parameters
        ----------
        values : mapping of name to ndarray of shape (rows,)
            For every input: floats with NaN, or text with None, where a value is missing.
        """
        parts = [item.encode(values[item.name]) for item in self.inputs]
        complete = np.logical_and.reduce([known for _, known in parts])
        return np.hstack([columns for columns, _ in parts])[complete], complete

    def encode_row(self, values: Mapping[str, Any]) -> np.ndarray:
        """Return X of shape (1, d) for one row: a number or a level for each input.

        Raises
        ------
        InvalidData
            If an input is missing, is not a finite number, or is none of its levels.
        """
        arrays: dict[str, np.ndarray] = {}
        for item in self.inputs:
            value = values.get(item.name, item.fill)
            if item.levels:
                if value not in item.levels:
                    raise InvalidData(f"{_level_text(item, value)}.")
                arrays[item.name] = np.array([value], dtype=object)
            else:
                arrays[item.name] = np.array([read_number(value, item.name, -MAX_MAGNITUDE, MAX_MAGNITUDE)])
        return self.encode(arrays)[0]

    def read(self, file: File) -> NewRows:
        """Read a second table, which needs the same features; other columns are passed through.

        Raises
        ------
        InvalidData
            If it cannot be read, a feature is missing from it or holds something else than before, or none of its
            rows can be predicted.
        """
        table = read_csv(file)
        absent = [item.name for item in self.inputs if item.name not in table.frame]
        if absent:
            raise InvalidData(
                f"The file has no column {shown(absent[0])}{_and_more(len(absent))}; needed: every feature of the "
                f"model, named as before ({shown(self._names, 300)})."
            )
        values = {item.name: _read(item, table) for item in self.inputs}
        strange = {item: _strange(item, values[item.name]) for item in self.inputs if item.levels}
        unknown = tuple(
            _unknown(item, values[item.name], rows, table) for item, rows in strange.items() if rows.any()
        )
        X, complete = self.encode(values)
        left = ~np.logical_or.reduce([np.zeros(len(complete), dtype=bool), *strange.values()])
        if not (complete & left).any():
            why = f"; {'; '.join(unknown)}" if unknown else ""
            raise InvalidData(f"No row of the file has a known value of every feature; needed: at least one{why}.")
        return NewRows(X[left[complete]], complete & left, table.frame, unknown)

    @property
    def _names(self) -> list[str]:
        return [item.name for item in self.inputs]


def fit_input(column: Column, kept: np.ndarray, train: np.ndarray, missing: str) -> Input:
    """Learn an input: levels from the rows in use, what stands for missing values from the training rows alone.

    A level that only held-out rows have is a column of zeros in training, about which the model stays as unsure as
    its prior.
    """
    values = column.values
    known = values[train][there(values[train])]
    fill: float | str | None = None
    if column.numeric:
        if missing == MEDIAN:
            fill = float(np.median(known)) if len(known) else 0.0
        return Input(column.name, fill=fill)
    levels, counts = np.unique(known.astype(str), return_counts=True)
    present = values[kept]
    if missing == MEDIAN:
        fill = str(levels[counts.argmax()]) if len(levels) else str(next(filter(None, present)))
    return Input(column.name, tuple(sorted({str(value) for value in present[there(present)]})), fill)


def _read(item: Input, table: Table) -> np.ndarray:
    cells = table.frame[item.name]
    filled = cells.notna().to_numpy()
    if not item.levels:
        numbers = to_numbers(cells, table.decimal)
        if (~np.isnan(numbers)).sum() < MIN_SHARE * filled.sum():
            odd = cells[filled & np.isnan(numbers)].iloc[0]
            raise InvalidData(
                f"Column {shown(item.name)} held numbers and now holds text, such as {shown(str(odd))}; needed: "
                "numbers."
            )
        return np.where(np.abs(numbers) <= MAX_MAGNITUDE, numbers, np.nan)
    return cells.astype(object).where(cells.notna(), None).to_numpy(dtype=object)


def _strange(item: Input, values: np.ndarray) -> np.ndarray:
    """Return which rows have a level that the model has not seen."""
    return there(values) & ~np.isin(values.astype(str), item.levels)


def _unknown(item: Input, values: np.ndarray, rows: np.ndarray, table: Table) -> str:
    """Say which level it is, and where."""
    row, more = int(rows.argmax()), int(rows.sum()) - 1
    also = f", and {counted(more, 'row')} more {'has' if more == 1 else 'have'} such a level" if more else ""
    return _level_text(item, values[row], f" in row {row + 1 + table.header:,}{also}")


def _level_text(item: Input, value: object, where: str = "") -> str:
    received = "no value" if value is None else shown(value)
    return f"{shown(item.name)} is {received}{where}; known: {shown(list(item.levels), 300)}"


def _and_more(number: int) -> str:
    return f" (and {number - 1:,} more are missing)" if number > 1 else ""
