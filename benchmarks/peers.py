"""The same fit by others: PyMC's own `pm.fit`, NumPyro's SVI, and a loop written by hand in JAX.

Each peer is a `Loop`: its steady state, compiled before it is measured.
"""

from __future__ import annotations

import importlib.util
import itertools
import logging
import warnings
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pymc as pm
import pytensor

import bnn_lib as bnn
from benchmarks.common import Cost, cost

SIZES = (2, 5, 5, 1)
LAYERS = tuple(itertools.pairwise(SIZES))
D = sum(fan_in * fan_out + fan_out for fan_in, fan_out in LAYERS)
RATE = 0.01

Loop = Callable[[], Cost]  # runs some steps and returns what one of them took


def ours(experiment: bnn.Experiment, dataset: bnn.Dataset, steps: int) -> Loop:
    """Our own `fit_steps`, as it goes on in a fit that never ends: with its ELBO, checks and posteriors."""
    endless = experiment.inference.model_copy(update={"steps": 1_000_000})
    fit = bnn.fit_steps(experiment.model_copy(update={"inference": endless}), dataset)
    while (at := next(fit).step) < steps:
        pass  # the first chunks are small

    def run() -> Cost:
        nonlocal at
        began = at

        def go_on() -> None:
            nonlocal at
            while at < began + steps:
                at = next(fit).step

        taken = cost(go_on)
        return taken / (at - began)

    return run


def pymc_backends() -> list[str]:
    """Return the backends that the installed PyMC fits by."""
    compiled = ["c"] if pytensor.config.cxx else []
    return compiled if pm.__version__.startswith("5.") else ["numba", "jax", *compiled]


def pymc_loop(experiment: bnn.Experiment, dataset: bnn.Dataset, backend: str, steps: int) -> tuple[Loop, Cost]:
    """`pm.fit` on our own model by one of PyMC's backends; and what its compilation took."""
    logging.getLogger("pymc").setLevel(logging.WARNING)  # it tells its average loss after each round
    # For products this small BLAS, which wheels of PyTensor come without, makes no difference.
    warnings.filterwarnings("ignore", message="PyTensor could not link to a BLAS")
    # Up to 5.28 the C backend is the default and cannot be named.
    named = {} if pm.__version__.startswith("5.") else {"backend": backend}
    with bnn.build_model(experiment, dataset):
        inference = pm.ADVI(random_seed=0)
        adam = pm.adam(learning_rate=RATE)
        first = cost(lambda: inference.fit(10, obj_optimizer=adam, progressbar=False, **named))
    # `refine` goes on with the function that `fit` has compiled.
    return lambda: cost(lambda: inference.refine(steps, progressbar=False)) / steps, first


def numpyro_svi(X: Any, y: Any) -> tuple[Any, Callable[[int], np.ndarray]] | None:
    """Return NumPyro's SVI and a function that runs a new one, for so many steps, and returns the ELBO.

    None if NumPyro is not installed.
    """
    if importlib.util.find_spec("numpyro") is None:
        return None
    import numpyro
    import numpyro.distributions as dist
    from numpyro.infer import SVI, Trace_ELBO
    from numpyro.infer.autoguide import AutoNormal

    def model(X: Any, y: Any) -> None:
        h = X  # features first, as ours: three to six times faster than rows first
        for layer, (fan_in, fan_out) in enumerate(LAYERS, 1):
            W = numpyro.sample(f"W{layer}", dist.Normal(0, 1).expand((fan_out, fan_in)).to_event(2))
            b = numpyro.sample(f"b{layer}", dist.Normal(0, 1).expand((fan_out,)).to_event(1))
            h = W @ h + b[:, None]
            h = jnp.tanh(h) if layer < len(LAYERS) else h
        numpyro.sample("y", dist.Bernoulli(logits=h[0]).to_event(1), obs=y)

    def make() -> SVI:
        return SVI(model, AutoNormal(model), numpyro.optim.Adam(RATE), Trace_ELBO())

    def run(steps: int) -> np.ndarray:
        result = make().run(jax.random.key(1), steps, X, y, progress_bar=False)
        return -np.asarray(result.losses)

    return make(), run


