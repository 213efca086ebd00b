"""Training and test rows as one immutable value; the split; the scaling learned from training rows alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from bnn_lib.datasets.checks import (
    MAX_CLASSES,
    Label,
    read_flag,
    read_labels,
    read_matrix,
    read_names,
    read_targets,
)
from bnn_lib.datasets.split import check_counts, split_rows
from bnn_lib.errors import InvalidData, shown

TASKS = ("classification", "regression")


@dataclass(frozen=True, eq=False)
class Scaling:
    """How to standardise: ``(x - x_mean) / x_scale``, and likewise for a regression target.

    Attributes
    ----------
    x_mean, x_scale : ndarray of shape (d,)
        Mean and standard deviation of the training rows; 0 and 1 where nothing is standardised, and scale 1
        for a constant column.
    y_mean, y_scale : float
        The same for the target; 0 and 1 for class codes.
    """

    x_mean: np.ndarray
    x_scale: np.ndarray
    y_mean: float
    y_scale: float


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training and test rows, in their original units. Arrays are read-only copies.

    Two data sets are equal if their content is (see `digest`).

    Attributes
    ----------
    X_train, X_test : ndarray of shape (n_train, d) and (n_test, d), float64
    y_train, y_test : ndarray of shape (n_train,) and (n_test,)
        Class codes (int64, 0 to n_classes - 1), or a regression target (float64).
    task : {"classification", "regression"}
    feature_names : tuple of str
        One for each of the d columns.
    class_names : tuple of str
        ``class_names[code]`` is the label of class `code`; empty for regression.
    standardize : bool
        Whether a model should standardise with `scaling`.
    X_ood : ndarray of shape (m, d), optional
        Points out of distribution: unlike any row, seen by no fit, to judge whether it is unsure of them.
    window : tuple of pairs of float, optional
        Lowest and highest value that a picture should show of each of the d columns; for regression of the target,
        too, if there is one more.

    Raises
    ------
    InvalidData
        If shapes do not match, an entry is not finite, or a class has no training row.
    """

    X_train: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    task: str
    feature_names: tuple[str, ...]
    class_names: tuple[str, ...] = ()
    standardize: bool = True
    X_ood: np.ndarray | None = None
    window: tuple[tuple[float, float], ...] | None = None

    def __post_init__(self) -> None:
        def keep(name: str, value: object) -> None:
            if isinstance(value, np.ndarray):
                value.setflags(write=False)
            object.__setattr__(self, name, value)

        _check_task(self.task)
        keep("standardize", read_flag(self.standardize, "standardize"))
        for part in ("X_train", "X_test", "X_ood"):
            if part == "X_ood" and self.X_ood is None:
                continue
            matrix = read_matrix(getattr(self, part), part)
            keep(part, matrix)
            if matrix.shape[1] != self.n_features:
                raise InvalidData(
                    f"{part} has {matrix.shape[1]} features; allowed: as many as the training rows, "
                    f"{self.n_features}."
                )
        if self.window is not None:
            keep("window", _read_window(self.window, self.n_features, self.task))
        keep("feature_names", read_names(self.feature_names, "feature_names", self.n_features))
        keep("class_names", read_names(self.class_names, "class_names"))
        if self.task == "regression" and self.class_names:
            raise InvalidData(f"class_names is {shown(self.class_names)}; allowed for regression: none.")
        if self.task == "classification" and not 2 <= self.n_classes <= MAX_CLASSES:
            raise InvalidData(f"There are {self.n_classes:,} classes; allowed: 2 to {MAX_CLASSES:,}.")
        for part in ("train", "test"):
            name, rows = f"y_{part}", len(getattr(self, f"X_{part}"))
            targets = read_targets(getattr(self, name), name, rows)
            keep(name, targets if self.task == "regression" else _as_codes(targets, name, self.n_classes))
        if self.task == "classification":
            check_counts(np.bincount(self.y_train, minlength=self.n_classes), self.class_names, "y_train", 1)

    @classmethod
    def from_arrays(
        cls,
        X: Any,
        y: Any,
        task: str = "regression",
        X_test: Any = None,
        y_test: Any = None,
        test_fraction: float = 0.1,
        seed: int = 0,
        standardize: bool = True,
        feature_names: Sequence[str] | None = None,
        class_names: Sequence[str] | None = None,
    ) -> Dataset:
        """Make a data set of rows at hand.

        Parameters
        ----------
        X : array-like of shape (n, d)
            Real numbers, in any units; a data frame gives its column names too.
        y : array-like of shape (n,)
            For regression real numbers; for classification labels: ints, bools or strings.
        task : {"regression", "classification"}
        X_test, y_test : array-like, optional
            Test rows, both or neither. Without them `test_fraction` of the rows is split off at random, so
            that for classification each class keeps its share, and at least one row, on either side.
        test_fraction : float
            Above 0 and below 1.
        seed : int
            Of the split.
        standardize : bool
            Whether a model should standardise the features and a regression target.
        feature_names : sequence of str, optional
            ``x1``, ``x2``, ... if not given.
        class_names : sequence of str, optional
            With string labels: the classes, in the order of their codes. With ints or bools: names of the
            codes 0, 1, ... Not given, the classes are the sorted labels.

        Raises
        ------
        InvalidData
            Saying what was received and what is allowed.
        """
        _check_task(task)
        if feature_names is None and not isinstance(X, np.ndarray):
            feature_names = _column_names(X)
        X = read_matrix(X, "X")
        if feature_names is None:
            feature_names = [f"x{column}" for column in range(1, X.shape[1] + 1)]
        feature_names = read_names(feature_names, "feature_names", X.shape[1])
        if (X_test is None) != (y_test is None):
            raise InvalidData("One of X_test and y_test is missing; allowed: both or neither.")
        if X_test is not None:
            X_test = read_matrix(X_test, "X_test")
        if task == "regression":
            y = read_targets(y, "y", len(X))
            names = () if class_names is None else read_names(class_names, "class_names")
        else:
            y, y_test, names = _encode(y, y_test, len(X), 0 if X_test is None else len(X_test), class_names)
        if X_test is None:
            codes = y if task == "classification" else None
            train, test = split_rows(len(X), codes, names, test_fraction, seed)
            X, X_test, y, y_test = X[train], X[test], y[train], y[test]
        return cls(X, y, X_test, y_test, task, feature_names, names, standardize)

    @property
    def n_features(self) -> int:
        """Number of columns, d."""
        return self.X_train.shape[1]

    @property
    def n_classes(self) -> int:
        """Number of classes; 0 for regression."""
        return len(self.class_names)

    def view(self, margin: float) -> tuple[np.ndarray, np.ndarray]:
        """Return what a picture shows: lowest and highest value of each column, (d,) and (d,).

        That is `window` if there is one, else the range of all rows and of points out of distribution, and
        `margin` times it on each side; 1 on each side of a constant column.
        """
        if self.window is not None:
            low, high = np.array(self.window[: self.n_features]).T
            return low, high
        rows = np.concatenate([X for X in (self.X_train, self.X_test, self.X_ood) if X is not None])
        low, high = rows.min(axis=0), rows.max(axis=0)
        by = np.where(high > low, margin * (high - low), 1.0)
        return low - by, high + by

    def target_view(self, margin: float) -> tuple[float, float]:
        """Return the same of a regression target: lowest and highest value that a picture shows."""
        if self.window is not None and len(self.window) > self.n_features:
            return self.window[-1]
        y = np.concatenate([self.y_train, self.y_test])
        by = margin * np.ptp(y) or 1.0
        return float(y.min() - by), float(y.max() + by)

    @cached_property
    def is_count(self) -> bool:
        """Whether the target is clearly a count: whole numbers from 0 on, 0 and at least two others among them.

        Whole numbers alone would not do: ages, years and prices are, too, and do not scatter as counts do.
        """
        if self.task == "classification":
            return False
        y = np.concatenate([self.y_train, self.y_test])
        return bool((y >= 0).all() and (y == np.round(y)).all() and (y == 0).any() and len(np.unique(y)) > 2)

    @cached_property
    def scaling(self) -> Scaling:
        """The standardisation, from training rows only: test rows must not leak into it."""
        x_mean, x_scale = np.zeros(self.n_features), np.ones(self.n_features)
        y_mean, y_scale = np.zeros(1), np.ones(1)
        if self.standardize:
            x_mean, x_scale = _mean_and_scale(self.X_train)
            if self.task == "regression":
                y_mean, y_scale = _mean_and_scale(self.y_train[:, None])
        for array in (x_mean, x_scale):
            array.setflags(write=False)
        return Scaling(x_mean, x_scale, float(y_mean[0]), float(y_scale[0]))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the content, 64 hexadecimal digits, the same on every machine."""
        # Without what is optional and not there, so that a field which is new leaves older digests as they are.
        parts = [part for field in fields(self) if (part := getattr(self, field.name)) is not None]
        heading = [part.shape if isinstance(part, np.ndarray) else part for part in parts]
        result = hashlib.sha256(json.dumps(heading).encode())
        for part in parts:
            if isinstance(part, np.ndarray):
                result.update(part.astype(part.dtype.newbyteorder("<")).tobytes())
        return result.hexdigest()

    def __eq__(self, other: object) -> bool:
        return self.digest == other.digest if isinstance(other, Dataset) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.digest)

    def __reduce__(self) -> tuple[type[Dataset], tuple[Any, ...]]:
        # Unpickled arrays are writeable again; going through __post_init__ makes them read-only.
        return type(self), tuple(getattr(self, field.name) for field in fields(self))


def _encode(
    y: Any, y_test: Any, rows: int, test_rows: int, class_names: Sequence[str] | None
) -> tuple[np.ndarray, np.ndarray | None, tuple[str, ...]]:
    """Turn labels into codes; the classes are those of the training labels, or `class_names`."""
    labels = read_labels(y, "y", rows)
    classes: list[Label]
    if class_names is None:
        # sorted() needs labels of one kind, which read_labels gives.
        classes = sorted(set(labels))
        names = tuple(str(label) for label in classes)
    else:
        names = read_names(class_names, "class_names")
        classes = list(names) if isinstance(labels[0], str) else list(range(len(names)))
    if len(set(labels)) == 1:
        raise InvalidData(f"y has one class only, {shown(labels[0])}; allowed: at least two.")
    if not all(names):
        raise InvalidData("y has an empty string as a label; allowed: labels that can be read.")
    code_of = {label: code for code, label in enumerate(classes)}
    codes = _look_up(labels, "y", code_of)
    if y_test is None:
        return codes, None, names
    return codes, _look_up(read_labels(y_test, "y_test", test_rows), "y_test", code_of), names


def _look_up(labels: list[Label], name: str, code_of: dict[Label, int]) -> np.ndarray:
    unknown = next((label for label in labels if label not in code_of), None)
    if unknown is not None:
        raise InvalidData(f"{name} has the label {shown(unknown)}; allowed: {shown(list(code_of), 200)}.")
    return np.array([code_of[label] for label in labels], dtype=np.int64)


def _as_codes(targets: np.ndarray, name: str, n_classes: int) -> np.ndarray:
    codes = targets.astype(np.int64)
    if not ((codes == targets) & (codes >= 0) & (codes < n_classes)).all():
        raise InvalidData(f"{name} has entries that are not class codes; allowed: 0 to {n_classes - 1}.")
    return codes


def _check_task(task: object) -> None:
    if not isinstance(task, str) or task not in TASKS:
        raise InvalidData(f"task is {shown(task)}; allowed: {' or '.join(TASKS)}.")


def _read_window(window: Any, n_features: int, task: str) -> tuple[tuple[float, float], ...]:
    edges = read_matrix(window, "window")
    counts = (n_features, n_features + 1) if task == "regression" else (n_features,)
    if edges.shape[0] not in counts or edges.shape[1] != 2 or (edges[:, 0] >= edges[:, 1]).any():
        target = ", and one for the target" if task == "regression" else ""
        raise InvalidData(
            f"window is {shown(window)}; allowed: for each of {n_features} features a low and a high{target}."
        )
    return tuple((float(low), float(high)) for low, high in edges)


def _column_names(X: Any) -> list[str] | None:
    """A data frame's column names; recognised by what it has, so that pandas need not be imported."""
    columns = getattr(X, "columns", None)
    return None if columns is None else [str(column) for column in columns]


def _mean_and_scale(columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation (divisor n) of each column; scale 1 for a constant one."""
    mean = columns.mean(axis=0)
    spread = np.ptp(columns, axis=0)
    # By the range: of equal numbers, rounding may leave a standard deviation of 1e-17 and not 0. Below 1e-300
    # float64 runs out of digits, and a quotient may be infinite.
    constant = spread < 1e-300
    spread[constant] = 1.0
    # Squares of deviations in units of the range cannot underflow, whatever the units of the column.
    scale = spread * np.sqrt((((columns - mean) / spread) ** 2).mean(axis=0))
    scale[constant] = 1.0
    mean[constant] = columns[0, constant]
    return mean, scale
