"""Activation functions: one entry here is all a new one takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True)
class Activation:
    """An elementwise non-linearity.

    Attributes
    ----------
    label, help : str
        Name and one sentence for a user.
    apply : callable
        ``apply(pt, x)`` gives the activation of tensor `x`. It receives ``pytensor.tensor`` as an argument,
        so that importing this module costs nothing.
    """

    label: str
    help: str
    apply: Callable[[Any, Any], Any]


ACTIVATIONS: Mapping[str, Activation] = MappingProxyType(
    {
        "tanh": Activation("tanh", "Smooth and bounded in -1..1; the article's choice.", lambda pt, x: pt.tanh(x)),
        "relu": Activation("ReLU", "max(0, x): piecewise linear, unbounded.", lambda pt, x: pt.maximum(x, 0.0)),
        "sigmoid": Activation("sigmoid", "Smooth and bounded in 0..1.", lambda pt, x: pt.sigmoid(x)),
        "elu": Activation(
            "ELU",
            "x above zero, exp(x) - 1 below: a smooth ReLU.",
            # The minimum keeps exp finite in the branch that is not taken, and with it the gradient.
            lambda pt, x: pt.switch(x > 0, x, pt.expm1(pt.minimum(x, 0.0))),
        ),
        "sine": Activation("sine", "sin(x): periodic, so it extrapolates in waves.", lambda pt, x: pt.sin(x)),
        "linear": Activation("linear", "No non-linearity: the network stays a linear model.", lambda pt, x: x),
    }
)
