"""What a prior believes before it sees data: functions drawn from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt

from bnn_lib.datasets import load_dataset
from bnn_lib.datasets.checks import read_seed, read_whole
from bnn_lib.logdensity import PYTENSOR_LOCK
from bnn_lib.model import Structure, define_network, model_data
from bnn_lib.posterior import MAX_DRAWS, Schema, predict_at

if TYPE_CHECKING:
    from bnn_lib.experiment import Experiment
    from bnn_lib.predictive import Prediction


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
        # The graph is small and drawn from a few hundred times: compiling it to C would take far longer.
        values = pm.draw(model.free_RVs, draws=n_draws, random_seed=seed, mode="FAST_COMPILE")
        positions = _unconstrained(model, values, n_draws)
    return predict_at(positions, X, experiment, structure, Schema.of(dataset))


def _unconstrained(model: pm.Model, values: list[np.ndarray], n_draws: int) -> np.ndarray:
    """Flat positions (n_draws, D) in the order of the model's value variables."""
    columns = []
    for variable, value in zip(model.free_RVs, values, strict=True):
        transform = model.rvs_to_transforms[variable]
        if transform is not None:
            value = transform.forward(pt.as_tensor(value), *variable.owner.inputs).eval(mode="FAST_COMPILE")
        columns.append(np.asarray(value, "float32").reshape(n_draws, -1))
    return np.concatenate(columns, axis=1)
