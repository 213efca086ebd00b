"""How a posterior stands up at inputs that it was not fitted to: its scores, its calibration, and points far away.

One pass over the held-out rows gives all of it, and a summary of the predictions to measure distances by.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bnn_lib.agreement import PredictiveSummary, summarise
from bnn_lib.calibration import LEVELS, brier_decomposition, coverage, ood_auroc, ood_points, pit, sharpness
from bnn_lib.metrics import CALIBRATION_BINS, classification_scores, evaluate, predict_classes, reliability_curve
from bnn_lib.predictive import Prediction

if TYPE_CHECKING:
    from bnn_lib.datasets import Dataset

MOST_ROWS = 2000  # held-out rows that are looked at draw by draw
SUMMARY_ROWS = 500
FAR_POINTS = 500
PIT_BINS = 10
ROWS_OF_A_POINT = 20  # of the reliability curve, at least: fewer show chance and little else


@dataclass(frozen=True, eq=False)
class HeldOut:
    """What `judge` finds.

    Attributes
    ----------
    scores : dict
        As of `bnn_lib.metrics.evaluate`.
    calibration : dict
        Numbers and lists of numbers, so that it can be kept as JSON; see `judge`.
    summary : PredictiveSummary
        Of the first 500 held-out rows.
    """

    scores: dict[str, float]
    calibration: dict[str, Any]
    summary: PredictiveSummary


def judge(posterior: Any, dataset: Dataset, n_draws: int = 500, seed: int = 0) -> HeldOut:
    """Judge a posterior by the held-out rows of its data set, and by points unlike any row.

    Parameters
    ----------
    posterior : Posterior
    dataset : Dataset
    n_draws, seed : int
        Of the predictions.

    Returns
    -------
    HeldOut
        Its calibration has, for classification, ``confidence``, ``accuracy`` and ``count`` of the reliability
        curve, of 15 bins or as many as have 20 rows each, and ``brier``, the parts of
        `bnn_lib.calibration.brier_decomposition`. For regression, of 2000 rows at most: ``coverage``, a list of
        pairs of level and share of rows in their central interval of that level; ``pit``, the share of
        rows in each of 10 bins of the probability integral transform;
        ``sharpness``, the mean width of the 95 % interval in the target's units. For both ``ood_auroc``, how well
        epistemic uncertainty tells held-out rows from `bnn_lib.calibration.ood_points`, and ``rows``, how many
        rows were looked at.
    """
    X, y = dataset.X_test[:MOST_ROWS], dataset.y_test[:MOST_ROWS]
    far = ood_points(dataset, FAR_POINTS, seed)[:FAR_POINTS]
    everywhere = posterior.predict(np.concatenate([X, far]), n_draws=n_draws, seed=seed)
    if everywhere.is_classification:
        p = predict_classes(posterior, dataset.X_test, n_draws, seed)
        scores, calibration = classification_scores(p, dataset.y_test), _of_classes(p, dataset.y_test)
    else:
        scores = evaluate(posterior, dataset, n_draws=n_draws, seed=seed)
        calibration = _of_numbers(everywhere.at(slice(len(X))), y)
    calibration["ood_auroc"] = ood_auroc(everywhere.epistemic[: len(X)], everywhere.epistemic[len(X) :])
    return HeldOut(dict(scores), calibration, summarise(everywhere, min(len(X), SUMMARY_ROWS)))


def _of_classes(p: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    curve = reliability_curve(p, y, max(1, min(CALIBRATION_BINS, len(y) // ROWS_OF_A_POINT)))
    return {
        "rows": len(y),
        "confidence": curve.confidence.tolist(),
        "accuracy": curve.accuracy.tolist(),
        "count": curve.count.tolist(),
        "brier": brier_decomposition(p, y),
    }


def _of_numbers(prediction: Prediction, y: np.ndarray) -> dict[str, Any]:
    shares, _ = np.histogram(pit(prediction, y), PIT_BINS, (0.0, 1.0))
    return {
        "rows": len(y),
        "coverage": [list(pair) for pair in coverage(prediction, y, LEVELS).items()],
        "pit": (shares / len(y)).tolist(),
        "sharpness": sharpness(prediction),
    }
