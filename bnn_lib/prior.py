"""What a prior believes before it sees data: functions drawn from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
from pytensor.graph.replace import vectorize_graph

from bnn_lib.datasets import load_dataset
from bnn_lib.datasets.checks import read_seed, read_whole
from bnn_lib.logdensity import PYTENSOR_LOCK
from bnn_lib.model import define_network, model_data
from bnn_lib.posterior import MAX_DRAWS, predict_at
from bnn_lib.schema import Schema
from bnn_lib.structure import Structure

if TYPE_CHECKING:
    from bnn_lib.experiment import Experiment
    from bnn_lib.predictive import Prediction


# Graphs this small, evaluated a few times, are sooner run node by node than compiled, to C or by XLA.
MODE = "FAST_COMPILE"


@dataclass(frozen=True, eq=False)
class PriorNetworks:
    """Networks drawn from the prior, and what they give at n rows.

    Attributes
    ----------
    parameters : dict
        As `NetworkModel.parameters`, each of shape (S, ...).
    hidden : tuple of ndarray, each of shape (S, units, n)
        Activations of each hidden layer.
    output : ndarray of shape (S, n_outputs, n), float32
    """

    parameters: dict[str, np.ndarray]
    hidden: tuple[np.ndarray, ...]
    output: np.ndarray


def draw_networks(structure: Structure, data: dict[str, np.ndarray], n_draws: int, seed: int) -> PriorNetworks:
    """Draw networks from the prior and run them, without compiling anything.

    Parameters
    ----------
    structure : Structure
    data : dict
        As `model_data` gives it; its targets are not used.
    n_draws : int
    seed : int
        The same seed gives the same random numbers: with another scale, the same networks, stretched.
    """
    with PYTENSOR_LOCK, pytensor.config.change_flags(floatX="float32"):
        network = define_network(structure, data)
        variables = network.model.free_RVs
        values = pm.draw(variables, draws=n_draws, random_seed=seed, mode=MODE)
        # All draws at once: a new first axis runs through the whole graph.
        batches = [pt.tensor(v.name, shape=(n_draws, *v.type.shape), dtype=v.dtype) for v in variables]
        outputs = [network.output, *network.hidden, *network.parameters.values()]
        batched = vectorize_graph(outputs, dict(zip(variables, batches, strict=True)))
        run = pytensor.function(batches, batched, mode=MODE)
    output, *rest = run(*values)
    count = len(network.hidden)
    return PriorNetworks(dict(zip(network.parameters, rest[count:], strict=True)), tuple(rest[:count]), output)


def prior_predictive(experiment: Experiment, X: Any, n_draws: int = 200, seed: int = 0) -> Prediction:
    """Return the predictive distribution at inputs `X` under the prior.

    Parameters
    ----------
    experiment : Experiment
        Its data set gives the classes and the units; its labels are not used.
    X : array of shape (n, d)
        In the data's original units.
    n_draws : int
    seed : int

    Returns
    -------
    Prediction
        With the mean function of every draw, or its class probabilities.
    """
    n_draws, seed = read_whole(n_draws, "n_draws", 1, MAX_DRAWS), read_seed(seed, "seed")
    dataset = load_dataset(experiment.data)
    structure = Structure.of(experiment, dataset)
    data = model_data(experiment, dataset)
    with PYTENSOR_LOCK, pytensor.config.change_flags(floatX="float32"):
        model = define_network(structure, data).model
        values = pm.draw(model.free_RVs, draws=n_draws, random_seed=seed, mode=MODE)
        positions = _unconstrained(model, values, n_draws)
    return predict_at(positions, X, experiment, structure, Schema.of(dataset))


def _unconstrained(model: pm.Model, values: list[np.ndarray], n_draws: int) -> np.ndarray:
    """Flat positions (n_draws, D) in the order of the model's value variables."""
    columns = []
    for variable, value in zip(model.free_RVs, values, strict=True):
        transform = model.rvs_to_transforms[variable]
        if transform is not None:
            value = transform.forward(pt.as_tensor(value), *variable.owner.inputs).eval(mode=MODE)
        columns.append(np.asarray(value, "float32").reshape(n_draws, -1))
    return np.concatenate(columns, axis=1)
