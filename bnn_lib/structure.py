"""What shapes a model: layer sizes, likelihood, and all else that is no input of its compiled functions."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from bnn_lib.likelihoods import LIKELIHOODS, check_noise, resolve_likelihood
from bnn_lib.priors import count_parameters

if TYPE_CHECKING:
    from bnn_lib.experiment import Experiment
    from bnn_lib.likelihoods import Target


@dataclass(frozen=True)
class Structure:
    """All that shapes the graph of a model; what is not here is an input of its compiled functions.

    Attributes
    ----------
    sizes : tuple of int
        Features, units of each hidden layer, outputs.
    activation, bias, prior_family, scaling, likelihood
        As in the experiment, with the likelihood resolved.
    bias_as_weights : bool
        Whether biases have the prior scale of their layer's weights.
    learned_noise : bool
    """

    sizes: tuple[int, ...]
    activation: str
    bias: bool
    prior_family: str
    scaling: str
    bias_as_weights: bool
    likelihood: str
    learned_noise: bool

    @classmethod
    def of(cls, experiment: Experiment, dataset: Target) -> Structure:
        """Return the structure that `experiment` means for `dataset`.

        Raises
        ------
        InvalidExperiment
            If the likelihood does not fit the target, or noise is given to one that has none.
        """
        name = resolve_likelihood(experiment.likelihood, dataset)
        likelihood, spec = LIKELIHOODS[name], experiment.likelihood
        check_noise(spec, name)
        network, prior = experiment.network, experiment.prior
        return cls(
            sizes=(dataset.n_features, *network.hidden, likelihood.n_outputs(dataset.n_classes, spec.components)),
            activation=network.activation,
            bias=network.bias,
            prior_family=prior.family,
            scaling=prior.scaling,
            bias_as_weights=prior.bias_scale is None,
            likelihood=name,
            learned_noise=likelihood.has_noise and spec.noise is None,
        )

    @property
    def n_weights(self) -> int:
        """How many weights connect units, biases apart."""
        return sum(fan_in * fan_out for fan_in, fan_out in pairwise(self.sizes))

    @property
    def n_parameters(self) -> int:
        """How many numbers are inferred."""
        return count_parameters(self.sizes, self.bias, self.prior_family, self.scaling, self.learned_noise)
