"""Full-rank automatic differentiation variational inference (Kucukelbir et al. 2017).

One normal distribution over the flat position, N(mu, L L^T). blackjax keeps L as a vector and scatters it into
a matrix at every step, which on a CPU costs several times the network itself; here L is a matrix throughout,
whose diagonal is kept as its logarithm and whose upper half is not used.

The entropy is exact. The sticking-the-landing estimator, which the other families use, needs the inverse of L:
on two moons (51 weights) it ran away from learning rate 0.01 on, in 32-bit numbers, where this does not.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular

from bnn_lib.inference import gaussian
from bnn_lib.inference.base import Layout, StepRates, StepSettings, Target


def _factor(raw: Any) -> Any:
    return jnp.tril(raw, -1) + jnp.diag(jnp.exp(jnp.diagonal(raw)))


def _draw(key: Any, parameters: tuple[Any, Any], n: int) -> Any:
    mean, raw = parameters
    return mean + jax.random.normal(key, (n, len(mean))) @ _factor(raw).T


def _log_prob(parameters: tuple[Any, Any], position: Any) -> Any:
    mean, raw = parameters
    noise = solve_triangular(_factor(raw), position - mean, lower=True)
    return -0.5 * (noise @ noise + len(mean) * gaussian.LOG_2_PI) - jnp.diagonal(raw).sum()


def _negative_entropy(parameters: tuple[Any, Any], positions: Any) -> Any:
    mean, raw = parameters
    return -jnp.diagonal(raw).sum() - 0.5 * len(mean) * (1 + gaussian.LOG_2_PI)


class FullRankADVI:
    """See `bnn_lib.inference.base.Method`."""

    def n_starts(self, settings: StepSettings) -> int:
        """One."""
        return 1

    def init(self, starts: Any, settings: StepSettings) -> gaussian.GaussianState:
        """Start at a mean, with independent narrow standard deviations."""
        size = starts.shape[1]
        return gaussian.start((jnp.asarray(starts[0]), jnp.eye(size) * gaussian.START_LOG_SD), settings)

    def step(
        self, key: Any, state: gaussian.GaussianState, target: Target, settings: StepSettings, rates: StepRates
    ) -> tuple[gaussian.GaussianState, Any]:
        """See `bnn_lib.inference.gaussian.step`."""
        return gaussian.step(key, state, target, settings, rates, _draw, _negative_entropy)

    def sample(
        self, key: Any, state: gaussian.GaussianState, n_draws: int, layout: Layout, settings: StepSettings
    ) -> Any:
        """Draws from the normal distribution."""
        return _draw(key, state.parameters, n_draws)

    def log_prob(self, state: gaussian.GaussianState, position: Any) -> Any:
        """Log density of the approximation."""
        return _log_prob(state.parameters, position)


METHOD = FullRankADVI()
