"""Likelihoods of classes."""

from __future__ import annotations

from typing import Any

from bnn_lib.likelihoods.base import Likelihood, one_output


def _observe_categorical(pm: Any, output: Any, y: Any, noise: Any) -> Any:
    # The softmax comes before the transpose, which PyTensor would otherwise lift through the whole network,
    # turning it rows first; log(softmax) is still recognised and computed stably.
    return pm.Categorical("y", p=pm.math.softmax(output, axis=0).T, observed=y)


def _categorical_curvature(jax: Any, output: Any, noise: Any) -> Any:
    p = jax.nn.softmax(output)
    return jax.numpy.diag(p) - jax.numpy.outer(p, p)


BERNOULLI = Likelihood(
    label="Bernoulli",
    help="Two classes: the output is the log odds of the second.",
    task="classification",
    n_outputs=one_output,
    observe=lambda pm, output, y, noise: pm.Bernoulli("y", logit_p=output[0], observed=y),
    # Each class by itself: 1 - p would lose a small probability to rounding.
    predict=lambda jax, output: {"p": jax.nn.sigmoid(jax.numpy.stack([-output[0], output[0]], axis=-1))},
    curvature=lambda jax, output, noise: (jax.nn.sigmoid(output) * jax.nn.sigmoid(-output))[:, None],
)

CATEGORICAL = Likelihood(
    label="categorical",
    help="Two classes or more: a softmax over one output a class.",
    task="classification",
    n_outputs=lambda n_classes, components: n_classes,
    observe=_observe_categorical,
    predict=lambda jax, output: {"p": jax.nn.softmax(output, axis=0).T},
    curvature=_categorical_curvature,
)
