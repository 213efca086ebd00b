"""Mean-field ADVI by `pymc.fit` itself, on the same model: the reference for tests and benchmarks.

Its steps are a function that PyMC compiles (`bnn_lib.runs.PyMCRun`); draws come from the state that is read off
PyMC's. Mini-batches it has not: the model is that of all rows.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from bnn_lib.inference.base import Layout, StepRates, StepSettings, Target


class NormalState(NamedTuple):
    """Means and standard deviations of the flat position, (D,) each."""

    mean: Any
    sd: Any


class PyMC:
    """See `bnn_lib.inference.base.Method`."""

    def n_starts(self, settings: StepSettings) -> int:
        """One."""
        return 1

    def init(self, starts: Any, settings: StepSettings) -> NormalState:
        """The state's shape; PyMC starts by itself."""
        return NormalState(jnp.asarray(starts[0]), jnp.ones_like(starts[0]))

    def step(
        self, key: Any, state: NormalState, target: Target, settings: StepSettings, rates: StepRates
    ) -> tuple[NormalState, Any]:
        """Not one of its own."""
        raise NotImplementedError("PyMC runs its own steps.")

    def sample(self, key: Any, state: NormalState, numbers: Any, layout: Layout, settings: StepSettings) -> Any:
        """Draws from the fitted normal distributions."""
        return state.mean + state.sd * jax.random.normal(key, (len(numbers), len(state.mean)))

    def log_prob(self, state: NormalState, position: Any) -> Any:
        """Log density of the approximation."""
        return jax.scipy.stats.norm.logpdf(position, state.mean, state.sd).sum()


METHOD = PyMC()


def read_state(approximation: Any, layout: Layout) -> NormalState:
    """Read PyMC's mean-field approximation into the order of `layout`."""
    means, sds = approximation.mean.eval(), approximation.std.eval()
    size = max(where.stop for where, _ in layout.values())
    mean, sd = np.zeros(size, "float32"), np.zeros(size, "float32")
    for name, (_, theirs, *_) in approximation.ordering.items():
        where, _ = layout[name]
        mean[where], sd[where] = means[theirs], sds[theirs]
    return NormalState(mean, sd)
