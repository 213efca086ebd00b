"""Families of weight priors: one entry here is all a new one takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True)
class PriorFamily:
    """A symmetric scale family for weights and biases.

    Attributes
    ----------
    label, help : str
        Name and one sentence for a user.
    distribution : str
        Name of the PyMC distribution.
    scale_name : str
        Which of its parameters is the scale.
    variance : float
        At scale 1; infinite where there is none.
    parameters : mapping
        Its other parameters, fixed.
    """

    label: str
    help: str
    distribution: str
    scale_name: str
    variance: float
    parameters: Mapping[str, float] = field(default_factory=dict)


PRIORS: Mapping[str, PriorFamily] = MappingProxyType(
    {
        "normal": PriorFamily(
            "normal", "Bell-shaped: weights near zero, none very large.", "Normal", "sigma", 1.0
        ),
        "laplace": PriorFamily(
            "Laplace", "Peaked at zero with heavier tails: few large weights.", "Laplace", "b", 2.0
        ),
        "student_t": PriorFamily(
            "Student t",
            "Heavy tails (3 degrees of freedom): now and then a very large weight.",
            "StudentT",
            "sigma",
            3.0,
            MappingProxyType({"nu": 3.0}),
        ),
    }
)

SCALINGS: Mapping[str, str] = MappingProxyType(
    {
        "none": "Every weight has the same prior scale.",
        "fan_in": "A weight's prior scale is divided by the root of its unit's inputs, so width does not change "
        "the size of the output.",
        "learned": "Each layer's scale is itself inferred, with a half-normal prior.",
    }
)
