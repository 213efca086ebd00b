"""Measured data sets that scikit-learn ships: all their rows, in original units.

The signature is that of the generated sets; rows, noise and seed do not apply and are ignored.
"""

from __future__ import annotations

import numpy as np

IRIS_FEATURES = ("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)")
IRIS_CLASSES = ("setosa", "versicolor", "virginica")
IRIS_ROWS = 150

# Ten measurements of cell nuclei; for each the mean over the nuclei of an image, its standard error, and the
# "worst": the mean of the three largest.
_NUCLEUS = (
    "radius",
    "texture",
    "perimeter",
    "area",
    "smoothness",
    "compactness",
    "concavity",
    "concave points",
    "symmetry",
    "fractal dimension",
)
CANCER_FEATURES = (
    *(f"mean {name}" for name in _NUCLEUS),
    *(f"{name} error" for name in _NUCLEUS),
    *(f"worst {name}" for name in _NUCLEUS),
)
CANCER_CLASSES = ("malignant", "benign")
CANCER_ROWS = 569

# In scikit-learn's order, whose names for the six blood values are s1 to s6.
DIABETES_FEATURES = (
    "age (years)",
    "sex",
    "body mass index",
    "blood pressure",
    "total cholesterol",
    "LDL cholesterol",
    "HDL cholesterol",
    "total / HDL cholesterol",
    "log triglycerides",
    "blood sugar",
)
DIABETES_ROWS = 442

DIGITS_SIDE = 8
DIGITS_FEATURES = tuple(f"pixel {row}, {column}" for row in range(DIGITS_SIDE) for column in range(DIGITS_SIDE))
DIGITS_CLASSES = tuple("0123456789")
DIGITS_ROWS = 1797


def load_iris(n: int, noise: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Anderson's irises, published by Fisher (1936): X of shape (150, 4) in cm, y the species."""
    from sklearn.datasets import load_iris as load

    return load(return_X_y=True)


def load_breast_cancer(n: int, noise: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Wisconsin diagnostic breast cancer (Street, Wolberg and Mangasarian 1993): X of shape (569, 30)."""
    from sklearn.datasets import load_breast_cancer as load

    return load(return_X_y=True)


def load_diabetes(n: int, noise: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Diabetes (Efron et al. 2004): X of shape (442, 10) in original units, y the progression after one year."""
    from sklearn.datasets import load_diabetes as load

    return load(return_X_y=True, scaled=False)


def load_digits(n: int, noise: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Handwritten digits (Alpaydin and Kaynak 1998): X of shape (1797, 64), ink from 0 to 16, row by row."""
    from sklearn.datasets import load_digits as load

    return load(return_X_y=True)
