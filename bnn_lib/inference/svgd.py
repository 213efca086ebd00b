"""Stein variational gradient descent (Liu & Wang 2016) with the median heuristic, by the paper's algorithm 1.

blackjax's kernel takes the gradient of every particle once for every other particle, which for P particles
costs P times as much as it needs to; here all gradients are one vectorised program.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax

from bnn_lib.inference.base import StepRates, StepSettings, Target, adam
from bnn_lib.inference.ensemble import Ensemble, EnsembleState


def median(values: Any, count: int) -> Any:
    """Return the median of the smallest `count` of numbers from 0 on, float32.

    By bisection on their bits, which as whole numbers have the order of the numbers: 31 counts are a tenth of the
    cost of sorting the distances of 100 particles.
    """
    bits = jax.lax.bitcast_convert_type(values, jnp.int32)

    def halve(i: Any, found: Any) -> Any:
        tried = found | (1 << (30 - i))
        return jnp.where(jnp.sum(bits < tried) < (count + 1) // 2, tried, found)

    low = jax.lax.fori_loop(0, 31, halve, jnp.int32(0))
    # Of an even number there are two in the middle, which may be the same.
    above = jnp.min(jnp.where(bits > low, bits, jnp.iinfo(jnp.int32).max))
    high = jnp.where(jnp.sum(bits <= low) > count // 2, low, above)
    return jax.lax.bitcast_convert_type(jnp.stack([low, high]), jnp.float32).mean()


def stein_direction(positions: Any, gradients: Any) -> Any:
    """Return the direction (P, D) that decreases the Kullback-Leibler divergence fastest, for an RBF kernel."""
    squared = jnp.sum(positions**2, axis=1)
    distances = jnp.maximum(squared[:, None] + squared[None] - 2 * positions @ positions.T, 0.0)
    # exp(-d^2 / h) with h = median^2 / log P: the kernel's rows sum to about 1 beyond the particle itself.
    # Of the distances between two: with those from itself the median of two particles' would be 0.
    count = len(positions)
    between = jnp.where(jnp.eye(count, dtype=bool), jnp.inf, distances)
    bandwidth = median(between, count * (count - 1)) / jnp.log(count + 1.0) + 1e-6
    kernel = jnp.exp(-distances / bandwidth)
    repulsion = 2 / bandwidth * (positions * kernel.sum(axis=1, keepdims=True) - kernel @ positions)
    return (kernel @ gradients + repulsion) / len(positions)


class SVGD(Ensemble):
    """See `bnn_lib.inference.base.Method`; the members of the ensemble are the particles."""

    def n_starts(self, settings: StepSettings) -> int:
        """One a particle."""
        return settings.particles

    def step(
        self, key: Any, state: EnsembleState, target: Target, settings: StepSettings, rates: StepRates
    ) -> tuple[EnsembleState, Any]:
        """One step of Adam along Stein's direction; the objective is the particles' mean log density."""
        values, gradients = jax.vmap(jax.value_and_grad(target.log_density))(state.positions)
        descent = -stein_direction(state.positions, gradients)
        updates, optimizer = adam(settings, rates).update(descent, state.optimizer, state.positions)
        return EnsembleState(optax.apply_updates(state.positions, updates), optimizer), values.mean()


METHOD = SVGD()
