"""The data sets by name: one entry in `DATASETS` is all a new one takes.

Importing this module imports NumPy and nothing heavier; scikit-learn is loaded when a data set is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from bnn_lib.datasets import real, toy_classification, toy_regression
from bnn_lib.datasets.entry import DatasetEntry
from bnn_lib.datasets.painted import MOST_CLASSES

_MEASURED = "Has no effect: this is measured data, with the noise it has. Nor has the number of rows."
_PAINTED: Mapping[str, Any] = MappingProxyType(
    {
        "noise_help": "Has no effect: the points are where they were painted.",
        "default_noise": 0.0,
        "default_test_fraction": 0.2,
        "painted": True,
        "generate": lambda n, noise, seed: (np.empty((0, 1)), np.empty(0)),  # `entry_of` has the rows
    }
)
_ADDED = "Standard deviation of the noise added to the target"


def _curve(
    label: str,
    help: str,
    noise_help: str,
    default_noise: float,
    generate: Callable[..., Any],
    truth: Callable[..., Any],
    truth_sd: Callable[..., Any] = toy_regression.constant_sd,
    default_n: int = 200,
    features: tuple[str, ...] = ("x",),
    suggestion: tuple[str, str] | None = None,
) -> DatasetEntry:
    """A generated data set for regression."""
    return DatasetEntry(
        label=label,
        help=help,
        task="regression",
        class_names=(),
        default_features=features,
        default_n=default_n,
        noise_help=noise_help,
        default_noise=default_noise,
        generate=generate,
        truth=truth,
        truth_sd=truth_sd,
        suggestion=suggestion,
    )


DATASETS: Mapping[str, DatasetEntry] = MappingProxyType(
    {
        "moons": DatasetEntry(
            label="Moons",
            help="Two half circles that reach into each other; the article's data.",
            noise_help="Standard deviation of the noise added to both coordinates; each moon has radius 1.",
            default_noise=0.2,
            generate=toy_classification.make_moons,
        ),
        "circles": DatasetEntry(
            label="Circles",
            help="A small circle inside a large one: no straight line separates them.",
            noise_help="Standard deviation of the noise added to both coordinates; the radii are 0.5 and 1.",
            default_noise=0.1,
            generate=toy_classification.make_circles,
        ),
        "xor": DatasetEntry(
            label="XOR",
            help="Opposite quarters of a square share a class: each feature alone tells nothing.",
            noise_help="Standard deviation of the noise added to both coordinates; each quarter is 1 wide.",
            default_noise=0.1,
            generate=toy_classification.make_xor,
        ),
        "blobs": DatasetEntry(
            label="Blobs",
            help="Two round clouds: a straight line is all it takes.",
            noise_help="Standard deviation of the noise added to both coordinates; each cloud has 0.5 of its "
            "own, and their centres are 2.8 apart.",
            default_noise=0.2,
            generate=toy_classification.make_blobs,
        ),
        "clusters": DatasetEntry(
            label="Two clusters",
            help="Two small clouds far apart: what does the network know of the room between them?",
            noise_help="Standard deviation of the noise added to both coordinates; each cloud has 0.25 of its "
            "own, and their centres are 2.8 apart.",
            default_noise=0.1,
            generate=toy_classification.make_clusters,
        ),
        "spirals": DatasetEntry(
            label="Spirals",
            help="Two arms wound around each other: hard for a small network.",
            noise_help="Standard deviation of the noise added to both coordinates; the arms are 0.67 apart.",
            default_noise=0.1,
            generate=toy_classification.make_spirals,
        ),
        "checkerboard": DatasetEntry(
            label="Checkerboard",
            help="Four by four squares of alternating class: many corners to learn.",
            noise_help="Standard deviation of the noise added to both coordinates; each square is 1 wide.",
            default_noise=0.1,
            generate=toy_classification.make_checkerboard,
        ),
        "moons_ood": DatasetEntry(
            label="Moons + far",
            help="The moons, and a cluster that no fit sees: is the network unsure of it?",
            noise_help="Standard deviation of the noise added to both coordinates; each moon has radius 1.",
            default_noise=0.2,
            generate=toy_classification.make_moons,
            generate_ood=toy_classification.make_ood_cluster,
        ),
        "blobs3": DatasetEntry(
            label="3 blobs",
            help="Three round clouds, one for each class.",
            class_names=("class 0", "class 1", "class 2"),
            noise_help="Standard deviation of the noise added to both coordinates; each cloud has 0.5 of its "
            "own, and their centres are 2.6 apart.",
            default_noise=0.2,
            generate=toy_classification.make_blobs3,
        ),
        "pinwheel": DatasetEntry(
            label="Pinwheel",
            help="Five bent arms, one for each class.",
            class_names=tuple(f"class {arm}" for arm in range(toy_classification.PINWHEEL_ARMS)),
            noise_help="Standard deviation of the noise added to both coordinates; the arms are 0.14 wide and "
            "reach 2 from the centre.",
            default_noise=0.05,
            generate=toy_classification.make_pinwheel,
        ),
        "painted": DatasetEntry(
            label="Paint your own",
            help="Points that you put on the map yourself, of two to five classes.",
            class_names=tuple(f"class {code}" for code in range(MOST_CLASSES)),
            **_PAINTED,
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
        "digits": DatasetEntry(
            label="Digits",
            help="1,797 handwritten digits of 8 by 8 pixels.",
            class_names=real.DIGITS_CLASSES,
            default_features=real.DIGITS_FEATURES,
            fixed_rows=real.DIGITS_ROWS,
            noise_help=_MEASURED,
            default_noise=0.0,
            generate=real.load_digits,
        ),
        "x_sin_x": _curve(
            "x sin x",
            "A wave that grows: what happens beyond the last row?",
            f"{_ADDED}, which spans -5 to 8.",
            0.5,
            toy_regression.make_x_sin_x,
            toy_regression.x_sin_x,
        ),
        "gap": _curve(
            "Gap",
            "Two clusters with nothing between: how sure may a fit be there?",
            f"{_ADDED}, which spans -1 to 1.",
            0.1,
            toy_regression.make_gap,
            toy_regression.slow_sine,
            default_n=100,
        ),
        "step": _curve(
            "Step",
            "A jump from -1 to 1 at zero.",
            f"{_ADDED}, which is -1 or 1.",
            0.2,
            toy_regression.make_step,
            toy_regression.step,
        ),
        "heteroscedastic": _curve(
            "Growing noise",
            "A wave whose noise grows tenfold from left to right.",
            f"{_ADDED} at the right end (x = 4); a tenth of it at the left (x = 0), linear between.",
            0.5,
            toy_regression.make_heteroscedastic,
            toy_regression.slow_sine,
            toy_regression.growing_sd,
            default_n=500,
            suggestion=("heteroscedastic", "The noise of these data grows with x, and a Gaussian's does not."),
        ),
        "outliers": _curve(
            "Outliers",
            "A wave, and every tenth row is 2 to 4 too high.",
            f"{_ADDED}, which spans -1 to 1 without its outliers.",
            0.1,
            toy_regression.make_outliers,
            toy_regression.slow_sine,
            suggestion=("student_t", "These data have outliers, and a Gaussian gives way to them."),
        ),
        "linear": _curve(
            "Line",
            "A straight line on a short stretch: what does a fit expect far from it?",
            f"{_ADDED}, which spans -1 to 3.",
            0.3,
            toy_regression.make_linear,
            toy_regression.linear,
            default_n=100,
        ),
        "bimodal": _curve(
            "Two branches",
            "Each row is on one of two branches: either here or there, never between.",
            f"{_ADDED}; the branches are 1 to 3 apart.",
            0.1,
            toy_regression.make_bimodal,
            toy_regression.branches,
            default_n=400,
            suggestion=("mixture", "These data have two branches, and a Gaussian is midway between them."),
        ),
        "counts": _curve(
            "Counts",
            "Whole numbers whose mean grows exponentially.",
            "How much the rate itself varies from row to row, as a share of it: at 0 the counts are Poisson, "
            "above they are negative binomial with variance mean + (noise x mean)^2.",
            0.0,
            toy_regression.make_counts,
            toy_regression.exponential,
            toy_regression.counts_sd,
        ),
        "plane": _curve(
            "Plane",
            "A tilted plane over two features.",
            f"{_ADDED}, which spans -2 to 4.",
            0.3,
            toy_regression.make_plane,
            toy_regression.plane,
            features=("x1", "x2"),
        ),
        "bumps": _curve(
            "Bumps",
            "A hill and a hollow over two features, flat elsewhere.",
            f"{_ADDED}, which spans -1 to 1.",
            0.1,
            toy_regression.make_bumps,
            toy_regression.bumps,
            default_n=500,
            features=("x1", "x2"),
        ),
        "painted_curve": DatasetEntry(
            label="Paint your own",
            help="Points that you put on the plane yourself.",
            task="regression",
            class_names=(),
            default_features=("x",),
            **_PAINTED,
        ),
        "diabetes": DatasetEntry(
            label="Diabetes",
            help="How far diabetes progressed within a year in 442 patients, from ten measurements.",
            task="regression",
            class_names=(),
            target_name="disease progression",
            features=real.DIABETES_FEATURES,
            # Of all pairs, the one with which linear regression explains most.
            default_features=("body mass index", "log triglycerides"),
            fixed_rows=real.DIABETES_ROWS,
            noise_help=_MEASURED,
            default_noise=0.0,
            generate=real.load_diabetes,
        ),
    }
)
