"""A spec -> its data set: rows by name or painted by hand, uneven or wrongly labelled as asked for, and split."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from bnn_lib.datasets.checks import read_flag, read_names, read_number, read_seed, read_whole
from bnn_lib.datasets.dataset import Dataset
from bnn_lib.datasets.entry import MAX_ROWS, MIN_ROWS, DatasetEntry
from bnn_lib.datasets.painted import Painting, paint, read_painting
from bnn_lib.datasets.registry import DATASETS
from bnn_lib.datasets.split import derived_seed
from bnn_lib.errors import InvalidData, shown

FEWEST_PAINTED = 4
MAX_IMBALANCE, MAX_LABEL_NOISE = 0.95, 0.5


def load_dataset(spec: Any) -> Dataset:
    """Generate or load the data set that `spec` describes, and split it.

    Parameters
    ----------
    spec : DataSpec
        Or anything with its attributes: name, n, noise, seed, test_fraction, standardize, features, imbalance,
        label_noise, points. The seed drives generation and split; equal specs give equal data sets, on every
        machine. Data sets of fixed size ignore n, noise and imbalance; those for regression imbalance and
        label_noise.

    Returns
    -------
    Dataset

    Raises
    ------
    InvalidData
        If there is no such data set or feature, or a number is out of bounds.
    """
    entry = entry_of(spec)
    painting = painting_of(spec) if entry.painted else None
    if painting is not None:
        check_painting(painting, entry.task)
    n, noise, imbalance, label_noise = entry.fixed_rows or MIN_ROWS, 0.0, 0.0, 0.0
    if entry.fixed_rows is None:
        n, noise = read_whole(spec.n, "n", MIN_ROWS, MAX_ROWS), read_number(spec.noise, "noise", 0, 1)
    if entry.task == "classification":
        label_noise = read_number(spec.label_noise, "label_noise", 0, MAX_LABEL_NOISE)
        if entry.fixed_rows is None:
            imbalance = read_number(spec.imbalance, "imbalance", 0, MAX_IMBALANCE)
    seed = read_seed(spec.seed, "seed")
    test_fraction = read_number(spec.test_fraction, "test_fraction", 0, 1, inside=True)
    standardize = read_flag(spec.standardize, "standardize")
    names = select_features(entry, spec.features)
    X, y = entry.generate(n, noise, seed) if imbalance == 0 else _draw_uneven(entry, n, noise, seed, imbalance)
    if entry.features:
        X = X[:, [entry.features.index(name) for name in names]]
    dataset = Dataset.from_arrays(
        X,
        y,
        task=entry.task,
        test_fraction=test_fraction,
        seed=seed,
        standardize=standardize,
        feature_names=names,
        class_names=entry.class_names or None,
    )
    if painting is not None:
        dataset = replace(dataset, window=painting.window)
    if entry.generate_ood is not None:
        dataset = replace(dataset, X_ood=entry.generate_ood(n, noise, seed))
    return dataset if label_noise == 0 else flip_labels(dataset, label_noise, seed)


def entry_of(spec: Any) -> DatasetEntry:
    """Return the registry's entry of the data set that `spec` names; with the points' own rows if it is painted.

    Raises
    ------
    InvalidData
        If there is no such data set, or the points cannot be read.
    """
    if not isinstance(spec.name, str) or spec.name not in DATASETS:
        raise InvalidData(f"name is {shown(spec.name)}; allowed: {', '.join(DATASETS)}.")
    entry = DATASETS[spec.name]
    if not entry.painted:
        return entry
    painting = painting_of(spec)
    if entry.task == "regression":
        X, y = painting.places[:, :1], painting.places[:, 1]
    else:
        X, y = painting.places, painting.classes
    # While somebody paints there may be no point yet: two classes are what they begin with.
    n_classes = max(2, int(painting.classes.max(initial=0)) + 1)
    return replace(
        entry, fixed_rows=len(X), class_names=entry.class_names[:n_classes], generate=lambda n, noise, seed: (X, y)
    )


def painting_of(spec: Any) -> Painting:
    """Return the points of a spec whose data set is painted; none of them yet is a painting, too."""
    return read_painting(paint([]) if spec.points is None else spec.points)


def check_painting(painting: Painting, task: str) -> None:
    """Raise `InvalidData`, saying what to paint next, unless there are points enough to train and to test."""
    count = len(painting.places)
    if count == 0:
        fewest = "two points of each of two classes" if task == "classification" else f"{FEWEST_PAINTED} points"
        raise InvalidData(f"Nothing is painted yet: paint at least {fewest}.")
    if task == "regression":
        if count < FEWEST_PAINTED:
            raise InvalidData(f"Points so far: {count}. Paint at least {FEWEST_PAINTED}.")
        return
    counts = np.bincount(painting.classes, minlength=2)
    for code, of_class in enumerate(counts):
        if of_class < 2:
            others = " (there are points of a later class)" if code < len(counts) - 1 and of_class == 0 else ""
            have = f"{of_class} point" if of_class else "no point"
            raise InvalidData(f"Class {code} has {have}{others}: paint at least 2, one to train and one to test.")


def class_counts(n: int, n_classes: int, imbalance: float) -> list[int]:
    """Return how many of n rows each class has: all but the first ``1 - imbalance`` times as many as the first.

    Every class has 2 rows or more, one to train and one to test.
    """
    rare = int(n * (1 - imbalance) / (1 + (n_classes - 1) * (1 - imbalance)))
    rare = max(2, rare)
    return [n - (n_classes - 1) * rare, *[rare] * (n_classes - 1)]


def _draw_uneven(
    entry: DatasetEntry, n: int, noise: float, seed: int, imbalance: float
) -> tuple[np.ndarray, np.ndarray]:
    """Generate more rows than asked for, the classes of equal size, and keep those that each class may have."""
    counts = class_counts(n, entry.n_classes, imbalance)
    X, y = entry.generate(entry.n_classes * max(counts), noise, seed)
    kept = [np.flatnonzero(y == code)[:count] for code, count in enumerate(counts)]
    rows = np.sort(np.concatenate(kept))
    return X[rows], y[rows]


def flip_labels(dataset: Dataset, share: float, seed: int) -> Dataset:
    """Return the data set with a share of its training labels changed to another class, whichever at random.

    Held-out labels stay: they judge what was learned by the truth. One row of each class keeps its label, so that
    no class is lost.
    """
    random = np.random.RandomState(derived_seed(seed, "label noise"))
    y = dataset.y_train.copy()
    order = random.permutation(len(y))
    _, kept = np.unique(y[order], return_index=True)
    flipped = np.delete(order, kept)[: round(share * len(y))]
    y[flipped] = (y[flipped] + random.randint(1, dataset.n_classes, size=len(flipped))) % dataset.n_classes
    return replace(dataset, y_train=y)


def select_features(entry: DatasetEntry, features: Any) -> tuple[str, ...]:
    """Return the names of the columns to use: `features`, or the entry's own choice if that is None.

    Raises
    ------
    InvalidData
        If a name is unknown or repeated, there is none, or the data set offers no choice.
    """
    if features is None:
        return entry.default_features
    if not entry.features:
        raise InvalidData(f"features is {shown(features)}; allowed for {entry.label}: none, there is no choice.")
    names = read_names(features, "features")
    unknown = next((name for name in names if name not in entry.features), None)
    if unknown is not None or not names:
        received = "empty" if unknown is None else f"{shown(unknown)}, which {entry.label} does not have"
        raise InvalidData(f"features is {received}; allowed: names out of {', '.join(entry.features)}.")
    return names
