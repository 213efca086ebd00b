from __future__ import annotations

from dataclasses import replace
from itertools import product

import jax
import numpy as np
import pymc as pm
import pytest
from scipy.integrate import cumulative_trapezoid
from scipy.stats import kstest

import bnn_lib as bnn
from bnn_lib.model import build_model, define_network, placeholder_data
from bnn_lib.prior import PriorNetworks, draw_networks
from bnn_lib.priors import PRIORS, SCALINGS, weight_density
from bnn_lib.structure import Structure


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


NETWORKS = Structure((2, 4, 3, 1), "tanh", True, "student_t", "learned", True, "gaussian", True)


def drawn(scale: float = 1.0, structure: Structure = NETWORKS) -> PriorNetworks:
    X = np.random.default_rng(0).normal(size=(structure.sizes[0], 7)).astype("float32")
    data = placeholder_data(structure, 7) | {"X": X, "weight_scale": np.float32(scale)}
    return draw_networks(structure, data, 50, seed=1)


def test_networks_give_what_their_parameters_say():
    networks = drawn()
    X = np.random.default_rng(0).normal(size=(2, 7)).astype("float32")
    p = networks.parameters
    assert set(p) == {*(f"{name}{layer}" for name in ("W", "b", "scale") for layer in (1, 2, 3)), "noise"}
    h = np.broadcast_to(X, (50, 2, 7))
    for layer in (1, 2, 3):
        h = p[f"W{layer}"] @ h + p[f"b{layer}"][..., None]
        if layer < 3:
            h = np.tanh(h)
            np.testing.assert_allclose(networks.hidden[layer - 1], h, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(networks.output, h, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("family", sorted(PRIORS))
def test_another_scale_stretches_the_same_networks(family: str):
    structure = replace(NETWORKS, prior_family=family, scaling="fan_in")
    one, two = drawn(1.0, structure), drawn(2.0, structure)
    for name in ("W1", "b2", "W3"):
        np.testing.assert_allclose(two.parameters[name], 2 * one.parameters[name], rtol=1e-5)
    np.testing.assert_array_equal(drawn(1.0, structure).output, one.output)


def test_drawing_networks_compiles_nothing_by_xla():
    compiled: list[str] = []
    jax.monitoring.register_event_duration_secs_listener(lambda event, *_, **__: compiled.append(event))
    drawn(structure=replace(NETWORKS, sizes=(2, 6, 5, 1)))
    assert compiled == []


HALF_LINE = np.geomspace(1e-9, 1e6, 20_001)  # evenly in the logarithm: sparse priors have a spike at 0


def cumulative(density: np.ndarray) -> np.ndarray:
    """Integrate over all of `HALF_LINE`."""
    return cumulative_trapezoid(density * HALF_LINE, np.log(HALF_LINE), initial=0)


@pytest.mark.parametrize("family", sorted(PRIORS))
def test_a_familys_density_is_one_and_has_its_variance(family: str):
    entry = PRIORS[family]
    density = entry.density(HALF_LINE)
    np.testing.assert_allclose(entry.density(-HALF_LINE), density, rtol=1e-12)
    assert 2 * cumulative(density)[-1] == pytest.approx(1, rel=1e-4)
    variance = 2 * cumulative(HALF_LINE**2 * density)[-1]
    assert variance == pytest.approx(entry.variance, rel=1e-3) if np.isfinite(entry.variance) else variance > 1e5


@pytest.mark.parametrize(
    ("family", "scaling"),
    [*product(PRIORS, ["none"]), *(("normal", name) for name in SCALINGS), ("horseshoe", "ard")],
)
def test_weights_of_the_model_have_the_density_that_is_drawn(family: str, scaling: str):
    structure = replace(NETWORKS, sizes=(3, 1), prior_family=family, scaling=scaling)
    data = placeholder_data(structure, 1) | {"weight_scale": np.float32(2.0)}
    with define_network(structure, data).model as model:
        draws = pm.draw(model["W1"], 4000, random_seed=0, mode="FAST_COMPILE")[:, 0, 0].astype("float64")
    half = cumulative(weight_density(family, scaling, 2.0, 3, HALF_LINE))
    assert kstest(np.abs(draws), lambda at: 2 * np.interp(at, HALF_LINE, half)).pvalue > 0.001
    assert kstest(draws, -draws).pvalue > 0.001
