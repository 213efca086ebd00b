"""What a worker answers of the prior: functions drawn from it, before any data."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from bnn_lib.errors import InvalidData
from bnn_lib.experiment import Experiment
from bnn_lib.priors import PRIORS

MOST_WORK = 1e9  # multiplications in one answer, about: a fifth of a second
UNIT_COST = 20  # an activation costs as much as so many multiplications
DRAWS = {1: (200, 100, 50), 2: (100, 50, 25)}  # by number of inputs: as many as the work allows
LARGEST_SIZE = {1: 1001, 2: 64}  # points along each axis
KERNEL_STEP = 8  # of the points along the axis, every eighth serves for kernels
LIMITS_KEPT = 64
OUTPUTS = {"number": ("regression", ()), "class": ("classification", ("0", "1"))}  # task and classes
LEVELS = (0.025, 0.25, 0.5, 0.75, 0.975)


def prior_functions(values: Mapping[str, Any], files: Mapping[str, bytes]) -> dict[str, np.ndarray]:
    """Draw functions from the prior over a range of inputs, all in standardised units.

    Values: ``experiment`` (JSON; its data and inference are not used), ``inputs`` (1 or 2), ``output`` ("number"
    or "class"), ``low`` and ``high``, the range of each input, ``size``, the points along it, and ``seed``. The
    answer:

    - ``samples`` (S, n), float32: the mean function of each network, or its probability of the second of two
      classes. With two inputs n is size squared, row by row.
    - ``mean``, ``total``, ``aleatoric``, ``epistemic`` (n,), and ``bands`` (n,) for each of `LEVELS`.
    - if wide networks become a Gaussian process: ``kernels`` (3, m, m), the first network's, the mean of all, and
      the limit's, at ``kernel_at`` (m,), and ``kernel_distance`` ().
    """
    from bnn_lib.prior import draw_networks

    experiment = Experiment.from_json(values["experiment"])
    inputs = int(values["inputs"])
    X = axes(inputs, values)
    structure, data = _model(experiment, values["output"], X)
    work = sum(a * b for a, b in pairwise(structure.sizes)) + UNIT_COST * sum(structure.sizes[1:])
    choices = DRAWS[inputs]
    n_draws = next((n for n in choices if n * work * X.shape[1] <= MOST_WORK), choices[-1])
    networks = draw_networks(structure, data, n_draws, int(values["seed"]))
    found = _predicted(experiment, structure.likelihood, networks)
    if inputs == 1:
        found |= _kernels(experiment, networks.hidden, X[0, ::KERNEL_STEP])
    return found


def axes(inputs: int, values: Mapping[str, Any]) -> np.ndarray:
    """Return the inputs that ``low``, ``high`` and ``size`` of a question mean, (inputs, n).

    Raises
    ------
    InvalidData
        If there are too many.
    """
    size = int(values["size"])
    if inputs not in DRAWS or not 2 <= size <= LARGEST_SIZE[inputs]:
        raise InvalidData(f"inputs is {inputs} and size {size}; allowed: 1 or 2, and up to {LARGEST_SIZE}.")
    axis = np.linspace(values["low"], values["high"], size, dtype="float32")
    return axis[None] if inputs == 1 else np.stack([np.tile(axis, size), np.repeat(axis, size)])


def _model(experiment: Experiment, output: str, X: np.ndarray) -> tuple[Any, dict[str, np.ndarray]]:
    """The network's structure, and its data with the inputs X (d, n): all in units of no data."""
    from bnn_lib.datasets.dataset import Scaling
    from bnn_lib.model import placeholder_data, scales
    from bnn_lib.schema import Schema
    from bnn_lib.structure import Structure

    task, classes = OUTPUTS[output]
    none = Scaling(np.zeros(len(X)), np.ones(len(X)), 0.0, 1.0)
    structure = Structure.of(experiment, Schema(task, tuple(f"x{i}" for i in range(len(X))), classes, none))
    data = placeholder_data(structure, X.shape[1]) | scales(experiment, structure.likelihood, none)
    return structure, data | {"X": X}


def _predicted(experiment: Experiment, likelihood_name: str, networks: Any) -> dict[str, np.ndarray]:
    import jax

    from bnn_lib.likelihoods import LIKELIHOODS
    from bnn_lib.predictive import Prediction

    likelihood = LIKELIHOODS[likelihood_name]
    outputs = jax.vmap(lambda output: likelihood.predict(jax, output))(networks.output)
    said = {name: np.asarray(value) for name, value in outputs.items()}
    if likelihood.conditional is None:
        prediction = Prediction(said["p"])
        samples, mean = prediction.samples[..., 1], prediction.mean[..., 1]
    else:
        noise = np.full(len(networks.output), experiment.likelihood.noise or 1.0)
        noise = networks.parameters.get("noise", noise).astype("float64")
        prediction = Prediction.of(likelihood.conditional(said, noise, 0.0, 1.0))
        samples, mean = prediction.samples, prediction.mean
    return {
        "samples": np.asarray(samples, "float32"),
        "bands": np.quantile(samples, LEVELS, axis=0),
        "mean": mean,
        **{name: getattr(prediction, name) for name in ("total", "aleatoric", "epistemic")},
    }


def _kernels(experiment: Experiment, hidden: tuple[np.ndarray, ...], at: np.ndarray) -> dict[str, np.ndarray]:
    """Kernels beside the limit's, where there is a limit."""
    from bnn_lib.gp_limit import kernel_distance, network_kernels

    prior, network = experiment.prior, experiment.network
    unit = PRIORS[prior.family].variance
    # A hierarchical prior's weights share a scale: they are not independent, and the limit is a mixture.
    shares_scale = PRIORS[prior.family].hierarchical
    if prior.scaling != "fan_in" or not np.isfinite(unit) or shares_scale or not hidden:
        return {}
    weight = unit * prior.scale**2
    if not network.bias:
        first = last = later = 0.0
    elif prior.bias_scale is None:  # as the weights of their layer: that vanishes as their fan-in grows
        first, later, last = weight, 0.0, weight / network.hidden[-1]
    else:
        first = last = later = unit * prior.bias_scale**2
    limit = _limit(tuple(map(float, at)), network.activation, weight, (first, *(later,) * len(hidden)))
    kernels = network_kernels(hidden[-1][:, :, ::KERNEL_STEP], weight, last)
    return {
        "kernels": np.stack([kernels[0], kernels.mean(axis=0), limit]),
        "kernel_at": at,
        "kernel_distance": np.asarray(kernel_distance(kernels, limit)),
    }


@lru_cache(maxsize=LIMITS_KEPT)
def _limit(at: tuple[float, ...], activation: str, weight: float, biases: tuple[float, ...]) -> np.ndarray:
    """The limit's kernel: the same for every width."""
    from bnn_lib.gp_limit import limit_kernel

    return limit_kernel(np.array(at)[:, None], activation, weight, biases)
