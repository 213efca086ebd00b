"""The results that come with the app are those of its pages' first experiments, as the code computes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import bnn_lib as bnn
from bnn_lib.agreement import agreement_of_summaries, summarise
from bnn_lib.dashboard.first_results import FIRST
from bnn_lib.dashboard.session import SHIPPED
from bnn_lib.engine import Picture
from bnn_lib.engine.client import RESULTS_VERSION
from bnn_lib.engine.shipped import shipped_path, shipped_result


def shipped(experiment: bnn.Experiment) -> Picture:
    content = shipped_result(SHIPPED, experiment.key, RESULTS_VERSION)
    assert content is not None, "A page's first result is missing: make first-results computes it."
    return Picture.from_bytes(content)


def test_every_first_experiment_has_its_result_and_nothing_else_is_there() -> None:
    for experiment in FIRST:
        picture = shipped(experiment)
        assert bnn.Experiment.model_validate_json(picture.experiment_json) == experiment
        assert picture.stopped_at is None
        assert len(picture.frames) > 5
    expected = {shipped_path(SHIPPED, experiment.key, RESULTS_VERSION) for experiment in FIRST}
    assert set(SHIPPED.iterdir()) == expected


@pytest.mark.slow
@pytest.mark.parametrize("experiment", FIRST, ids=lambda experiment: experiment.data.name)
def test_it_is_what_a_fit_gives_today(experiment: bnn.Experiment) -> None:
    dataset = bnn.load_dataset(experiment.data)
    prediction = bnn.fit(experiment, dataset).predict(dataset.X_test)
    kept = shipped(experiment).held_out
    distance = agreement_of_summaries(summarise(prediction, len(kept.values)), kept)
    # Two sets of hundreds of draws; on other machines and versions of JAX the last bits differ, and NUTS diverges.
    if kept.is_classification:
        assert distance["total_variation"] < 0.03
    else:
        assert distance["wasserstein"] < 0.25 * np.sqrt(kept.total).mean()


def test_a_result_of_another_version_or_a_missing_folder_is_none(tmp_path: Path) -> None:
    shipped_path(tmp_path, "a" * 32, 1).write_bytes(b"one")
    assert shipped_result(tmp_path, "a" * 32, 1) == b"one"
    assert shipped_result(tmp_path, "a" * 32, 2) is None
    assert shipped_result(tmp_path / "nowhere", "a" * 32, 1) is None
    assert shipped_result(None, "a" * 32, 1) is None
