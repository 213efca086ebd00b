"""Bayesian neural networks that show what they know and what they do not.

PyMC defines the model, PyTensor translates it, JAX runs it, blackjax and optax supply the algorithms. Importing
this package imports none of them: its names are resolved when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bnn_lib.agreement import distance_from
    from bnn_lib.datasets import Dataset, encode_table, inspect_table, load_dataset, read_table
    from bnn_lib.errors import FitFailed, InvalidData, InvalidExperiment
    from bnn_lib.experiment import DataSpec, Experiment, InferenceSpec, LikelihoodSpec, NetworkSpec, PriorSpec
    from bnn_lib.exports.notebook import to_notebook
    from bnn_lib.exports.script import to_script
    from bnn_lib.fitting import Progress, fit, fit_steps
    from bnn_lib.metrics import evaluate
    from bnn_lib.model import build_model
    from bnn_lib.posterior import Posterior, load_posterior
    from bnn_lib.predictive import Prediction
    from bnn_lib.prior import prior_predictive

_HOMES = {
    "bnn_lib.agreement": ("distance_from",),
    "bnn_lib.datasets": ("Dataset", "encode_table", "inspect_table", "load_dataset", "read_table"),
    "bnn_lib.errors": ("FitFailed", "InvalidData", "InvalidExperiment"),
    "bnn_lib.experiment": (
        "DataSpec",
        "Experiment",
        "InferenceSpec",
        "LikelihoodSpec",
        "NetworkSpec",
        "PriorSpec",
    ),
    "bnn_lib.exports.notebook": ("to_notebook",),
    "bnn_lib.exports.script": ("to_script",),
    "bnn_lib.fitting": ("Progress", "fit", "fit_steps"),
    "bnn_lib.metrics": ("evaluate",),
    "bnn_lib.model": ("build_model",),
    "bnn_lib.posterior": ("Posterior", "load_posterior"),
    "bnn_lib.predictive": ("Prediction",),
    "bnn_lib.prior": ("prior_predictive",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [  # noqa: RUF022 - in the order of a session's use
    "Experiment",
    "DataSpec",
    "NetworkSpec",
    "PriorSpec",
    "LikelihoodSpec",
    "InferenceSpec",
    "Dataset",
    "load_dataset",
    "read_table",
    "inspect_table",
    "encode_table",
    "build_model",
    "prior_predictive",
    "fit",
    "fit_steps",
    "Progress",
    "Posterior",
    "load_posterior",
    "Prediction",
    "evaluate",
    "distance_from",
    "to_script",
    "to_notebook",
    "InvalidExperiment",
    "InvalidData",
    "FitFailed",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
