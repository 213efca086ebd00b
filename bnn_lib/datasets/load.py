"""A data set by name -> its rows, split."""

from __future__ import annotations

from typing import Any

from bnn_lib.datasets.checks import read_flag, read_names, read_number, read_seed, read_whole
from bnn_lib.datasets.dataset import Dataset
from bnn_lib.datasets.entry import MAX_ROWS, MIN_ROWS, DatasetEntry
from bnn_lib.datasets.registry import DATASETS
from bnn_lib.errors import InvalidData, shown


def load_dataset(spec: Any) -> Dataset:
    """Generate or load the data set that `spec` describes, and split it.

    Parameters
    ----------
    spec : DataSpec
        Or anything with its attributes: name, n, noise, seed, test_fraction, standardize, features. The seed
        drives both generation and split; equal specs give equal data sets, on every machine. Data sets of
        fixed size ignore n and noise.

    Returns
    -------
    Dataset

    Raises
    ------
    InvalidData
        If there is no such data set or feature, or a number is out of bounds.
    """
    if not isinstance(spec.name, str) or spec.name not in DATASETS:
        raise InvalidData(f"name is {shown(spec.name)}; allowed: {', '.join(DATASETS)}.")
    entry = DATASETS[spec.name]
    n, noise = entry.fixed_rows or MIN_ROWS, 0.0
    if entry.fixed_rows is None:
        n, noise = read_whole(spec.n, "n", MIN_ROWS, MAX_ROWS), read_number(spec.noise, "noise", 0, 1)
    seed = read_seed(spec.seed, "seed")
    test_fraction = read_number(spec.test_fraction, "test_fraction", 0, 1, inside=True)
    standardize = read_flag(spec.standardize, "standardize")
    names = select_features(entry, spec.features)
    X, y = entry.generate(n, noise, seed)
    if entry.features:
        X = X[:, [entry.features.index(name) for name in names]]
    return Dataset.from_arrays(
        X,
        y,
        task=entry.task,
        test_fraction=test_fraction,
        seed=seed,
        standardize=standardize,
        feature_names=names,
        class_names=entry.class_names or None,
    )


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
