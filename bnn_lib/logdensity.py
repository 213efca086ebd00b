"""`pm.Model` -> JAX: the log density over one flat vector, and the network's output from it.

PyMC defines the model, PyTensor rewrites its graph, JAX runs it. Rows, targets and prior scales stay inputs
of the translated functions.
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytensor
import pytensor.tensor as pt
from pymc.logprob.utils import CheckParameterValue
from pytensor.compile.mode import Mode
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.replace import graph_replace
from pytensor.graph.rewriting.basic import in2out, node_rewriter
from pytensor.graph.rewriting.db import RewriteDatabaseQuery
from pytensor.link.jax import JAXLinker
from pytensor.link.jax.dispatch import jax_funcify
from pytensor.raise_op import Assert
from pytensor.scalar.math import Softplus

from bnn_lib.jax_environment import set_jax_environment
from bnn_lib.model import NetworkModel, define_network, placeholder_data
from bnn_lib.structure import Structure

# XLA reads its settings when its first computation starts, not when it is imported.
set_jax_environment(os.environ)

# PyTensor's graph building is not thread-safe (pymc issue 7819).
PYTENSOR_LOCK = threading.Lock()

Inputs = Mapping[str, Any]  # name of a pm.Data -> its value, NumPy or JAX
Layout = dict[str, tuple[slice, tuple[int, ...]]]  # unconstrained parameter -> its part of the flat position


def layout_size(layout: Layout) -> int:
    """Return the length D of the flat position."""
    return max(where.stop for where, _ in layout.values())


@jax.custom_jvp
def softplus(x: Any) -> Any:
    """Return log(1 + exp(x)); neither it nor its derivative overflows, and they share one exponential."""
    return jnp.maximum(x, 0) + jnp.log1p(jnp.exp(-jnp.abs(x)))


@softplus.defjvp
def _softplus_jvp(primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
    (x,), (change,) = primals, tangents
    small = jnp.exp(-jnp.abs(x))
    sigmoid = jnp.where(x >= 0, 1, small) / (1 + small)
    return jnp.maximum(x, 0) + jnp.log1p(small), sigmoid * change


@jax_funcify.register(Softplus)
def _funcify_softplus(op: Any, **kwargs: Any) -> Callable[[Any], Any]:
    # PyTensor's own dispatch is a chain of `where`s whose branches not taken overflow in float32, and then
    # JAX's gradient is NaN.
    return softplus


@jax_funcify.register(Assert)
@jax_funcify.register(CheckParameterValue)
def _funcify_assert(op: Any, **kwargs: Any) -> Callable[..., Any]:
    # Values are not known under jit. A scale is positive by construction here.
    return lambda value, *conditions: value


@dataclass(frozen=True)
class LogDensity:
    """A model's log density in JAX, float32.

    Attributes
    ----------
    layout : dict
        Name of an unconstrained parameter -> (its slice of the flat position, its shape).
    parts : callable
        ``parts(position, inputs) -> (log prior, log likelihood)``: scalars; Jacobians of transformed parameters
        are in the first, the sum over all rows of ``inputs`` is the second.
    """

    layout: Layout
    parts: Callable[[Any, Inputs], tuple[Any, Any]]

    @property
    def size(self) -> int:
        """Length D of the flat, unconstrained position."""
        return layout_size(self.layout)

    def __call__(self, position: Any, inputs: Inputs) -> Any:
        """Return the log of the joint density of parameters and targets, a scalar."""
        log_prior, log_likelihood = self.parts(position, inputs)
        return log_prior + log_likelihood


@dataclass(frozen=True)
class NetworkFunctions:
    """What a network says, in JAX, float32.

    Attributes
    ----------
    layout : dict
        As in `LogDensity`.
    layers : callable
        ``layers(position, inputs) -> (output, *hidden)``: the (n_outputs, n) output and the (units, n)
        activations of each hidden layer, for any number of rows n.
    parameters : callable
        ``parameters(position, inputs) -> dict``: weights and biases as they act, learned scales and noise.
    """

    layout: Layout
    layers: Callable[[Any, Inputs], tuple[Any, ...]]
    parameters: Callable[[Any, Inputs], dict[str, Any]]

    @property
    def size(self) -> int:
        """Length D of the flat, unconstrained position."""
        return layout_size(self.layout)


def translate_density(structure: Structure, rows: int) -> LogDensity:
    """Build the model of `structure` for `rows` rows and translate its log density."""
    with PYTENSOR_LOCK, pytensor.config.change_flags(floatX="float32"):
        network = define_network(structure, placeholder_data(structure, rows))
        model = network.model
        # A categorical log mass indexes with arange(n), which JAX takes only for a known n: hence the rows.
        to_jax = _Translation(network, fixed_rows=True)
        parts = to_jax([model.logp(vars=model.free_RVs), model.logp(vars=model.observed_RVs)])
        return LogDensity(layout=to_jax.layout, parts=parts)


def translate_network(structure: Structure) -> NetworkFunctions:
    """Build the model of `structure` and translate its layers and parameters."""
    with PYTENSOR_LOCK, pytensor.config.change_flags(floatX="float32"):
        network = define_network(structure, placeholder_data(structure, rows=1))
        to_jax = _Translation(network, fixed_rows=False)
        layers = [network.output, *network.hidden]
        in_values = network.model.replace_rvs_by_values([*layers, *network.parameters.values()])
        parameters, names = to_jax(in_values[len(layers) :]), tuple(network.parameters)
        return NetworkFunctions(
            layout=to_jax.layout,
            layers=to_jax(in_values[: len(layers)]),
            parameters=lambda position, inputs: dict(zip(names, parameters(position, inputs), strict=True)),
        )


class _Translation:
    """Turns variables of a model's graph into a JAX function of the flat position and the model's data."""

    def __init__(self, network: NetworkModel, fixed_rows: bool) -> None:
        model = network.model
        self.layout: Layout = {}
        self.replacements: dict[Any, Any] = {}
        self.values: list[Any] = []
        start, offset = model.initial_point(), 0
        for variable in model.value_vars:
            shape = start[variable.name].shape
            where = slice(offset, offset + int(np.prod(shape, dtype=int)))
            value = pt.tensor(variable.name, dtype="float32", shape=shape)
            self.replacements[variable] = value
            self.values.append(value)
            self.layout[variable.name] = where, shape
            offset = where.stop
        self.data: dict[str, Any] = {}
        for shared in model.data_vars:
            shape = shared.get_value(borrow=True).shape if fixed_rows else None
            self.data[shared.name] = self.replacements[shared] = shared.type.clone(shape=shape)(shared.name)

    def __call__(self, outputs: list[Any]) -> Callable[[Any, Inputs], tuple[Any, ...]]:
        graph = graph_replace(outputs, self.replacements, strict=False)
        run = _jax_function([*self.values, *self.data.values()], graph)
        names, shapes = tuple(self.data), [shape for _, shape in self.layout.values()]
        sizes = tuple(where.stop - where.start for where, _ in self.layout.values())

        def function(position: Any, inputs: Inputs) -> tuple[Any, ...]:
            # Unlike that of slices, the gradient of a split is one concatenation.
            pieces = jax.lax.split(position, sizes)
            values = [piece.reshape(shape) for piece, shape in zip(pieces, shapes, strict=True)]
            with warnings.catch_warnings():
                # PyTensor asks for float64 sums and int64 indices; that JAX gives it 32 bits is what we want.
                warnings.filterwarnings("ignore", message="Explicitly requested dtype")
                return tuple(run(*values, *(inputs[name] for name in names)))

        return function


@node_rewriter([pt.switch])
def _softplus_once(graph: Any, node: Any) -> list[Any] | None:
    """``switch(c, -softplus(a), -softplus(b)) -> -softplus(switch(c, a, b))``, the Bernoulli log mass.

    XLA computes both branches of a switch.
    """
    condition, *branches = node.inputs
    arguments = []
    for branch in branches:
        for op in (pt.neg, pt.softplus):
            if branch.owner is None or branch.owner.op != op:
                return None
            branch = branch.owner.inputs[0]
        arguments.append(branch)
    return [-pt.softplus(pt.switch(condition, *arguments))]


def _jax_function(inputs: list[Any], outputs: list[Any]) -> Callable[..., tuple[Any, ...]]:
    graph = FunctionGraph(inputs=inputs, outputs=outputs, clone=True)
    # Known shapes, canonical and numerically stable form, and what JAX needs: about half the time of the full
    # JAX mode, for a graph that runs no slower. `local_lift_transpose_through_dot` would turn the network back
    # to rows first.
    query = RewriteDatabaseQuery(
        include=["ShapeOpt", "canonicalize", "stabilize", "specialize", "jax"],
        exclude=["local_lift_transpose_through_dot"],
    )
    Mode(JAXLinker(), query).optimizer.rewrite(graph)
    in2out(_softplus_once).rewrite(graph)
    return jax_funcify(graph)
