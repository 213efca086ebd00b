"""What a practitioner would try first, on the same split and by the same scores: scikit-learn's usual models."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from bnn_lib.metrics import Scores, classification_scores, regression_scores
from bnn_lib.predictive import Prediction

if TYPE_CHECKING:
    from bnn_lib.datasets import Dataset

FOREST_ROWS = 10_000  # rows a tree sees at most, so that 100,000 rows take a second and not five
PROCESS_ROWS = 500  # of a Gaussian process, whose cost grows with their cube
ATOMS = 200  # values that stand for a normal distribution

BothScores = dict[str, Scores]


def baseline_scores(dataset: Dataset, seed: int = 0) -> dict[str, BothScores]:
    """Score scikit-learn's usual models.

    Classification: logistic regression on standardised features, and a random forest of 100 trees. Regression:
    Bayesian ridge regression, a random forest, and a Gaussian process with a squared exponential kernel, a length
    scale for each feature, and noise; the last on `PROCESS_ROWS` training rows at most. Settings are
    scikit-learn's defaults, but for a tree's sample, which is of `FOREST_ROWS` rows at most.

    Parameters
    ----------
    dataset : Dataset
    seed : int
        Of the forest, and of the choice of rows.

    Returns
    -------
    dict
        Name -> ``{"train": scores, "test": scores}``, scores as of `bnn_lib.metrics.classification_scores` or
        `regression_scores`. A regression's predictive distribution is normal. Ridge and Gaussian process state
        its standard deviation themselves; the forest's is that of its out-of-bag errors.
    """
    return (_of_classes if dataset.task == "classification" else _of_numbers)(dataset, seed)


def _of_classes(dataset: Dataset, seed: int) -> dict[str, BothScores]:
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    X, y = dataset.X_train, dataset.y_train
    models = {
        "logistic_regression": make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
        "random_forest": RandomForestClassifier(max_samples=_forest_rows(X), random_state=seed),
    }
    return {
        name: {
            "train": classification_scores(model.fit(X, y).predict_proba(X), y),
            "test": classification_scores(model.predict_proba(dataset.X_test), dataset.y_test),
        }
        for name, model in models.items()
    }


def _of_numbers(dataset: Dataset, seed: int) -> dict[str, BothScores]:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
    from sklearn.linear_model import BayesianRidge

    scaling = dataset.scaling
    X, X_test = ((rows - scaling.x_mean) / scaling.x_scale for rows in (dataset.X_train, dataset.X_test))
    y = dataset.y_train
    kept = np.random.default_rng(seed).permutation(len(X))[:PROCESS_ROWS]
    kernel = ConstantKernel() * RBF(np.ones(dataset.n_features)) + WhiteKernel()
    with warnings.catch_warnings():
        # A length scale at its bound is an answer: the feature does not matter, or the curve is straight.
        warnings.simplefilter("ignore", ConvergenceWarning)
        process = GaussianProcessRegressor(kernel, normalize_y=True).fit(X[kept], y[kept])
    ridge = BayesianRidge().fit(X, y)
    means_and_sds = {
        "ridge": [ridge.predict(rows, return_std=True) for rows in (X, X_test)],
        "random_forest": _forest(X, y, X_test, seed),
        "gaussian_process": [process.predict(rows, return_std=True) for rows in (X, X_test)],
    }
    return {
        name: {"train": _score_normal(y, *train), "test": _score_normal(dataset.y_test, *test)}
        for name, (train, test) in means_and_sds.items()
    }


def _forest(X: np.ndarray, y: np.ndarray, X_test: np.ndarray, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return means and standard deviations of a forest at training and test rows."""
    from sklearn.ensemble import RandomForestRegressor

    forest = RandomForestRegressor(oob_score=True, max_samples=_forest_rows(X), random_state=seed).fit(X, y)
    sd = np.sqrt(np.mean((y - forest.oob_prediction_) ** 2))
    means = [forest.predict(rows) for rows in (X, X_test)]
    return [(mean, np.full(len(mean), sd)) for mean in means]


def _forest_rows(X: np.ndarray) -> int | None:
    return FOREST_ROWS if len(X) > FOREST_ROWS else None


def _score_normal(y: np.ndarray, mean: np.ndarray, sd: np.ndarray) -> Scores:
    """Score normal predictions with means and standard deviations (n,)."""
    smallest = 1e-6 * float(np.std(y)) or 1e-6  # a model that claims to be exact
    prediction = Prediction.normal(np.asarray(mean)[None], np.maximum(sd, smallest)[None])
    conditional: Any = prediction.conditional
    return regression_scores(
        y, mean, prediction.log_prob(y), conditional.atoms(ATOMS)[0].T, prediction.interval(0.95)
    )
