"""Likelihoods: how the network's output meets the target. One entry here is all a new one takes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from bnn_lib.errors import InvalidExperiment, Problem

if TYPE_CHECKING:
    from bnn_lib.experiment import LikelihoodSpec


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


# Before a logarithm a probability is raised to this, as scikit-learn's log_loss does: one that was rounded to 0
# says "very unlikely", not "impossible".
SMALLEST_PROBABILITY = sys.float_info.epsilon


@dataclass(frozen=True)
class Likelihood:
    """An observation model.

    Attributes
    ----------
    label, help : str
        Name and one sentence for a user.
    task : {"classification", "regression"}
        The targets it is for.
    n_outputs : callable
        ``n_outputs(n_classes)`` gives the number of the network's output units.
    observe : callable
        ``observe(pm, output, y, noise)`` adds the observed variable ``y`` to the model in context, where
        `output` has shape (n_outputs, n).
    predict : callable
        ``predict(jax, output)`` gives the (n, C) class probabilities, or the (n,) mean of the standardised
        target.
    curvature : callable
        ``curvature(jax, output, noise)`` gives minus the Hessian of one row's log likelihood with respect to
        its (n_outputs,) output: (n_outputs, n_outputs).
    has_noise : bool
        Whether it has a noise parameter.
    """

    label: str
    help: str
    task: str
    n_outputs: Callable[[int], int]
    observe: Callable[[Any, Any, Any, Any], Any]
    predict: Callable[[Any, Any], Any]
    curvature: Callable[[Any, Any, Any], Any]
    has_noise: bool = False


def _observe_categorical(pm: Any, output: Any, y: Any, noise: Any) -> Any:
    # The softmax comes before the transpose, which PyTensor would otherwise lift through the whole network,
    # turning it rows first; log(softmax) is still recognised and computed stably.
    return pm.Categorical("y", p=pm.math.softmax(output, axis=0).T, observed=y)


def _categorical_curvature(jax: Any, output: Any, noise: Any) -> Any:
    p = jax.nn.softmax(output)
    return jax.numpy.diag(p) - jax.numpy.outer(p, p)


LIKELIHOODS: Mapping[str, Likelihood] = MappingProxyType(
    {
        "bernoulli": Likelihood(
            "Bernoulli",
            "Two classes: the output is the log odds of the second.",
            task="classification",
            n_outputs=lambda n_classes: 1,
            observe=lambda pm, output, y, noise: pm.Bernoulli("y", logit_p=output[0], observed=y),
            # Each class by itself: 1 - p would lose a small probability to rounding.
            predict=lambda jax, output: jax.nn.sigmoid(jax.numpy.stack([-output[0], output[0]], axis=-1)),
            curvature=lambda jax, output, noise: (jax.nn.sigmoid(output) * jax.nn.sigmoid(-output))[:, None],
        ),
        "categorical": Likelihood(
            "categorical",
            "Two classes or more: a softmax over one output a class.",
            task="classification",
            n_outputs=lambda n_classes: n_classes,
            observe=_observe_categorical,
            predict=lambda jax, output: jax.nn.softmax(output, axis=0).T,
            curvature=_categorical_curvature,
        ),
        "gaussian": Likelihood(
            "Gaussian",
            "A number with normally distributed noise of constant size.",
            task="regression",
            n_outputs=lambda n_classes: 1,
            observe=lambda pm, output, y, noise: pm.Normal("y", mu=output[0], sigma=noise, observed=y),
            predict=lambda jax, output: output[0],
            curvature=lambda jax, output, noise: jax.numpy.full((1, 1), noise**-2.0),
            has_noise=True,
        ),
    }
)


def resolve_likelihood(spec: LikelihoodSpec, dataset: Target) -> str:
    """Return the name of the likelihood that `spec` means for `dataset`.

    Raises
    ------
    InvalidExperiment
        If the likelihood asked for is for another kind of target.
    """
    if spec.family == "auto":
        if dataset.task == "regression":
            return "gaussian"
        return "bernoulli" if dataset.n_classes == 2 else "categorical"
    entry = LIKELIHOODS[spec.family]
    if entry.task != dataset.task:
        fitting = ", ".join(name for name, other in LIKELIHOODS.items() if other.task == dataset.task)
        raise InvalidExperiment(
            [
                Problem(
                    "likelihood.family",
                    f"likelihood.family is {spec.family!r}, which is for {entry.task}; this {dataset.task} "
                    f"data set takes auto, {fitting}.",
                )
            ]
        )
    if spec.family == "bernoulli" and dataset.n_classes != 2:
        raise InvalidExperiment(
            [
                Problem(
                    "likelihood.family",
                    f"likelihood.family is 'bernoulli', which takes two classes; this data set has "
                    f"{dataset.n_classes}: choose auto or categorical.",
                )
            ]
        )
    return spec.family
