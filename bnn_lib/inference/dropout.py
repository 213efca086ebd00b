"""Monte Carlo dropout (Gal & Ghahramani 2016): hidden units are left out at random, in fitting and predicting.

A unit that is left out has its outgoing weights set to 0; the others' are divided by the share that is kept.
"""

from __future__ import annotations

import re
from typing import Any

import jax
import jax.numpy as jnp
import optax

from bnn_lib.inference.base import Layout, StepRates, StepSettings, Target, adam
from bnn_lib.inference.map import MAP, MAPState

WEIGHTS = re.compile(r"W(\d+)(_offset)?")


def masked(key: Any, position: Any, layout: Layout, dropout: float) -> Any:
    """Return a position (D,) with some hidden units left out."""
    for name, (where, shape) in layout.items():
        found = WEIGHTS.fullmatch(name)
        if found is None or found[1] == "1":  # inputs are kept
            continue
        kept = jax.random.bernoulli(jax.random.fold_in(key, int(found[1])), 1 - dropout, shape[1:])
        weights = position[where].reshape(shape) * (kept / (1 - dropout))
        position = position.at[where].set(weights.ravel())
    return position


class Dropout(MAP):
    """See `bnn_lib.inference.base.Method`."""

    def step(
        self, key: Any, state: MAPState, target: Target, settings: StepSettings, rates: StepRates
    ) -> tuple[MAPState, Any]:
        """One step of Adam up the log density of the network without the units that this step leaves out."""

        def log_density(position: Any) -> Any:
            return target(masked(key, position, target.layout, settings.dropout))

        value, gradient = jax.value_and_grad(log_density)(state.position)
        updates, optimizer = adam(settings, rates).update(-gradient, state.optimizer, state.position)
        return MAPState(optax.apply_updates(state.position, updates), optimizer), value

    def sample(self, key: Any, state: MAPState, numbers: Any, layout: Layout, settings: StepSettings) -> Any:
        """The same position with other units left out each time."""
        keys = jax.random.split(key, len(numbers))
        return jnp.asarray(jax.vmap(lambda one: masked(one, state.position, layout, settings.dropout))(keys))


METHOD = Dropout()
