"""Experiment and Dataset -> `pm.Model`: the one definition of the network.

For layer l = 1..L+1, with h_0 the standardised inputs, one column a row of data:

    h_l = activation(W_l h_{l-1} + b_l),    W_l of shape (fan_out, fan_in),    output = W_{L+1} h_L + b_{L+1}

Everything is kept features first, (units, rows), and every product is a matrix times a matrix: XLA then
vectorises over rows, which for narrow layers is 3 to 6 times faster. Rows, labels and prior scales are
`pm.Data`, so that a compiled function takes them as inputs and need not be compiled again for new ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pymc.logprob.transforms import LogTransform

from bnn_lib.activations import ACTIVATIONS
from bnn_lib.likelihoods import LIKELIHOODS, check_targets, resolve_likelihood
from bnn_lib.priors import PRIORS, SCALINGS
from bnn_lib.structure import Structure

if TYPE_CHECKING:
    from bnn_lib.datasets import Dataset
    from bnn_lib.datasets.dataset import Scaling
    from bnn_lib.experiment import Experiment
    from bnn_lib.likelihoods import Likelihood

Tensor = Any  # a PyTensor variable; its generic type parameters say nothing that a reader needs
LARGEST_LOG_SCALE = 20.0


@dataclass(frozen=True)
class NetworkModel:
    """A `pm.Model` with its symbolic parts at hand.

    Attributes
    ----------
    model : pm.Model
    hidden : tuple of tensor, each of shape (units, n)
        Activations of each hidden layer.
    output : tensor of shape (n_outputs, n)
        What the likelihood takes: log odds, logits, the mean of the standardised target, a logarithmic rate.
    parameters : dict
        ``W1``, ``b1``, ``W2``, ... as they act in the network, and learned scales and ``noise``.
    """

    model: pm.Model
    hidden: tuple[Tensor, ...]
    output: Tensor
    parameters: dict[str, Tensor]


def build_model(experiment: Experiment, dataset: Dataset) -> pm.Model:
    """Return the Bayesian neural network as an ordinary PyMC model.

    Parameters
    ----------
    experiment : Experiment
        Its data part is not used: the rows come from `dataset`.
    dataset : Dataset

    Returns
    -------
    pm.Model
        With data ``X`` of shape (d, n), standardised, and ``targets``; ``pm.fit`` and ``pm.sample`` work on
        it. The likelihood is that of all training rows: mini-batches are the business of inference.

    Raises
    ------
    InvalidExperiment
        If the likelihood does not fit the target.
    """
    structure = Structure.of(experiment, dataset)
    return define_network(structure, model_data(experiment, dataset), dataset.feature_names).model


def define_network(
    structure: Structure, data: dict[str, np.ndarray], feature_names: tuple[str, ...] | None = None
) -> NetworkModel:
    """Build the model and keep hold of its symbolic parts.

    Parameters
    ----------
    structure : Structure
    data : dict
        As `model_data` gives it.
    feature_names : tuple of str, optional
        Coordinates of the first layer's inputs.
    """
    sizes = structure.sizes
    coords: dict[str, Any] = {f"units_{layer}": range(size) for layer, size in enumerate(sizes)}
    if feature_names is not None:
        coords["units_0"] = list(feature_names)
    with pm.Model(coords=coords) as model:
        shared = {name: pm.Data(name, value) for name, value in data.items()}
        parameters: dict[str, Tensor] = {}
        hidden: list[Tensor] = []
        h = shared["X"]
        for layer in range(1, len(sizes)):
            h = _layer(structure, layer, h, shared, parameters)
            if layer < len(sizes) - 1:
                h = ACTIVATIONS[structure.activation].apply(pt, h)
                hidden.append(h)
        if "offset" in shared:
            h = h + shared["offset"]
        noise = shared.get("noise_scale")
        if structure.learned_noise:
            noise = parameters["noise"] = pm.HalfNormal("noise", noise)
        LIKELIHOODS[structure.likelihood].observe(pm, h, shared["targets"], noise)
    return NetworkModel(model, tuple(hidden), h, parameters)


def placeholder_data(structure: Structure, rows: int) -> dict[str, np.ndarray]:
    """Return data of the right shapes and types: what a model needs to be built without its data set."""
    likelihood = LIKELIHOODS[structure.likelihood]
    data = {
        "X": np.zeros((structure.sizes[0], rows), "float32"),
        "targets": np.zeros(rows, _target_type(likelihood)),
        "weight_scale": np.ones((), "float32"),
        "bias_scale": np.ones((), "float32"),
    }
    if likelihood.has_noise:
        data["noise_scale"] = np.ones((), "float32")
    if likelihood.counts:
        data["offset"] = np.zeros((), "float32")
    return data


def _target_type(likelihood: Likelihood) -> str:
    return "int32" if likelihood.counts or likelihood.task == "classification" else "float32"


def standardized_rows(X: np.ndarray, scaling: Scaling) -> np.ndarray:
    """Rows (n, d) in original units -> (d, n) standardised float32, as the model takes them."""
    return np.ascontiguousarray(((X - scaling.x_mean) / scaling.x_scale).T, dtype="float32")


def model_data(experiment: Experiment, dataset: Dataset) -> dict[str, np.ndarray]:
    """Return the values of the model's `pm.Data`: rows, targets and scales, all that may change freely.

    Raises
    ------
    InvalidExperiment
        If the likelihood does not fit the target.
    """
    scaling, name = dataset.scaling, resolve_likelihood(experiment.likelihood, dataset)
    likelihood, targets = LIKELIHOODS[name], dataset.y_train
    for y in (dataset.y_train, dataset.y_test):
        check_targets(name, y)
    if likelihood.task == "regression" and not likelihood.counts:
        targets = (targets - scaling.y_mean) / scaling.y_scale
    return {
        "X": standardized_rows(dataset.X_train, scaling),
        "targets": targets.astype(_target_type(likelihood)),
        **scales(experiment, name, scaling),
    }


def scales(experiment: Experiment, likelihood_name: str, scaling: Scaling) -> dict[str, np.ndarray]:
    """Return the part of a model's data that is not rows: scales of priors and noise, and the offset of counts."""
    likelihood = LIKELIHOODS[likelihood_name]
    values = {"weight_scale": experiment.prior.scale, "bias_scale": experiment.prior.bias_scale or 1.0}
    if likelihood.has_noise:
        values["noise_scale"] = experiment.likelihood.noise or 1.0
    if likelihood.counts:
        # Counts are not standardised; their rate is, in units of the mean: a network that says 0 says the mean.
        values["offset"] = np.log(scaling.y_mean) if scaling.y_mean > 0 else 0.0
    return {name: np.asarray(value, "float32") for name, value in values.items()}


