"""Draws -> what they say together: the mean, and how much of the doubt is noise and how much ignorance.

Classification, with class probabilities p_s of draw s and their mean p (Houlsby et al. 2011, Depeweg et al.
2018), in nats:

    total = H[p],    aleatoric = mean_s H[p_s],    epistemic = total - aleatoric = I[label; weights]

Regression, with mean function mu_s and noise sigma_s (law of total variance), in squared units of the target:

    total = Var[y],    aleatoric = mean_s sigma_s^2,    epistemic = Var_s[mu_s]
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import special

from bnn_lib.errors import InvalidData, shown
from bnn_lib.likelihoods import SMALLEST_PROBABILITY


@dataclass(frozen=True, eq=False)
class Prediction:
    """The predictive distribution at n inputs, by S draws.

    Attributes
    ----------
    samples : ndarray, float32
        Classification: class probabilities of each draw, (S, n, C). Regression: its mean function, (S, n).
    noise : ndarray of shape (S,) or None
        Regression: standard deviation of each draw's noise, in units of the target.
    """

    samples: np.ndarray
    noise: np.ndarray | None = None

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
        """What no data would remove, (n,): mean entropy of the draws, or mean noise variance."""
        return self.total - self.epistemic if self.is_classification else self._aleatoric

    @cached_property
    def _aleatoric(self) -> np.ndarray:
        if self.is_classification:
            # Class by class: all at once would be as large again as the samples, and sum over a short last axis.
            classes = np.moveaxis(self.samples, -1, 0)
            return np.sum([special.entr(p).mean(axis=0, dtype="float64") for p in classes], axis=0)
        return np.full(self.samples.shape[1], np.mean(np.square(self._noise, dtype="float64")))

    @property
    def _noise(self) -> np.ndarray:
        if self.noise is None:
            raise InvalidData("This prediction is of classes; noise and intervals are for regression.")
        return self.noise

    def interval(self, probability: float) -> np.ndarray:
        """Return the central interval of the predictive distribution, noise included.

        Parameters
        ----------
        probability : float
            Between 0 and 1, e.g. 0.95.

        Returns
        -------
        ndarray of shape (n, 2)
            Lower and upper quantile of the mixture of the draws' normal distributions.
        """
        if not isinstance(probability, float) or not 0.0 < probability < 1.0:
            raise InvalidData(
                f"probability is {shown(probability)}; allowed: a number between 0 and 1, e.g. 0.95."
            )
        tail = (1.0 - probability) / 2.0
        return np.stack([self._quantile(tail), self._quantile(1.0 - tail)], axis=1)

    def _quantile(self, level: float) -> np.ndarray:
        from scipy.optimize import elementwise

        sd = self._noise[:, None].astype("float64")
        # The mixture's quantile lies between the smallest and the largest of its components' quantiles.
        each = self.samples + sd * special.ndtri(level)
        low, high = each.min(axis=0), each.max(axis=0)
        margin = 1e-6 * (np.abs(low) + np.abs(high)) + 1e-12

        def excess(y: np.ndarray, column: np.ndarray) -> np.ndarray:
            return special.ndtr((y - self.samples[:, column]) / sd).mean(axis=0) - level

        columns = np.arange(self.samples.shape[1])
        return elementwise.find_root(excess, (low - margin, high + margin), args=(columns,)).x

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
        sd = self._noise[:, None].astype("float64")
        log_density = -0.5 * ((y - self.samples) / sd) ** 2 - np.log(sd) - 0.5 * np.log(2 * np.pi)
        return special.logsumexp(log_density, axis=0) - np.log(len(self.samples))

    def predictive_samples(self, seed: int = 0) -> np.ndarray:
        """Return one draw of the target for each draw of the weights, (S, n): class codes, or values."""
        rng = np.random.default_rng(seed)
        if not self.is_classification:
            return self.samples + self._noise[:, None] * rng.standard_normal(self.samples.shape)
        below = np.cumsum(self.samples, axis=-1) < rng.random(self.samples.shape[:2])[..., None]
        return np.minimum(below.sum(-1), self.samples.shape[2] - 1)
