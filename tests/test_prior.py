from __future__ import annotations

import numpy as np
import pymc as pm
import pytest

import bnn_lib as bnn
from bnn_lib.model import build_model


@pytest.mark.parametrize("family", ["normal", "laplace"])
def test_a_linear_models_prior_predictive_has_the_moments_of_its_logit(family: str) -> None:
    experiment = bnn.Experiment(
        network=bnn.NetworkSpec(hidden=()), prior=bnn.PriorSpec(family=family, scale=0.5, bias_scale=2.0)
    )
    dataset = bnn.load_dataset(experiment.data)
    X = dataset.X_train.mean(0) + dataset.X_train.std(0) * np.array([[0.0, 0.0], [3.0, 0.0], [2.0, -1.0]])
    p = bnn.prior_predictive(experiment, X, n_draws=4000, seed=1).samples.astype("float64")
    variance = (np.log(p[..., 1]) - np.log(p[..., 0])).var(0)
    unit = 1.0 if family == "normal" else 2.0  # variance of a Laplace of scale b is 2 b^2
    np.testing.assert_allclose(variance, unit * (4.0 + 0.25 * np.array([0, 9, 5])), rtol=0.15)


def test_the_moments_are_those_of_pymcs_own_prior_predictive() -> None:
    experiment = bnn.Experiment(prior=bnn.PriorSpec(scaling="learned", scale=2.0))
    dataset = bnn.load_dataset(experiment.data)
    ours = bnn.prior_predictive(experiment, dataset.X_train[:20], n_draws=3000)
    with build_model(experiment, dataset) as model:
        p = model["y"].owner.inputs[-1]
        theirs = pm.draw(p, draws=3000, random_seed=0, mode="FAST_COMPILE")[:, :20]
    np.testing.assert_allclose(ours.mean[:, 1], theirs.mean(0), atol=0.04)
    np.testing.assert_allclose(ours.samples[..., 1].std(0), theirs.std(0), atol=0.03)
