"""How sharply a posterior is peaked at a position: a root of the generalised Gauss-Newton matrix (Martens 2020).

    precision = sum_i J_i^T L_i J_i  -  Hessian of the log prior,

J_i the Jacobian of row i's output with respect to the position, L_i minus the Hessian of its log likelihood with
respect to that output: the Hessian of the log joint density without the network's own second derivatives, and so
never indefinite (for likelihoods that are no exponential family in it: its expectation, the Fisher information).
The unconstrained parameters are independent a priori, those of hierarchical priors too, which are non-centred
(`bnn_lib.model._parameter`), so the prior's Hessian is diagonal. A learned noise has its own second derivative,
apart from the rest.

The matrix itself is never formed, only its root, by QR: its largest and smallest eigenvalues can differ by more
than 32-bit numbers hold.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from bnn_lib.likelihoods import Likelihood
from bnn_lib.logdensity import LogDensity, NetworkFunctions

ROWS_AT_ONCE = 128
SMALLEST_PRECISION = 1e-4  # of the prior, which for heavy tails is not concave everywhere


def precision_root(
    position: Any,
    inputs: Any,
    density: LogDensity,
    functions: NetworkFunctions,
    likelihood: Likelihood,
    diagonal: bool,
) -> Any:
    """Return the precision's lower Cholesky factor (D, D) at a flat position (D,), or its diagonal's root (D,)."""
    noise = functions.parameters(position, inputs).get("noise", inputs.get("noise_scale", 1.0))
    own = -_separable_hessian(lambda at: density.parts(at, inputs)[0], position)
    for name, (where, _) in functions.layout.items():
        if name.startswith("noise"):
            own = own.at[where].add(-_second_derivative(density, position, inputs, where))
    own = jnp.maximum(own, SMALLEST_PRECISION)
    start = own if diagonal else jnp.diag(jnp.sqrt(own))
    return _with_likelihood(start, position, inputs, functions, likelihood, noise)


def _with_likelihood(
    start: Any,
    position: Any,
    inputs: Any,
    functions: NetworkFunctions,
    likelihood: Likelihood,
    noise: Any,
) -> Any:
    """Add all rows to the prior's part: its diagonal (D,), or the root of it (D, D)."""
    diagonal = start.ndim == 1
    X = inputs["X"]
    n, size = X.shape[1], position.shape[0]
    blocks = -(-n // ROWS_AT_ONCE)
    filled = jnp.pad(X, ((0, 0), (0, blocks * ROWS_AT_ONCE - n)))
    counts = (jnp.arange(blocks * ROWS_AT_ONCE) < n).astype("float32")

    def output(at: Any, x: Any) -> Any:
        return functions.layers(at, inputs | {"X": x[:, None]})[0][:, 0]

    def one(x: Any, counted: Any) -> Any:
        """J of a row, scaled so that J^T J is what it adds: (K, D)."""
        jacobian = jax.jacrev(output)(position, x)
        values, vectors = jnp.linalg.eigh(likelihood.curvature(jax, output(position, x), noise))
        return jnp.sqrt(counted * jnp.maximum(values, 0.0))[:, None] * (vectors.T @ jacobian)

    def add(total: Any, block: Any) -> tuple[Any, None]:
        x, counted = block
        scaled = jax.vmap(one)(x.T, counted).reshape(-1, size)
        if diagonal:
            return total + jnp.sum(scaled**2, axis=0), None
        return jnp.linalg.qr(jnp.concatenate([total, scaled]), mode="r"), None

    by_block = filled.reshape(len(X), blocks, ROWS_AT_ONCE).transpose(1, 0, 2), counts.reshape(blocks, -1)
    total, _ = jax.lax.scan(add, start, by_block)
    if diagonal:
        return jnp.sqrt(total)
    return (total * jnp.where(jnp.diagonal(total) < 0, -1.0, 1.0)[:, None]).T


def _separable_hessian(function: Any, position: Any) -> Any:
    """Return the diagonal of a Hessian that has nothing else."""
    return jax.jvp(jax.grad(function), (position,), (jnp.ones_like(position),))[1]


def _second_derivative(density: LogDensity, position: Any, inputs: Any, where: slice) -> Any:
    """Of the log likelihood along one coordinate, the others fixed."""

    def along(value: Any) -> Any:
        return density.parts(position.at[where].set(value), inputs)[1]

    return jax.grad(jax.grad(along))(position[where][0])
