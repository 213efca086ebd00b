"""A user's table made a data set."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from bnn_lib.datasets.columns import CONSTANT, DATE, EMPTY, Column
from bnn_lib.datasets.csv_file import DELIMITERS
from bnn_lib.datasets.dataset import TASKS, Dataset
from bnn_lib.datasets.split import split_rows
from bnn_lib.datasets.table_encoding import DROP, MAX_WIDTH, MEDIAN, TableEncoding, fit_input
from bnn_lib.datasets.table_summary import TableSummary, inspect_table
from bnn_lib.datasets.text_file import File
from bnn_lib.errors import InvalidData, counted, shown

MIN_ROWS = 4
MAX_CLASSES = 50


@dataclass(frozen=True, eq=False)
class TableData:
    """A table made a data set.

    Attributes
    ----------
    dataset : Dataset
    encoding : TableEncoding
        Makes inputs of further rows.
    train_rows, test_rows : ndarray of int
        Which of the table's rows are the rows of ``X_train`` and ``X_test``.
    dropped : int
        Rows left out for a missing value.
    """

    dataset: Dataset
    encoding: TableEncoding
    train_rows: np.ndarray
    test_rows: np.ndarray
    dropped: int


def read_table(
    file: File,
    target: str | None = None,
    features: Collection[str] | None = None,
    missing: str = DROP,
    task: str | None = None,
    test_fraction: float = 0.1,
    seed: int = 0,
    standardize: bool = True,
) -> Dataset:
    r"""Make a data set of a CSV file.

    Parameters
    ----------
    file : path, bytes, or file opened in binary mode
        At most 5 MB, 50,000 rows and 1,000 columns. Encoding, delimiter and decimal sign are found out.
    target : str, optional
        Name of the column to predict; else one that is named like a target, else the last that can be one.
    features : list of str, optional
        Names of columns to predict from; else all but row numbers, dates, free text, and columns that are constant
        or mostly empty (`inspect_table` tells which, and why). Categories become one column a level, at most 200
        columns in all.
    missing : {"drop", "median"}
        Leave rows with a missing value out, or fill in the training rows' median (for a category their most common
        level). Rows without a target are always left out.
    task : {"classification", "regression"}, optional
        By the target if not given: text and the whole numbers 0, 1, ... up to 9 or 10 are classes.
    test_fraction, seed, standardize
        As in `Dataset.from_arrays`.

    Raises
    ------
    InvalidData
        If the file is no table or cannot be used so, in one sentence for the person whose file it is.

    Examples
    --------
    >>> read_table(b"height,weight,sex\n1.8,80,m\n1.7,60,f\n1.9,90,m\n1.6,50,f\n").class_names
    ('f', 'm')
    """
    return encode_table(
        inspect_table(file), target, features, missing, task, test_fraction, seed, standardize
    ).dataset


def encode_table(
    summary: TableSummary,
    target: str | None = None,
    features: Collection[str] | None = None,
    missing: str = DROP,
    task: str | None = None,
    test_fraction: float = 0.1,
    seed: int = 0,
    standardize: bool = True,
) -> TableData:
    """Make a table that was looked at a data set; the parameters, and errors, are those of `read_table`."""
    if missing not in (DROP, MEDIAN):
        raise InvalidData(f"missing is {shown(missing)}; allowed: {DROP!r} or {MEDIAN!r}.")
    _check_size(summary)
    goal = _find_target(summary, target)
    task = _find_task(summary, goal, task)
    inputs = _find_inputs(summary, goal, features)
    known = summary.known([goal.name])
    kept = known & summary.known([column.name for column in inputs]) if missing == DROP else known
    rows = np.flatnonzero(kept)
    if len(rows) < MIN_ROWS:
        raise _too_few(len(rows), summary.rows, inputs if known.sum() >= MIN_ROWS else [])
    y, classes = _read_target(goal, rows, task)
    train, test = split_rows(len(rows), y if classes else None, classes, test_fraction, seed)
    encoding = TableEncoding(
        tuple(fit_input(column, rows, rows[train], missing) for column in inputs), goal.name, task, classes
    )
    X, _ = encoding.encode({column.name: column.values[rows] for column in inputs})
    dataset = Dataset(
        X[train], y[train], X[test], y[test], task, encoding.feature_names, classes, standardize=standardize
    )
    return TableData(dataset, encoding, rows[train], rows[test], summary.rows - len(rows))


def _check_size(summary: TableSummary) -> None:
    if len(summary.columns) < 2:
        raise InvalidData(
            f"The table has one column, {shown(summary.names[0])}; needed: a target and a feature, parted by one "
            f"of {', '.join(DELIMITERS.values())}."
        )
    if summary.rows < MIN_ROWS:
        raise InvalidData(f"The table has {counted(summary.rows, 'row')} of values; needed: at least {MIN_ROWS}.")


def _find_target(summary: TableSummary, target: str | None) -> Column:
    name = summary.target if target is None else target
    if name is None:
        raise InvalidData("The table has no column that could be a target; needed: one of numbers or of classes.")
    goal = summary.column(name)
    if goal.kind in (CONSTANT, EMPTY):
        what = "is empty" if goal.kind == EMPTY else "has the same value in every row"
        raise InvalidData(f"The target {shown(goal.name)} {what}, so there is nothing to learn; choose another.")
    return goal


def _find_task(summary: TableSummary, goal: Column, task: str | None) -> str:
    if task is not None and task not in TASKS:
        raise InvalidData(f"task is {shown(task)}; allowed: {' or '.join(TASKS)}.")
    task = task or summary.guess_task(goal.name)[0]
    if not goal.numeric and (task == "regression" or goal.kind == DATE):
        known = next(value for value in goal.values if value is not None)
        raise InvalidData(
            f"The target {shown(goal.name)} holds {'dates' if goal.kind == DATE else 'text'}, such as "
            f"{shown(known, 30)}; allowed: numbers for regression, a few different values for classification."
        )
    if task == "classification" and goal.distinct > min(MAX_CLASSES, (summary.rows - goal.missing) / 2):
        raise InvalidData(
            f"The target {shown(goal.name)} has {goal.distinct:,} different values in {summary.rows:,} rows; "
            f"allowed for classes: at most {MAX_CLASSES}, each in several rows."
        )
    return task


def _find_inputs(summary: TableSummary, goal: Column, features: Collection[str] | None) -> list[Column]:
    if isinstance(features, str):
        raise InvalidData(f"features is {shown(features)}; allowed: a list of names.")
    names = summary.guess_features(goal.name) if features is None else tuple(features)
    inputs = [summary.column(name) for name in names]
    if len(set(names)) < len(names) or goal.name in names:
        raise InvalidData("features names a column twice, or the target; allowed: each once, the target not.")
    for column in inputs:
        if not column.usable:
            raise InvalidData(f"{shown(column.name)} cannot be a feature. {column.why_not}")
    width = sum(column.width for column in inputs)
    if not inputs:
        raise InvalidData("No column is left as a feature; needed: at least one of numbers or categories.")
    if width > MAX_WIDTH:
        raise InvalidData(
            f"The features make {width:,} columns, categories being one column a level; allowed: at most "
            f"{MAX_WIDTH}. Choose fewer."
        )
    return inputs


def _too_few(left: int, rows: int, inputs: list[Column]) -> InvalidData:
    hint = ""
    if inputs:
        worst = max(inputs, key=lambda column: column.missing)
        hint = f" {shown(worst.name)} is missing in {worst.missing:,}: leave it out, or fill in medians."
    return InvalidData(
        f"{counted(left, 'row')} of {rows:,} {'is' if left == 1 else 'are'} complete; needed: at least {MIN_ROWS}."
        f"{hint}"
    )


def _read_target(goal: Column, rows: np.ndarray, task: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the target of these rows and the names of its classes, none for regression."""
    values: Any = goal.values[rows]
    if task == "regression":
        if np.ptp(values) == 0:
            raise InvalidData(
                f"The target {shown(goal.name)} has the same value in every row left; choose another."
            )
        return values, ()
    known, codes = np.unique(values if goal.numeric else values.astype(str), return_inverse=True)
    names = tuple(f"{value:.15g}" if goal.numeric else str(value) for value in known)
    counts = np.bincount(codes)
    rare = int(counts.argmin())
    if len(names) < 2 or counts[rare] < 2:
        raise InvalidData(
            f"The target {shown(goal.name)} has the class {shown(names[rare])} in "
            f"{counted(int(counts[rare]), 'row')} of {len(rows):,}; needed: two classes or more, and two rows of "
            "each (one to train, one held out)."
        )
    return codes.astype(np.int64), names
