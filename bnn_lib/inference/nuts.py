"""The no-U-turn sampler (Hoffman & Gelman 2014) with Stan's window adaptation, by blackjax.

The first `tune` steps of a chain adapt step size and mass matrix, the next `draws` are the posterior. A chain's
state holds its draws. While it tunes they are its newest positions, so that there is something to look at.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from blackjax.adaptation.mass_matrix import mass_matrix_adaptation
from blackjax.adaptation.step_size import dual_averaging_adaptation
from blackjax.adaptation.window_adaptation import build_schedule
from blackjax.mcmc import hmc, nuts

from bnn_lib.inference.base import Chains, Layout, StepRates, StepSettings, Target, in_turn

TARGET_ACCEPTANCE = 0.8
FIRST_STEP_SIZE = 0.1
MOST_DOUBLINGS = 10  # of a trajectory


class NUTSState(NamedTuple):
    """One chain, or several stacked.

    Attributes
    ----------
    position : (D,)
    step_size : ()
    step_adaptation, mass_adaptation : pytrees
        blackjax's own.
    done : int
        Steps done.
    draws : (draws, D)
    divergent : (draws,) bool
        Of each draw.
    log_density : (draws,)
        Of each draw.
    leapfrogs : int
        Taken so far, tuning included.
    """

    position: Any
    step_size: Any
    step_adaptation: Any
    mass_adaptation: Any
    done: Any
    draws: Any
    divergent: Any
    log_density: Any
    leapfrogs: Any


class NUTS:
    """See `bnn_lib.inference.base.Method`."""

    def n_starts(self, settings: StepSettings) -> int:
        """One for each chain, of which `init` and `step` see one at a time."""
        return 1

    def init(self, starts: Any, settings: StepSettings) -> NUTSState:
        """Start one chain, with the identity as mass matrix."""
        position = jnp.asarray(starts[0])
        return NUTSState(
            position=position,
            step_size=jnp.float32(FIRST_STEP_SIZE),
            step_adaptation=dual_averaging_adaptation(TARGET_ACCEPTANCE)[0](jnp.float32(FIRST_STEP_SIZE)),
            mass_adaptation=mass_matrix_adaptation()[0](len(position)),
            done=jnp.int32(0),
            draws=jnp.broadcast_to(position, (settings.draws, len(position))),
            divergent=jnp.zeros(settings.draws, bool),
            log_density=jnp.zeros(settings.draws),
            leapfrogs=jnp.int32(0),
        )

    def step(
        self, key: Any, state: NUTSState, target: Target, settings: StepSettings, rates: StepRates
    ) -> tuple[NUTSState, Any]:
        """One trajectory of one chain; returns the log density where it ended."""
        chain = hmc.init(state.position, target.log_density)
        chain, info = nuts.build_kernel()(
            key,
            chain,
            target.log_density,
            state.step_size,
            state.mass_adaptation.inverse_mass_matrix,
            MOST_DOUBLINGS,
        )
        state = state._replace(position=chain.position, leapfrogs=state.leapfrogs + info.num_integration_steps)
        if settings.tune:
            state = jax.lax.cond(
                state.done < settings.tune,
                lambda chain, acceptance: _adapted(chain, acceptance, settings.tune),
                lambda chain, _: chain,
                state,
                info.acceptance_rate,
            )
        where = jnp.where(state.done < settings.tune, state.done, state.done - settings.tune) % settings.draws
        state = state._replace(
            draws=state.draws.at[where].set(chain.position),
            divergent=state.divergent.at[where].set(info.is_divergent),
            log_density=state.log_density.at[where].set(chain.logdensity),
            done=state.done + 1,
        )
        return state, chain.logdensity

    def with_room(self, state: NUTSState, draws: int) -> NUTSState:
        """Return one chain with room for so many draws in all; step size, mass matrix and draws are kept."""

        def resized(values: Any) -> Any:
            values = np.asarray(values)
            missing = max(0, draws - len(values))
            return np.concatenate([values, np.repeat(values[:1], missing, axis=0)])[:draws]

        return state._replace(
            draws=resized(state.draws),
            divergent=resized(state.divergent),
            log_density=resized(state.log_density),
        )

    def work(self, state: NUTSState) -> tuple[int, int]:
        """Return the leapfrog steps of one chain so far, and the most that one step can take."""
        return int(state.leapfrogs), 2**MOST_DOUBLINGS - 1

    def sample(self, key: Any, state: NUTSState, numbers: Any, layout: Layout, settings: StepSettings) -> Any:
        """Draws of all chains so far, each in turn."""
        done = state.done[0]
        filled = jnp.clip(jnp.where(done > settings.tune, done - settings.tune, done), 1, settings.draws)
        return in_turn(state.draws, filled, numbers)

    def chains(self, state: NUTSState, settings: StepSettings) -> Chains:
        """Return all draws after tuning."""
        n = max(0, int(np.min(state.done)) - settings.tune)
        kept = (np.asarray(values)[:, :n] for values in (state.draws, state.divergent, state.log_density))
        return Chains(*kept)


def _adapted(state: NUTSState, acceptance: Any, tune: int) -> NUTSState:
    """Learn from one trajectory, as Stan's schedule says: blackjax's `window_adaptation`, a step at a time."""
    da_init, da_update, da_final = dual_averaging_adaptation(TARGET_ACCEPTANCE)
    _, mass_update, mass_final = mass_matrix_adaptation()
    with jax.ensure_compile_time_eval():
        stages, ends = np.array(build_schedule(tune)).T
    slow, window_ends = (jnp.asarray(flags.astype(bool))[state.done] for flags in (stages, ends))
    step_adaptation = da_update(state.step_adaptation, acceptance)
    mass_adaptation = jax.lax.cond(slow, mass_update, lambda mass, _: mass, state.mass_adaptation, state.position)
    step_adaptation, mass_adaptation = jax.lax.cond(
        window_ends,
        lambda step, mass: (da_init(da_final(step)), mass_final(mass)),
        lambda step, mass: (step, mass),
        step_adaptation,
        mass_adaptation,
    )
    last = state.done + 1 == tune
    log_step_size = jnp.where(last, step_adaptation.log_step_size_avg, step_adaptation.log_step_size)
    return state._replace(
        step_size=jnp.exp(log_step_size), step_adaptation=step_adaptation, mass_adaptation=mass_adaptation
    )


METHOD = NUTS()
