"""What one fit may cost a host."""

from __future__ import annotations

import numpy as np
import pytest

import bnn_lib as bnn
from bnn_lib.datasets import DATASETS
from bnn_lib.engine.limits import DataShape, check_affordable, check_limits
from bnn_lib.engine.settings import EngineSettings
from bnn_lib.structure import Structure

WIDEST = bnn.NetworkSpec(hidden=(128,) * 4)
HUGE = bnn.DataSpec(n=100_000, test_fraction=0.05)


@pytest.mark.parametrize("name", DATASETS)
def test_what_a_visitor_would_try_is_allowed(name: str) -> None:
    for network in (bnn.NetworkSpec(), bnn.NetworkSpec(hidden=()), bnn.NetworkSpec(hidden=(32, 32))):
        check_affordable(bnn.Experiment(data=bnn.DataSpec(name=name), network=network), 900)
    batches = bnn.InferenceSpec(batch_size=100, steps=100_000)
    check_affordable(bnn.Experiment(data=HUGE, inference=batches), 900)


@pytest.mark.parametrize(
    ("inference", "says"),
    [
        (bnn.InferenceSpec(mc_samples=100), r"29\.2 GB of memory; allowed here: 2 GB"),
        (bnn.InferenceSpec(), r"0\.7 s; allowed: 0\.35 s, so that it can be stopped"),
        (bnn.InferenceSpec(batch_size=1000, steps=1_000_000), "minutes; allowed here: 15"),
    ],
)
def test_what_would_take_the_machine_is_refused_with_the_way_round(
    inference: bnn.InferenceSpec, says: str
) -> None:
    experiment = bnn.Experiment(data=HUGE, network=WIDEST, inference=inference)
    with pytest.raises(bnn.InvalidExperiment, match=says) as caught:
        check_affordable(experiment, 900)
    assert "smaller batch" in str(caught.value)


def test_the_draws_that_nuts_keeps_take_memory() -> None:
    def of(draws: int, chains: int = 8) -> bnn.Experiment:
        inference = bnn.InferenceSpec(method="nuts", chains=chains, tune=1000, draws=draws)
        network = bnn.NetworkSpec(hidden=(60, 60))
        return bnn.Experiment(data=bnn.DataSpec(n=40), network=network, inference=inference)

    says = r"keeps would take 18\.7 GB of memory; allowed here: 2 GB\. Fewer draws, chains or units"
    with pytest.raises(bnn.InvalidExperiment, match=says):
        check_affordable(of(draws=10_000), 36_000)  # which would keep 1.25 GB, several times over
    check_affordable(of(draws=1000), 36_000)
    check_affordable(of(draws=4000, chains=2), 36_000)
    with pytest.raises(bnn.InvalidExperiment, match="allowed here: 500 MB"):
        check_limits(of(draws=1000), EngineSettings(fit_seconds=36_000, fit_bytes=500_000_000))


def test_what_counts_is_the_shape_of_the_data_that_are_fitted() -> None:
    rng = np.random.default_rng(0)
    tall = bnn.Dataset.from_arrays(rng.normal(size=(60_000, 20)), rng.normal(size=60_000))
    wide = bnn.Experiment(network=bnn.NetworkSpec(hidden=(128,) * 4))
    check_affordable(wide, 900)
    with pytest.raises(bnn.InvalidExperiment, match="so that it can be stopped"):
        check_affordable(wide, 900, tall)
    shape = DataShape.of(wide.data, tall)
    assert shape == DataShape("regression", 20, 0, 54_000)
    assert Structure.of(wide, shape).sizes == (20, 128, 128, 128, 128, 1)
    labels = bnn.Experiment(likelihood=bnn.LikelihoodSpec(family="bernoulli"))
    with pytest.raises(bnn.InvalidExperiment, match="which is for classification"):
        check_affordable(labels, 900, tall)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"max_weights": 50}, r"This fit has 51 weights and biases; allowed here: 50\."),
        ({"max_rows": 499}, r"This fit has 500 training rows; allowed here: 499\."),
        ({"max_steps": 19_999}, r"This fit has 20,000 steps; allowed here: 19,999\."),
        ({"fit_seconds": 0.1}, "minutes; allowed here"),
        ({"fit_bytes": 32_999}, r"0\.033 MB of memory; allowed here: 0\.033 MB"),
    ],
)
def test_a_host_allows_less(changes: dict[str, float], says: str) -> None:
    experiment = bnn.Experiment(data=bnn.DataSpec(n=1000))
    check_limits(experiment, EngineSettings(**{name: value + 1 for name, value in changes.items()}))
    with pytest.raises(bnn.InvalidExperiment, match=says):
        check_limits(experiment, EngineSettings(**changes))
