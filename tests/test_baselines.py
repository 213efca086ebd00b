"""scikit-learn's usual models do what they are known for."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bnn_lib import baselines
from bnn_lib.baselines import baseline_scores
from bnn_lib.datasets import Dataset


def _classes(n: int) -> Dataset:
    X = np.random.default_rng(0).normal(size=(n, 2))
    return Dataset.from_arrays(X, X[:, 0] > 0, "classification", test_fraction=0.25)


def test_a_line_is_learned_by_the_line_and_a_corner_by_the_forest_alone() -> None:
    X = np.random.default_rng(0).uniform(-1, 1, size=(1000, 2))
    line, corner = (
        baseline_scores(Dataset.from_arrays(X, y, "classification", test_fraction=0.5))
        for y in (X[:, 0] > 0, X.prod(axis=1) > 0)
    )
    assert line["logistic_regression"]["test"]["accuracy"] > 0.97
    assert line["random_forest"]["test"]["accuracy"] > 0.97
    assert corner["logistic_regression"]["test"]["accuracy"] < 0.7
    assert corner["random_forest"]["test"]["accuracy"] > 0.95
    assert line["random_forest"]["train"]["accuracy"] == 1


def test_the_same_seed_gives_the_same_scores_and_units_do_not_matter_to_the_line() -> None:
    dataset = _classes(200)
    scaled = Dataset(
        dataset.X_train * [1e-6, 1e6],
        dataset.y_train,
        dataset.X_test * [1e-6, 1e6],
        dataset.y_test,
        "classification",
        dataset.feature_names,
        dataset.class_names,
        standardize=False,
    )
    first, again = baseline_scores(dataset, seed=1), baseline_scores(dataset, seed=1)
    assert first == again
    line = "logistic_regression"
    assert baseline_scores(scaled)[line]["test"] == pytest.approx(first[line]["test"], rel=1e-4)


def test_many_rows_and_several_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines, "FOREST_ROWS", 50)
    X = np.random.default_rng(0).normal(size=(600, 2))
    y = np.digitize(X[:, 0], [-0.5, 0.5])
    scores = baseline_scores(Dataset.from_arrays(X, y, "classification"))
    assert set(scores) == {"logistic_regression", "random_forest"}
    for baseline in scores.values():
        assert set(baseline) == {"train", "test"}
        assert baseline["test"]["accuracy"] > 0.9


def _numbers(n: int, wave: bool, sd: float = 0.2, scale: float = 1.0) -> Dataset:
    rng = np.random.default_rng(1)
    X = rng.uniform(-3, 3, size=(n, 1))
    mean = np.sin(2 * X[:, 0]) if wave else X[:, 0]
    return Dataset.from_arrays(scale * X, scale * (mean + sd * rng.normal(size=n)), test_fraction=0.5)


def test_a_line_is_learned_by_ridge_and_a_wave_by_the_gaussian_process() -> None:
    sd = 0.2
    entropy = 0.5 * math.log(2 * math.pi * math.e * sd**2)  # the best negative log likelihood that there is
    line, wave = (baseline_scores(_numbers(400, wave, sd)) for wave in (False, True))
    for found in (line["ridge"], line["gaussian_process"], wave["gaussian_process"]):
        assert found["test"]["rmse"] == pytest.approx(sd, rel=0.15)
        assert found["test"]["nll"] == pytest.approx(entropy, abs=0.15)
        assert found["test"]["coverage_95"] == pytest.approx(0.95, abs=0.04)
        assert found["test"]["crps"] == pytest.approx(sd / math.sqrt(math.pi), rel=0.15)
    assert wave["ridge"]["test"]["rmse"] > 2 * sd
    assert sd < wave["random_forest"]["test"]["rmse"] < 2 * sd
    assert wave["random_forest"]["train"]["rmse"] < wave["random_forest"]["test"]["rmse"]
    # The forest's spread is learned from rows that a tree has not seen.
    assert wave["random_forest"]["test"]["coverage_95"] == pytest.approx(0.95, abs=0.04)


def test_units_do_not_matter_to_numbers() -> None:
    one, other = (baseline_scores(_numbers(100, True, scale=scale)) for scale in (1.0, 1e4))
    for name in ("ridge", "gaussian_process"):
        assert other[name]["test"]["rmse"] == pytest.approx(1e4 * one[name]["test"]["rmse"], rel=0.02)
        assert other[name]["test"]["coverage_95"] == pytest.approx(one[name]["test"]["coverage_95"], abs=0.03)


def test_a_constant_target_and_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines, "PROCESS_ROWS", 30)
    flat = Dataset.from_arrays(np.arange(60.0)[:, None], np.full(60, 7.0))
    for scores in baseline_scores(flat).values():
        assert scores["test"]["rmse"] == pytest.approx(0, abs=1e-6)
        assert math.isfinite(scores["test"]["nll"])
    many = baseline_scores(_numbers(400, True))
    assert many["gaussian_process"]["test"]["rmse"] < 0.3
