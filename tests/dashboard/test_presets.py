"""The presets show what their names say."""

from __future__ import annotations

import numpy as np
import pytest

from bnn_lib.dashboard.compare import with_method
from bnn_lib.dashboard.presets import PRESETS
from bnn_lib.datasets import load_dataset
from bnn_lib.engine import make_grid
from bnn_lib.fitting import fit

pytestmark = pytest.mark.slow

MIDDLE = np.array([[0.0, 0.0]])
BESIDE = np.array([[-1.5, 1.5], [1.5, -1.5]])  # of the line through the clusters
CENTRES = np.array([[-1.0, -1.0], [1.0, 1.0]])


@pytest.fixture(scope="module")
def doubt():
    """Epistemic uncertainty by method: at the middle, beside the line, at the clusters, and over the map."""
    found = {}
    for preset in PRESETS.values():
        dataset = load_dataset(preset.experiment.data)
        places = {"middle": MIDDLE, "beside": BESIDE, "centres": CENTRES, "map": make_grid(dataset, 30).points()}
        for method in preset.methods:
            if method not in found:
                posterior = fit(with_method(preset.experiment, method), dataset)
                assert posterior.diagnostics.get("r_hat", 1.0) < 1.02
                found[method] = {name: posterior.predict(X).epistemic.mean() for name, X in places.items()}
    return found


def test_mean_field_is_surest_between_two_clusters_and_nuts_is_not(doubt):
    advi, nuts = doubt["advi"], doubt["nuts"]
    assert advi["middle"] < 0.5 * nuts["middle"]
    assert advi["middle"] < advi["centres"]
    assert nuts["middle"] > 2 * nuts["centres"]


def test_full_rank_repairs_some_of_it(doubt):
    advi, full, nuts = (doubt[name] for name in ("advi", "fullrank_advi", "nuts"))
    assert advi["beside"] < 0.6 * nuts["beside"]
    assert full["beside"] > max(0.65 * nuts["beside"], 1.4 * advi["beside"])
    assert full["middle"] < 0.5 * nuts["middle"]


@pytest.mark.parametrize("method", ["map", "ensemble", "dropout"])
def test_what_is_no_posterior_has_hardly_any_doubt(doubt, method: str):
    assert doubt[method]["map"] < 0.1 * doubt["nuts"]["map"]
    assert doubt[method]["beside"] < 0.1 * doubt["nuts"]["beside"]
