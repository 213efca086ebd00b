"""The same fit by others: PyMC's own `pm.fit`, NumPyro's SVI, and a loop written by hand in JAX."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pymc as pm

import bnn_lib as bnn
from benchmarks.common import seconds

SIZES = (2, 5, 5, 1)
D = sum(a * b + b for a, b in pairwise(SIZES))
Runner = Callable[[int], float]  # steps -> seconds of the loop alone


def pymc_backends() -> list[str]:
    """Return the backends that the installed PyMC fits by."""
    return ["c"] if pm.__version__.startswith("5.") else ["numba", "jax"]


def pymc_runner(experiment: bnn.Experiment, dataset: bnn.Dataset, backend: str) -> tuple[Runner, float]:
    """Return `pm.fit`'s loop and the seconds until its first steps were done."""
    with bnn.build_model(experiment, dataset):
        inference = pm.ADVI(random_seed=0)
        options = {} if backend == "c" else {"backend": backend}
        adam = pm.adam(learning_rate=experiment.inference.learning_rate)
        first = seconds(lambda: inference.fit(10, obj_optimizer=adam, progressbar=False, **options))
    return lambda steps: seconds(lambda: inference.refine(steps, progressbar=False)), first


def numpyro_svi(X: np.ndarray, y: np.ndarray) -> Callable[[int], Any] | None:
    """Return a function that runs a whole new `SVI.run` of so many steps; None if NumPyro is not installed."""
    if importlib.util.find_spec("numpyro") is None:
        return None
    import numpyro
    import numpyro.distributions as dist
    from numpyro.infer import SVI, Trace_ELBO
    from numpyro.infer.autoguide import AutoNormal

    def model(X: Any, y: Any) -> None:  # features first, as ours
        h = X
        for layer, (fan_in, fan_out) in enumerate(pairwise(SIZES), 1):
            W = numpyro.sample(f"W{layer}", dist.Normal(0, 1).expand((fan_out, fan_in)).to_event(2))
            b = numpyro.sample(f"b{layer}", dist.Normal(0, 1).expand((fan_out,)).to_event(1))
            h = W @ h + b[:, None]
            h = jnp.tanh(h) if layer < len(SIZES) - 1 else h
        numpyro.sample("y", dist.Bernoulli(logits=h[0]).to_event(1), obs=y)

    def run(steps: int) -> Any:
        svi = SVI(model, AutoNormal(model), numpyro.optim.Adam(0.01), Trace_ELBO())
        result = svi.run(jax.random.key(0), steps, X, y, progress_bar=False)
        return jax.block_until_ready(result.losses)

    return run


def log_density(position: Any, X: Any, y: Any) -> Any:
    """The two-moons network's log joint density, written out; what all the rest is measured by."""
    h, offset = X, 0
    for layer, (fan_in, fan_out) in enumerate(pairwise(SIZES), 1):
        W = position[offset : offset + fan_in * fan_out].reshape(fan_out, fan_in)
        offset += fan_in * fan_out
        h = W @ h + position[offset : offset + fan_out][:, None]
        offset += fan_out
        h = jnp.tanh(h) if layer < len(SIZES) - 1 else h
    logit = h[0]
    log_prior = -0.5 * jnp.sum(position**2) - 0.5 * D * jnp.log(2 * jnp.pi)
    return log_prior + jnp.sum(y * logit - jax.nn.softplus(logit))


def by_hand(X: np.ndarray, y: np.ndarray) -> Runner:
    """Mean-field ADVI in JAX alone: sticking the landing, Adam, one compiled loop, no library of inference."""
    adam = optax.adam(0.01)

    @partial(jax.jit, static_argnums=0)
    def loop(steps: int, state: Any) -> Any:
        def negative_elbo(parameters: Any, key: Any) -> Any:
            mu, rho = parameters
            z = mu + jnp.exp(rho) * jax.random.normal(key, (D,))
            fixed_mu, fixed_rho = jax.lax.stop_gradient(parameters)
            standard = (z - fixed_mu) / jnp.exp(fixed_rho)
            log_q = -0.5 * jnp.sum(standard**2) - jnp.sum(fixed_rho) - 0.5 * D * jnp.log(2 * jnp.pi)
            return log_q - log_density(z, X, y)

        def step(i: Any, carry: Any) -> Any:
            parameters, moments, elbo = carry
            value, gradient = jax.value_and_grad(negative_elbo)(parameters, jax.random.fold_in(key, i))
            updates, moments = adam.update(gradient, moments)
            return optax.apply_updates(parameters, updates), moments, elbo.at[i].set(-value)

        key = jax.random.key(0)
        return jax.lax.fori_loop(0, steps, step, (*state, jnp.zeros(steps)))

    start = (jnp.asarray(np.random.default_rng(0).normal(size=D), "float32") * 0.5, jnp.full(D, -2.0, "float32"))
    state = (start, adam.init(start))

    def run(steps: int) -> float:
        jax.block_until_ready(loop(steps, state))  # compiles for a new number of steps
        return seconds(lambda: jax.block_until_ready(loop(steps, state)))

    return run
