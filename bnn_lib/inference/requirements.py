"""What each method can do: asked before a fit begins, and in the web process, so without JAX."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bnn_lib.errors import InvalidExperiment, Problem
from bnn_lib.inference import METHODS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bnn_lib.experiment import InferenceSpec

MOST_NUMBERS = 2_000_000  # parameters times particles, members or rank


def check_method(inference: InferenceSpec, sizes: Sequence[int], parameters: int) -> None:
    """Refuse a method that cannot do what it is asked for.

    Parameters
    ----------
    inference : InferenceSpec
    sizes : sequence of int
        Features, units of each hidden layer, outputs.
    parameters : int
        As `bnn_lib.priors.count_parameters` gives.

    Raises
    ------
    InvalidExperiment
        With the limit, and the way round.
    """
    entry = METHODS[inference.method]
    if entry.most_parameters is not None and parameters > entry.most_parameters:
        way = "advi, lowrank_advi or sghmc take any number" if entry.kind == "variational" else "sghmc takes more"
        _refuse(
            "inference.method",
            f"inference.method is {inference.method!r}, and this model has {parameters:,} parameters; allowed: "
            f"at most {entry.most_parameters:,}. Fewer units, or another method: {way}.",
        )
    if inference.batch_size is not None and "batch_size" not in entry.fields:
        way = "sghmc" if entry.kind == "sampling" else "advi"
        _refuse(
            "inference.batch_size",
            f"inference.batch_size is {inference.batch_size}; allowed with {inference.method}: none, as it needs "
            f"the exact density of all rows. For mini-batches choose {way}.",
        )
    if inference.method == "dropout" and len(sizes) == 2:
        _refuse(
            "inference.method",
            "inference.method is 'dropout', and this network has no hidden units to leave out; add a layer, or "
            "choose another method.",
        )
    for name in ("particles", "members", "rank"):
        many = getattr(inference, name)
        if name in entry.fields and many * parameters > MOST_NUMBERS:
            _refuse(
                f"inference.{name}",
                f"inference.{name} is {many} for {parameters:,} parameters; allowed: at most "
                f"{max(1, MOST_NUMBERS // parameters)} for a model of this size.",
            )


def _refuse(field: str, message: str) -> None:
    raise InvalidExperiment([Problem(field, message)])
