"""The rows of a script: by scikit-learn's own generator where ours is one, else as numbers in it or beside it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from bnn_lib.datasets import DATASETS, Dataset
from bnn_lib.datasets.split import derived_seed
from bnn_lib.datasets.toy_classification import BLOB_SPREAD, CLUSTER_SPREAD, DECIMALS
from bnn_lib.exports.cells import Cell, wrapped

if TYPE_CHECKING:
    from bnn_lib.experiment import DataSpec

MOST_EMBEDDED = 20_000  # numbers that a script holds itself: some 200 kB
ROWS_FILE = "rows.csv"

_CLOUDS = "centers=[[-1.0, -1.0], [1.0, 1.0]], cluster_std=np.hypot({spread}, {noise!r}), random_state={seed}"
# Data sets by scikit-learn: what to import, and its call.
_GENERATED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "moons": ("make_moons", "n_samples={n}, noise={noise!r}, random_state={seed}"),
        "moons_ood": ("make_moons", "n_samples={n}, noise={noise!r}, random_state={seed}"),
        "circles": ("make_circles", "n_samples={n}, noise={noise!r}, factor=0.5, random_state={seed}"),
        "blobs": ("make_blobs", "n_samples={n}, " + _CLOUDS.replace("{spread}", f"{BLOB_SPREAD}")),
        "clusters": ("make_blobs", "n_samples={n}, " + _CLOUDS.replace("{spread}", f"{CLUSTER_SPREAD}")),
    }
)
_MEASURED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "iris": ("load_iris", "return_X_y=True"),
        "breast_cancer": ("load_breast_cancer", "return_X_y=True"),
        "digits": ("load_digits", "return_X_y=True"),
        "diabetes": ("load_diabetes", "return_X_y=True, scaled=False"),
    }
)


def data_cell(dataset: Dataset, spec: DataSpec | None) -> Cell:
    """Return the part of a script that makes the rows.

    Parameters
    ----------
    dataset : Dataset
    spec : DataSpec, optional
        Where the data set came from; None for rows given by hand.
    """
    names = [f"feature_names = {_names(dataset.feature_names)}"]
    if dataset.task == "classification":
        names.append(f"class_names = {_names(dataset.class_names)}")
    recipe = None if spec is None else _recipe(dataset, spec)
    if recipe is not None:
        lines, text = recipe, "The same rows, by scikit-learn and its seed, and the same split."
    elif comes_with_rows(dataset):
        lines, text = _from_file(dataset), f"The rows come in the file {ROWS_FILE}, which belongs beside this one."
    else:
        lines, text = _embedded(dataset), "The rows that were fitted, and those held out."
    return Cell("Data", text, "\n".join([*lines, *names]))


def comes_with_rows(dataset: Dataset) -> bool:
    """Whether the rows are too many to be written into a script, and come beside it (see `rows_csv`)."""
    rows = len(dataset.X_train) + len(dataset.X_test)
    return rows * (dataset.n_features + 1) > MOST_EMBEDDED


def rows_csv(dataset: Dataset) -> bytes:
    """Return the file that a script reads: features, target, and 1 where a row is held out; numbers alone."""
    import pandas as pd

    X = np.concatenate([dataset.X_train, dataset.X_test])
    frame = pd.DataFrame(X, columns=[f"x{column + 1}" for column in range(dataset.n_features)])
    frame["y"] = np.concatenate([dataset.y_train, dataset.y_test])
    frame["held_out"] = np.repeat([0, 1], [len(dataset.X_train), len(dataset.X_test)])
    content: bytes = frame.to_csv(index=False, lineterminator="\n").encode()
    return content


def needs_rows(dataset: Dataset, spec: DataSpec | None) -> bool:
    """Whether the script of a data set reads its rows from a file."""
    return comes_with_rows(dataset) and (spec is None or _recipe(dataset, spec) is None)


def _recipe(dataset: Dataset, spec: DataSpec) -> list[str] | None:
    """Lines that make just these rows with scikit-learn; None if there are none."""
    entry = DATASETS[spec.name]
    generated, measured = _GENERATED.get(spec.name), _MEASURED.get(spec.name)
    name, call = generated or measured or ("", "")
    if not name or not _is_plain_split(dataset, spec):
        return None
    arguments = call.format(n=spec.n, noise=float(spec.noise), seed=spec.seed)
    lines = [
        f"from sklearn.datasets import {name}",
        "from sklearn.model_selection import train_test_split",
        "",
        f"X, y = {name}({arguments})",
    ]
    if generated:
        lines.append(f"X = X.round({DECIMALS})")
    if entry.features:
        columns = [entry.features.index(feature) for feature in dataset.feature_names]
        lines.append(f"X = X[:, {columns}]")
    stratify = ", stratify=y" if dataset.task == "classification" else ""
    seed = derived_seed(spec.seed, "split")
    return [
        *lines,
        "X_train, X_test, y_train, y_test = train_test_split(",
        f"    X, y, test_size={len(dataset.X_test)}, random_state={seed}{stratify}",
        ")",
    ]


def _is_plain_split(dataset: Dataset, spec: DataSpec) -> bool:
    """Whether the rows are what the generator gives, by one stratified split and nothing more."""
    from sklearn.model_selection import train_test_split

    entry = DATASETS[spec.name]
    X, y = entry.generate(entry.fixed_rows or spec.n, float(spec.noise), spec.seed)
    if entry.features:
        X = X[:, [entry.features.index(feature) for feature in dataset.feature_names]]
    try:
        parts = train_test_split(
            X,
            y,
            test_size=len(dataset.X_test),
            random_state=derived_seed(spec.seed, "split"),
            stratify=y if dataset.task == "classification" else None,
        )
    except ValueError:  # a class too rare to be split in shares
        return False
    ours = (dataset.X_train, dataset.X_test, dataset.y_train, dataset.y_test)
    return all(np.array_equal(part, own) for part, own in zip(parts, ours, strict=True))


def _embedded(dataset: Dataset) -> list[str]:
    lines = []
    for part in ("train", "test"):
        X, y = getattr(dataset, f"X_{part}"), getattr(dataset, f"y_{part}")
        lines += [f"X_{part} = np.array([", wrapped(map(_number, X.ravel())), f"]).reshape(-1, {X.shape[1]})"]
        lines += [f"y_{part} = np.array([", wrapped(map(_number, y)), "])"]
    return lines


def _from_file(dataset: Dataset) -> list[str]:
    target = "rows[:, -2]" + (".astype(int)" if dataset.task == "classification" else "")
    return [
        f'rows = np.loadtxt("{ROWS_FILE}", delimiter=",", skiprows=1)  # features, target, 1 where held out',
        f"X, y, held_out = rows[:, :-2], {target}, rows[:, -1] == 1",
        "X_train, X_test, y_train, y_test = X[~held_out], X[held_out], y[~held_out], y[held_out]",
    ]


def _number(value: np.generic) -> str:
    """Return a number in the fewest digits that are just it."""
    if isinstance(value, np.integer):
        return str(int(value))
    text = repr(float(value))
    return text[:-1] if text.endswith(".0") else text


def _names(names: tuple[str, ...]) -> str:
    one_line = repr(list(names))
    if len(one_line) < 90:
        return one_line
    return "[\n" + "".join(f"    {name!r},\n" for name in names) + "]"
