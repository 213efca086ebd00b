"""The compare page's numbers and words."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import numpy as np
import pytest

from bnn_lib.dashboard import compare
from bnn_lib.dashboard.compare import Entry
from bnn_lib.datasets import DATASETS
from bnn_lib.errors import InvalidExperiment
from bnn_lib.experiment import Experiment
from tests.pages.fake_engine import make_picture

PICTURE = make_picture(Experiment())


def filled(value: int, classes: int = 1):
    maps = np.full((classes, 4, 4), value, np.uint8)
    return replace(PICTURE, view=replace(PICTURE.view, final=replace(PICTURE.final, probability=maps)))


def nuts(**diagnostics: float) -> Entry:
    return Entry("nuts", picture=replace(PICTURE, diagnostics=diagnostics))


def test_the_distance_is_the_total_variation():
    assert compare.distance(filled(0), filled(0)) == 0
    assert compare.distance(filled(0), filled(255)) == pytest.approx(1)
    assert compare.distance(filled(51), filled(102)) == pytest.approx(0.2)
    one, other = filled(0, 3), filled(0, 3)
    one.final.probability[0], other.final.probability[2] = 255, 255
    assert compare.distance(one, other) == pytest.approx(1)
    assert compare.distance(filled(0), filled(0, 3)) is None


def test_only_a_converged_nuts_is_a_reference():
    assert "not chosen" in compare.reference([Entry("advi", picture=PICTURE)])[1]
    assert "not finished" in compare.reference([Entry("nuts")])[1]
    found, why = compare.reference([nuts(r_hat=1.4)])
    assert found is None
    assert "R-hat = 1.40" in why
    assert "more draws" in why
    assert compare.reference([nuts(r_hat=float("nan"))])[0] is None
    found, why = compare.reference([nuts(r_hat=1.1)])
    assert found is not None
    assert why == ""


def test_reliability_is_one_plain_word():
    assert compare.reliability({"k_hat": 0.7}) == "k-hat 0.70, reliable"
    assert compare.reliability({"k_hat": 0.71}) == "k-hat 0.71, not reliable"
    assert compare.reliability({"k_hat": float("inf")}) == "k-hat inf, not reliable"
    assert compare.reliability({"r_hat": 1.05}) == "R-hat 1.05, reliable"
    assert compare.reliability({"r_hat": float("nan")}) == "R-hat nan, not reliable"
    assert compare.reliability({}) == "–"


def test_methods_are_read_from_a_link():
    assert compare.read_methods("nuts, advi,nuts") == ("nuts", "advi")
    for text in ("", "advi", "advi,advi", "advi,nothing", ",".join(compare.offered()[:7]), "x" * 500):
        with pytest.raises(InvalidExperiment, match="allowed: 2 to 6 of") as caught:
            compare.read_methods(text)
        assert len(str(caught.value)) < 300
    assert "pymc" not in compare.offered()


def test_the_table_is_written_as_csv():
    entries = [Entry("advi", picture=PICTURE), nuts(r_hat=1.0, leapfrogs=500, seconds=2.0)]
    rows = list(csv.DictReader(io.StringIO(compare.to_csv(compare.table(entries)).decode())))
    assert [row["Method"] for row in rows] == ["Mean-field ADVI", "NUTS"]
    assert [row["Speed counts"] for row in rows] == ["steps/s", "leapfrogs/s"]
    assert float(rows[1]["Speed"]) == 250
    assert float(rows[0]["From NUTS"]) == 0
    assert rows[1]["From NUTS"] == ""


@pytest.mark.parametrize("label", list(compare.LESSONS))
def test_each_lesson_can_be_fitted(label):
    changes, methods = compare.LESSONS[label]
    assert compare.read_methods(",".join(methods)) == methods
    assert DATASETS[str(changes.get("data.name", "moons"))].task == "classification"
    for method in methods:
        assert compare.with_method(compare.state.replaced(Experiment(), changes), method)
