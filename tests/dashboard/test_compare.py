"""The compare page's numbers and words."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import numpy as np
import pytest

from bnn_lib.agreement import PredictiveSummary
from bnn_lib.dashboard import compare, compare_numbers
from bnn_lib.dashboard.compare import Entry
from bnn_lib.dashboard.presets import PRESETS
from bnn_lib.datasets import DATASETS
from bnn_lib.engine.limits import check_affordable
from bnn_lib.errors import InvalidExperiment
from bnn_lib.experiment import Experiment
from tests.pages.fake_engine import make_picture

PICTURE = make_picture(Experiment())


def filled(value: int, classes: int = 1, epistemic: int = 100):
    """A picture of the same probabilities everywhere, of 255; of several classes, of the first."""
    maps = np.zeros((classes, 4, 4), np.uint8)
    maps[0] = value
    final = replace(PICTURE.final, probability=maps, epistemic=np.full((4, 4), epistemic, np.uint8))
    p = np.full(9, value / 255, np.float32)
    rows = np.column_stack([1 - p, p]) if classes < 3 else np.column_stack([p, 1 - p, 0 * p])
    doubt = np.full(9, epistemic / 255, np.float32)
    summary = PredictiveSummary(rows, doubt, doubt, is_classification=True)
    return replace(PICTURE, view=replace(PICTURE.view, final=final), held_out=summary)


def nuts(**diagnostics: float) -> Entry:
    return Entry("nuts", picture=replace(PICTURE, diagnostics=diagnostics))


@pytest.mark.parametrize("place", ["rows", "map"])
def test_distances_are_those_of_the_probabilities(place: str):
    same = compare_numbers.distances(filled(51), filled(51))
    assert same[f"total_variation, {place}"] == 0
    assert same[f"agreement, {place}"] == same[f"epistemic_ratio, {place}"] == 1
    assert same["nll_difference"] == 0
    opposite = compare_numbers.distances(filled(0), filled(255))
    assert opposite[f"total_variation, {place}"] == pytest.approx(1)
    assert opposite[f"agreement, {place}"] == 0
    near = compare_numbers.distances(filled(51, epistemic=50), filled(102))
    assert near[f"total_variation, {place}"] == pytest.approx(0.2, abs=1e-6)
    assert near[f"agreement, {place}"] == 1
    assert near[f"epistemic_ratio, {place}"] == pytest.approx(0.5)


def test_results_of_other_classes_have_no_distance():
    assert compare_numbers.distances(filled(51), filled(51, classes=3)) == {}


def test_only_a_converged_nuts_is_a_reference():
    assert "not chosen" in compare_numbers.reference([Entry("advi", picture=PICTURE)])[1]
    assert "not been fitted" in compare_numbers.reference([Entry("nuts")])[1]
    assert "not finished" in compare_numbers.reference([Entry("nuts", failure="It failed.")])[1]
    found, why = compare_numbers.reference([nuts(r_hat=1.4)])
    assert found is None
    assert "r_hat is 1.4; allowed: at most 1.1" in why
    assert "more draws" in why
    assert compare_numbers.reference([nuts(r_hat=float("nan"))])[0] is None
    found, why = compare_numbers.reference([nuts(r_hat=1.1)])
    assert found is not None
    assert why.endswith("R-hat 1.100.")


def test_reliability_is_one_plain_word():
    assert compare_numbers.reliability({"k_hat": 0.7}) == "k-hat 0.70, reliable"
    assert compare_numbers.reliability({"k_hat": 0.71}) == "k-hat 0.71, not reliable"
    assert compare_numbers.reliability({"k_hat": float("inf")}) == "k-hat inf, not reliable"
    assert compare_numbers.reliability({"r_hat": 1.05}) == "R-hat 1.05, reliable"
    assert compare_numbers.reliability({"r_hat": float("nan")}) == "R-hat nan, not reliable"
    assert compare_numbers.reliability({}) == "–"


def test_methods_are_read_from_a_link():
    assert compare.read_methods("nuts, advi,nuts") == ("nuts", "advi")
    for text in ("", "advi", "advi,advi", "advi,nothing", ",".join(compare.offered()[:7]), "x" * 500):
        with pytest.raises(InvalidExperiment, match="allowed: 2 to 6 of") as caught:
            compare.read_methods(text)
        assert len(str(caught.value)) < 300
    assert "pymc" not in compare.offered()


def test_the_table_is_written_as_csv():
    entries = [Entry("advi", picture=PICTURE), nuts(r_hat=1.0, leapfrogs=500, seconds=2.0)]
    content = compare_numbers.to_csv(compare_numbers.table(entries)).decode()
    rows = list(csv.DictReader(io.StringIO(content)))
    assert [row["Method"] for row in rows] == ["Mean-field ADVI", "NUTS"]
    assert [row["Speed counts"] for row in rows] == ["steps/s", "leapfrogs/s"]
    assert float(rows[1]["Speed"]) == 250
    for name in ("TV, rows", "TV, map", "NLL − NUTS"):
        assert float(rows[0][name]) == 0
        assert rows[1][name] == ""
    assert float(rows[0]["Ignorance, map"]) == float(rows[0]["Agreement, rows"]) == 1


@pytest.mark.parametrize("label", list(PRESETS))
def test_each_preset_can_be_fitted(label):
    preset = PRESETS[label]
    assert compare.read_methods(",".join(preset.methods)) == preset.methods
    assert DATASETS[preset.experiment.data.name].task == "classification"
    for method in preset.methods:
        check_affordable(compare.with_method(preset.experiment, method), fit_seconds=900)
    assert compare.current_preset(preset.experiment, preset.methods) is preset
    assert compare.current_preset(preset.experiment, preset.methods[::-1]) is None
    other = compare.state.replaced(preset.experiment, {"data.seed": 7})
    assert compare.current_preset(other, preset.methods) is None
