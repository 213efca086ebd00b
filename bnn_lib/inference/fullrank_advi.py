"""Full-rank automatic differentiation variational inference (Kucukelbir et al. 2017).

One normal distribution over the flat position, mean + S (I + L) noise: S a diagonal of standard deviations, L a
matrix with entries below the diagonal only. It is kept as L^T, so that the draw and the gradient run along its
rows and take one pass over memory each. (blackjax scatters a vector into a matrix at every step, which on a CPU
costs several times the network itself.)

Mean and S are moved by Adam. For the D^2 / 2 entries of L Adam's two moments would be most of a step's cost, so
L is moved as Adafactor does (Shazeer & Stern 2018): without the first moment, and with the second in factored
form. An entry's gradient is g_i noise_j, and every noise_j has the same square on average, so only the rows'
factor is needed. A row moves by the learning rate, and so an entry by the rate / sqrt(D). With this and L in
units of S, the noise of the gradients widens the distribution by the same share in stiff and in loose
directions: where entries of S L move by the rate itself, 50 units on yacht and energy run away from learning
rate 0.003 on.

The entropy is exact. The sticking-the-landing estimator, which the other families use, needs the inverse of L:
on two moons (51 weights) it ran away from learning rate 0.01 on, in 32-bit numbers, where this does not.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.scipy.linalg import solve_triangular

from bnn_lib.inference.base import (
    Layout,
    StepRates,
    StepSettings,
    Target,
    adam,
    fast_vmap,
    learning_rate,
)
from bnn_lib.inference.gaussian import LOG_2_PI, START_LOG_SD

DECAY = 0.999  # of the second moment, and what keeps its root from 0: Adam's own
SMALLEST_ROOT = 1e-8


class FullRankState(NamedTuple):
    """The normal distribution, and what its optimisers keep.

    Attributes
    ----------
    mean, log_sd : (D,)
        Of the position; logarithm of S's diagonal.
    upper : (D, D)
        L^T.
    squares : (D,)
        Second moment of the gradient, for each row of L.
    optimizer : pytree
        Adam's, of mean and log_sd.
    """

    mean: Any
    log_sd: Any
    upper: Any
    squares: Any
    optimizer: Any


def _correlated(state: FullRankState, noise: Any) -> Any:
    return noise + noise @ state.upper


def _positions(state: FullRankState, noise: Any) -> Any:
    return state.mean + jnp.exp(state.log_sd) * _correlated(state, noise)


class FullRankADVI:
    """See `bnn_lib.inference.base.Method`."""

    def n_starts(self, settings: StepSettings) -> int:
        """One."""
        return 1

    def init(self, starts: Any, settings: StepSettings) -> FullRankState:
        """Start at a mean, with independent narrow standard deviations."""
        mean, size = jnp.asarray(starts[0]), starts.shape[1]
        log_sd = jnp.full(size, START_LOG_SD)
        optimizer = adam(settings, StepRates(0.0, 1.0)).init((mean, log_sd))
        return FullRankState(mean, log_sd, jnp.zeros((size, size)), jnp.zeros(size), optimizer)

    def step(
        self, key: Any, state: FullRankState, target: Target, settings: StepSettings, rates: StepRates
    ) -> tuple[FullRankState, Any]:
        """One step on a Monte Carlo estimate of the ELBO, which is returned too."""
        size, count = len(state.mean), state.optimizer[0].count
        noise = jax.random.normal(key, (settings.mc_samples, size))
        log_density = fast_vmap(target)
        value, gradients = jax.value_and_grad(lambda positions: jax.vmap(log_density)(positions).mean())(
            _positions(state, noise)
        )
        scaled = gradients * jnp.exp(state.log_sd)
        # Descent: minus the gradient of the ELBO, whose entropy is the sum of log_sd.
        of_mean, of_log_sd = -gradients.sum(axis=0), -(scaled * _correlated(state, noise)).sum(axis=0) - 1.0
        updates, optimizer = adam(settings, rates).update((of_mean, of_log_sd), state.optimizer)
        mean, log_sd = optax.apply_updates((state.mean, state.log_sd), updates)
        squares = DECAY * state.squares + (1 - DECAY) * (scaled**2).sum(axis=0)
        root = jnp.sqrt(squares / (1 - DECAY ** (count + 1.0))) + SMALLEST_ROOT
        rate = learning_rate(settings, rates, count) * size**-0.5
        upper = state.upper + jnp.triu(noise.T @ (scaled * rate / root), 1)
        elbo = value + state.log_sd.sum() + 0.5 * size * (1 + LOG_2_PI)
        return FullRankState(mean, log_sd, upper, squares, optimizer), elbo

    def sample(self, key: Any, state: FullRankState, numbers: Any, layout: Layout, settings: StepSettings) -> Any:
        """Draws from the normal distribution."""
        return _positions(state, jax.random.normal(key, (len(numbers), len(state.mean))))

    def log_prob(self, state: FullRankState, position: Any) -> Any:
        """Log density of the approximation."""
        factor = jnp.exp(state.log_sd)[:, None] * (state.upper.T + jnp.eye(len(position)))
        noise = solve_triangular(factor, position - state.mean, lower=True)
        return -0.5 * (noise @ noise + len(noise) * LOG_2_PI) - state.log_sd.sum()


METHOD = FullRankADVI()
