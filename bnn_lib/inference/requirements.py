"""What each method can do: asked before a fit begins, and in the web process, so without JAX."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from bnn_lib.errors import InvalidExperiment, Problem
from bnn_lib.inference import METHODS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bnn_lib.experiment import InferenceSpec

MOST_NUMBERS = 2_000_000  # weights times particles, members or rank


def count_weights(sizes: Sequence[int], bias: bool) -> int:
    """Return the number of weights and biases of a network with so many units in each layer."""
    return sum((fan_in + bias) * fan_out for fan_in, fan_out in pairwise(sizes))


def check_method(inference: InferenceSpec, sizes: Sequence[int], bias: bool) -> None:
    """Refuse a method that cannot do what it is asked for.

    Parameters
    ----------
    inference : InferenceSpec
    sizes : sequence of int
        Features, units of each hidden layer, outputs.
    bias : bool

    Raises
    ------
    InvalidExperiment
        With the limit, and the way round.
    """
    entry, weights = METHODS[inference.method], count_weights(sizes, bias)
    if entry.most_weights is not None and weights > entry.most_weights:
        way = "advi, lowrank_advi or sghmc take any number" if entry.kind == "variational" else "sghmc takes more"
        _refuse(
            "inference.method",
            f"inference.method is {inference.method!r}, and this network has {weights:,} weights; allowed: at "
            f"most {entry.most_weights:,}. Fewer units, or another method: {way}.",
        )
    if inference.method == "nuts" and inference.batch_size is not None:
        _refuse(
            "inference.batch_size",
            f"inference.batch_size is {inference.batch_size}; allowed with nuts: none, as it needs the exact "
            "density of all rows. For mini-batches choose sghmc.",
        )
    if inference.method == "dropout" and len(sizes) == 2:
        _refuse(
            "inference.method",
            "inference.method is 'dropout', and this network has no hidden units to leave out; add a layer, or "
            "choose another method.",
        )
    for name in ("particles", "members", "rank"):
        many = getattr(inference, name)
        if name in entry.fields and many * weights > MOST_NUMBERS:
            _refuse(
                f"inference.{name}",
                f"inference.{name} is {many} for {weights:,} weights; allowed: at most "
                f"{max(1, MOST_NUMBERS // weights)} for a network of this size.",
            )


def _refuse(field: str, message: str) -> None:
    raise InvalidExperiment([Problem(field, message)])
