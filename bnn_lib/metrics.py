"""How good predictions are: scores of classification and regression, and calibration.

Every score is a plain function of arrays. Logarithms are natural, so a negative log likelihood (nll) is in
nats a row. Before a logarithm is taken, probabilities of exactly 0 are raised to `SMALLEST_PROBABILITY`, and
those of exactly 1 lowered by as much: one row that a model calls impossible would make its nll infinite.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from bnn_lib.datasets import Dataset
from bnn_lib.errors import InvalidData, check_kind, shown
from bnn_lib.likelihoods import SMALLEST_PROBABILITY

CALIBRATION_BINS = 15
BLOCK_PREDICTIONS = 1_000_000  # draws times rows that are predicted at once

Scores = dict[str, float]


@dataclass(frozen=True, eq=False)
class ReliabilityCurve:
    """How often a model is right, against how sure it is.

    Attributes
    ----------
    confidence, accuracy : ndarray of shape (b,)
        Mean probability of the most likely class in each bin, ascending, and the share of the bin's rows
        where that class is true.
    count : ndarray of int, shape (b,)
        Rows in each bin; none is empty.
    """

    confidence: np.ndarray
    accuracy: np.ndarray
    count: np.ndarray

    @property
    def ece(self) -> float:
        """Expected calibration error: mean over rows of ``|accuracy - confidence|`` of the row's bin."""
        return float(np.average(np.abs(self.accuracy - self.confidence), weights=self.count))


def classification_scores(p: np.ndarray, y: np.ndarray) -> Scores:
    """Score class probabilities against the true classes.

    Parameters
    ----------
    p : ndarray of shape (n, C)
        Probabilities; each row sums to 1.
    y : ndarray of int, shape (n,)
        Class codes, 0 to C - 1.

    Returns
    -------
    dict
        accuracy : share of rows whose most likely class is the true one.
        nll : mean of -log p(true class), in nats, with probabilities of at least `SMALLEST_PROBABILITY`.
        brier : for two classes mean (p_1 - y)^2, in 0..1; for more the mean of the sum over classes of
        (p_c - [y = c])^2, in 0..2. This is scikit-learn's convention, and the usual one.
        ece : see `ReliabilityCurve.ece`; 15 bins of equal mass.
        auroc : area under the ROC curve; for more than two classes the mean of one against the rest, over the
        classes that occur in y. NaN if y holds one class only.

    Raises
    ------
    InvalidData
        If shapes do not match, a row is no distribution, or a code is out of range.
    """
    from sklearn.metrics import accuracy_score, brier_score_loss, log_loss

    p, y = _read_probabilities(p, y)
    classes = np.arange(p.shape[1])
    clipped = np.maximum(p, SMALLEST_PROBABILITY)
    clipped /= clipped.sum(axis=1, keepdims=True)
    return {
        "accuracy": float(accuracy_score(y, p.argmax(axis=1))),
        "nll": float(log_loss(y, clipped, labels=classes)),
        "brier": float(brier_score_loss(y, p, labels=classes)),
        "ece": reliability_curve(p, y).ece,
        "auroc": _auroc(p, y),
    }


def reliability_curve(p: np.ndarray, y: np.ndarray, bins: int = CALIBRATION_BINS) -> ReliabilityCurve:
    """Bin rows by the probability of their most likely class, into bins of equal mass.

    Rows of equal confidence share a bin, so the result does not depend on the order of rows. Bins that stay
    empty for it, or because there are fewer rows than bins, are left out.

    Parameters
    ----------
    p : ndarray of shape (n, C)
    y : ndarray of int, shape (n,)
    bins : int

    References
    ----------
    Guo, Pleiss, Sun and Weinberger (2017), On calibration of modern neural networks (with bins of equal
    width); Nixon et al. (2019), Measuring calibration in deep learning (of equal mass).
    """
    p, y = _read_probabilities(p, y)
    confidence = p.max(axis=1)
    right = p.argmax(axis=1) == y
    bin_of_row = equal_mass_bins(confidence, bins)
    count = np.bincount(bin_of_row)
    return ReliabilityCurve(
        np.bincount(bin_of_row, weights=confidence) / count,
        np.bincount(bin_of_row, weights=right) / count,
        count,
    )


