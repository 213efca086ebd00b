"""Draws -> what they say together: the mean, and how much of the doubt is noise and how much ignorance.

Classification, with class probabilities p_s of draw s and their mean p (Houlsby et al. 2011, Depeweg et al.
2018), in nats:

    total = H[p],    aleatoric = mean_s H[p_s],    epistemic = total - aleatoric = I[label; weights]

Regression, with mean function mu_s and conditional variance v_s (law of total variance), in squared units of the
target:

    total = Var[y],    aleatoric = mean_s v_s,    epistemic = Var_s[mu_s]

What a draw says of the target is a whole distribution (`bnn_lib.conditionals`), and the predictive distribution
is their equal mixture: densities, intervals and samples are those of the mixture.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from scipy import special

from bnn_lib.conditionals import Conditional, normal
from bnn_lib.cores import on_all_cores
from bnn_lib.datasets.checks import read_number
from bnn_lib.errors import InvalidData
from bnn_lib.likelihoods import SMALLEST_PROBABILITY

BLOCK_VALUES = 1_000_000  # draws times inputs that are worked on at once


@dataclass(frozen=True, eq=False)
class Prediction:
    """The predictive distribution at n inputs, by S draws.

    Attributes
    ----------
    samples : ndarray
        Classification: class probabilities of each draw, (S, n, C), float32. Regression: its mean function,
        (S, n), float64 where the target's units have an offset.
    conditional : Conditional or None
        Regression: the distribution of the target for each draw, in units of the target.
    """

    samples: np.ndarray
    conditional: Conditional | None = None

    @classmethod
    def of(cls, conditional: Conditional) -> Self:
        """Return the prediction of draws that say `conditional` of a number."""
        return cls(conditional.mean, conditional)

    @classmethod
    def normal(cls, mean: np.ndarray, sd: np.ndarray) -> Self:
        """Return the prediction of draws with mean functions (S, n) and normal noise of `sd`, (S,) or (S, n)."""
        return cls.of(normal(mean, sd))

    def at(self, inputs: slice | np.ndarray) -> Self:
        """Return the prediction at some of the inputs."""
        return type(self)(self.samples[:, inputs], self.conditional and self.conditional.columns(inputs))

    @property
    def is_classification(self) -> bool:
        """Whether the samples are class probabilities."""
        return self.samples.ndim == 3

    @cached_property
    def mean(self) -> np.ndarray:
        """Mean over draws: class probabilities (n, C), or the target's mean (n,)."""
        return self.samples.mean(axis=0, dtype="float64")

    @cached_property
    def total(self) -> np.ndarray:
        """All uncertainty, (n,): nats, or squared units of the target."""
        return special.entr(self.mean).sum(-1) if self.is_classification else self._aleatoric + self.epistemic

    @cached_property
    def epistemic(self) -> np.ndarray:
        """What more data would remove, (n,): mutual information of label and weights, or Var_s[mu_s]."""
        if self.is_classification:
            # Not below 0, which rounding alone could make it: the entropy is concave.
            return np.maximum(self.total - self._aleatoric, 0.0)
        return self.samples.var(axis=0, dtype="float64")

    @cached_property
    def aleatoric(self) -> np.ndarray:
        """What no data would remove, (n,): mean entropy of the draws, or mean variance of the noise."""
        return self.total - self.epistemic if self.is_classification else self._aleatoric

    @cached_property
    def _aleatoric(self) -> np.ndarray:
        if self.is_classification:
            # Class by class: all at once would be as large again as the samples, and sum over a short last axis.
            classes = np.moveaxis(self.samples, -1, 0)

            def of_class(k: int) -> np.ndarray:
                return np.asarray(special.entr(classes[k]).mean(axis=0, dtype="float64"))

            return np.sum(on_all_cores(of_class, len(classes)), axis=0)
        of_draws = np.broadcast_to(self._conditional.variance, self.samples.shape)
        return np.asarray(of_draws.mean(axis=0, dtype="float64"))

    @property
    def _conditional(self) -> Conditional:
        if self.conditional is None:
            raise InvalidData("This prediction is of classes; noise and intervals are for regression.")
        return self.conditional

    def interval(self, probability: float) -> np.ndarray:
        """Return the central interval of the predictive distribution, noise included.

        Parameters
        ----------
        probability : float
            Between 0 and 1, e.g. 0.95.

        Returns
        -------
        ndarray of shape (n, 2)
            Lower and upper quantile of the mixture of the draws' distributions. Of counts the quantiles are whole
            numbers, and the interval holds at least its probability.
        """
        tail = (1.0 - read_number(probability, "probability", 0.0, 1.0, inside=True)) / 2.0
        levels = np.array([tail, 1.0 - tail])
        return np.concatenate([block.mixture_quantiles(levels) for block in self._blocks()], axis=1).T

    def cdf(self, y: np.ndarray) -> np.ndarray:
        """Return the predictive distribution function at y (n,): the probability of a target of y or less."""
        blocks = zip(self._blocks(), self._split(y), strict=True)
        return np.concatenate([block.cdf(part).mean(axis=0) for block, part in blocks])

    def _blocks(self) -> Iterator[Conditional]:
        """The draws' distributions for some of the inputs at a time, so that memory stays bounded."""
        conditional = self._conditional
        for where in self._split(np.arange(self.samples.shape[1])):
            yield conditional.columns(where)

    def _split(self, rows: np.ndarray) -> list[np.ndarray]:
        return np.array_split(rows, max(1, -(-self.samples.size // BLOCK_VALUES)))

    def log_prob(self, y: np.ndarray) -> np.ndarray:
        """Return the log predictive density or mass of each target under the mixture over draws.

        Parameters
        ----------
        y : array of shape (n,)
            Class codes, or targets in their own units.

        Returns
        -------
        ndarray of shape (n,), in nats
        """
        y = np.asarray(y)
        if y.shape != (self.samples.shape[1],):
            raise InvalidData(f"y has shape {y.shape}; allowed: ({self.samples.shape[1]},), one target an input.")
        if self.is_classification:
            if not np.isin(y, np.arange(self.samples.shape[2])).all():
                raise InvalidData(f"y has values other than the class codes 0 to {self.samples.shape[2] - 1}.")
            chosen = np.take_along_axis(self.mean, y[:, None].astype(int), axis=1)[:, 0]
            return np.log(np.maximum(chosen, SMALLEST_PROBABILITY))
        blocks = zip(self._blocks(), self._split(y), strict=True)
        log_prob = [special.logsumexp(block.log_prob(part), axis=0) for block, part in blocks]
        return np.concatenate(log_prob) - np.log(len(self.samples))

    def predictive_samples(self, seed: int = 0) -> np.ndarray:
        """Return one draw of the target for each draw of the weights, (S, n): class codes, or values."""
        rng = np.random.default_rng(seed)
        if not self.is_classification:
            return self._conditional.sample(rng)
        below = np.cumsum(self.samples, axis=-1) < rng.random(self.samples.shape[:2])[..., None]
        return np.minimum(below.sum(-1), self.samples.shape[2] - 1)
