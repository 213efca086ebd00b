from __future__ import annotations

from itertools import product
from typing import Any

import jax
import numpy as np
import pymc as pm
import pytest
import scipy.stats

import bnn_lib as bnn
from bnn_lib.activations import ACTIVATIONS
from bnn_lib.likelihoods import LIKELIHOODS
from bnn_lib.logdensity import LogDensity, translate_density, translate_network
from bnn_lib.model import build_model, model_data, placeholder_data
from bnn_lib.priors import PRIORS, SCALINGS
from bnn_lib.structure import Structure

X = np.random.default_rng(0).normal(size=(40, 2))
NUMBERS = bnn.Dataset.from_arrays(X, np.linspace(-9, 30, 40))
COUNTS = bnn.Dataset.from_arrays(X, np.arange(40) % 7)
DATA = {
    name: COUNTS if entry.counts else NUMBERS for name, entry in LIKELIHOODS.items() if entry.task == "regression"
} | {
    "bernoulli": bnn.load_dataset(bnn.DataSpec(n=40)),
    "categorical": bnn.load_dataset(bnn.DataSpec(name="iris")),
}


def translated(experiment: bnn.Experiment, dataset: bnn.Dataset) -> tuple[LogDensity, dict[str, np.ndarray]]:
    structure = Structure.of(experiment, dataset)
    return translate_density(structure, len(dataset.X_train)), model_data(experiment, dataset)


def in_float32(function: object, *arguments: object) -> np.ndarray:
    with jax.enable_x64(False):
        return np.asarray(function(*arguments))  # type: ignore[operator]


def value_and_gradient(density: LogDensity, position: np.ndarray, inputs: dict[str, np.ndarray]) -> tuple:
    """Compiled as one: operation by operation it takes five times as long."""
    with jax.enable_x64(False):
        return jax.jit(jax.value_and_grad(lambda at, data: density(at, data)))(position, inputs)


def usual(name: str) -> Any:
    """Return marks that leave what is much like others to the slow tests."""
    return () if name in ("tanh", "relu", "fan_in", "ard", "bernoulli", "negative_binomial") else pytest.mark.slow


def cases() -> list:
    """Every entry of each registry with what it meets in the graph, and every prior with every likelihood."""
    networks = [bnn.NetworkSpec(hidden=(3, 2), activation=name) for name in ACTIVATIONS]
    networks += [bnn.NetworkSpec(hidden=()), bnn.NetworkSpec(hidden=(2, 1, 3, 2)), bnn.NetworkSpec(bias=False)]
    priors = [bnn.PriorSpec(scaling=s, scale=1.7) for s in SCALINGS]
    priors += [bnn.PriorSpec(scaling=s, scale=0.6, bias_scale=None) for s in SCALINGS]
    found: list = [
        pytest.param("bernoulli", network, bnn.PriorSpec(), None, marks=usual(network.activation))
        for network in networks
    ]
    found += [
        pytest.param("bernoulli", bnn.NetworkSpec(hidden=(3,)), prior, None, marks=usual(prior.scaling))
        for prior in priors
    ]
    found += [("gaussian", networks[0], bnn.PriorSpec(), 0.3)]
    for (i, likelihood), (k, family) in product(enumerate(DATA), enumerate(PRIORS)):
        case = likelihood, bnn.NetworkSpec(hidden=(3,)), bnn.PriorSpec(family=family, scale=1.7), None
        # Of these a few are enough of a look while working: each prior once at least, and each likelihood.
        marks = () if i % len(PRIORS) == k else pytest.mark.slow
        found.append(pytest.param(*case, id=f"{likelihood}-{family}", marks=marks))
    for family in PRIORS:
        case = "bernoulli", bnn.NetworkSpec(hidden=(3,)), bnn.PriorSpec(family=family, scaling="ard"), None
        found.append(pytest.param(*case, id=f"{family}-ard", marks=pytest.mark.slow))
    return found