def equal_mass_bins(values: np.ndarray, bins: int) -> np.ndarray:
    """Return the bin of each value (n,), from 0 on: equal values share one, and none that is left is empty."""
    # The number of values that are less: a rank at which ties share the lowest.
    rank = np.searchsorted(np.sort(values), values)
    return np.unique(rank * bins // len(values), return_inverse=True)[1]


def regression_scores(
    y: np.ndarray,
    mean: np.ndarray,
    log_prob: np.ndarray,
    samples: np.ndarray,
    interval: np.ndarray | None = None,
) -> Scores:
    """Score a predictive distribution of numbers against the true ones.

    Parameters
    ----------
    y, mean : ndarray of shape (n,)
        True values and predictive means, in the target's units.
    log_prob : ndarray of shape (n,)
        Log predictive density at `y`.
    samples : ndarray of shape (S, n)
        Draws of the target, noise included.
    interval : ndarray of shape (n, 2), optional
        Central 95 % predictive interval; the samples' quantiles if not given.

    Returns
    -------
    dict
        rmse : root of the mean squared error of `mean`, in the target's units.
        nll : mean of -`log_prob`, in nats.
        crps : mean of `crps`, in the target's units.
        coverage_95 : share of rows in their 95 % interval, bounds included.

    Raises
    ------
    InvalidData
        If shapes do not match or something is NaN.
    """
    from sklearn.metrics import root_mean_squared_error

    y = _read_rows(y, "y", (np.size(y),))
    mean = _read_rows(mean, "mean", y.shape)
    log_prob = _read_rows(log_prob, "log_prob", y.shape)
    per_row = crps(y, samples)
    if interval is None:
        interval = np.quantile(samples, [0.025, 0.975], axis=0).T
    interval = _read_rows(interval, "interval", (len(y), 2))
    return {
        "rmse": float(root_mean_squared_error(y, mean)),
        "nll": float(-log_prob.mean()),
        "crps": float(per_row.mean()),
        "coverage_95": float(((interval[:, 0] <= y) & (y <= interval[:, 1])).mean()),
    }


def crps(y: np.ndarray, samples: np.ndarray) -> np.ndarray:
    """Continuous ranked probability score of the distribution that puts 1/S on each sample.

    ``crps = mean_s |x_s - y| - 1/2 mean_s mean_t |x_s - x_t|``, exactly. With the S samples sorted, the
    double sum is twice the sum over neighbours of ``s (S - s) (x_(s+1) - x_(s))``.

    Parameters
    ----------
    y : ndarray of shape (n,)
    samples : ndarray of shape (S, n)

    Returns
    -------
    ndarray of shape (n,)
        In the units of `y`; 0 is best.

    References
    ----------
    Gneiting and Raftery (2007), Strictly proper scoring rules, prediction, and estimation, section 4.2.
    """
    y = _read_rows(y, "y", (np.size(y),))
    if np.ndim(samples) != 2 or len(samples) == 0:
        raise InvalidData(f"samples has shape {np.shape(samples)}; allowed: (S, {len(y)}) with S at least 1.")
    samples = _read_rows(samples, "samples", (len(samples), len(y)))
    size = len(samples)
    below = np.arange(1, size)[:, None]  # samples at or below each gap between neighbours
    spread = (below * (size - below) * np.diff(np.sort(samples, axis=0), axis=0)).sum(axis=0) / size**2
    return np.abs(samples - y).mean(axis=0) - spread


def evaluate(
    posterior: Any,
    dataset: Dataset,
    split: Literal["test", "train"] = "test",
    n_draws: int = 500,
    seed: int = 0,
) -> Scores:
    """Score a posterior's predictions of the held-out rows of a data set, or of its training rows.

    Parameters
    ----------
    posterior : Posterior
    dataset : Dataset
    split : {"test", "train"}
    n_draws : int
        Draws of the parameters that the predictions average over.
    seed : int
        Of these draws, and of the noise in a regression's samples.

    Returns
    -------
    dict
        As of `classification_scores` or `regression_scores`.

    Raises
    ------
    InvalidData
        If there is no such split, or an argument is of another kind.
    """
    check_kind(dataset, "dataset", Dataset)
    if not callable(getattr(posterior, "predict", None)):
        raise InvalidData(f"posterior is {shown(posterior)}; allowed: a Posterior, or what predicts as one does.")
    if split not in ("test", "train"):
        raise InvalidData(f"split is {shown(split)}; allowed: test or train.")
    X, y = (dataset.X_test, dataset.y_test) if split == "test" else (dataset.X_train, dataset.y_train)
    if dataset.task == "classification":
        return classification_scores(predict_classes(posterior, X, n_draws, seed), y)
    predictions = (posterior.predict(block, n_draws=n_draws, seed=seed) for block in _blocks(X, n_draws))
    columns = []
    for number, (prediction, block) in enumerate(zip(predictions, _blocks(y, n_draws), strict=True)):
        # Another seed for each block: the noise of different rows must not be the same.
        samples = prediction.predictive_samples(seed + number)
        columns.append((prediction.mean, prediction.log_prob(block), samples.T, prediction.interval(0.95)))
    mean, log_prob, samples_of_row, interval = map(np.concatenate, zip(*columns, strict=True))
    return regression_scores(y, mean, log_prob, samples_of_row.T, interval)


def predict_classes(posterior: Any, X: np.ndarray, n_draws: int = 500, seed: int = 0) -> np.ndarray:
    """Return a posterior's class probabilities (n, C) at any number of inputs, with few in memory at once."""
    blocks = (posterior.predict(block, n_draws=n_draws, seed=seed) for block in _blocks(X, n_draws))
    return np.concatenate([each.mean for each in blocks])


def _blocks(rows: np.ndarray, n_draws: int) -> list[np.ndarray]:
    """Cut rows into blocks, so that the draws' predictions of one block at a time are in memory."""
    return np.array_split(rows, max(1, -(-len(rows) * n_draws // BLOCK_PREDICTIONS)))


def _auroc(p: np.ndarray, y: np.ndarray) -> float:
    """Return the area under the ROC curve as `classification_scores` defines it.

    scikit-learn's own one-against-rest refuses rows from which a class is missing.
    """
    from sklearn.metrics import roc_auc_score

    present = np.unique(y)
    if len(present) == 1:
        return float("nan")
    if p.shape[1] == 2:
        return float(roc_auc_score(y, p[:, 1]))
    return float(np.mean([roc_auc_score(y == code, p[:, code]) for code in present]))


def _read_probabilities(p: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Check probabilities and codes; return the former as float64 with rows that sum to 1 exactly."""
    p, y = np.asarray(p, dtype=np.float64), np.asarray(y)
    if p.ndim != 2 or p.shape[0] == 0 or p.shape[1] < 2:
        raise InvalidData(f"p has shape {p.shape}; allowed: (n, C) with n at least 1 and C at least 2.")
    total = p.sum(axis=1, keepdims=True)
    if not ((p >= 0).all() and (np.abs(total - 1) < 1e-4).all()):
        raise InvalidData("p has rows that are no distribution; allowed: probabilities that sum to 1.")
    if y.shape != p.shape[:1]:
        raise InvalidData(f"y has shape {y.shape}; allowed: one code for each row of p, {p.shape[:1]}.")
    if y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= p.shape[1]:
        raise InvalidData(f"y has entries that are not class codes; allowed: 0 to {p.shape[1] - 1}.")
    return p / total, y


def _read_rows(value: np.ndarray, name: str, shape: tuple[int, ...]) -> np.ndarray:
    array = np.asarray(value, dtype=np.float64)
    if array.shape != shape or array.size == 0:
        raise InvalidData(f"{name} has shape {array.shape}; allowed: {shape}, and at least one row.")
    if np.isnan(array).any():
        raise InvalidData(f"{name} has NaN entries; allowed: numbers.")
    return array