def _layer(
    structure: Structure, layer: int, h: Tensor, shared: dict[str, Tensor], parameters: dict[str, Tensor]
) -> Tensor:
    """Add one layer's weights and biases to the model in context; return W h + b, of shape (fan_out, n)."""
    fan_in, fan_out = structure.sizes[layer - 1 : layer + 1]
    units, family, learned = {f"units_{layer}": fan_out}, structure.prior_family, _learns_scales(structure)
    scale = _scale(structure, layer, shared, parameters)
    W = _parameter(family, f"W{layer}", units | {f"units_{layer - 1}": fan_in}, scale, learned)
    parameters[f"W{layer}"] = W
    if not structure.bias:
        return W @ h
    if not structure.bias_as_weights:
        scale, learned = shared["bias_scale"], False
    elif scale.ndim:  # one for each feature: a bias has none
        scale, learned = shared["weight_scale"], False
    b = _parameter(family, f"b{layer}", units, scale, learned)
    parameters[f"b{layer}"] = b
    return W @ h + b[:, None]


def _learns_scales(structure: Structure) -> bool:
    return SCALINGS[structure.scaling].learned


def _scale(structure: Structure, layer: int, shared: dict[str, Tensor], parameters: dict[str, Tensor]) -> Tensor:
    """Return the prior scale of a layer's weights: a scalar, or (fan_in,) where each feature has its own."""
    scale, fan_in = shared["weight_scale"], structure.sizes[layer - 1]
    if structure.scaling == "fan_in":
        return scale / np.sqrt(fan_in).astype("float32")
    if not _learns_scales(structure):
        return scale
    name, where = "scale" if structure.scaling == "shared" else f"scale{layer}", {}
    if structure.scaling == "ard" and layer == 1:
        where = {"shape": (fan_in,), "dims": ("units_0",)}
    if name not in parameters:
        parameters[name] = pm.HalfNormal(name, scale, default_transform=_CappedLog(), **where)
    return parameters[name]


class _CappedLog(LogTransform):
    """The usual transform of a scale, level above exp(20), millions of prior standard deviations out.

    A scale that nothing in the data holds may take one draw there while a method still finds its feet; its square
    would then be more than 32-bit numbers hold.
    """

    def backward(self, value: Tensor, *inputs: Tensor) -> Tensor:
        return pt.exp(pt.minimum(value, LARGEST_LOG_SCALE))


def _parameter(family: str, name: str, sizes: dict[str, int], scale: Tensor, learned: bool) -> Tensor:
    """One weight matrix or bias vector; `sizes` maps its dims to their lengths.

    With a learned scale it is non-centred, offset times scale: the posterior of scale and weight together
    is a funnel, which neither mean-field ADVI nor NUTS copes with.
    """
    entry = PRIORS[family]
    # The shape is given beside the dims: lengths of dims alone are shared variables, unknown to the graph.
    where: dict[str, Any] = {"shape": tuple(sizes.values()), "dims": tuple(sizes)}
    if not learned and not entry.hierarchical:
        return entry.build(pm, name, scale, **where)
    return pm.Deterministic(name, entry.build(pm, f"{name}_offset", 1.0, **where) * scale, dims=where["dims"])
