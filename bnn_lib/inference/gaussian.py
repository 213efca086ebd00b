"""A step of variational inference with a normal distribution whose covariance has some structure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from bnn_lib.inference.base import StepRates, StepSettings, Target, adam, fast_vmap

LOG_2_PI = 1.8378770664093453
# Narrow, so that the fit finds a mode first: low-rank ADVI on two moons ends 5 nats above a start at exp(-2), and
# mean-field ADVI on UCI's energy and concrete gains 0.4 and 0.14 nats a row (benchmarks/uci.py).
START_LOG_SD = -5.0


class GaussianState(NamedTuple):
    """Parameters of the approximation (a pytree), and Adam's state."""

    parameters: Any
    optimizer: Any


def start(parameters: Any, settings: StepSettings) -> GaussianState:
    """Return the state before the first step."""
    return GaussianState(parameters, adam(settings, StepRates(0.0, 1.0)).init(parameters))


def step(
    key: Any,
    state: GaussianState,
    target: Target,
    settings: StepSettings,
    rates: StepRates,
    draw: Callable[[Any, Any, int], Any],
    negative_entropy: Callable[[Any, Any], Any],
) -> tuple[GaussianState, Any]:
    """One step of Adam on a Monte Carlo estimate of the ELBO, which is returned too.

    Parameters
    ----------
    draw : callable
        ``draw(key, parameters, n) -> (n, D)``, differentiable.
    negative_entropy : callable
        ``negative_entropy(parameters, positions)``, or an estimate of it from those draws; differentiable.
    """
    log_density = fast_vmap(target)

    def negative_elbo(parameters: Any) -> Any:
        positions = draw(key, parameters, settings.mc_samples)
        return negative_entropy(parameters, positions) - jnp.mean(jax.vmap(log_density)(positions))

    value, gradient = jax.value_and_grad(negative_elbo)(state.parameters)
    updates, optimizer = adam(settings, rates).update(gradient, state.optimizer, state.parameters)
    return GaussianState(optax.apply_updates(state.parameters, updates), optimizer), -value
