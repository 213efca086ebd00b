"""Laplace approximation (MacKay 1992): N(MAP, precision^-1), the generalised Gauss-Newton precision at the MAP.

The precision is a full matrix up to `MOST_FULL` weights, and its diagonal beyond.

The Gauss-Newton matrix is the curvature of the network made linear at the MAP, f(x; w*) + J(x) (w - w*), and
predictions are those of this linear network at draws of w (Immer, Korzepa & Bauer 2021): the network itself at the
same draws underfits badly, as it is not linear as far as they reach. The draws are of weights, as everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular

from bnn_lib.inference.base import Layout, StepRates, StepSettings, Target
from bnn_lib.inference.gaussian import LOG_2_PI
from bnn_lib.inference.map import METHOD as MAP
from bnn_lib.inference.map import MAPState

MOST_FULL = 1000


class LaplaceState(NamedTuple):
    """The MAP fit, and the root of the precision: lower Cholesky factor (D, D), or its diagonal (D,)."""

    fit: MAPState
    root: Any


class Laplace:
    """See `bnn_lib.inference.base.Method`."""

    def n_starts(self, settings: StepSettings) -> int:
        """One."""
        return 1

    def init(self, starts: Any, settings: StepSettings) -> LaplaceState:
        """Start as MAP does."""
        size = starts.shape[1]
        return LaplaceState(MAP.init(starts, settings), jnp.eye(size) if size <= MOST_FULL else jnp.ones(size))

    def step(
        self, key: Any, state: LaplaceState, target: Target, settings: StepSettings, rates: StepRates
    ) -> tuple[LaplaceState, Any]:
        """One step towards the MAP."""
        fit, value = MAP.step(key, state.fit, target, settings, rates)
        return state._replace(fit=fit), value

    def finish(self, state: LaplaceState, curvature: Callable[[Any, bool], Any]) -> LaplaceState:
        """Return the state with the root of the precision, ``curvature(position, diagonal)``, where it is now."""
        return state._replace(root=curvature(state.fit.position, state.root.ndim == 1))

    def linear_about(self, state: LaplaceState) -> Any:
        """Return the MAP."""
        return state.fit.position

    def sample(self, key: Any, state: LaplaceState, numbers: Any, layout: Layout, settings: StepSettings) -> Any:
        """Draws from the normal distribution."""
        mean, root = state.fit.position, state.root
        noise = jax.random.normal(key, (len(numbers), len(mean)))
        if root.ndim == 1:
            return mean + noise / root
        return mean + solve_triangular(root, noise.T, lower=True, trans="T").T

    def log_prob(self, state: LaplaceState, position: Any) -> Any:
        """Log density of the approximation."""
        away, root = position - state.fit.position, state.root
        diagonal = root if root.ndim == 1 else jnp.diagonal(root)
        noise = away * root if root.ndim == 1 else root.T @ away
        return -0.5 * (noise @ noise + len(away) * LOG_2_PI) + jnp.log(diagonal).sum()


METHOD = Laplace()
