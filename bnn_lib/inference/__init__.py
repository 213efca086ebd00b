"""Inference methods: one file each, one entry here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from bnn_lib.inference.base import Method


@dataclass(frozen=True)
class MethodEntry:
    """An inference method that can be chosen.

    Attributes
    ----------
    label, help : str
        Name and one sentence for a user.
    module : str
        Where its `Method` named ``METHOD`` is; imported (and JAX with it) only when it is used.
    """

    label: str
    help: str
    module: str

    def load(self) -> Method:
        """Import the module and return the method."""
        return cast("Method", import_module(self.module).METHOD)


METHODS: Mapping[str, MethodEntry] = MappingProxyType(
    {
        "advi": MethodEntry(
            "Mean-field ADVI",
            "Fast: an independent normal distribution for every weight. Often too sure away from the data.",
            "bnn_lib.inference.advi",
        ),
    }
)
