"""Likelihoods: how the network's output meets the target. One entry here is all a new one takes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from bnn_lib.errors import InvalidExperiment, Problem
from bnn_lib.likelihoods.base import SMALLEST_PROBABILITY, Likelihood
from bnn_lib.likelihoods.classes import BERNOULLI, CATEGORICAL
from bnn_lib.likelihoods.counts import NEGATIVE_BINOMIAL, POISSON
from bnn_lib.likelihoods.mixture import MIXTURE
from bnn_lib.likelihoods.numbers import GAUSSIAN, HETEROSCEDASTIC, STUDENT_T

if TYPE_CHECKING:
    from bnn_lib.experiment import LikelihoodSpec

__all__ = [
    "LIKELIHOODS",
    "SMALLEST_PROBABILITY",
    "Likelihood",
    "Target",
    "check_noise",
    "check_targets",
    "choose_likelihood",
    "resolve_likelihood",
]

LARGEST_COUNT = 1_000_000


class Target(Protocol):
    """What a likelihood needs to know of a data set; a `Dataset` is one."""

    @property
    def task(self) -> str:
        """Either "classification" or "regression"."""
        ...

    @property
    def n_features(self) -> int:
        """Number of columns d."""
        ...

    @property
    def n_classes(self) -> int:
        """Number of classes C; 0 for regression."""
        ...

    @property
    def is_count(self) -> bool:
        """Whether a regression target is clearly a count."""
        ...


LIKELIHOODS: Mapping[str, Likelihood] = MappingProxyType(
    {
        "bernoulli": BERNOULLI,
        "categorical": CATEGORICAL,
        "gaussian": GAUSSIAN,
        "heteroscedastic": HETEROSCEDASTIC,
        "student_t": STUDENT_T,
        "poisson": POISSON,
        "negative_binomial": NEGATIVE_BINOMIAL,
        "mixture": MIXTURE,
    }
)


def choose_likelihood(dataset: Target) -> tuple[str, str]:
    """Return the likelihood that "auto" means for a data set, and why, in one sentence."""
    if dataset.task == "classification":
        if dataset.n_classes == 2:
            return "bernoulli", "Bernoulli, because there are two classes."
        return "categorical", f"Categorical, because there are {dataset.n_classes} classes."
    if dataset.is_count:
        return (
            "negative_binomial",
            "Negative binomial, because the target counts: whole numbers from 0 on. It learns how much they "
            "scatter, a Poisson's scatter included.",
        )
    return "gaussian", "Gaussian with learned noise, because the target is a number."


def resolve_likelihood(spec: LikelihoodSpec, dataset: Target) -> str:
    """Return the name of the likelihood that `spec` means for `dataset`.

    Raises
    ------
    InvalidExperiment
        If the likelihood asked for is for another kind of target.
    """
    if spec.family == "auto":
        return choose_likelihood(dataset)[0]
    entry = LIKELIHOODS[spec.family]
    if entry.task != dataset.task:
        fitting = ", ".join(name for name, other in LIKELIHOODS.items() if other.task == dataset.task)
        _refuse(
            f"likelihood.family is {spec.family!r}, which is for {entry.task}; this {dataset.task} data set takes "
            f"auto, {fitting}."
        )
    if spec.family == "bernoulli" and dataset.n_classes != 2:
        _refuse(
            f"likelihood.family is 'bernoulli', which takes two classes; this data set has {dataset.n_classes}: "
            "choose auto or categorical."
        )
    return spec.family


def check_noise(spec: LikelihoodSpec, name: str) -> None:
    """Refuse a size of the noise for a likelihood, of this name, that has none.

    Raises
    ------
    InvalidExperiment
    """
    if spec.noise is not None and not LIKELIHOODS[name].has_noise:
        message = (
            f"likelihood.noise is {spec.noise:g}; allowed: none, as the {LIKELIHOODS[name].label} likelihood has "
            "no noise."
        )
        raise InvalidExperiment([Problem("likelihood.noise", message)])


def check_targets(name: str, y: np.ndarray) -> None:
    """Refuse regression targets that are impossible under a likelihood.

    Raises
    ------
    InvalidExperiment
        If the likelihood is of counts, and a target is negative, fractional or above a million.
    """
    if not LIKELIHOODS[name].counts:
        return
    wrong = y[(y < 0) | (y > LARGEST_COUNT) | (y != np.round(y))]
    if wrong.size:
        _refuse(
            f"likelihood.family is {name!r}, which takes counts, and the target has the value {wrong[0]:.10g}; "
            f"allowed: whole numbers from 0 to {LARGEST_COUNT:,}. For other numbers choose auto or gaussian."
        )


def _refuse(message: str) -> Any:
    raise InvalidExperiment([Problem("likelihood.family", message)])
