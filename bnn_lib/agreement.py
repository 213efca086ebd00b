"""How far one posterior's predictions are from a reference's, which has to have converged.

The reference is long chains of NUTS. Whether these agree with each other is judged by R-hat of function values,
not of weights: hidden units can be permuted, so weights never agree, and do not have to (Izmailov et al. 2021).
Its limit is 1.1, the customary one (Gelman et al. 2013, section 11.4); for parameters of a model that mixes well
Vehtari et al. (2021) ask for 1.01, which function values of networks rarely reach.

Every distance has a floor: predictions from different draws of the same posterior are not at distance 0 either.
Those of a second run of the reference tell how high it is.

References
----------
Gelman, Carlin, Stern, Dunson, Vehtari and Rubin (2013), Bayesian data analysis, third edition.
Izmailov, Vikram, Hoffman and Wilson (2021), What are Bayesian neural network posteriors really like?
Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021), Rank-normalization, folding, and localization.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bnn_lib.datasets.checks import read_matrix
from bnn_lib.errors import InvalidData, shown
from bnn_lib.predictive import Prediction

R_HAT_LIMIT = 1.1
ATOMS = 32  # values that stand for the distribution of one draw
QUANTILES, SUMMARY_ATOMS = 64, 8  # of a summary
BLOCK_VALUES = 4_000_000  # of a sorted array
BLOCK_ROWS = 2_000  # inputs that are predicted at once

PerPoint = dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class PredictiveSummary:
    """What distances are computed from, small enough to keep: of n inputs, without the draws.

    Attributes
    ----------
    values : ndarray of float32, shape (n, k)
        Classification: the probabilities of k = C classes. Regression: k mid-quantiles of the predictive
        distribution, ascending, noise included, in the target's units.
    total, epistemic : ndarray of float32, shape (n,)
        Nats, or squared units of the target.
    is_classification : bool
    """

    values: np.ndarray
    total: np.ndarray
    epistemic: np.ndarray
    is_classification: bool


def summarise(prediction: Prediction, n: int) -> PredictiveSummary:
    """Return what is kept of a prediction at its first `n` inputs, to compare it by."""
    if prediction.is_classification:
        values = prediction.mean[:n]
    else:
        values = _quantiles(prediction, np.arange(n), QUANTILES, SUMMARY_ATOMS)
    total, epistemic = (part[:n].astype(np.float32) for part in (prediction.total, prediction.epistemic))
    return PredictiveSummary(values.astype(np.float32), total, epistemic, prediction.is_classification)


def agreement_of_summaries(summary: PredictiveSummary, reference: PredictiveSummary) -> dict[str, float]:
    """Compare summaries at the same inputs.

    Returns
    -------
    dict
        As of `agreement`, without ``nll_difference``. Of regression, ``wasserstein`` is that of the quantiles
        kept, which cut off the outermost 1/128 of each tail.

    Raises
    ------
    InvalidData
        If the two are not of the same task, inputs or classes.
    """
    mine, theirs = (each.values.shape for each in (summary, reference))
    if mine != theirs or 0 in mine or summary.is_classification != reference.is_classification:
        raise InvalidData(
            f"The summary's values have shape {mine} and the reference's {theirs}; allowed: the same task, the "
            "same inputs, at least one, and the same classes for both."
        )
    values = {"epistemic": summary.epistemic, "reference_epistemic": reference.epistemic}
    if summary.is_classification:
        return _summary(values | _between_classes(summary.values, reference.values))
    apart = np.square(summary.values - reference.values, dtype=np.float64)
    values["wasserstein"] = np.sqrt(apart.mean(axis=1))
    values["log_sd_ratio"] = np.log(summary.total / reference.total) / 2
    return _summary(values)


def agreement(prediction: Prediction, reference: Prediction, y: np.ndarray | None = None) -> dict[str, float]:
    """Compare predictions at n inputs with a reference's at the same inputs.

    Nothing is known here of where the reference comes from; `distance_from` checks that it has converged.

    Parameters
    ----------
    prediction, reference : Prediction
        Of the same task, classes and inputs; numbers of draws may differ.
    y : array of shape (n,), optional
        True targets.

    Returns
    -------
    dict
        For classification:
        agreement : share of inputs where the most likely class is the same, in 0..1; 1 is best.
        total_variation : mean over inputs of ``1/2 sum_c |p_c - q_c|``, in 0..1; 0 is best.

        For regression:
        wasserstein : mean over inputs of the 2-Wasserstein distance between the two predictive distributions,
        noise included, in the target's units; 0 is best. See `wasserstein`.
        sd_ratio : geometric mean over inputs of the predictive standard deviation over the reference's; 1 is
        best, below 1 is too sure.

        For both:
        epistemic_ratio : mean epistemic uncertainty over the reference's mean (nats, or variances); 1 is best,
        below 1 is too sure. NaN if the reference has none.
        nll_difference : with `y` only; mean nll minus the reference's, in nats a row. Above 0 is worse than the
        reference, below 0 better.

    Raises
    ------
    InvalidData
        If the two are not of the same task, inputs or classes, or y does not fit them.
    """
    return _summary(_per_point(prediction, reference, y))


def wasserstein(prediction: Prediction, reference: Prediction) -> np.ndarray:
    """Return the 2-Wasserstein distance between two predictive distributions of numbers, at each input.

    In one dimension it is ``sqrt(integral_0^1 (F^-1(u) - G^-1(u))^2 du)``. Each draw's distribution is replaced by
    32 values at its mid-quantiles, scaled to its variance, so mean and variance of the mixture stay exact, as does
    the distance between two normals, ``sqrt((mu - nu)^2 + (s - t)^2)``. Nothing is random.

    Parameters
    ----------
    prediction, reference : Prediction
        For regression, at the same n inputs.

    Returns
    -------
    ndarray of shape (n,), in the target's units
    """
    _check_pair(prediction, reference)
    if prediction.is_classification:
        raise InvalidData("The predictions are of classes; allowed: for regression.")
    n = prediction.samples.shape[1]
    size = ATOMS * max(len(prediction.samples), len(reference.samples))
    blocks = np.array_split(np.arange(n), -(-n * size // BLOCK_VALUES))
    distances = [
        np.sqrt(np.square(_quantiles(prediction, block, size) - _quantiles(reference, block, size)).mean(axis=1))
        for block in blocks
    ]
    return np.concatenate(distances)


def check_reference(diagnostics: Mapping[str, Any], limit: float = R_HAT_LIMIT) -> None:
    """Refuse a reference whose chains have not been shown to agree.

    Parameters
    ----------
    diagnostics : mapping
        Of the reference posterior; ``r_hat`` is the largest over function values.
    limit : float

    Raises
    ------
    InvalidData
        If ``r_hat`` is missing, no finite number, or above `limit`.
    """
    if "r_hat" not in diagnostics:
        raise InvalidData(
            f"The reference has no r_hat; allowed: a posterior of NUTS with an r_hat of at most {limit:g}."
        )
    r_hat = diagnostics["r_hat"]
    real = isinstance(r_hat, numbers.Real) and not isinstance(r_hat, bool)
    if not real or not math.isfinite(r_hat) or r_hat > limit:
        received = f"{float(r_hat):.6g}" if real else shown(r_hat)
        raise InvalidData(
            f"The reference's chains do not agree: their r_hat is {received}; allowed: at most {limit:g}, which "
            "more draws, more tuning steps or fewer units help to reach."
        )


def distance_from(
    posterior: Any,
    reference_posterior: Any,
    X: Any,
    y: np.ndarray | None = None,
    n_draws: int = 500,
    seed: int = 0,
) -> dict[str, float]:
    """Compare a posterior's predictions at inputs X with those of a reference posterior that has converged.

    Parameters
    ----------
    posterior, reference_posterior : Posterior
        Fitted to the same data, and for a fair comparison with the same network, prior and likelihood.
    X : array of shape (n, d)
        In the data's original units.
    y : array of shape (n,), optional
        True targets.
    n_draws, seed : int
        Of both predictions.

    Returns
    -------
    dict
        As of `agreement`.

    Raises
    ------
    InvalidData
        If the reference has not converged (see `check_reference`), or X or y do not fit.
    """
    check_reference(reference_posterior.diagnostics)
    X = read_matrix(X, "X")
    if y is not None and np.shape(y) != (len(X),):
        raise InvalidData(f"y has shape {np.shape(y)}; allowed: ({len(X)},), one target an input.")
    parts: list[PerPoint] = []
    for rows in np.array_split(np.arange(len(X)), -(-len(X) // BLOCK_ROWS)):
        prediction, reference = (
            each.predict(X[rows], n_draws=n_draws, seed=seed) for each in (posterior, reference_posterior)
        )
        parts.append(_per_point(prediction, reference, None if y is None else np.asarray(y)[rows]))
    return _summary({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


def _per_point(prediction: Prediction, reference: Prediction, y: np.ndarray | None) -> PerPoint:
    _check_pair(prediction, reference)
    values = {"epistemic": prediction.epistemic, "reference_epistemic": reference.epistemic}
    if prediction.is_classification:
        values |= _between_classes(prediction.mean, reference.mean)
    else:
        values["wasserstein"] = wasserstein(prediction, reference)
        values["log_sd_ratio"] = np.log(prediction.total / reference.total) / 2
    if y is not None:
        values["nll_difference"] = reference.log_prob(y) - prediction.log_prob(y)
    return values


def _between_classes(p: np.ndarray, q: np.ndarray) -> PerPoint:
    """Of class probabilities (n, C)."""
    return {
        "agreement": p.argmax(axis=1) == q.argmax(axis=1),
        "total_variation": np.abs(p - q).sum(axis=1) / 2,
    }


def _summary(values: PerPoint) -> dict[str, float]:
    """Means over points; the ratio of epistemic uncertainties is one of means."""
    means = {name: float(value.mean()) for name, value in values.items()}
    epistemic, of_reference = means.pop("epistemic"), means.pop("reference_epistemic")
    if "log_sd_ratio" in means:
        means["sd_ratio"] = math.exp(means.pop("log_sd_ratio"))
    means["epistemic_ratio"] = epistemic / of_reference if of_reference > 0 else math.nan
    return means


def _quantiles(prediction: Prediction, columns: np.ndarray, size: int, of_draw: int = ATOMS) -> np.ndarray:
    """Return `size` mid-quantiles of the predictive distribution at some inputs, (inputs, size), ascending."""
    assert prediction.conditional is not None
    atoms = prediction.conditional.columns(columns).atoms(of_draw).swapaxes(0, 1)
    atoms = np.sort(atoms.reshape(len(columns), -1), axis=1)
    own = atoms.shape[1]
    return atoms if own == size else atoms[:, (2 * np.arange(size) + 1) * own // (2 * size)]


def _check_pair(prediction: Prediction, reference: Prediction) -> None:
    mine, theirs = (each.samples.shape[1:] for each in (prediction, reference))
    if mine != theirs or 0 in mine:
        raise InvalidData(
            f"The prediction's draws have shape {mine} and the reference's {theirs}; allowed: the same inputs, at "
            "least one, and the same classes for both."
        )
