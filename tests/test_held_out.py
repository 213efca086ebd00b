"""Judging by held-out rows: each number is that of the function that defines it, and truths that are known."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from bnn_lib.agreement import agreement, agreement_of_summaries, summarise
from bnn_lib.calibration import brier_decomposition
from bnn_lib.datasets import Dataset
from bnn_lib.errors import InvalidData
from bnn_lib.held_out import MOST_ROWS, PIT_BINS, SUMMARY_ROWS, judge
from bnn_lib.metrics import reliability_curve
from bnn_lib.predictive import Prediction

RANDOM = np.random.default_rng(0)


class Told:
    """A posterior whose predictive distribution is known: logistic in the first column, or normal around it."""

    def __init__(self, task: str, noise: float = 1.0, ignorant: bool = True) -> None:
        self.task, self.noise, self.ignorant = task, noise, ignorant

    def predict(self, X: np.ndarray, n_draws: int, seed: int) -> Prediction:
        slopes = np.random.default_rng(seed).normal(1.0, 0.3 if self.ignorant else 0.0, n_draws)
        if self.task == "regression":
            return Prediction.normal((X[:, 0] * slopes[:, None]).astype("float32"), np.full(n_draws, self.noise))
        p = 1 / (1 + np.exp(-X[:, 0] * slopes[:, None]))
        return Prediction(np.stack([1 - p, p], axis=-1).astype("float32"))


def dataset(task: str, n: int = 3000) -> Dataset:
    X = RANDOM.normal(size=(2 * n, 2))
    if task == "regression":
        y = X[:, 0] + RANDOM.normal(size=2 * n)
    else:
        y = (RANDOM.uniform(size=2 * n) < 1 / (1 + np.exp(-X[:, 0]))).astype(int)
    return Dataset.from_arrays(X[:n], y[:n], task=task, X_test=X[n:], y_test=y[n:])


def test_classification_is_judged_on_all_held_out_rows():
    data, told = dataset("classification"), Told("classification")
    found = judge(told, data, n_draws=50)
    p = told.predict(data.X_test, 50, 0).mean
    curve = reliability_curve(p, data.y_test)
    assert found.calibration["rows"] == len(data.y_test) > MOST_ROWS
    np.testing.assert_allclose(found.calibration["confidence"], curve.confidence, rtol=1e-6)
    np.testing.assert_allclose(found.calibration["accuracy"], curve.accuracy, rtol=1e-6)
    assert found.scores["ece"] == pytest.approx(curve.ece, rel=1e-6)
    assert found.calibration["brier"] == pytest.approx(brier_decomposition(p, data.y_test), rel=1e-5)
    assert found.calibration["brier"]["brier"] == pytest.approx(found.scores["brier"])
    assert json.loads(json.dumps(found.calibration)) == found.calibration


def test_few_rows_make_few_points():
    data = dataset("classification", 100)
    assert len(data.y_test) == 100
    assert judge(Told("classification"), data, n_draws=50).calibration["count"] == [20] * 5


def test_a_true_regression_is_calibrated_and_a_too_sure_one_is_not():
    data = dataset("regression")
    true = judge(Told("regression", ignorant=False), data, n_draws=50).calibration
    assert true["rows"] == MOST_ROWS
    for level, share in true["coverage"]:
        assert share == pytest.approx(level, abs=4 * np.sqrt(level * (1 - level) / MOST_ROWS))
    assert len(true["pit"]) == PIT_BINS
    assert sum(true["pit"]) == pytest.approx(1)
    assert np.abs(np.array(true["pit"]) - 0.1).max() < 4 * np.sqrt(0.09 / MOST_ROWS)
    assert true["sharpness"] == pytest.approx(2 * 1.959964, rel=1e-4)  # of a normal distribution of sd 1
    sure = judge(Told("regression", noise=0.3, ignorant=False), data, n_draws=50).calibration
    assert dict(map(tuple, sure["coverage"]))[0.95] < 0.6
    assert sure["pit"][0] > 2 * sure["pit"][5]


def test_ignorance_that_grows_outwards_tells_far_from_near():
    data = dataset("regression", 300)
    found = {name: judge(Told("regression", ignorant=name), data, n_draws=50) for name in (True, False)}
    assert found[True].calibration["ood_auroc"] > 0.85  # nearly: the ring crosses the line x1 = 0
    assert found[False].calibration["ood_auroc"] == 0.5


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_summaries_are_as_far_apart_as_the_predictions(task):
    X = RANDOM.normal(size=(300, 2))
    wide, narrow = Told(task).predict(X, 200, 0), Told(task, noise=0.5, ignorant=False).predict(X, 200, 0)
    expected = agreement(narrow, wide)
    found = agreement_of_summaries(summarise(narrow, 300), summarise(wide, 300))
    assert set(found) == set(expected)
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=0.05), name
    same = agreement_of_summaries(summarise(wide, 300), summarise(wide, 300))
    assert {name: round(value, 6) for name, value in same.items()} == (
        {"agreement": 1, "total_variation": 0, "epistemic_ratio": 1}
        if task == "classification"
        else {"wasserstein": 0, "sd_ratio": 1, "epistemic_ratio": 1}
    )


def test_summaries_of_other_inputs_or_tasks_are_refused():
    X = RANDOM.normal(size=(64, 2))
    one, other = (summarise(Told(task).predict(X, 20, 0), 64) for task in ("classification", "regression"))
    for pair in ((one, other), (one, summarise(Told("classification").predict(X, 20, 0), 32))):
        with pytest.raises(InvalidData, match="the same inputs"):
            agreement_of_summaries(*pair)


def test_the_summary_is_of_the_first_rows():
    data, told = dataset("classification"), Told("classification")
    summary = judge(told, data, n_draws=50).summary
    assert summary.values.shape == (SUMMARY_ROWS, 2)
    expected = told.predict(data.X_test[:SUMMARY_ROWS], 50, 0)
    np.testing.assert_allclose(summary.values, expected.mean, atol=1e-6)
    np.testing.assert_allclose(summary.epistemic, expected.epistemic, atol=1e-6)


def test_a_data_set_with_points_of_its_own_out_of_distribution_is_judged_by_them():
    data = dataset("regression", 300)
    among = replace(data, X_ood=data.X_test)  # where nothing tells them apart
    found = judge(Told("regression", ignorant=True), among, n_draws=50).calibration["ood_auroc"]
    assert found == pytest.approx(0.5, abs=0.1)  # of a part of them: five standard errors are 0.07
