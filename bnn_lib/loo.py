"""What draws are worth: Pareto-smoothed importance sampling, R-hat and effective sample size, all by ArviZ.

Pareto's shape k_hat of importance weights says whether they can be trusted: the weights' distribution has finite
moments up to order 1 / k. Below 0.7 an estimate converges at a practical rate, above it does not (Vehtari et al.
2024). With weights density / approximation it judges a variational posterior (Yao et al. 2018); with weights
1 / likelihood of a row it judges that row's leave-one-out density (Vehtari, Gelman and Gabry 2017).

ArviZ is imported inside functions: it takes seconds.

References
----------
Vehtari, Simpson, Gelman, Yao and Gabry (2024), Pareto smoothed importance sampling.
Vehtari, Gelman and Gabry (2017), Practical Bayesian model evaluation using leave-one-out cross-validation.
Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021), Rank-normalization, folding, and localization: an
improved R-hat.
Yao, Vehtari, Simpson and Gelman (2018), Yes, but did it work?: Evaluating variational inference.
"""

from __future__ import annotations

from importlib import import_module

import numpy as np
from scipy import special

from bnn_lib.errors import InvalidData
from bnn_lib.likelihoods import SMALLEST_PROBABILITY
from bnn_lib.predictive import Prediction

GOOD_K = 0.7
MAX_ROWS = 5_000  # a row takes a millisecond
MIN_DRAWS = 100
MIN_WEIGHTS = 25  # a fifth of them is the tail, and five are the fewest that a tail can be fitted to
# Log weights that differ by less have no tail worth a fit: no weight is more than a tenth larger than another.
FLAT = 0.1
RESOLUTION = 1e-6  # relative; float32 has 1.2e-7, and what differs by less than a few of these is constant


def psis_k_hat(log_weights: np.ndarray) -> float:
    """Return the Pareto shape k of importance weights.

    Parameters
    ----------
    log_weights : ndarray of shape (S,)
        Logarithms, up to a common constant; -inf is a weight of 0.

    Returns
    -------
    float
        0 if the weights are equal but for a tenth, infinite if so few of them matter that no tail can be fitted.

    Raises
    ------
    InvalidData
        If there are fewer than 25 weights, one is NaN or +inf, or all are 0.
    """
    log_weights = np.asarray(log_weights, dtype=np.float64)
    if log_weights.ndim != 1 or len(log_weights) < MIN_WEIGHTS:
        raise InvalidData(
            f"log_weights has shape {log_weights.shape}; allowed: (S,) with S at least {MIN_WEIGHTS}."
        )
    top = log_weights.max()  # NaN if one is
    if not np.isfinite(top):
        raise InvalidData(f"log_weights has {top} for its largest; allowed: a finite number.")
    return _smoothed(log_weights - top)[1]


def pointwise_log_likelihood(prediction: Prediction, y: np.ndarray) -> np.ndarray:
    """Return each draw's log likelihood of each row.

    Parameters
    ----------
    prediction : Prediction
        At the rows' inputs.
    y : array of shape (n,)
        Class codes, or targets in their own units.

    Returns
    -------
    ndarray of shape (S, n), in nats
        Its log mean exp over draws is ``prediction.log_prob(y)``.
    """
    y = np.asarray(y)
    n = prediction.samples.shape[1]
    if y.shape != (n,):
        raise InvalidData(f"y has shape {y.shape}; allowed: ({n},), one target an input.")
    if prediction.is_classification:
        classes = prediction.samples.shape[2]
        if not np.isin(y, np.arange(classes)).all():
            raise InvalidData(f"y has values other than the class codes 0 to {classes - 1}.")
        chosen = prediction.samples[:, np.arange(n), y.astype(int)].astype(np.float64)
        return np.log(np.maximum(chosen, SMALLEST_PROBABILITY))
    assert prediction.conditional is not None
    return prediction.conditional.log_prob(y)


