"""The answer to "can I trust this?", from numbers to words."""

from __future__ import annotations

import numpy as np
import pytest

from bnn_lib.calibration import brier_decomposition
from bnn_lib.dashboard.trust import about_posterior, about_rows, details, example, sentence
from bnn_lib.metrics import reliability_curve

RANDOM = np.random.default_rng(0)


def calibration(temperature: float, n: int = 2000) -> dict:
    """Of logits that are stated `temperature` times as large as they are."""
    logit = RANDOM.normal(size=n) * 2
    y = (RANDOM.uniform(size=n) < 1 / (1 + np.exp(-logit))).astype(int)
    p = 1 / (1 + np.exp(-temperature * logit))
    p = np.column_stack([1 - p, p])
    curve = reliability_curve(p, y)
    parts = {name: getattr(curve, name).tolist() for name in ("confidence", "accuracy", "count")}
    return parts | {"rows": n, "brier": brier_decomposition(p, y), "ood_auroc": 0.97}


def test_a_true_forecast_holds_and_others_do_not():
    assert about_rows(calibration(1.0)).startswith("On held-out rows its certainty holds: when it says ")
    assert "too sure" in about_rows(calibration(3.0))
    assert "doubt is larger than need be" in about_rows(calibration(0.3))
    assert about_rows({}) == ""


def test_the_example_is_the_point_next_to_eighty_per_cent():
    curve = {"confidence": [0.6, 0.78, 0.81, 0.99], "accuracy": [0.5, 0.7, 0.9, 1.0], "count": [9, 9, 4, 9]}
    assert example(curve) == "when it says 78 %, it is right 70 % of the time"  # 81 % are too few rows
    assert example({"confidence": [0.9], "accuracy": [1.0], "count": [4]}) == ""


def test_intervals_of_numbers_are_judged_by_their_coverage():
    numbers = {"rows": 400, "coverage": [[0.5, 0.5], [0.95, 0.94]], "sharpness": 3.2, "pit": [0.1] * 10}
    assert "certainty holds: 94 % of the truths lie in its 95 % intervals" in about_rows(numbers)
    assert "too sure" in about_rows(numbers | {"coverage": [[0.95, 0.6]]})
    assert "larger than need be" in about_rows(numbers | {"coverage": [[0.95, 1.0]]})
    assert dict(details({"calibration": numbers}, {}, 10))["Sharpness"].startswith("95 % intervals are 3.2 wide")


@pytest.mark.parametrize(
    ("diagnostics", "said"),
    [
        ({"k_hat": 0.5}, "close to the posterior"),
        ({"k_hat": 0.71}, "not the posterior"),
        ({"k_hat": float("inf")}, "k-hat is infinite"),
        ({"r_hat": 1.01, "divergences": 0}, "chains agree"),
        ({"r_hat": 1.01, "divergences": 1200}, "1,200 divergences"),
        ({"r_hat": 1.2}, "chains disagree"),
        ({"r_hat": 1.2, "divergences": 7}, "7 divergences"),
        ({"r_hat": 1.2, "stuck_chains": [2]}, "Chain 3 got stuck: its draws"),
        ({"r_hat": float("inf"), "stuck_chains": [0, 1, 3]}, "Chains 1, 2 and 4 got stuck: their draws"),
        ({"r_hat": float("nan")}, "chains disagree"),
        ({"r_hat": float("inf")}, "chains disagree"),
    ],
)
def test_what_is_said_of_the_posterior(diagnostics, said):
    assert said in about_posterior(diagnostics)
    assert said in sentence({}, diagnostics)


def test_a_method_that_nothing_vouches_for_is_sent_to_nuts():
    assert about_posterior({}) == ""
    text = sentence({"calibration": calibration(1.0)}, {})
    assert text.startswith("On held-out rows")
    assert text.endswith("compare it with NUTS.")


def test_details_are_those_that_are_known():
    assert details({}, {}, 10) == []
    chains = {"r_hat": 1.0, "ess": 321.0, "chains": 4, "draws": 500, "divergences": 2}
    chains |= {"divergences_by_chain": [0, 0, 2, 0], "stuck_chains": [2]}
    elbo = {"elbo_mean": -120.0, "elbo_se": 0.25}
    loo = {"elpd_loo": -50.0, "se": 5.0, "p_loo": 9.0, "k_hat_max": 0.5, "k_hat_bad": 0.0}
    shown = dict(details({"calibration": calibration(1.0), "loo": loo}, chains | elbo, 100))
    assert list(shown) == ["Brier score", "Far from all data", "Each training row left out", "Chains", "ELBO"]
    assert "not identifiable" in shown["Chains"]
    assert shown["Chains"].startswith("Chain 3 got stuck")
    assert "2 divergences (0, 0, 2, 0 by chain)" in shown["Chains"]
    assert "-0.500 ± 0.050 nats a row" in shown["Each training row left out"]
    assert "the estimate holds" in shown["Each training row left out"]
    assert "97 % of pairs" in shown["Far from all data"]
    assert "-120.0 ± 0.2 nats" in shown["ELBO"]
    bad = dict(details({"loo": loo | {"k_hat_bad": 0.05, "k_hat_max": 0.9}}, {}, 100))
    assert "5 % of the rows have a k-hat above 0.7" in bad["Each training row left out"]


def test_the_parts_of_the_brier_score_add_up_as_they_are_said_to():
    parts = calibration(2.0)["brier"]
    total = parts["uncertainty"] - parts["resolution"] + parts["reliability"] + parts["within_bins"]
    assert total == pytest.approx(parts["brier"])
    text = dict(details({"calibration": {"brier": parts}}, {}, 10))["Brier score"]
    for name in ("brier", "uncertainty", "resolution", "reliability"):
        assert f"{parts[name]:.3f}" in text


@pytest.mark.parametrize(("auroc", "said"), [(0.95, "knows"), (0.7, "does not notice"), (0.2, "surer there")])
def test_far_away(auroc: float, said: str):
    assert said in dict(details({"calibration": {"ood_auroc": auroc}}, {}, 10))["Far from all data"]
    assert details({"calibration": {"ood_auroc": float("nan")}}, {}, 10) == []
