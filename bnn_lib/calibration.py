"""Whether predictions are as sure as they should be: Brier's parts, coverage, PIT, and points far from any data.

`bnn_lib.metrics` has the scores themselves, the reliability curve and the expected calibration error.

References
----------
Murphy (1973), A new vector partition of the probability score.
Stephenson, Coelho and Jolliffe (2008), Two extra components in the Brier score decomposition.
Czado, Gneiting and Held (2009), Predictive model assessment for count data.
Gneiting, Balabdaoui and Raftery (2007), Probabilistic forecasts, calibration and sharpness.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bnn_lib.datasets.checks import read_matrix, read_number, read_seed, read_targets, read_whole
from bnn_lib.errors import InvalidData
from bnn_lib.metrics import CALIBRATION_BINS, classification_scores, equal_mass_bins
from bnn_lib.predictive import Prediction

if TYPE_CHECKING:
    from bnn_lib.datasets import Dataset

LEVELS = (0.5, 0.8, 0.95)
RING = (1.5, 2.5)  # inner and outer radius of `ring_around`, in radii of the data
MAX_RING_POINTS = 100_000


def brier_decomposition(p: np.ndarray, y: np.ndarray, bins: int = CALIBRATION_BINS) -> dict[str, float]:
    """Split the Brier score into what calibration costs, what knowing the rows gains, and what is left.

    Rows are binned by the probability of a class, into bins of equal mass where equal probabilities share a
    bin. With n_k rows, mean probability p_k and share o_k of the class in bin k, and its overall share o:

        reliability = sum_k n_k/n (p_k - o_k)^2
        resolution  = sum_k n_k/n (o_k - o)^2
        uncertainty = o (1 - o)
        brier       = reliability - resolution + uncertainty + within_bins

    For two classes these are of class 1, for more the sums over classes, as in `metrics.classification_scores`.

    Murphy's identity, with ``within_bins`` 0, holds where all probabilities in a bin are equal: for forecasts of
    a few levels. Otherwise ``within_bins`` is the mean over rows of the variance of p in the row's bin, less
    twice its covariance with the outcome (Stephenson et al. 2008). It shrinks with finer bins, while
    reliability and resolution both grow by chance; bins of 1 row hold nothing but chance.

    Parameters
    ----------
    p : ndarray of shape (n, C)
        Probabilities; each row sums to 1.
    y : ndarray of int, shape (n,)
        Class codes, 0 to C - 1.
    bins : int

    Returns
    -------
    dict
        reliability (0 is best), resolution (higher is better), uncertainty (of the data alone), within_bins and
        brier.

    Raises
    ------
    InvalidData
        If shapes do not match, a row is no distribution, or a code is out of range.
    """
    bins = read_whole(bins, "bins", 1, 100_000)
    brier = classification_scores(p, y)["brier"]  # which checks both
    p, y = np.asarray(p, dtype=np.float64), np.asarray(y)
    p = p / p.sum(axis=1, keepdims=True)
    codes = [1] if p.shape[1] == 2 else range(p.shape[1])
    parts = np.sum([_brier_parts(p[:, code], y == code, bins) for code in codes], axis=0)
    reliability, resolution, uncertainty = map(float, parts)
    return {
        "reliability": reliability,
        "resolution": resolution,
        "uncertainty": uncertainty,
        "within_bins": brier - (reliability - resolution + uncertainty),
        "brier": brier,
    }


def coverage(prediction: Prediction, y: np.ndarray, levels: Sequence[float] = LEVELS) -> dict[float, float]:
    """Return the share of rows that lie in their central predictive interval, noise included.

    Parameters
    ----------
    prediction : Prediction
        For regression.
    y : array of shape (n,)
        In the target's units.
    levels : sequence of float
        Probabilities of the intervals, between 0 and 1.

    Returns
    -------
    dict
        Level -> share, bounds included. A calibrated prediction has shares close to the levels, with a standard
        error of ``sqrt(level (1 - level) / n)``.
    """
    y = _targets(prediction, y)
    # The interval [q, 1 - q] holds y if and only if the distribution function reaches q at y, and is below 1 - q
    # just before it.
    before, at = _distribution_at(prediction, y)
    shares = {}
    for level in levels:
        level = read_number(level, "A level", 0.0, 1.0, inside=True)
        tail = (1 - level) / 2
        shares[level] = float(((at >= tail) & (before <= 1 - tail)).mean())
    return shares


def pit(prediction: Prediction, y: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return the probability integral transform: the predictive distribution function at the true value.

    ``mean_s F_s(y)``, F_s that of draw s. It is uniform over rows if the prediction is calibrated; a histogram
    shaped like a U is too sure, one like a hill not sure enough. Counts jump over values, and take one at random
    from the jump at y, which is uniform again (Czado, Gneiting and Held 2009, section 2.1).

    Parameters
    ----------
    prediction : Prediction
        For regression.
    y : array of shape (n,)
    seed : int
        Of the values taken at random.

    Returns
    -------
    ndarray of shape (n,), in 0..1
    """
    before, at = _distribution_at(prediction, _targets(prediction, y))
    share = np.random.default_rng(read_seed(seed, "seed")).random(len(at))
    return before + share * (at - before)


