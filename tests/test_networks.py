"""Networks drawn from a posterior say what the posterior says, elsewhere too."""

from __future__ import annotations

import numpy as np
import pytest

import bnn_lib as bnn
from bnn_lib import archive
from bnn_lib.networks import FEWEST_DRAWS, MOST_DRAWS, Networks


@pytest.fixture(scope="module", params=["advi", "nuts", "laplace"])
def posterior(request: pytest.FixtureRequest) -> bnn.Posterior:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 1))
    data = bnn.Dataset.from_arrays(X, 5 + 3 * X[:, 0] + rng.normal(size=40))
    inference = bnn.InferenceSpec(method=request.param, steps=200, tune=50, draws=200, chains=3)
    return bnn.fit(bnn.Experiment(network=bnn.NetworkSpec(hidden=(3,)), inference=inference), data)


def test_they_predict_as_the_posterior_does(posterior: bnn.Posterior):
    X = np.linspace(-2, 2, 7)[:, None]
    networks = Networks.from_bytes(Networks.of(posterior).to_bytes())
    assert len(networks.positions) == MOST_DRAWS
    one, other = networks.predict(X), posterior.predict(X, n_draws=MOST_DRAWS, seed=0)
    np.testing.assert_array_equal(one.samples, other.samples)
    np.testing.assert_allclose(one.interval(0.95), other.interval(0.95), rtol=1e-5)
    assert networks.schema.feature_names == ("x1",)


def test_fewer_are_the_first(posterior: bnn.Posterior):
    X = np.linspace(-2, 2, 7)[:, None]
    networks = Networks.of(posterior)
    np.testing.assert_array_equal(networks.predict(X, 50).samples, networks.predict(X).samples[:50])


def test_a_large_network_is_drawn_less_often():
    class Wide:
        experiment, schema, linear_about, chains = bnn.Experiment(), None, None, None

        def positions(self, n_draws: int, seed: int = 0) -> np.ndarray:
            return np.zeros((n_draws, 60_000), np.float32)

    assert len(Networks.of(Wide()).positions) == FEWEST_DRAWS


def test_other_content_is_refused(posterior: bnn.Posterior):
    header, arrays = archive.unpack(Networks.of(posterior).to_bytes(), "networks")
    for bad in (
        b"",
        archive.pack({}, {}),
        archive.pack(header, {"positions": arrays["positions"].astype(float)}),
        archive.pack(header, {"positions": np.full((5, 10), np.nan, np.float32)}),
        archive.pack(header | {"experiment": "{"}, arrays),
    ):
        with pytest.raises(bnn.InvalidData):
            Networks.from_bytes(bad)
