"""Mean-field automatic differentiation variational inference (Kucukelbir et al. 2017), by blackjax.

An independent normal distribution for every unconstrained parameter; the ELBO's gradient by the
reparameterisation trick with the sticking-the-landing estimator (Roeder et al. 2017); Adam by optax.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from blackjax.vi import meanfield_vi

from bnn_lib.inference.base import Layout, StepRates, StepSettings, Target, adam, fast_vmap
from bnn_lib.inference.gaussian import START_LOG_SD


class MeanFieldADVI:
    """See `bnn_lib.inference.base.Method`."""

    def n_starts(self, settings: StepSettings) -> int:
        """One."""
        return 1

    def init(self, starts: Any, settings: StepSettings) -> meanfield_vi.MFVIState:
        """Start at a mean, with narrow standard deviations; blackjax's own start is at 0, with exp(-2)."""
        state = meanfield_vi.init(starts[0], adam(settings, StepRates(0.0, 1.0)))
        return state._replace(mu=starts[0], rho=jnp.full_like(starts[0], START_LOG_SD))

    def step(
        self, key: Any, state: Any, target: Target, settings: StepSettings, rates: StepRates
    ) -> tuple[meanfield_vi.MFVIState, Any]:
        """One step of Adam on a Monte Carlo estimate of the ELBO, which is returned too."""
        state, info = meanfield_vi.step(
            key, state, fast_vmap(target), adam(settings, rates), num_samples=settings.mc_samples
        )
        return state, -info.elbo  # blackjax reports the loss, the negative ELBO

    def sample(self, key: Any, state: Any, numbers: Any, layout: Layout, settings: StepSettings) -> Any:
        """Draws from the fitted normal distributions."""
        return meanfield_vi.sample(key, state, len(numbers))

    def log_prob(self, state: Any, position: Any) -> Any:
        """Log density of the approximation."""
        return meanfield_vi.generate_meanfield_logdensity(state.mu, state.rho)(position)


METHOD = MeanFieldADVI()