def sharpness(prediction: Prediction, level: float = 0.95) -> float:
    """Return the mean width of the central predictive intervals, in the target's units.

    Of two predictions that are both calibrated the sharper one, of the smaller width, is better.
    """
    interval = prediction.interval(level)
    return float((interval[:, 1] - interval[:, 0]).mean())


def ood_auroc(epistemic_in: np.ndarray, epistemic_out: np.ndarray) -> float:
    """Return how well an uncertainty tells points far from the data from points like the data.

    Parameters
    ----------
    epistemic_in, epistemic_out : ndarray of shape (n,) and (m,)
        Of points like the data, and of points that are not.

    Returns
    -------
    float
        The probability that a point of the second kind has the larger value, ties counting half (the area under
        the ROC curve): 1 is best, 1/2 is chance, and below it the model is surer far away.
    """
    from sklearn.metrics import roc_auc_score

    inside, outside = _uncertainties(epistemic_in, "epistemic_in"), _uncertainties(epistemic_out, "epistemic_out")
    is_outside = np.repeat([False, True], [len(inside), len(outside)])
    return float(roc_auc_score(is_outside, np.concatenate([inside, outside])))


def ood_points(dataset: Dataset, n: int = 500, seed: int = 0) -> np.ndarray:
    """Return points unlike the data: the data set's own, or a ring around its training rows.

    Parameters
    ----------
    dataset : Dataset
    n, seed : int
        Of `ring_around`.

    Returns
    -------
    ndarray of shape (m, d)
        ``dataset.X_ood`` if there is one, else (n, d).
    """
    return ring_around(dataset.X_train, n, seed) if dataset.X_ood is None else dataset.X_ood


def ring_around(X: np.ndarray, n: int = 500, seed: int = 0) -> np.ndarray:
    """Return points in a shell around the data, farther out than any row: unlike the data, whatever these are.

    Columns are standardised, where R is the distance of the farthest row from the mean. Directions are uniform,
    and so are distances, between 1.5 R and 2.5 R.

    Parameters
    ----------
    X : array of shape (m, d)
    n : int
        1 to 100,000.
    seed : int

    Returns
    -------
    ndarray of shape (n, d)
        In X's units.
    """
    X = read_matrix(X, "X")
    n, random = read_whole(n, "n", 1, MAX_RING_POINTS), np.random.default_rng(read_seed(seed, "seed"))
    constant = np.ptp(X, axis=0) == 0
    mean, scale = np.where(constant, X[0], X.mean(axis=0)), np.where(constant, 1.0, X.std(axis=0))
    radius = np.linalg.norm((X - mean) / scale, axis=1).max() or 1.0  # rows that are all the same have none
    direction = random.standard_normal((n, X.shape[1]))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    return np.asarray(mean + scale * direction * radius * random.uniform(*RING, size=(n, 1)))


def _brier_parts(p: np.ndarray, happened: np.ndarray, bins: int) -> tuple[float, float, float]:
    """Reliability, resolution and uncertainty of the probabilities p (n,) of an event."""
    bin_of_row = equal_mass_bins(p, bins)
    count = np.bincount(bin_of_row)
    forecast = np.bincount(bin_of_row, weights=p) / count
    share, overall = np.bincount(bin_of_row, weights=happened) / count, happened.mean()
    reliability = np.average((forecast - share) ** 2, weights=count)
    resolution = np.average((share - overall) ** 2, weights=count)
    return float(reliability), float(resolution), float(overall * (1 - overall))


def _targets(prediction: Prediction, y: np.ndarray) -> np.ndarray:
    if prediction.is_classification:
        raise InvalidData("This prediction is of classes; allowed: of numbers, from a regression.")
    return read_targets(y, "y", prediction.samples.shape[1])


def _distribution_at(prediction: Prediction, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the predictive distribution function just before y (n,) and at y; the same unless y is a count."""
    assert prediction.conditional is not None
    at = prediction.cdf(y)
    return (prediction.cdf(np.ceil(y) - 1) if prediction.conditional.discrete else at), at


def _uncertainties(value: np.ndarray, name: str) -> np.ndarray:
    array = np.asarray(value, dtype=np.float64)
    if array.ndim != 1 or array.size == 0:
        raise InvalidData(f"{name} has shape {array.shape}; allowed: one dimension, and at least one point.")
    if not np.isfinite(array).all():
        raise InvalidData(f"{name} has entries that are NaN or infinite; allowed: finite numbers.")
    return array
