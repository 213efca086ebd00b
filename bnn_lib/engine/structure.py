"""Which experiments share compiled functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bnn_lib.inference import METHODS

if TYPE_CHECKING:
    from bnn_lib.experiment import Experiment

FREE = ("steps", "learning_rate", "early_stopping", "chains")  # inputs of what is compiled, or not its affair


def structure_of(experiment: Experiment) -> str:
    """Return a text that is equal for experiments that need nothing compiled anew after one another.

    It may tell apart more than the compiler does: then something is prepared in vain, never too little.
    """
    data, prior, inference = experiment.data, experiment.prior, experiment.inference
    parts = (
        (data.name, data.n, data.test_fraction, data.features),  # the shapes of rows and classes
        experiment.network,
        (prior.family, prior.scaling, prior.bias_scale is None),
        (experiment.likelihood.family, experiment.likelihood.noise is None, experiment.likelihood.components),
        (
            inference.method,
            *(getattr(inference, name) for name in METHODS[inference.method].fields if name not in FREE),
        ),
    )
    return repr(parts)
