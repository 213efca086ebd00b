"""Compiled functions, by structure: the library's only caches, bounded, and shared by all threads.

Everything is compiled ahead of time for fixed shapes, so that what costs a compilation is in a cache's key and
nothing else does: rows, seeds, prior scales and rates are inputs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, wraps
from types import MappingProxyType
from typing import Any, Generic, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from bnn_lib.curvature import precision_root
from bnn_lib.inference import METHODS
from bnn_lib.inference.base import Layout, Method, StepRates, StepSettings, Target
from bnn_lib.likelihoods import LIKELIHOODS
from bnn_lib.logdensity import (
    PYTENSOR_LOCK,
    LogDensity,
    NetworkFunctions,
    translate_density,
    translate_network,
)
from bnn_lib.model import placeholder_data
from bnn_lib.structure import Structure

MAX_CHUNK = 8192  # steps in one call at the most: the length of the ELBO's buffer
DRAW_BLOCK = 25  # draws in one call
ROW_BLOCK = 2560  # rows in one call: a 50 x 50 grid and a little more
CACHED_ROWS = 512  # rows at once within it: activations of all draws stay in the processor's cache, a third faster
CACHE_SIZE = 32  # structures kept, in each cache
COMPILER_OPTIONS: Mapping[str, str | bool] = MappingProxyType(
    {
        # XLA uses half of what processors with AVX-512 offer unless it is told to.
        "xla_cpu_prefer_vector_width": "512",
        # Parts of one step, side by side on other threads, take a quarter longer than one after the other.
        "xla_cpu_enable_concurrency_optimized_scheduler": False,
    }
)

T = TypeVar("T")


class _Once(Generic[T]):
    """A value that is made once, by whichever thread asks first; the others wait for it."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make: Callable[[], T] | None = make
        self._lock = threading.Lock()
        self._value: T

    def get(self) -> T:
        with self._lock:
            if self._make is not None:
                self._value = self._make()
                self._make = None
        return self._value


def _cached(make: Callable[..., T]) -> Callable[..., T]:
    """An `lru_cache` that makes each value once even when several threads ask for it together."""

    @lru_cache(maxsize=CACHE_SIZE)
    def cell(*key: Any) -> _Once[T]:
        return _Once(lambda: make(*key))

    @wraps(make)
    def get(*key: Any) -> T:
        return cell(*key).get()

    return get


@dataclass(frozen=True)
class Program:
    """A compiled function and the seconds that its compilation took."""

    run: Callable[..., Any]
    compile_seconds: float


@dataclass(frozen=True)
class ChunkKey:
    """All that a compiled run of steps depends on."""

    structure: Structure
    rows: int
    batch_size: int | None
    method: str
    settings: StepSettings


@_cached
def density(structure: Structure, rows: int) -> LogDensity:
    """Return the translated log density of `structure` for `rows` rows."""
    return translate_density(structure, rows)


@_cached
def network_functions(structure: Structure) -> NetworkFunctions:
    """Return the translated layers and parameters of `structure`."""
    return translate_network(structure)


@_cached
def chunk_program(key: ChunkKey) -> Program:
    """Return ``run(seed, first, n, learning_rate, total_steps, state, inputs) -> (state, elbo)``.

    It does steps ``first`` to ``first + n - 1``, at most `MAX_CHUNK`; ``elbo`` is a buffer of that length whose
    first n entries count. Step k's random numbers depend on seed and k alone, whatever the chunks.
    """
    method, batch = METHODS[key.method].load(), key.batch_size
    log_density = density(key.structure, batch or key.rows)

    def log_density_of(inputs: dict[str, Any], random_key: Any) -> Callable[[Any], Any]:
        if batch is None:
            return lambda position: log_density(position, inputs)
        rows = jax.random.randint(random_key, (batch,), 0, key.rows)
        chosen = inputs | {"X": inputs["X"][:, rows], "targets": inputs["targets"][rows]}

        def estimate(position: Any) -> Any:
            log_prior, log_likelihood = log_density.parts(position, chosen)
            return log_prior + (key.rows / batch) * log_likelihood

        return estimate

    def chunk(
        seed: Any, first: Any, n: Any, learning_rate: Any, total_steps: Any, state: Any, inputs: Any
    ) -> tuple[Any, Any]:
        rates = StepRates(learning_rate, total_steps)
        # All keys at once, rather than each in its step, where this small loop of a hash costs as much as a layer.
        steps = first + jnp.arange(MAX_CHUNK, dtype="int32")
        keys = jax.vmap(jax.random.fold_in, (None, 0))(jax.random.key(seed), steps)

        def step(i: Any, carry: tuple[Any, Any]) -> tuple[Any, Any]:
            state, elbo = carry
            rows_key, step_key = jax.random.split(keys[i]) if batch else (None, keys[i])
            target = Target(log_density_of(inputs, rows_key), log_density.layout)
            state, value = method.step(step_key, state, target, key.settings, rates)
            return state, elbo.at[i].set(value)

        return jax.lax.fori_loop(0, n, step, (state, jnp.zeros(MAX_CHUNK, "float32")))

    scalars = (np.uint32(0), np.int32(0), np.int32(1), np.float32(0.01), np.float32(1))
    state = state_template(method, log_density.size, key.settings, one_chain=True)
    return _compile(chunk, *scalars, state, placeholder_data(key.structure, key.rows))


