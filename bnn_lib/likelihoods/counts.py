"""Likelihoods of counts: the network gives the logarithm of the rate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bnn_lib.likelihoods.base import Likelihood, bounded, one_output

if TYPE_CHECKING:
    from bnn_lib.conditionals import Conditional

# The negative binomial is a Poisson whose rate has gamma noise of mean 1 and standard deviation `noise`: its shape
# is noise^-2, and its variance mean + (noise mean)^2. With less noise than this it is a Poisson but for rounding,
# which differences of log gamma functions in 32 bits then suffer from.
SMALLEST_NOISE = 0.01


def _log_rate_slope(jax: Any, output: Any) -> Any:
    return jax.grad(lambda x: bounded(jax.numpy, x))(output)


def _observe_poisson(pm: Any, output: Any, y: Any, noise: Any) -> Any:
    return pm.Poisson("y", mu=pm.math.exp(bounded(pm.math, output[0])), observed=y)


def _poisson_curvature(jax: Any, output: Any, noise: Any) -> Any:
    rate = jax.numpy.exp(bounded(jax.numpy, output[0]))
    return (rate * _log_rate_slope(jax, output[0]) ** 2).reshape(1, 1)


def _poisson(outputs: Any, noise: Any, y_mean: float, y_scale: float) -> Conditional:
    from bnn_lib.conditionals import poisson

    return poisson(outputs["mean"])


def _shape(noise: Any) -> Any:
    return 1.0 / (noise**2 + SMALLEST_NOISE**2)


def _observe_negative_binomial(pm: Any, output: Any, y: Any, noise: Any) -> Any:
    mean = pm.math.exp(bounded(pm.math, output[0]))
    return pm.NegativeBinomial("y", mu=mean, alpha=_shape(noise), observed=y)


def _negative_binomial_curvature(jax: Any, output: Any, noise: Any) -> Any:
    mean, shape = jax.numpy.exp(bounded(jax.numpy, output[0])), _shape(noise)
    information = mean * shape / (mean + shape)  # of the logarithm of the mean
    return (information * _log_rate_slope(jax, output[0]) ** 2).reshape(1, 1)


def _negative_binomial(outputs: Any, noise: Any, y_mean: float, y_scale: float) -> Conditional:
    from bnn_lib.conditionals import negative_binomial

    return negative_binomial(outputs["mean"], _shape(noise))


POISSON = Likelihood(
    label="Poisson",
    help="A count whose scatter is that of independent events: the variance is the mean.",
    task="regression",
    n_outputs=one_output,
    observe=_observe_poisson,
    predict=lambda jax, output: {"mean": jax.numpy.exp(bounded(jax.numpy, output[0]))},
    curvature=_poisson_curvature,
    conditional=_poisson,
    counts=True,
)

NEGATIVE_BINOMIAL = Likelihood(
    label="negative binomial",
    help="A count that scatters more than independent events would.",
    task="regression",
    n_outputs=one_output,
    observe=_observe_negative_binomial,
    predict=POISSON.predict,
    curvature=_negative_binomial_curvature,
    conditional=_negative_binomial,
    noise_help="Standard deviation of the rate relative to its mean; at 0 the count is a Poisson's.",
    counts=True,
)
