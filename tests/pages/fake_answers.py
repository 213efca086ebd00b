"""Answers to questions for page tests, made of synthetic arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from bnn_lib.engine import Question
from bnn_lib.experiment import Experiment

DRAWS = 30
LAYERS = 5  # of weights, at the most


def make_answer(question: Question) -> dict[str, np.ndarray]:
    """Return what a worker would, of the right shapes."""
    return {"prior": make_functions, "posterior": make_posterior}[question.name](dict(question.values))


def make_functions(values: dict[str, Any]) -> dict[str, np.ndarray]:
    experiment = Experiment.from_json(values["experiment"])
    rng = np.random.default_rng([values["seed"], *experiment.network.hidden])
    axis = np.linspace(values["low"], values["high"], values["size"])
    x = axis if values["inputs"] == 1 else np.add.outer(axis, axis).ravel()
    a, b, c = rng.normal(size=(3, DRAWS, 1))
    samples = experiment.prior.scale * (a + b * np.tanh(c * x))
    if values["output"] == "class":
        samples = 1 / (1 + np.exp(-samples))
    epistemic, noise = samples.var(axis=0), np.full(len(x), 0.1)
    arrays = {
        "samples": samples.astype(np.float32),
        "bands": np.quantile(samples, (0.025, 0.25, 0.5, 0.75, 0.975), axis=0),
        "mean": samples.mean(axis=0),
        "total": epistemic + noise,
        "aleatoric": noise,
        "epistemic": epistemic,
    }
    if values["inputs"] == 1 and experiment.prior.scaling == "fan_in":
        at = axis[::8]
        limit = 1.0 + np.outer(at, at)
        arrays["kernels"] = np.stack([1.3 * limit, 1.1 * limit, limit])
        arrays["kernel_distance"] = np.asarray(0.3)
    return arrays


def make_posterior(values: dict[str, Any]) -> dict[str, np.ndarray]:
    inputs = 2 if values["size"] < 50 else 1
    of = {"experiment": Experiment().to_json(), "inputs": inputs, "output": "number", "seed": 0}
    arrays = make_functions({**values, **of})
    for layer in range(1, LAYERS + 1):
        arrays[f"edges{layer}"] = np.linspace(-1, 1, 5)
        arrays[f"prior{layer}"] = arrays[f"posterior{layer}"] = np.full(4, 0.5)
    return arrays
