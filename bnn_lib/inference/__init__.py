"""Inference methods: one file each, one entry here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, cast

if TYPE_CHECKING:
    from bnn_lib.inference.base import Method

_STEPPED = ("steps", "learning_rate", "schedule", "batch_size")


@dataclass(frozen=True)
class MethodEntry:
    """An inference method that can be chosen.

    Attributes
    ----------
    label, help : str
        Name and one sentence for a user.
    module : str
        Where its `Method` named ``METHOD`` is; imported (and JAX with it) only when it is used.
    kind : {"variational", "sampling", "optimisation"}
    objective : {"elbo", "log_density"}
        What the number that every step reports is; the log density is that of parameters and targets.
    fields : tuple of str
        The parts of an `InferenceSpec` that matter for it, beside method and seed.
    most_parameters : int or None
        The largest model that it is for: weights, biases and what their prior is made of.
    in_app : bool
        False for what is of use in a notebook only.
    copies : int
        Networks whose gradients each step takes, if that cannot be chosen.
    """

    label: str
    help: str
    module: str
    kind: Literal["variational", "sampling", "optimisation"]
    objective: Literal["elbo", "log_density"]
    fields: tuple[str, ...]
    most_parameters: int | None = None
    in_app: bool = True
    copies: int = 1

    @property
    def has_elbo(self) -> bool:
        """Whether the number that every step reports is the ELBO."""
        return self.objective == "elbo"

    @property
    def objective_label(self) -> str:
        """What that number is called."""
        return "ELBO" if self.has_elbo else "log density"

    def load(self) -> Method:
        """Import the module and return the method."""
        return cast("Method", import_module(self.module).METHOD)


METHODS: Mapping[str, MethodEntry] = MappingProxyType(
    {
        "advi": MethodEntry(
            "Mean-field ADVI",
            "Fast: an independent normal distribution for every weight. Often too sure away from the data.",
            "bnn_lib.inference.advi",
            "variational",
            "elbo",
            (*_STEPPED, "mc_samples", "early_stopping"),
        ),
        "fullrank_advi": MethodEntry(
            "Full-rank ADVI",
            "One normal distribution for all weights together, correlations included. Still a single mode.",
            "bnn_lib.inference.fullrank_advi",
            "variational",
            "elbo",
            (*_STEPPED, "mc_samples", "early_stopping"),
            most_parameters=2000,
        ),
        "lowrank_advi": MethodEntry(
            "Low-rank ADVI",
            "Independent normal distributions and a few directions in which weights move together.",
            "bnn_lib.inference.lowrank_advi",
            "variational",
            "elbo",
            (*_STEPPED, "mc_samples", "early_stopping", "rank"),
        ),
        "svgd": MethodEntry(
            "Stein variational gradient descent",
            "Particles that climb to where the posterior is high, and push one another apart.",
            "bnn_lib.inference.svgd",
            "variational",
            "log_density",
            (*_STEPPED, "particles"),
        ),
        "nuts": MethodEntry(
            "NUTS",
            "The reference: exact in the limit of many draws. Slow, and only for all rows at once.",
            "bnn_lib.inference.nuts",
            "sampling",
            "log_density",
            ("chains", "tune", "draws"),
            most_parameters=5000,
        ),
        "sghmc": MethodEntry(
            "SGHMC",
            "Four chains of Hamiltonian Monte Carlo, on mini-batches too: for data too large for NUTS.",
            "bnn_lib.inference.sghmc",
            "sampling",
            "log_density",
            ("steps", "learning_rate", "batch_size"),
            copies=4,
        ),
        "map": MethodEntry(
            "MAP",
            "The single most probable network: no ignorance at all, only noise.",
            "bnn_lib.inference.map",
            "optimisation",
            "log_density",
            _STEPPED,
        ),
        "ensemble": MethodEntry(
            "Deep ensemble",
            "Several MAP fits from different starts. Where they differ is uncertain; it is no posterior.",
            "bnn_lib.inference.ensemble",
            "optimisation",
            "log_density",
            (*_STEPPED, "members"),
        ),
        "laplace": MethodEntry(
            "Laplace approximation",
            "A normal distribution around the MAP, as wide as the curvature there says, of a network made linear.",
            "bnn_lib.inference.laplace",
            "variational",
            "log_density",
            _STEPPED,
        ),
        "dropout": MethodEntry(
            "Monte Carlo dropout",
            "Hidden units left out at random, in fitting and in predicting. Easy, and no posterior.",
            "bnn_lib.inference.dropout",
            "optimisation",
            "log_density",
            (*_STEPPED, "dropout"),
        ),
        "pymc": MethodEntry(
            "pm.fit",
            "Mean-field ADVI by PyMC itself: the reference implementation, slower.",
            "bnn_lib.inference.pymc_advi",
            "variational",
            "elbo",
            ("steps", "learning_rate", "schedule", "mc_samples", "early_stopping"),
            in_app=False,
        ),
    }
)