def numpyro_loop(svi: Any, X: Any, y: Any, steps: int) -> Loop:
    """`SVI.run`'s own loop of updates; compiled once, which `SVI.run` does anew at every call."""
    start = svi.init(jax.random.key(0), X, y)

    def updates(state: Any) -> Any:
        return jax.lax.scan(lambda state, _: svi.update(state, X, y), state, None, length=steps)

    compiled = jax.jit(updates).lower(start).compile()
    return lambda: cost(lambda: jax.block_until_ready(compiled(start))) / steps


def log_density(position: Any, X: Any, y: Any, scale: Any) -> Any:
    """The network's log joint density, written out."""
    h, offset = X, 0
    for layer, (fan_in, fan_out) in enumerate(LAYERS, 1):
        W = position[offset : offset + fan_in * fan_out].reshape(fan_out, fan_in)
        offset += fan_in * fan_out
        h = W @ h + position[offset : offset + fan_out][:, None]
        offset += fan_out
        h = jnp.tanh(h) if layer < len(LAYERS) else h
    logit = h[0]
    log_prior = -0.5 * jnp.sum((position / scale) ** 2) - D * (jnp.log(scale) + 0.5 * jnp.log(2 * jnp.pi))
    return log_prior + jnp.sum(y * logit - jax.nn.softplus(logit))


def by_hand(X: Any, y: Any, steps: int) -> tuple[Loop, Callable[[], np.ndarray]]:
    """Mean-field ADVI in JAX alone, and its ELBO: sticking the landing, Adam, one compiled loop.

    As ours, it draws each step's noise from the seed and the step's number, keeps the ELBO of every step, and
    takes rows, labels, prior scale and rate as inputs.
    """

    def moments(gradient: Any, m: Any, v: Any, t: Any) -> tuple[Any, Any, Any]:
        m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
        return m, v, m / (1 - 0.9**t) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8)

    def loop(seed: Any, n: Any, rate: Any, state: Any, X: Any, y: Any, scale: Any) -> Any:
        def step(i: Any, carry: Any) -> Any:
            (mu, rho, m_mu, v_mu, m_rho, v_rho), elbo = carry
            noise = jax.random.normal(jax.random.fold_in(jax.random.key(seed), i), (D,))
            sigma = jnp.exp(rho)
            log_p, gradient = jax.value_and_grad(log_density)(mu + sigma * noise, X, y, scale)
            log_q = -0.5 * jnp.sum(noise**2) - jnp.sum(rho) - 0.5 * D * jnp.log(2 * jnp.pi)
            gradient = -noise / sigma - gradient  # of log q - log p by the position, q's parameters held fixed
            t = (i + 1).astype("float32")
            m_mu, v_mu, by_mu = moments(gradient, m_mu, v_mu, t)
            m_rho, v_rho, by_rho = moments(gradient * sigma * noise, m_rho, v_rho, t)
            state = (mu - rate * by_mu, rho - rate * by_rho, m_mu, v_mu, m_rho, v_rho)
            return state, elbo.at[i].set(log_p - log_q)

        return jax.lax.fori_loop(0, n, step, (state, jnp.zeros(steps, "float32")))

    start = np.random.default_rng(0).normal(size=D).astype("float32") * np.float32(0.5)
    state = (start, np.full(D, -2, "float32"), *(np.zeros(D, "float32") for _ in range(4)))
    inputs = (np.uint32(0), np.int32(steps), np.float32(RATE), state, X, y, np.float32(1))
    compiled = jax.jit(loop).lower(*inputs).compile()
    return (
        lambda: cost(lambda: jax.block_until_ready(compiled(*inputs))) / steps,
        lambda: np.asarray(compiled(*inputs)[1]),
    )
