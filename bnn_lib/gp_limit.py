"""What a network with `scaling="fan_in"` becomes as its layers grow wide: a Gaussian process, and its kernel.

With independent weights of mean 0 and finite variance, layer by layer (Neal 1996; Lee et al. 2018; Matthews et al.
2018), for two inputs x and x':

    K_1(x, x') = v_b + v_w x . x' / d,    K_{l+1}(x, x') = v_b + v_w E[f(u) f(u')],  (u, u') ~ N(0, K_l)

where f is the activation, v_w the variance of a weight before it is divided by its fan-in, and v_b that of a
bias. The expectation is in closed form for ReLU (the arc-cosine kernel of Cho & Saul 2009), sine and no
activation at all; for the others it is computed by quadrature.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt

from bnn_lib.activations import ACTIVATIONS
from bnn_lib.errors import InvalidData
from bnn_lib.logdensity import PYTENSOR_LOCK

NODES = 120  # of the quadrature, along each of two axes; even, so that none is where a steep function jumps
REACH = 6.5  # standard deviations to which it goes
AT_ONCE = 2_000_000  # values of the activation computed together

Array = np.ndarray[Any, np.dtype[np.float64]]


def limit_kernel(X: Array, activation: str, weight_variance: float, bias_variances: Sequence[float]) -> Array:
    """Return the kernel of the limit's output.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Inputs as they enter the network.
    activation : str
        One of `ACTIVATIONS`.
    weight_variance : float
        Of a weight times the root of its fan-in.
    bias_variances : sequence of float
        One for each layer, the output's included: there is one hidden layer less than there are entries.

    Returns
    -------
    ndarray of shape (n, n)

    Raises
    ------
    InvalidData
        If a variance is infinite: then there is no Gaussian limit.
    """
    variances = [weight_variance, *bias_variances]
    if not np.isfinite(variances).all():
        raise InvalidData("A prior of infinite variance has no Gaussian process as its limit.")
    X = np.asarray(X, np.float64)
    kernel = X @ X.T / X.shape[1] * weight_variance + bias_variances[0]
    for bias_variance in bias_variances[1:]:
        kernel = weight_variance * activated(kernel, activation) + bias_variance
    return kernel


def network_kernels(hidden: Array, weight_variance: float, bias_variance: float) -> Array:
    """Return each network's own kernel: the covariance of its output given all but its last layer.

    Their mean is the covariance of the output; each of them tends to `limit_kernel` as the layers grow wide.

    Parameters
    ----------
    hidden : ndarray of shape (S, units, n)
        Activations of the last hidden layer.
    weight_variance, bias_variance : float
        Of the last layer, as for `limit_kernel`.

    Returns
    -------
    ndarray of shape (S, n, n)
    """
    hidden = np.asarray(hidden, np.float64)
    return np.swapaxes(hidden, 1, 2) @ hidden * (weight_variance / hidden.shape[1]) + bias_variance


def kernel_distance(kernels: Array, limit: Array) -> float:
    """Return how far kernels (S, n, n) are from a limit (n, n): root mean squared distance over the limit's norm.

    The norm is Frobenius'. Of single networks it falls as one over the root of the width.
    """
    return float(np.sqrt(np.square(kernels - limit).sum(axis=(1, 2)).mean()) / np.linalg.norm(limit))


def activated(kernel: Array, activation: str) -> Array:
    """Return E[f(u) f(u')] for u ~ N(0, kernel), for every pair of its entries: (n, n).

    Parameters
    ----------
    kernel : ndarray of shape (n, n)
        A covariance.
    activation : str
        One of `ACTIVATIONS`.
    """
    sd = np.sqrt(np.diag(kernel))
    product = np.outer(sd, sd)
    correlation = np.clip(np.divide(kernel, product, out=np.zeros_like(kernel), where=product > 0), -1.0, 1.0)
    closed_form = CLOSED_FORMS.get(activation)
    if closed_form is not None:
        return closed_form(sd, correlation)
    return _by_quadrature(_function(activation), sd, correlation)


def _relu(sd: Array, correlation: Array) -> Array:
    angle = np.arccos(correlation)
    return np.outer(sd, sd) * (np.sin(angle) + (np.pi - angle) * correlation) / (2 * np.pi)


def _sine(sd: Array, correlation: Array) -> Array:
    # E[cos(u - v) - cos(u + v)] / 2, each the characteristic function of a normal distribution.
    variance, covariance = np.square(sd), np.outer(sd, sd) * correlation
    both = variance[:, None] + variance
    return (np.exp(covariance - both / 2) - np.exp(-covariance - both / 2)) / 2


CLOSED_FORMS: Mapping[str, Callable[[Array, Array], Array]] = MappingProxyType(
    {"relu": _relu, "sine": _sine, "linear": lambda sd, correlation: np.outer(sd, sd) * correlation}
)


def _by_quadrature(function: Callable[[Array], Array], sd: Array, correlation: Array) -> Array:
    """Integrate over two independent normals by the trapezoidal rule, which is very exact where all is smooth."""
    nodes = np.linspace(-REACH, REACH, NODES)
    weights = np.exp(-0.5 * np.square(nodes))
    weights /= weights.sum()
    rows, columns = np.triu_indices(len(sd))
    first = function(sd[:, None] * nodes) * weights  # (n, nodes)
    found = np.empty(len(rows))
    size = max(1, AT_ONCE // NODES**2)
    for start in range(0, len(rows), size):
        i, j = rows[start : start + size], columns[start : start + size]
        rho = correlation[i, j][:, None, None]
        inner = rho * nodes[:, None] + np.sqrt(np.maximum(1 - np.square(rho), 0)) * nodes
        second = function(sd[j][:, None, None] * inner) @ weights
        found[start : start + size] = (first[i] * second).sum(axis=1)
    result = np.empty_like(correlation)
    result[rows, columns] = result[columns, rows] = found
    return result


@lru_cache(maxsize=len(ACTIVATIONS))
def _function(activation: str) -> Callable[[Array], Array]:
    """The activation as a function of arrays of any shape: PyTensor's, run by NumPy."""
    with PYTENSOR_LOCK:
        flat = pt.dvector("x")
        run = pytensor.function([flat], ACTIVATIONS[activation].apply(pt, flat), mode="FAST_COMPILE")
    return lambda x: np.asarray(run(x.ravel())).reshape(x.shape)
