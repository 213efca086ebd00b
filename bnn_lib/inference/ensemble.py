"""Deep ensemble (Lakshminarayanan et al. 2017): MAP fits from different starts, as one vectorised program."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from bnn_lib.inference.base import Layout, StepRates, StepSettings, Target, adam


class EnsembleState(NamedTuple):
    """Positions of the members, (M, D), and Adam's state."""

    positions: Any
    optimizer: Any


class Ensemble:
    """See `bnn_lib.inference.base.Method`."""

    def n_starts(self, settings: StepSettings) -> int:
        """One a member."""
        return settings.members

    def init(self, starts: Any, settings: StepSettings) -> EnsembleState:
        """Each member starts where it is told to."""
        return EnsembleState(starts, adam(settings, StepRates(0.0, 1.0)).init(starts))

    def step(
        self, key: Any, state: EnsembleState, target: Target, settings: StepSettings, rates: StepRates
    ) -> tuple[EnsembleState, Any]:
        """One step of Adam for every member; the objective is the mean of their log densities."""
        values, gradients = jax.vmap(jax.value_and_grad(target.log_density))(state.positions)
        climb = jax.tree.map(jnp.negative, gradients)
        updates, optimizer = adam(settings, rates).update(climb, state.optimizer, state.positions)
        return EnsembleState(optax.apply_updates(state.positions, updates), optimizer), values.mean()

    def sample(self, key: Any, state: EnsembleState, numbers: Any, layout: Layout, settings: StepSettings) -> Any:
        """One member after another, round and round: chosen at random, some would count twice and others not."""
        return state.positions[numbers % len(state.positions)]


METHOD = Ensemble()
