"""Maximum a posteriori: the position where the log density is highest, by Adam; every draw is that position.

The density is that over unconstrained parameters: a learned scale's Jacobian is in it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from bnn_lib.inference.base import Layout, StepRates, StepSettings, Target, adam


class MAPState(NamedTuple):
    """Position (D,) and Adam's state."""

    position: Any
    optimizer: Any


class MAP:
    """See `bnn_lib.inference.base.Method`."""

    def n_starts(self, settings: StepSettings) -> int:
        """One."""
        return 1

    def init(self, starts: Any, settings: StepSettings) -> MAPState:
        """Start at the position."""
        return MAPState(starts[0], adam(settings, StepRates(0.0, 1.0)).init(starts[0]))

    def step(
        self, key: Any, state: MAPState, target: Target, settings: StepSettings, rates: StepRates
    ) -> tuple[MAPState, Any]:
        """One step of Adam up the log density, which is returned too."""
        value, gradient = jax.value_and_grad(target.log_density)(state.position)
        updates, optimizer = adam(settings, rates).update(-gradient, state.optimizer, state.position)
        return MAPState(optax.apply_updates(state.position, updates), optimizer), value

    def sample(self, key: Any, state: MAPState, numbers: Any, layout: Layout, settings: StepSettings) -> Any:
        """The same position every time."""
        return jnp.broadcast_to(state.position, (len(numbers), len(state.position)))


METHOD = MAP()
