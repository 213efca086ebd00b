from __future__ import annotations

import re

from bnn_lib.dashboard.scores import headline, scores_table

SCORES = {
    "held-out": {"accuracy": 0.954, "nll": 0.2, "brier": 0.07, "ece": 0.02},
    "training": {"accuracy": 0.96, "nll": 0.1, "brier": 0.06, "ece": 0.01},
    "baselines": {
        "logistic_regression": {"test": {"accuracy": 0.87, "nll": 0.3, "brier": 0.2, "ece": 0.03}, "train": {}},
        "random_forest": {
            "test": {"accuracy": 0.954, "nll": float("inf"), "brier": 0.06, "ece": 0.05},
            "train": {"accuracy": 1.0, "nll": 0.05, "brier": 0.01, "ece": 0.04},
        },
    },
}


def bold(table: str) -> list[str]:
    return re.findall(r"<b>([^<]*)</b>", table)


def test_the_best_held_out_values_are_bold():
    assert bold(scores_table(SCORES)) == ["95.4 %", "0.200", "0.020", "95.4 %", "0.060"]


def test_what_is_missing_or_infinite_is_a_dash():
    table = scores_table(SCORES)
    assert table.count("–") == 4 + 1
    assert "inf" not in table


def test_without_baselines_there_is_one_row():
    table = scores_table({"held-out": SCORES["held-out"], "training": {}, "baselines": {}}, unfinished=True)
    assert table.count('scope="row"') == 1
    assert "stopped early" in table


def test_the_headline_has_the_held_out_numbers():
    text = headline(SCORES)
    assert "95.4 %" in text
    assert "0.200" in text
    assert "–" in headline({})


def test_the_headline_says_whether_the_posterior_may_be_trusted() -> None:
    assert "k-hat" not in headline({})
    good, bad = (headline({}, False, {"k_hat": k}) for k in (0.3, 1.7))
    assert "0.30" in good
    assert "✗" not in good
    assert "✗" in bad
    chains = {"r_hat": 1.25, "ess": 12.0, "divergences": 0}
    assert "disagree" in headline({}, False, chains)
    assert "∞" in headline({}, False, {"k_hat": float("inf")})


def test_other_fits_to_the_same_data_stand_below_and_are_escaped() -> None:
    numbers = {"rmse": 2.0, "nll": 1.5, "crps": 1.0, "coverage_95": 0.94}
    better = {"held-out": {**numbers, "rmse": 1234.5, "nll": 1.0}, "training": {}}
    table = scores_table({"held-out": numbers, "training": {}}, label="<i>", others={"NUTS": better})
    assert bold(table) == ["2", "1", "1.000", "1"]
    assert "1,234" in table
    assert table.index("&lt;i&gt;") < table.index("NUTS")