@pytest.mark.parametrize(("likelihood", "network", "prior", "noise"), cases())
def test_the_log_density_is_that_of_the_pymc_model(
    likelihood: str, network: bnn.NetworkSpec, prior: bnn.PriorSpec, noise: float | None
) -> None:
    dataset = DATA[likelihood]
    experiment = bnn.Experiment(
        network=network, prior=prior, likelihood=bnn.LikelihoodSpec(family=likelihood, noise=noise)
    )
    ours, inputs = translated(experiment, dataset)
    model = build_model(experiment, dataset)
    theirs = model.compile_logp(mode="FAST_COMPILE")
    positions = np.random.default_rng(0).normal(size=(3, ours.size)).astype("float32")
    with jax.enable_x64(False):
        both = jax.jit(jax.vmap(jax.value_and_grad(lambda at, data: ours(at, data)), (0, None)))
        values, gradients = both(positions, inputs)
    assert np.isfinite(gradients).all()
    for position, value in zip(positions, values, strict=True):
        point = {name: position[where].reshape(shape) for name, (where, shape) in ours.layout.items()}
        assert point.keys() == model.initial_point().keys()
        np.testing.assert_allclose(value, theirs(point), rtol=2e-5)


@pytest.mark.parametrize("likelihood", [pytest.param(name, marks=usual(name)) for name in DATA])
def test_the_gradient_is_that_of_the_pymc_model(likelihood: str) -> None:
    experiment = bnn.Experiment(
        prior=bnn.PriorSpec(scaling="learned"), likelihood=bnn.LikelihoodSpec(family=likelihood)
    )
    dataset = DATA[likelihood]
    ours, inputs = translated(experiment, dataset)
    model = build_model(experiment, dataset)
    theirs = model.compile_dlogp(mode="FAST_COMPILE")
    position = np.random.default_rng(0).normal(size=ours.size).astype("float32")
    point = {name: position[where].reshape(shape) for name, (where, shape) in ours.layout.items()}
    _, gradient = value_and_gradient(ours, position, inputs)
    np.testing.assert_allclose(gradient, theirs(point), rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize(
    ("activation", "likelihood"),
    [
        *(pytest.param(name, "bernoulli", marks=usual(name)) for name in ACTIVATIONS),
        *(pytest.param("relu", name, marks=usual(name)) for name in DATA if name != "bernoulli"),
    ],
)
def test_large_weights_leave_density_and_gradient_finite(activation: str, likelihood: str) -> None:
    # Logits of thousands: exp overflows float32 at 89, in whichever branch is not taken.
    noise = 1.0 if LIKELIHOODS[likelihood].has_noise else None
    experiment = bnn.Experiment(
        network=bnn.NetworkSpec(activation=activation),
        prior=bnn.PriorSpec(scale=100.0),
        likelihood=bnn.LikelihoodSpec(family=likelihood, noise=noise),
    )
    ours, inputs = translated(experiment, DATA[likelihood])
    for scale in (30.0, 1000.0):
        position = (scale * np.random.default_rng(0).normal(size=ours.size)).astype("float32")
        value, gradient = value_and_gradient(ours, position, inputs)
        assert np.isfinite(value)
        assert np.isfinite(gradient).all()


@pytest.mark.parametrize(("scaling", "sd"), [("none", 2.0), ("fan_in", 2.0 / np.sqrt(5))])
def test_the_prior_has_the_scale_that_the_design_defines(scaling: str, sd: float) -> None:
    experiment = bnn.Experiment(prior=bnn.PriorSpec(scale=2.0, scaling=scaling, bias_scale=0.5))
    ours, inputs = translated(experiment, DATA["bernoulli"])
    position = np.zeros(ours.size, "float32")
    at_zero = in_float32(lambda: ours.parts(position, inputs)[0])
    for name, scale in (("W2", sd), ("b2", 0.5)):
        where, _ = ours.layout[name]
        moved = position.copy()
        moved[where.start] = 1.3
        expected = scipy.stats.norm.logpdf(1.3, scale=scale) - scipy.stats.norm.logpdf(0, scale=scale)
        np.testing.assert_allclose(
            in_float32(lambda m=moved: ours.parts(m, inputs)[0]) - at_zero, expected, rtol=1e-4
        )


@pytest.mark.parametrize("likelihood", DATA)
def test_the_network_stays_features_first(likelihood: str) -> None:
    """No array in the whole computation has its rows before its units: that would be 3 to 6 times slower."""
    experiment = bnn.Experiment(likelihood=bnn.LikelihoodSpec(family=likelihood))
    structure = Structure.of(experiment, DATA[likelihood])
    rows = 37
    density, inputs = translate_density(structure, rows), placeholder_data(structure, rows)
    with jax.enable_x64(False):
        jaxpr = jax.make_jaxpr(density)(np.zeros(density.size, "float32"), inputs)
    products = [e.outvars[0].aval.shape for e in _equations(jaxpr.jaxpr) if e.primitive.name == "dot_general"]
    assert products == [(units, rows) for units in structure.sizes[1:]]


def _equations(jaxpr: object) -> list:
    found = []
    for equation in jaxpr.eqns:  # type: ignore[attr-defined]
        found.append(equation)
        for value in equation.params.values():
            inner = getattr(value, "jaxpr", None)
            if inner is not None:
                found += _equations(inner)
    return found


def test_layers_and_parameters_are_those_of_a_network_written_out_by_hand() -> None:
    dataset, experiment = DATA["categorical"], bnn.Experiment(prior=bnn.PriorSpec(scaling="learned"))
    structure = Structure.of(experiment, dataset)
    functions, inputs = translate_network(structure), model_data(experiment, dataset)
    position = np.random.default_rng(0).normal(size=functions.size).astype("float32")
    with jax.enable_x64(False):
        output, *hidden = (np.asarray(layer) for layer in functions.layers(position, inputs))
        p = {name: np.asarray(value) for name, value in functions.parameters(position, inputs).items()}
    rows = (dataset.X_train - dataset.X_train.mean(0)) / dataset.X_train.std(0)
    h1 = np.tanh(p["W1"] @ rows.T + p["b1"][:, None])
    h2 = np.tanh(p["W2"] @ h1 + p["b2"][:, None])
    for ours, written in zip((*hidden, output), (h1, h2, p["W3"] @ h2 + p["b3"][:, None]), strict=True):
        np.testing.assert_allclose(ours, written, atol=1e-5)
    where, shape = functions.layout["W1_offset"]
    np.testing.assert_allclose(p["W1"], position[where].reshape(shape) * p["scale1"], rtol=1e-6)


def test_pymc_itself_fits_and_samples_the_model() -> None:
    dataset = DATA["bernoulli"]
    with build_model(bnn.Experiment(network=bnn.NetworkSpec(hidden=(2,))), dataset) as model:
        assert model["W1"].eval().shape == (2, 2)
        assert model.coords["units_0"] == dataset.feature_names
        draws = pm.sample_prior_predictive(5, random_seed=0)
        assert draws.prior["W1"].dims == ("chain", "draw", "units_1", "units_0")


def test_a_likelihood_that_does_not_fit_the_target_is_refused_by_name() -> None:
    for family, dataset in (("gaussian", "bernoulli"), ("bernoulli", "gaussian"), ("bernoulli", "categorical")):
        experiment = bnn.Experiment(likelihood=bnn.LikelihoodSpec(family=family))
        with pytest.raises(bnn.InvalidExperiment, match=f"likelihood.family is '{family}'"):
            build_model(experiment, DATA[dataset])
    with pytest.raises(bnn.InvalidExperiment, match=r"likelihood\.noise is 0\.5"):
        build_model(bnn.Experiment(likelihood=bnn.LikelihoodSpec(noise=0.5)), DATA["bernoulli"])
