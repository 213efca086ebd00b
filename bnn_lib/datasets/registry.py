"""The data sets by name: one entry in `DATASETS` is all a new one takes.

Importing this module imports NumPy and nothing heavier; scikit-learn is loaded when a data set is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from bnn_lib.datasets import real, toy
from bnn_lib.datasets.checks import read_flag, read_names, read_number, read_seed, read_whole
from bnn_lib.datasets.dataset import Dataset
from bnn_lib.errors import InvalidData, shown

MIN_ROWS, MAX_ROWS = 20, 100_000  # of a generated data set

_TWO_CLASSES = ("class 0", "class 1")
_PLANE = ("x1", "x2")
_MEASURED = "Has no effect: this is measured data, with the noise it has. Nor has the number of rows."


@dataclass(frozen=True, kw_only=True)
class DatasetEntry:
    """A data set that can be had by name.

    Attributes
    ----------
    label, help : str
        Name and one sentence for a user.
    task : {"classification", "regression"}
    class_names : tuple of str
        Empty for regression.
    features : tuple of str
        All columns that can be selected, in the order of `generate`'s; empty where there is no choice.
    default_features : tuple of str
        Names of the columns that are used when none are selected.
    fixed_rows : int or None
        Number of rows where it is fixed; None where the user sets it.
    noise_help : str
        What `noise` means here, in one sentence.
    default_noise : float
        An amount that shows the data set well.
    generate : callable
        ``generate(n, noise, seed)`` gives X of shape (n, d) and y of shape (n,). With `fixed_rows` it
        ignores its arguments.
    """

    label: str
    help: str
    task: str = "classification"
    class_names: tuple[str, ...] = _TWO_CLASSES
    features: tuple[str, ...] = ()
    default_features: tuple[str, ...] = _PLANE
    fixed_rows: int | None = None
    noise_help: str
    default_noise: float
    generate: Callable[[int, float, int], tuple[np.ndarray, np.ndarray]]

    @property
    def n_classes(self) -> int:
        """Number of classes; 0 for regression."""
        return len(self.class_names)


DATASETS: Mapping[str, DatasetEntry] = MappingProxyType(
    {
        "moons": DatasetEntry(
            label="Moons",
            help="Two half circles that reach into each other; the article's data.",
            noise_help="Standard deviation of the noise added to both coordinates; each moon has radius 1.",
            default_noise=0.2,
            generate=toy.make_moons,
        ),
        "circles": DatasetEntry(
            label="Circles",
            help="A small circle inside a large one: no straight line separates them.",
            noise_help="Standard deviation of the noise added to both coordinates; the radii are 0.5 and 1.",
            default_noise=0.1,
            generate=toy.make_circles,
        ),
        "xor": DatasetEntry(
            label="XOR",
            help="Opposite quarters of a square share a class: each feature alone tells nothing.",
            noise_help="Standard deviation of the noise added to both coordinates; each quarter is 1 wide.",
            default_noise=0.1,
            generate=toy.make_xor,
        ),
        "blobs": DatasetEntry(
            label="Blobs",
            help="Two round clouds: a straight line is all it takes.",
            noise_help="Standard deviation of the noise added to both coordinates; each cloud has 0.5 of its "
            "own, and their centres are 2.8 apart.",
            default_noise=0.2,
            generate=toy.make_blobs,
        ),
        "spirals": DatasetEntry(
            label="Spirals",
            help="Two arms wound around each other: hard for a small network.",
            noise_help="Standard deviation of the noise added to both coordinates; the arms are 0.67 apart.",
            default_noise=0.1,
            generate=toy.make_spirals,
        ),
        "checkerboard": DatasetEntry(
            label="Checkerboard",
            help="Four by four squares of alternating class: many corners to learn.",
            noise_help="Standard deviation of the noise added to both coordinates; each square is 1 wide.",
            default_noise=0.1,
            generate=toy.make_checkerboard,
        ),
        "iris": DatasetEntry(
            label="Iris",
            help="Three species of iris, 150 flowers measured; two species overlap.",
            class_names=real.IRIS_CLASSES,
            features=real.IRIS_FEATURES,
            default_features=("petal length (cm)", "petal width (cm)"),
            fixed_rows=real.IRIS_ROWS,
            noise_help=_MEASURED,
            default_noise=0.0,
            generate=real.load_iris,
        ),
        "breast_cancer": DatasetEntry(
            label="Breast cancer",
            help="Malignant or benign: cell nuclei of 569 breast tumours, measured under the microscope.",
            class_names=real.CANCER_CLASSES,
            features=real.CANCER_FEATURES,
            # As for iris: of all pairs, the one on which logistic regression has the lowest log loss.
            default_features=("worst area", "worst concave points"),
            fixed_rows=real.CANCER_ROWS,
            noise_help=_MEASURED,
            default_noise=0.0,
            generate=real.load_breast_cancer,
        ),
    }
)


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
