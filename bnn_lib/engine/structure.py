"""Which experiments are the same fit, and which share compiled functions."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from bnn_lib.inference import METHODS

if TYPE_CHECKING:
    from bnn_lib.datasets import Dataset
    from bnn_lib.experiment import Experiment

FREE = ("steps", "learning_rate", "early_stopping", "chains")  # inputs of what is compiled, or not its affair


def structure_of(experiment: Experiment, dataset: Dataset | None = None) -> str:
    """Return a text that is equal for experiments that need nothing compiled anew after one another.

    It may tell apart more than the compiler does: then something is prepared in vain, never too little.

    Parameters
    ----------
    experiment : Experiment
    dataset : Dataset, optional
        That takes the place of the experiment's own.
    """
    data, prior, inference = experiment.data, experiment.prior, experiment.inference
    parts = (
        # The shapes of rows and classes.
        (data.name, data.n, data.test_fraction, data.features)
        if dataset is None
        else (dataset.task, dataset.X_train.shape, dataset.n_classes),
        experiment.network,
        (prior.family, prior.scaling, prior.bias_scale is None),
        (experiment.likelihood.family, experiment.likelihood.noise is None, experiment.likelihood.components),
        (
            inference.method,
            *(getattr(inference, name) for name in METHODS[inference.method].fields if name not in FREE),
        ),
    )
    return repr(parts)


def fit_key(experiment: Experiment, dataset: Dataset | None = None) -> str:
    """Return the key of a fit: the experiment's, or one of experiment and data set.

    Parameters
    ----------
    experiment : Experiment
    dataset : Dataset, optional
        That takes the place of the experiment's own.
    """
    key = experiment.key
    if dataset is None:
        return key
    return hashlib.sha256(f"{key} {dataset.digest}".encode()).hexdigest()[: len(key)]
