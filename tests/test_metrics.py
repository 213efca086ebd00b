"""Scores: against closed forms, against scikit-learn and against the definitions written out as loops."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn import metrics as sklearn_metrics

from bnn_lib import metrics
from bnn_lib.datasets import Dataset
from bnn_lib.errors import InvalidData
from bnn_lib.predictive import Prediction

P2 = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]])
Y2 = np.array([0, 1, 1, 1])


def _random(n: int, classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return random probabilities, and codes in which each class occurs."""
    random = np.random.default_rng(seed)
    y = np.concatenate([np.arange(classes), random.integers(classes, size=n - classes)])
    return random.dirichlet(np.ones(classes), size=n), y


class TestClassification:
    def test_four_rows_by_hand(self) -> None:
        scores = metrics.classification_scores(P2, Y2)
        assert scores["accuracy"] == 3 / 4
        assert scores["nll"] == pytest.approx(-np.log([0.9, 0.8, 0.4, 0.7]).mean(), rel=1e-6)
        assert scores["brier"] == pytest.approx((0.1**2 + 0.2**2 + 0.6**2 + 0.3**2) / 4)
        # Four rows in fifteen bins: each row is a bin of its own.
        assert scores["ece"] == pytest.approx((0.1 + 0.2 + 0.6 + 0.3) / 4)
        assert scores["auroc"] == 1.0  # 0.1, of the only row of class 0, is the lowest p of class 1

    def test_brier_of_three_classes_is_the_sum_over_classes(self) -> None:
        scores = metrics.classification_scores(np.array([[0.5, 0.3, 0.2]]), np.array([0]))
        assert scores["brier"] == pytest.approx(0.5**2 + 0.3**2 + 0.2**2)

    @pytest.mark.parametrize("classes", [2, 3, 7])
    def test_scikit_learn_agrees(self, classes: int) -> None:
        p, y = _random(300, classes)
        scores = metrics.classification_scores(p, y)
        one_hot = np.eye(classes)[y]
        square = ((p - one_hot) ** 2).sum(axis=1).mean()
        assert scores["brier"] == pytest.approx(square / 2 if classes == 2 else square)
        assert scores["nll"] == pytest.approx(sklearn_metrics.log_loss(y, p), rel=1e-6)
        auroc = sklearn_metrics.roc_auc_score(y, p[:, 1] if classes == 2 else p, multi_class="ovr")
        assert scores["auroc"] == pytest.approx(auroc)
        assert scores["accuracy"] == (p.argmax(axis=1) == y).mean()

    @pytest.mark.parametrize("classes", [2, 3, 10])
    def test_perfect_and_uniform_predictions_have_known_scores(self, classes: int) -> None:
        _, y = _random(60, classes)
        perfect = metrics.classification_scores(np.eye(classes)[y], y)
        assert (perfect["accuracy"], perfect["brier"], perfect["ece"], perfect["auroc"]) == (1, 0, 0, 1)
        assert 0 <= perfect["nll"] < 2 * classes * metrics.SMALLEST_PROBABILITY
        uniform = metrics.classification_scores(np.full((60, classes), 1 / classes), y)
        assert uniform["nll"] == pytest.approx(np.log(classes))
        assert uniform["brier"] == pytest.approx((1 - 1 / classes) * (0.5 if classes == 2 else 1))
        assert uniform["auroc"] == 0.5
        # All confidences are equal: one bin, in which class 0 is what is predicted.
        assert uniform["ece"] == pytest.approx(abs((y == 0).mean() - 1 / classes))

    def test_a_class_called_impossible_costs_the_stated_number_of_nats(self) -> None:
        scores = metrics.classification_scores(np.array([[1.0, 0.0]]), np.array([1]))
        assert scores["nll"] == pytest.approx(-np.log(metrics.SMALLEST_PROBABILITY), rel=1e-6)

    @pytest.mark.parametrize("p", [P2, np.full((4, 3), 1 / 3)])
    def test_auroc_of_one_class_is_nan_and_nothing_else_is(self, p: np.ndarray) -> None:
        scores = metrics.classification_scores(p, np.ones(4, dtype=int))
        assert np.isnan(scores.pop("auroc"))
        assert all(np.isfinite(score) for score in scores.values())

    def test_auroc_leaves_out_a_class_that_does_not_occur(self) -> None:
        p, y = _random(50, 3)
        p, y = p[y != 1], y[y != 1]
        expected = [sklearn_metrics.roc_auc_score(y == code, p[:, code]) for code in (0, 2)]
        assert metrics.classification_scores(p, y)["auroc"] == pytest.approx(np.mean(expected))

    def test_float32_that_sums_to_one_within_its_precision_is_taken(self) -> None:
        p, y = _random(1000, 5)
        double, single = (metrics.classification_scores(p.astype(kind), y) for kind in (np.float64, np.float32))
        assert single == pytest.approx(double, rel=1e-5)

    @given(st.integers(1, 40), st.integers(2, 4), st.integers(0, 10**6))
    def test_scores_stay_in_their_ranges_and_the_order_of_rows_does_not_matter(
        self, n: int, classes: int, seed: int
    ) -> None:
        random = np.random.default_rng(seed)
        p = random.dirichlet(np.full(classes, 0.2), size=n).round(1)  # ties, zeros and ones
        p[:, 0] += 1 - p.sum(axis=1)
        p = np.abs(p) / np.abs(p).sum(axis=1, keepdims=True)
        y = random.integers(classes, size=n)
        scores = metrics.classification_scores(p, y)
        assert 0 <= scores["accuracy"] <= 1
        assert 0 <= scores["ece"] <= 1
        assert 0 <= scores["brier"] <= (1 if classes == 2 else 2)
        assert 0 <= scores["nll"] <= -np.log(metrics.SMALLEST_PROBABILITY) + 1e-5
        order = random.permutation(n)
        assert metrics.classification_scores(p[order], y[order]) == pytest.approx(scores, nan_ok=True)

    @pytest.mark.parametrize(
        ("p", "y", "message"),
        [
            (P2[:, :1], Y2, r"p has shape \(4, 1\); allowed: \(n, C\)"),
            (P2[0], Y2, r"p has shape \(2,\)"),
            (P2[:0], Y2[:0], r"p has shape \(0, 2\)"),
            (P2 * 2, Y2, "p has rows that are no distribution"),
            (P2 - [[0.5, -0.5]], Y2, "p has rows that are no distribution"),
            (P2 * np.nan, Y2, "p has rows that are no distribution"),
            (P2, Y2[:3], r"y has shape \(3,\); .* \(4,\)"),
            (P2, Y2[:, None], r"y has shape \(4, 1\)"),
            (P2, Y2 + 1, "y has entries that are not class codes; allowed: 0 to 1"),
            (P2, -Y2, "y has entries that are not class codes"),
            (P2, Y2.astype(float), "y has entries that are not class codes"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, p: np.ndarray, y: np.ndarray, message: str) -> None:
        with pytest.raises(InvalidData, match=message):
            metrics.classification_scores(p, y)
        with pytest.raises(InvalidData, match=message):
            metrics.reliability_curve(p, y)


def _calibration_by_hand(p: np.ndarray, y: np.ndarray, bins: int) -> tuple[float, list[int]]:
    """Sort, deal out to bins of sizes that differ by one at most, and average: for different confidences."""
    rows = sorted((max(row), int(np.argmax(row)) == code) for row, code in zip(p, y, strict=True))
    error, sizes = 0.0, []
    for number in range(bins):
        members = [row for rank, row in enumerate(rows) if rank * bins // len(rows) == number]
        if members:
            confidence = sum(row[0] for row in members) / len(members)
            accuracy = sum(row[1] for row in members) / len(members)
            error += len(members) / len(rows) * abs(accuracy - confidence)
            sizes.append(len(members))
    return error, sizes


class TestCalibration:
    @given(st.integers(1, 200), st.integers(2, 4), st.integers(0, 10**6), st.integers(1, 30))
    def test_it_is_the_definition_written_out(self, n: int, classes: int, seed: int, bins: int) -> None:
        random = np.random.default_rng(seed)
        p, y = random.dirichlet(np.ones(classes), size=n), random.integers(classes, size=n)
        curve = metrics.reliability_curve(p, y, bins)
        error, sizes = _calibration_by_hand(p / p.sum(axis=1, keepdims=True), y, bins)
        assert curve.ece == pytest.approx(error)
        assert curve.count.tolist() == sizes
        assert max(sizes) - min(sizes) <= 1
        assert len(sizes) == min(n, bins)
        assert (np.diff(curve.confidence) > 0).all()

    def test_rows_of_equal_confidence_share_a_bin(self) -> None:
        p = np.array([[0.9, 0.1]] * 50 + [[0.4, 0.6]] * 10)
        y = np.array([0] * 40 + [1] * 10 + [1] * 3 + [0] * 7)
        curve = metrics.reliability_curve(p, y)
        np.testing.assert_allclose(curve.confidence, [0.6, 0.9])
        np.testing.assert_allclose(curve.accuracy, [0.3, 0.8])
        assert curve.count.tolist() == [10, 50]
        assert curve.ece == pytest.approx(10 / 60 * 0.3 + 50 / 60 * 0.1)

    def test_labels_drawn_from_the_probabilities_are_calibrated(self) -> None:
        random = np.random.default_rng(0)
        p = random.dirichlet(np.ones(3), size=200_000)
        y = (random.uniform(size=(len(p), 1)) > p.cumsum(axis=1)[:, :2]).sum(axis=1)
        # A bin of 13,333 rows has a standard error of 0.0043 at most; the mean of |error| is below it.
        assert metrics.reliability_curve(p, y).ece < 0.0043
        assert metrics.reliability_curve(p, np.roll(y, 1)).ece > 0.2


class TestRegression:
    def test_scores_of_two_rows_by_hand(self) -> None:
        y, mean = np.array([1.0, 4.0]), np.array([2.0, 2.0])
        samples = np.array([[0.0, 1.0], [4.0, 3.0]])
        scores = metrics.regression_scores(y, mean, np.array([-1.0, -2.0]), samples)
        assert scores["rmse"] == pytest.approx(np.sqrt((1 + 4) / 2))
        assert scores["nll"] == 1.5
        # Of two samples a, b: (|a - y| + |b - y|) / 2 - |a - b| / 4.
        assert scores["crps"] == pytest.approx(np.mean([(1 + 3) / 2 - 4 / 4, (3 + 1) / 2 - 2 / 4]))
        assert scores["coverage_95"] == 0.5

    def test_a_given_interval_counts_its_bounds_as_inside(self) -> None:
        y = np.array([0.0, 1.0, 2.0, 3.0])
        interval = np.array([[0, 1], [0, 1], [2.1, 3], [0, 2.9]])
        scores = metrics.regression_scores(y, y, y, np.stack([y, y]), interval)
        assert scores["coverage_95"] == 0.5

    def test_the_true_distribution_is_covered_95_times_in_100(self) -> None:
        random = np.random.default_rng(0)
        y, samples = random.normal(size=2000), random.normal(size=(2000, 2000))
        scores = metrics.regression_scores(y, np.zeros(2000), norm.logpdf(y), samples)
        assert scores["coverage_95"] == pytest.approx(0.95, abs=5 * np.sqrt(0.95 * 0.05 / 2000))
        assert scores["nll"] == pytest.approx(norm.entropy(), abs=5 * np.sqrt(0.5 / 2000))

    @pytest.mark.parametrize("name", ["mean", "log_prob", "samples", "interval"])
    @pytest.mark.parametrize("spoil", ["shape", "nan"])
    def test_what_does_not_fit_is_refused(self, name: str, spoil: str) -> None:
        arguments = {
            "y": np.zeros(3),
            "mean": np.zeros(3),
            "log_prob": np.zeros(3),
            "samples": np.zeros((5, 3)),
            "interval": np.zeros((3, 2)),
        }
        arguments[name] = arguments[name][..., :-1] if spoil == "shape" else arguments[name] * np.nan
        with pytest.raises(InvalidData, match=f"^{name} has {'shape' if spoil == 'shape' else 'NaN'}.*; allowed"):
            metrics.regression_scores(**arguments)

    def test_no_rows_or_no_samples_are_refused(self) -> None:
        with pytest.raises(InvalidData, match="at least one row"):
            metrics.crps(np.zeros(0), np.zeros((5, 0)))
        with pytest.raises(InvalidData, match="S at least 1"):
            metrics.crps(np.zeros(3), np.zeros((0, 3)))
        with pytest.raises(InvalidData, match="allowed"):
            metrics.crps(np.float64(0), np.zeros((5, 1)))


class TestCrps:
    @given(
        st.lists(st.floats(-100, 100), min_size=1, max_size=12),
        st.lists(st.floats(-100, 100), min_size=1, max_size=5),
    )
    def test_it_is_the_double_sum_of_the_definition(self, samples: list[float], y: list[float]) -> None:
        x = np.array(samples)
        spread = np.abs(x[:, None] - x[None, :]).mean() / 2
        expected = [np.abs(x - value).mean() - spread for value in y]
        mine = metrics.crps(np.array(y), np.repeat(x[:, None], len(y), axis=1))
        np.testing.assert_allclose(mine, expected, atol=1e-10)
        assert (mine >= -1e-10).all()

    def test_of_one_sample_it_is_the_absolute_error(self) -> None:
        np.testing.assert_array_equal(metrics.crps(np.array([1.0, -2.0]), np.array([[3.0, 3.0]])), [2, 5])

    def test_a_normal_has_its_closed_form_within_monte_carlo_error(self) -> None:
        # Gneiting and Raftery (2007), section 4.2: sigma (z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt(pi)).
        random = np.random.default_rng(0)
        mu, sigma, size = 3.0, 2.0, 100_000
        y = np.linspace(-4, 10, 8)
        z = (y - mu) / sigma
        closed = sigma * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi))
        samples = random.normal(mu, sigma, size=(size, len(y)))
        # The spread of |x - y| is at most sigma, that of the other term's estimate below it.
        np.testing.assert_allclose(metrics.crps(y, samples), closed, atol=5 * sigma / np.sqrt(size))

    def test_it_moves_and_scales_with_the_target_even_far_from_zero(self) -> None:
        random = np.random.default_rng(0)
        y, samples = random.normal(size=5), random.normal(size=(50, 5))
        np.testing.assert_allclose(
            metrics.crps(1e6 + 3 * y, 1e6 + 3 * samples), 3 * metrics.crps(y, samples), rtol=1e-8
        )


class StubPosterior:
    """Its draws all say the same: the row's first feature as log odds, or as the mean of a unit normal."""

    def __init__(self, task: str) -> None:
        self.task = task
        self.calls: list[tuple[int, int, int]] = []

    def predict(self, X: np.ndarray, n_draws: int, seed: int) -> Prediction:
        self.calls.append((len(X), n_draws, seed))
        if self.task == "regression":
            return Prediction.normal(np.tile(X[:, 0], (n_draws, 1)), np.ones(n_draws))
        p = 1 / (1 + np.exp(-X[:, 0]))
        return Prediction(np.tile(np.stack([1 - p, p], axis=1), (n_draws, 1, 1)))


def _dataset(task: str, n: int) -> Dataset:
    X = np.random.default_rng(0).normal(size=(n, 2))
    y = X[:, 0] > 0 if task == "classification" else X[:, 0]
    return Dataset.from_arrays(X, y, task, test_fraction=0.25)


class TestEvaluate:
    def test_held_out_rows_are_scored_unless_training_rows_are_asked_for(self) -> None:
        dataset = _dataset("classification", 400)
        for split, X, y in (
            ("test", dataset.X_test, dataset.y_test),
            ("train", dataset.X_train, dataset.y_train),
        ):
            p = StubPosterior("classification").predict(X, 500, 0).mean
            scores = metrics.evaluate(StubPosterior("classification"), dataset, split=split)
            assert scores == metrics.classification_scores(p, y)
        assert metrics.evaluate(StubPosterior("classification"), dataset) == metrics.evaluate(
            StubPosterior("classification"), dataset, split="test"
        )

    def test_a_regression_is_scored_with_noise_included(self) -> None:
        dataset = _dataset("regression", 2000)
        scores = metrics.evaluate(StubPosterior("regression"), dataset)
        assert scores["rmse"] == pytest.approx(0, abs=1e-12)
        assert scores["nll"] == pytest.approx(-norm.logpdf(0))
        assert scores["coverage_95"] == 1
        # The closed form at z = 0, a standard normal at its centre; 500 samples a row put noise on it.
        assert scores["crps"] == pytest.approx(2 * norm.pdf(0) - 1 / np.sqrt(np.pi), rel=0.01)

    @pytest.mark.parametrize("task", ["classification", "regression"])
    def test_blocks_of_rows_give_what_one_block_gives(self, task: str, monkeypatch) -> None:
        dataset = _dataset(task, 403)
        whole = metrics.evaluate(StubPosterior(task), dataset, split="train")
        monkeypatch.setattr(metrics, "BLOCK_PREDICTIONS", 500 * 100)
        posterior = StubPosterior(task)
        scores = metrics.evaluate(posterior, dataset, split="train", seed=3)
        assert len(dataset.y_train) == 302
        assert posterior.calls == [(76, 500, 3), (76, 500, 3), (75, 500, 3), (75, 500, 3)]
        assert scores.pop("crps", 0) == pytest.approx(whole.pop("crps", 0), rel=0.05)  # other noise
        assert scores == pytest.approx(whole, abs=1e-12)

    def test_another_split_is_refused(self) -> None:
        with pytest.raises(InvalidData, match="split is 'valid'; allowed: test or train"):
            metrics.evaluate(StubPosterior("regression"), _dataset("regression", 20), split="valid")  # type: ignore[arg-type]


def test_importing_metrics_imports_nothing_heavy(root: Path) -> None:
    code = "import sys, bnn_lib.metrics; print({'sklearn', 'scipy', 'pymc', 'jax', 'pandas'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"


def test_what_cannot_be_evaluated_is_refused_in_a_sentence() -> None:
    X = np.arange(20.0)[:, None]
    dataset = Dataset.from_arrays(X, X[:, 0])
    with pytest.raises(InvalidData, match="dataset is None; allowed: Dataset"):
        metrics.evaluate(None, None)  # type: ignore[arg-type]
    with pytest.raises(InvalidData, match="posterior is None; allowed: a Posterior"):
        metrics.evaluate(None, dataset)
