"""Mean-field automatic differentiation variational inference (Kucukelbir et al. 2017), by blackjax.

An independent normal distribution for every unconstrained parameter; the ELBO's gradient by the
reparameterisation trick with the sticking-the-landing estimator (Roeder et al. 2017); Adam by optax.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import optax
from blackjax.vi import meanfield_vi

from bnn_lib.inference.base import LogDensityFunction, StepRates, StepSettings


def adam(settings: StepSettings, rates: StepRates) -> optax.GradientTransformation:
    """Adam whose rate is constant, or falls to zero along half a cosine (Loshchilov & Hutter 2017)."""

    def rate(count: Any) -> Any:
        if settings.schedule == "constant":
            return rates.learning_rate
        done = jnp.minimum(count / rates.total_steps, 1.0)
        return rates.learning_rate * 0.5 * (1.0 + jnp.cos(jnp.pi * done))

    return optax.chain(optax.scale_by_adam(), optax.scale_by_learning_rate(rate))


def _for_blackjax(log_density: LogDensityFunction) -> LogDensityFunction:
    """Return a log density to `jax.vmap` over draws, as blackjax does, which runs faster.

    A batch of one draw is not batched at all: XLA's products are slower with an axis of length 1, which costs a
    fifth of a step. It cannot be differentiated unless it is mapped.
    """

    def once(position: Any) -> Any:
        # Else XLA computes the position anew, noise and all, in each of the many places that use a part of it.
        return log_density(jax.lax.optimization_barrier(position))

    @jax.custom_batching.custom_vmap
    def mapped(position: Any) -> Any:
        return once(position)

    @mapped.def_vmap
    def _map(size: int, _: Any, positions: Any) -> tuple[Any, bool]:
        return (once(positions[0])[None] if size == 1 else jax.vmap(once)(positions)), True

    return mapped


@dataclass(frozen=True)
class MeanFieldADVI:
    """See `bnn_lib.inference.base.Method`."""

    def init(self, start: Any, settings: StepSettings) -> meanfield_vi.MFVIState:
        """Start at mean `start` with the standard deviation that blackjax starts with, exp(-2)."""
        state = meanfield_vi.init(start, adam(settings, StepRates(0.0, 1.0)))
        return state._replace(mu=start)

    def step(
        self, key: Any, state: Any, log_density: LogDensityFunction, settings: StepSettings, rates: StepRates
    ) -> tuple[meanfield_vi.MFVIState, Any]:
        """One step of Adam on a Monte Carlo estimate of the ELBO, which is returned too."""
        state, info = meanfield_vi.step(
            key, state, _for_blackjax(log_density), adam(settings, rates), num_samples=settings.mc_samples
        )
        return state, -info.elbo  # blackjax reports the loss, the negative ELBO

    def sample(self, key: Any, state: Any, n_draws: int) -> Any:
        """Draws from the fitted normal distributions."""
        return meanfield_vi.sample(key, state, n_draws)


METHOD = MeanFieldADVI()
