"""What every inference method looks like: settings in; init, step and sample as pure functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from math import gcd
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np
import optax

Layout = dict[str, tuple[slice, tuple[int, ...]]]
GOLDEN_SECTION = 0.6180339887


@dataclass(frozen=True)
class StepSettings:
    """What is fixed when a step is compiled; what a method does not use keeps its default here.

    Attributes
    ----------
    mc_samples : int
        Draws that estimate one step's ELBO.
    schedule : {"constant", "cosine"}
        Of the learning rate.
    rank, particles, members, tune, draws, dropout
        As in `InferenceSpec`.
    chains : int
        Independent runs, whose states are stacked; 0 for a method that runs once.
    """

    mc_samples: int = 1
    schedule: str = "constant"
    rank: int = 0
    particles: int = 0
    members: int = 0
    chains: int = 0
    tune: int = 0
    draws: int = 0
    dropout: float = 0.0


@dataclass(frozen=True)
class StepRates:
    """What may change without compiling again: numbers, traced.

    Attributes
    ----------
    learning_rate : float
    total_steps : float
        Where the cosine schedule reaches zero.
    """

    learning_rate: Any
    total_steps: Any


@dataclass(frozen=True)
class Target:
    """The posterior of a fit, up to a constant: a function of a flat position (D,), to a scalar.

    Attributes
    ----------
    log_density : callable
    layout : dict
        Unconstrained parameter -> (its part of the position, its shape).
    """

    log_density: Callable[[Any], Any]
    layout: Layout

    def __call__(self, position: Any) -> Any:
        """Return the log density at `position`."""
        return self.log_density(position)


class Chains(NamedTuple):
    """Draws of several chains in the order in which they came, without those of tuning.

    Attributes
    ----------
    positions : ndarray of shape (chains, n, D)
    divergent : ndarray of bool, shape (chains, n)
    log_density : ndarray of shape (chains, n)
    """

    positions: np.ndarray
    divergent: np.ndarray
    log_density: np.ndarray

    def at(self, times: np.ndarray) -> Chains:
        """Return some of each chain's draws."""
        return Chains(*(values[:, times] for values in self))


class Method(Protocol):
    """An inference method. All functions are pure, and can be compiled.

    A method may also have ``log_prob(state, position)``, the log density of its approximation,
    ``finish(state, curvature)``, called before its state is looked at, and ``linear_about(state)``, the position
    at which its predictions take the network to be linear (see `bnn_lib.inference.laplace` for both); and, where
    the time that a step takes varies, ``work(state)``, the work done so far and the most that one step can be. One
    that keeps its draws in its state has ``with_room(state, draws)`` and ``chains(state, settings)``, the `Chains`
    (see `bnn_lib.inference.nuts`).
    """

    def n_starts(self, settings: StepSettings) -> int:
        """Return how many starting points `init` takes."""
        ...

    def init(self, starts: Any, settings: StepSettings) -> Any:
        """Return the state (a pytree of arrays) that starts at flat positions `starts`, (n_starts, D)."""
        ...

    def step(
        self, key: Any, state: Any, target: Target, settings: StepSettings, rates: StepRates
    ) -> tuple[Any, Any]:
        """Return the state after one step, and the objective that the step estimated (a scalar)."""
        ...

    def sample(self, key: Any, state: Any, numbers: Any, layout: Layout, settings: StepSettings) -> Any:
        """Return draws of the approximate posterior: flat positions, (n, D).

        `numbers` (n,) says which of them, counted from 0: a method that has but a few positions to give goes
        through them in order.
        """
        ...


def stride(n: int) -> int:
    """Return a step by which a walk round 0..n - 1 meets each number once, and spreads evenly from the start."""
    middle = round(GOLDEN_SECTION * n)
    near = (some for away in count() for some in (middle - away, middle + away))
    return next(some for some in near if some > 0 and gcd(some, n) == 1)


def in_turn(chains: Any, filled: Any, numbers: Any) -> Any:
    """Return draws (k, D) number `numbers` (k,) of chains (C, n, D): one of each chain in turn.

    Of each chain's first `filled` draws every one comes once before any comes again, and however few are asked for
    lie evenly over the chain.
    """
    count, room, _ = chains.shape
    strides = jnp.asarray([1, *map(stride, range(1, room + 1))])
    turns = (numbers // count) % filled
    return chains[numbers % count, (turns * strides[filled]) % filled]


def learning_rate(settings: StepSettings, rates: StepRates, count: Any) -> Any:
    """Return the rate after `count` steps: constant, or half a cosine down to zero (Loshchilov & Hutter 2017)."""
    if settings.schedule == "constant":
        return rates.learning_rate
    done = jnp.minimum(count / rates.total_steps, 1.0)
    return rates.learning_rate * 0.5 * (1.0 + jnp.cos(jnp.pi * done))


def adam(settings: StepSettings, rates: StepRates) -> optax.GradientTransformation:
    """Adam at `learning_rate`."""
    schedule = partial(learning_rate, settings, rates)
    return optax.chain(optax.scale_by_adam(), optax.scale_by_learning_rate(schedule))


def fast_vmap(log_density: Callable[[Any], Any]) -> Callable[[Any], Any]:
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
