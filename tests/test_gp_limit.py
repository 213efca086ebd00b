"""The kernel of infinitely wide networks: closed forms, quadrature, and the networks that tend to it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bnn_lib import gp_limit
from bnn_lib.activations import ACTIVATIONS
from bnn_lib.errors import InvalidData
from bnn_lib.gp_limit import activated, kernel_distance, limit_kernel, network_kernels
from bnn_lib.model import placeholder_data
from bnn_lib.prior import draw_networks
from bnn_lib.structure import Structure

KERNEL = np.array([[1.0, 0.5, -0.6], [0.5, 2.0, 0.3], [-0.6, 0.3, 0.9]])
X = np.linspace(-2, 2, 9)[:, None]


@pytest.mark.parametrize("activation", sorted(gp_limit.CLOSED_FORMS))
@pytest.mark.parametrize("scale", [0.1, 1.0, 9.0])
def test_closed_forms_are_what_quadrature_finds(activation: str, scale: float):
    sd = np.sqrt(np.diag(scale * KERNEL))
    correlation = scale * KERNEL / np.outer(sd, sd)
    found = gp_limit._by_quadrature(gp_limit._function(activation), sd, correlation)
    np.testing.assert_allclose(activated(scale * KERNEL, activation), found, rtol=2e-3, atol=2e-4 * scale)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_expectations_are_those_of_samples(activation: str):
    samples = np.random.default_rng(0).multivariate_normal(np.zeros(3), KERNEL, 200_000)
    values = gp_limit._function(activation)(samples)
    error = 5 * np.abs(values).max() / math.sqrt(len(samples))
    np.testing.assert_allclose(activated(KERNEL, activation), values.T @ values / len(values), atol=error)


def test_the_arc_cosine_kernel():
    # Cho & Saul (2009), degree 1: J = sin t + (pi - t) cos t, over pi, and half of that with unit variance.
    angle = math.acos(0.5)
    kernel = np.array([[1.0, 0.5], [0.5, 1.0]])
    wanted = (math.sin(angle) + (math.pi - angle) * 0.5) / (2 * math.pi)
    np.testing.assert_allclose(activated(kernel, "relu"), [[0.5, wanted], [wanted, 0.5]])
    # Weights of variance 2 keep the size of the input through any number of ReLU layers (He et al. 2015).
    deep = limit_kernel(X, "relu", 2.0, [0.0] * 6)
    np.testing.assert_allclose(np.diag(deep), 2 * X[:, 0] ** 2, atol=1e-12)


def test_steep_tanh_is_the_sign():
    # E[sign u sign v] = 2 asin(rho) / pi (Sheppard 1899).
    found = activated(1e4 * KERNEL[:2, :2], "tanh")
    wanted = 2 / math.pi * np.arcsin([[1.0, 0.5 / math.sqrt(2)], [0.5 / math.sqrt(2), 1.0]])
    np.testing.assert_allclose(found, wanted, atol=0.03)


def test_without_hidden_layers_it_is_the_linear_model():
    np.testing.assert_allclose(limit_kernel(X, "tanh", 2.0, [0.5]), 2.0 * X @ X.T + 0.5)


def structure(*hidden: int, activation: str = "tanh", bias_as_weights: bool = False) -> Structure:
    return Structure((1, *hidden, 1), activation, True, "normal", "fan_in", bias_as_weights, "gaussian", False)


def kernels(hidden: tuple[int, ...], n_draws: int) -> np.ndarray:
    this = structure(*hidden)
    data = placeholder_data(this, len(X)) | {"X": X.T.astype("float32")}
    return network_kernels(draw_networks(this, data, n_draws, 0).hidden[-1], 1.0, 1.0)


def test_the_covariance_of_outputs_is_the_mean_of_the_networks_kernels():
    this = structure(20)
    data = placeholder_data(this, len(X)) | {"X": X.T.astype("float32")}
    networks = draw_networks(this, data, 4000, 0)
    covariance = np.cov(networks.output[:, 0].T)
    np.testing.assert_allclose(network_kernels(networks.hidden[-1], 1.0, 1.0).mean(0), covariance, atol=0.15)
    # With one hidden layer it is the limit's at any width; only single networks differ from it.
    np.testing.assert_allclose(covariance, limit_kernel(X, "tanh", 1.0, [1.0, 1.0]), atol=0.15)


def test_networks_tend_to_the_limit_as_one_over_the_root_of_the_width():
    limit = limit_kernel(X, "tanh", 1.0, [1.0] * 3)
    distances = [kernel_distance(kernels((width, width), 200), limit) for width in (4, 16, 64)]
    np.testing.assert_allclose(np.divide(distances[:-1], distances[1:]), 2.0, rtol=0.2)
    assert distances[-1] < 0.1


def test_infinite_variance_has_no_gaussian_limit():
    with pytest.raises(InvalidData, match="infinite variance"):
        limit_kernel(X, "tanh", math.inf, [1.0, 1.0])