def loo(log_likelihood: np.ndarray) -> dict[str, float]:
    """Estimate how well rows would be predicted had each been left out of the fit (PSIS-LOO).

    The draws are taken as independent draws from the posterior. Where they come from an approximation, so does
    the estimate, and k_hat does not tell how good the approximation is: `psis_k_hat` of its weights does.

    Parameters
    ----------
    log_likelihood : ndarray of shape (S, n)
        As of `pointwise_log_likelihood`, of training rows. A row takes a millisecond and more.

    Returns
    -------
    dict
        elpd_loo : sum over rows of the log density of the row given the others, in nats; higher is better.
        se : standard error of it, over rows.
        p_loo : effective number of parameters, what the rows' own density in the fit is better by.
        k_hat_max : the largest of the rows' Pareto shapes.
        k_hat_bad : share of rows with a shape above 0.7, for which the estimate cannot be trusted.

    Raises
    ------
    InvalidData
        If there are more than 5,000 rows or one only, fewer than 100 draws, or values that are not finite.
    """
    values = np.asarray(log_likelihood, dtype=np.float64)
    if values.ndim != 2 or not 2 <= values.shape[1] <= MAX_ROWS or len(values) < MIN_DRAWS:
        raise InvalidData(
            f"log_likelihood has shape {values.shape}; allowed: (S, n) with at least {MIN_DRAWS} draws S and 2 to "
            f"{MAX_ROWS:,} rows n."
        )
    if not np.isfinite(values).all():
        raise InvalidData("log_likelihood has entries that are NaN or infinite; allowed: finite numbers.")
    rows = np.ascontiguousarray(values.T)
    smoothed = [_smoothed(row.min() - row) for row in rows]
    elpd = np.array([special.logsumexp(weights + row) for (weights, _), row in zip(smoothed, rows, strict=True)])
    k_hat = np.array([k for _, k in smoothed])
    in_sample = special.logsumexp(rows, axis=1) - np.log(len(values))
    return {
        "elpd_loo": float(elpd.sum()),
        "se": float(np.sqrt(len(elpd)) * elpd.std(ddof=1)),
        "p_loo": float((in_sample - elpd).sum()),
        "k_hat_max": float(k_hat.max()),
        "k_hat_bad": float((k_hat > GOOD_K).mean()),
    }


def rhat_and_ess(values: np.ndarray) -> tuple[float, float]:
    """Return the worst R-hat and the worst effective sample size of several quantities.

    Split R-hat of rank-normalised values (the larger one of bulk and tail), and bulk effective sample size.

    Parameters
    ----------
    values : ndarray of shape (chains, draws, points)
        At least 8 draws. A single chain is taken for two, its halves.

    Returns
    -------
    max_rhat, min_ess : float
        Values that never change, in any chain, have an R-hat of 1, and as many effective draws as draws. Chains
        that are each stuck at a value of their own have an infinite R-hat and one effective draw a chain; values
        that are not finite, an infinite R-hat and none.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 3 or 0 in values.shape or values.shape[1] < 8:
        raise InvalidData(
            f"values has shape {values.shape}; allowed: (chains, draws, points) with 8 draws at least."
        )
    chains, draws, _ = values.shape
    if not np.isfinite(values).all():
        return float("inf"), 0.0
    spread = np.ptp(values, axis=(0, 1))
    noise = RESOLUTION * np.abs(values).max(axis=(0, 1))
    moving = spread > noise
    half = draws // 2
    stuck = moving & (np.ptp(values[:, :half], axis=1) == 0).all(axis=0)
    stuck &= (np.ptp(values[:, -half:], axis=1) == 0).all(axis=0)
    rhat, ess = 1.0, float(chains * draws)
    if stuck.any():
        rhat, ess = float("inf"), float(chains)
    for point in np.flatnonzero(moving & ~stuck):
        one_rhat, one_ess = _rhat_and_ess_of_one(values[:, :, point])
        # NaN would lose every comparison, and pass for good.
        rhat = float("inf") if np.isnan(one_rhat) else max(rhat, one_rhat)
        ess = 0.0 if np.isnan(one_ess) else min(ess, one_ess)
    return rhat, ess


def _rhat_and_ess_of_one(values: np.ndarray) -> tuple[float, float]:
    """R-hat and effective sample size of (chains, draws)."""
    chains, draws = values.shape
    pair = values if chains > 1 else np.stack([values[0, : draws // 2], values[0, -(draws // 2) :]])
    # Values of two kinds only, as far from the median each, have no tails to compare: 0 / 0, which ArviZ skips.
    with np.errstate(invalid="ignore", divide="ignore"):
        if _is_old():
            import arviz

            return float(arviz.rhat(pair)), float(arviz.ess(values, method="bulk"))
        stats = import_module("arviz_stats.base").array_stats
        return float(stats.rhat(pair)), float(stats.ess(values, method="bulk"))


def _is_old() -> bool:
    """Whether ArviZ is of the line before 1.0, the last for Python 3.11."""
    import arviz

    return str(arviz.__version__).startswith("0.")


def _smoothed(log_weights: np.ndarray) -> tuple[np.ndarray, float]:
    """Return smoothed log weights that sum to 1, and k_hat, of log weights (S,) whose largest is 0."""
    normalised = log_weights - special.logsumexp(log_weights)
    if log_weights.min() > -FLAT:
        return normalised, 0.0
    with np.errstate(all="ignore"):  # an overflow or 0 / 0 makes k NaN or infinite, which is dealt with
        if _is_old():
            import arviz

            smooth, k = arviz.psislw(log_weights)
        else:
            try:
                # Takes log likelihoods, which are minus the log weights.
                smooth, k = import_module("arviz_stats.base").array_stats.psislw(-log_weights)
            except ValueError:  # the tail's values are all the same
                return normalised, float("inf")
    if not np.isfinite(k):
        return normalised, float("inf")
    return np.asarray(smooth), float(k)
