"""Variational inference with a factor covariance, diag(s^2) + B B^T (Ong, Nott & Smith 2018).

B is (D, rank). Its density takes a system of `rank` equations only, by Woodbury's identity.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular

from bnn_lib.inference import gaussian
from bnn_lib.inference.base import Layout, StepRates, StepSettings, Target

START_FACTOR = 0.01  # of B's entries: at 0 its gradient would vanish


def _draw(key: Any, parameters: tuple[Any, Any, Any], n: int) -> Any:
    mean, log_sd, factor = parameters
    own, shared = jax.random.split(key)
    noise = jnp.exp(log_sd) * jax.random.normal(own, (n, len(mean)))
    return mean + noise + jax.random.normal(shared, (n, factor.shape[1])) @ factor.T


def _log_prob(parameters: tuple[Any, Any, Any], position: Any) -> Any:
    mean, log_sd, factor = parameters
    away = (position - mean) * jnp.exp(-log_sd)
    scaled = factor * jnp.exp(-log_sd)[:, None]
    root = jnp.linalg.cholesky(jnp.eye(factor.shape[1]) + scaled.T @ scaled)
    explained = solve_triangular(root, scaled.T @ away, lower=True)
    log_det = 2 * log_sd.sum() + 2 * jnp.log(jnp.diagonal(root)).sum()
    return -0.5 * (away @ away - explained @ explained + log_det + len(mean) * gaussian.LOG_2_PI)


def _negative_entropy(parameters: tuple[Any, Any, Any], positions: Any) -> Any:
    """The sticking-the-landing estimator (Roeder et al. 2017): its gradient goes through the draws alone."""
    fixed = jax.lax.stop_gradient(parameters)
    return jax.vmap(lambda position: _log_prob(fixed, position))(positions).mean()


class LowRankADVI:
    """See `bnn_lib.inference.base.Method`."""

    def n_starts(self, settings: StepSettings) -> int:
        """One."""
        return 1

    def init(self, starts: Any, settings: StepSettings) -> gaussian.GaussianState:
        """Start at a mean, with nearly independent narrow standard deviations."""
        size = starts.shape[1]
        factor = START_FACTOR * jax.random.normal(jax.random.key(0), (size, min(settings.rank, size)))
        parameters = jnp.asarray(starts[0]), jnp.full(size, gaussian.START_LOG_SD), factor
        return gaussian.start(parameters, settings)

    def step(
        self, key: Any, state: gaussian.GaussianState, target: Target, settings: StepSettings, rates: StepRates
    ) -> tuple[gaussian.GaussianState, Any]:
        """See `bnn_lib.inference.gaussian.step`."""
        return gaussian.step(key, state, target, settings, rates, _draw, _negative_entropy)

    def sample(
        self, key: Any, state: gaussian.GaussianState, numbers: Any, layout: Layout, settings: StepSettings
    ) -> Any:
        """Draws from the normal distribution."""
        return _draw(key, state.parameters, len(numbers))

    def log_prob(self, state: gaussian.GaussianState, position: Any) -> Any:
        """Log density of the approximation."""
        return _log_prob(state.parameters, position)


METHOD = LowRankADVI()