@_cached
def forward_program(structure: Structure) -> Program:
    """Return ``run(positions, inputs) -> (predictions, hidden)`` for a block of draws and a block of rows.

    ``positions`` is (DRAW_BLOCK, D), ``inputs["X"]`` (d, ROW_BLOCK). Predictions are what the likelihood gives,
    by name, each (DRAW_BLOCK, ROW_BLOCK, ...); hidden holds the (units, ROW_BLOCK) activations of each layer,
    averaged over the draws.
    """
    functions, likelihood = network_functions(structure), LIKELIHOODS[structure.likelihood]

    def forward(positions: Any, inputs: Any) -> tuple[Any, list[Any]]:
        blocks = inputs["X"].reshape(-1, ROW_BLOCK // CACHED_ROWS, CACHED_ROWS).swapaxes(0, 1)
        predictions, means = jax.lax.map(lambda X: some_rows(positions, inputs | {"X": X}), blocks)
        # (blocks, draws, rows, ...) and (blocks, units, rows), with the rows of all blocks side by side.
        side_by_side = jax.tree.map(
            lambda p: p.swapaxes(0, 1).reshape(DRAW_BLOCK, ROW_BLOCK, *p.shape[3:]), predictions
        )
        return side_by_side, [mean.swapaxes(0, 1).reshape(-1, ROW_BLOCK) for mean in means]

    def some_rows(positions: Any, inputs: Any) -> tuple[Any, list[Any]]:
        def one(means: list[Any], position: Any) -> tuple[list[Any], Any]:
            output, *hidden = functions.layers(position, inputs)
            means = [mean + layer / DRAW_BLOCK for mean, layer in zip(means, hidden, strict=True)]
            return means, likelihood.predict(jax, output)

        zeros = [jnp.zeros((units, CACHED_ROWS), "float32") for units in structure.sizes[1:-1]]
        means, predictions = jax.lax.scan(one, zeros, positions)
        return predictions, means

    positions = np.zeros((DRAW_BLOCK, functions.size), "float32")
    return _compile(forward, positions, placeholder_data(structure, ROW_BLOCK))


@_cached
def linearised_program(structure: Structure) -> Program:
    """Return ``run(positions, inputs, about)``, `forward_program` of the network made linear at ``about`` (D,).

    Output and layers are those at ``about`` plus their Jacobian times the way from there to the position.
    """
    functions, likelihood = network_functions(structure), LIKELIHOODS[structure.likelihood]

    def forward(positions: Any, inputs: Any, about: Any) -> tuple[Any, list[Any]]:
        layers, change = jax.linearize(lambda at: functions.layers(at, inputs), about)

        def one(position: Any) -> tuple[Any, list[Any]]:
            output, *hidden = jax.tree.map(jnp.add, layers, change(position - about))
            return likelihood.predict(jax, output), hidden

        predictions, hidden = jax.lax.map(one, positions)
        return predictions, [layer.mean(axis=0) for layer in hidden]

    positions = np.zeros((DRAW_BLOCK, functions.size), "float32")
    return _compile(forward, positions, placeholder_data(structure, ROW_BLOCK), positions[0])


@_cached
def parameters_program(structure: Structure) -> Program:
    """Return ``run(positions, inputs) -> dict`` of (DRAW_BLOCK, *shape) parameters; ``inputs`` has one row."""
    functions = network_functions(structure)

    def parameters(positions: Any, inputs: Any) -> dict[str, Any]:
        return jax.vmap(lambda position: functions.parameters(position, inputs))(positions)

    positions = np.zeros((DRAW_BLOCK, functions.size), "float32")
    return _compile(parameters, positions, placeholder_data(structure, rows=1))


@_cached
def sample_program(structure: Structure, method_name: str, settings: StepSettings) -> Program:
    """Return ``run(seed, block, state) -> positions``, (DRAW_BLOCK, D): block number `block` of the draws."""
    method = METHODS[method_name].load()

    def sample(seed: Any, block: Any, state: Any) -> Any:
        return draw_block(method, seed, block, state, functions.layout, settings)

    functions = network_functions(structure)
    state = state_template(method, functions.size, settings)
    return _compile(sample, np.uint32(0), np.int32(0), state)


@_cached
def finish_program(key: ChunkKey) -> Program | None:
    """Return ``run(state, inputs) -> state``, what a method does before its state is looked at, if anything."""
    method, rows = METHODS[key.method].load(), key.rows
    finish = getattr(method, "finish", None)
    if finish is None:
        return None
    log_density, functions = density(key.structure, rows), network_functions(key.structure)
    likelihood = LIKELIHOODS[key.structure.likelihood]

    def finished(state: Any, inputs: Any) -> Any:
        return finish(
            state, lambda at, diagonal: precision_root(at, inputs, log_density, functions, likelihood, diagonal)
        )

    state = state_template(method, log_density.size, key.settings)
    return _compile(finished, state, placeholder_data(key.structure, rows))


@_cached
def weights_program(key: ChunkKey) -> Program | None:
    """Return ``run(seed, block, state, inputs) -> (log prior - log q, log likelihood)`` of a block of draws.

    Each is (DRAW_BLOCK,); all rows are counted, and q is the approximation. None if q has no density.
    """
    method = METHODS[key.method].load()
    log_prob = getattr(method, "log_prob", None)
    if log_prob is None:
        return None
    log_density = density(key.structure, key.rows)

    def log_weights(seed: Any, block: Any, state: Any, inputs: Any) -> Any:
        positions = draw_block(method, seed, block, state, log_density.layout, key.settings)

        def one(at: Any) -> tuple[Any, Any]:
            log_prior, log_likelihood = log_density.parts(at, inputs)
            return log_prior - log_prob(state, at), log_likelihood

        # One at a time: a hundred compilations' worth of draws is soon done, and this compiles faster.
        return jax.lax.map(one, positions)

    state = state_template(method, log_density.size, key.settings)
    return _compile(log_weights, np.uint32(0), np.int32(0), state, placeholder_data(key.structure, key.rows))


def draw_block(method: Method, seed: Any, block: Any, state: Any, layout: Layout, settings: StepSettings) -> Any:
    """Return block number `block` of a method's draws, (DRAW_BLOCK, D): the same whatever else is asked for."""
    key = jax.random.fold_in(jax.random.key(seed), block)
    return method.sample(key, state, block * DRAW_BLOCK + jnp.arange(DRAW_BLOCK), layout, settings)


def state_template(method: Method, size: int, settings: StepSettings, *, one_chain: bool = False) -> Any:
    """Return a method's state as shapes and types, without computing anything.

    The states of several chains are stacked, unless it is `one_chain` that is asked for.
    """
    starts = np.zeros((method.n_starts(settings), size), "float32")
    with jax.enable_x64(False):
        state = jax.eval_shape(lambda starts: method.init(starts, settings), starts)
    if one_chain or not settings.chains:
        return state
    return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct((settings.chains, *leaf.shape), leaf.dtype), state)


def _compile(function: Callable[..., Any], *arguments: Any) -> Program:
    """Compile `function` for arguments of these shapes, in float32 whatever the caller's JAX is set to."""
    began = time.perf_counter()
    with jax.enable_x64(False):
        with PYTENSOR_LOCK:
            lowered = jax.jit(function).lower(*arguments)
        compiled = lowered.compile(compiler_options=dict(COMPILER_OPTIONS))

    def run(*arguments: Any) -> Any:
        with jax.enable_x64(False):
            return compiled(*arguments)

    return Program(run, time.perf_counter() - began)
