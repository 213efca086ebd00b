"""Stochastic gradient Hamiltonian Monte Carlo (Chen et al. 2014), by blackjax's integrator.

The learning rate is the integrator's step. The second half of the steps is kept, `KEPT` positions of it,
evenly; until then the newest positions stand for the posterior.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from blackjax.sgmcmc.diffusions import sghmc

from bnn_lib.inference.base import Layout, StepRates, StepSettings, Target

KEPT = 200
FRICTION = 10.0


class SGHMCState(NamedTuple):
    """Position and momentum (D,), the kept positions (KEPT, D), how many of them there are, and steps done."""

    position: Any
    momentum: Any
    kept: Any
    filled: Any
    done: Any


class SGHMC:
    """See `bnn_lib.inference.base.Method`."""

    def n_starts(self, settings: StepSettings) -> int:
        """One."""
        return 1

    def init(self, starts: Any, settings: StepSettings) -> SGHMCState:
        """Start at rest."""
        position = jnp.asarray(starts[0])
        kept = jnp.broadcast_to(position, (KEPT, len(position)))
        return SGHMCState(position, jnp.zeros_like(position), kept, jnp.int32(1), jnp.int32(0))

    def step(
        self, key: Any, state: SGHMCState, target: Target, settings: StepSettings, rates: StepRates
    ) -> tuple[SGHMCState, Any]:
        """One step of the integrator; returns the log density where it began."""
        value, gradient = jax.value_and_grad(target.log_density)(state.position)
        position, momentum = sghmc(alpha=FRICTION)(
            key, state.position, state.momentum, gradient, rates.learning_rate
        )
        # Both halves of the run go round once: the second half overwrites what the first has left.
        half = jnp.maximum(rates.total_steps / 2, 1.0)
        where = jnp.floor((state.done % half) * KEPT / half).astype("int32") % KEPT
        kept = state.kept.at[where].set(position)
        filled = jnp.maximum(state.filled, where + 1)
        return SGHMCState(position, momentum, kept, filled, state.done + 1), value

    def sample(self, key: Any, state: SGHMCState, n_draws: int, layout: Layout, settings: StepSettings) -> Any:
        """Kept positions, each with equal probability; early on, of those that are."""
        return state.kept[jax.random.randint(key, (n_draws,), 0, state.filled)]


METHOD = SGHMC()
