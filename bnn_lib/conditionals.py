"""What each draw of the network says of the target: a distribution of numbers for every draw and every input.

Parameters are arrays of shape (S, n), or (S, 1) where a draw has one for all inputs; S draws, n inputs. The
distributions are SciPy's; a mixture is made of its components.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy import special, stats

LONGEST_WALK = 2000  # counts; a search by the distribution function takes less than a longer walk
SMALLEST_LOG_MASS = -650.0  # to sum masses from there: exp of less than -708 has fewer digits


class Conditional(ABC):
    """The distribution of the target given the weights of each draw.

    Attributes
    ----------
    mean : ndarray of shape (S, n)
        In the target's units.
    discrete : bool
        Whether the target is a whole number.
    """

    mean: np.ndarray
    discrete: bool = False

    @cached_property
    @abstractmethod
    def variance(self) -> np.ndarray:
        """Variance, (S, n) or (S, 1), in squared units of the target."""

    @property
    def sd(self) -> np.ndarray:
        """Standard deviation, (S, n) or (S, 1), in units of the target."""
        return np.sqrt(self.variance)

    @abstractmethod
    def cdf(self, y: Any) -> np.ndarray:
        """Return the distribution function at y, (n,) or (S, n): an array of shape (S, n)."""

    @abstractmethod
    def log_prob(self, y: Any) -> np.ndarray:
        """Return the log density, or log mass, at y, (n,) or (S, n): an array of shape (S, n), in nats."""

    @abstractmethod
    def bounds(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Return two numbers for every input, (n,) each, between which the quantiles of all draws lie."""

    @abstractmethod
    def sample(self, rng: np.random.Generator) -> np.ndarray:
        """Return one value of the target for each draw and input, (S, n)."""

    @abstractmethod
    def columns(self, where: Any) -> Conditional:
        """Return the same for some of the inputs."""

    @abstractmethod
    def _spread_values(self, levels: np.ndarray) -> np.ndarray:
        """Return a value for each of the levels, (S, n, K), whose distribution tends to this one with K."""

    def atoms(self, count: int) -> np.ndarray:
        """Return `count` equally likely values that stand for each distribution, (S, n, count).

        They are spread like its quantiles, then moved and scaled so that mean and variance are exact.
        """
        values = self._spread_values((np.arange(count) + 0.5) / count)
        away = values - values.mean(axis=-1, keepdims=True)
        spread = away.std(axis=-1, keepdims=True)
        sd = np.broadcast_to(self.sd, self.mean.shape)[..., None]
        return self.mean[..., None] + away * np.divide(sd, spread, out=np.ones_like(spread), where=spread > 0)

    def mixture_quantiles(self, levels: np.ndarray) -> np.ndarray:
        """Return the quantiles at some levels (K,), between 0 and 1, of the draws' equal mixture: (K, n)."""
        return np.stack([self._mixture_quantile(level) for level in levels])

    def _mixture_quantile(self, level: float) -> np.ndarray:
        from scipy.optimize import elementwise

        # The mixture's quantile lies between the smallest and the largest of its components' quantiles.
        low, high = self.bounds(level)
        margin = 1e-6 * (np.abs(low) + np.abs(high)) + 1e-12

        def excess(y: np.ndarray, column: np.ndarray) -> np.ndarray:
            return np.asarray(self.columns(column).cdf(y).mean(axis=0) - level)

        bracket = low - margin, high + margin
        return np.asarray(elementwise.find_root(excess, bracket, args=(np.arange(len(low)),)).x)


@dataclass(frozen=True, eq=False)
class Standard(Conditional):
    """A distribution that SciPy has.

    Attributes
    ----------
    mean : ndarray of shape (S, n)
    distribution : scipy.stats distribution
    parameters : mapping
        Name of each of its parameters -> array of shape (S, n) or (S, 1).
    """

    mean: np.ndarray
    distribution: Any
    parameters: Mapping[str, np.ndarray]

    @cached_property
    def variance(self) -> np.ndarray:
        """See `Conditional`."""
        # What only moves a distribution does not change its variance.
        shape = {name: value for name, value in self.parameters.items() if name != "loc"}
        return np.asarray(self.distribution.var(**shape))

    def cdf(self, y: Any) -> np.ndarray:
        """See `Conditional`."""
        return np.asarray(self.distribution.cdf(y, **self.parameters))

    def log_prob(self, y: Any) -> np.ndarray:
        """See `Conditional`."""
        log_prob = self.distribution.logpmf if self.discrete else self.distribution.logpdf
        return np.asarray(log_prob(y, **self.parameters))

    def bounds(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """See `Conditional`."""
        each = np.broadcast_to(self.distribution.ppf(level, **self.parameters), self.mean.shape)
        return each.min(axis=0), each.max(axis=0)

    def sample(self, rng: np.random.Generator) -> np.ndarray:
        """See `Conditional`."""
        return np.asarray(self.distribution.rvs(**self.parameters, size=self.mean.shape, random_state=rng))

    def columns(self, where: Any) -> Standard:
        """See `Conditional`."""
        parameters = {name: _columns(value, where) for name, value in self.parameters.items()}
        return replace(self, mean=self.mean[:, where], parameters=parameters)

    def _spread_values(self, levels: np.ndarray) -> np.ndarray:
        parameters = {name: value[..., None] for name, value in self.parameters.items()}
        values = self.distribution.ppf(levels, **parameters)
        return np.broadcast_to(values, (*self.mean.shape, len(levels))).astype("float64")


@dataclass(frozen=True, eq=False)
class Counts(Standard):
    """A distribution of whole numbers from 0 on whose mass is P(k) = P(k - 1) (a + b / k), Panjer's recursion.

    By it quantiles are found in one walk upwards, thirty times as fast as by a search for each of them.

    Attributes
    ----------
    recursion : callable
        ``recursion(**parameters)`` gives a and b.
    """

    recursion: Callable[..., tuple[Any, Any]]
    discrete = True

    def mixture_quantiles(self, levels: np.ndarray) -> np.ndarray:
        """See `Conditional`; the smallest whole numbers at which the distribution function reaches the levels."""
        mean = self.mean.mean(axis=0, dtype="float64")
        variance = self.mean.var(axis=0, dtype="float64") + np.mean(self.variance, axis=0)
        low, high = _cantelli(mean, variance, levels)
        if self._can_walk(high):
            return self._walk(levels, int(high.max()), lambda cdf: cdf.mean(axis=0))
        levels = levels[:, None]
        while (low < high).any():
            middle = np.floor((low + high) / 2)
            reached = np.stack([self.cdf(some).mean(axis=0) for some in middle]) >= levels
            low, high = np.where(reached, low, np.minimum(middle + 1, high)), np.where(reached, middle, high)
        return high

    def _spread_values(self, levels: np.ndarray) -> np.ndarray:
        _, high = _cantelli(self.mean.astype("float64"), self.variance, levels)
        if not self._can_walk(high):
            return super()._spread_values(levels)
        return np.moveaxis(self._walk(levels, int(high.max()), lambda cdf: cdf), 0, -1)

    def _can_walk(self, high: np.ndarray) -> bool:
        """Whether the walk is short, and starts at masses that 64-bit numbers hold."""
        return bool(high.max() <= LONGEST_WALK and self.log_prob(0).min() > SMALLEST_LOG_MASS)

    def _walk(self, levels: np.ndarray, end: int, of: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """Return the smallest counts, `end` at most, at which `of` the distribution functions reaches levels.

        Levels (K,) ascend; the answer is (K, *shape of what `of` returns).
        """
        a, b = self.recursion(**self.parameters)
        mass = np.exp(np.broadcast_to(self.log_prob(0), self.mean.shape).astype("float64"))
        cdf, first = mass.copy(), 0
        found = np.zeros((len(levels), *of(cdf).shape))
        for k in range(1, end + 1):
            at = of(cdf)
            while at.min() >= levels[first]:
                first += 1
                if first == len(levels):
                    return found
            for reached, level in zip(found[first:], levels[first:], strict=True):
                reached += at < level
            mass *= a + b / k
            cdf += mass
        return found


@dataclass(frozen=True, eq=False)
class Mixture(Conditional):
    """A mixture of K normal distributions.

    Attributes
    ----------
    weights, means, sds : ndarray of shape (K, S, n)
        Weights sum to 1 over the first axis; means and standard deviations in the target's units.
    """

    weights: np.ndarray
    means: np.ndarray
    sds: np.ndarray

    @cached_property
    def mean(self) -> np.ndarray:  # type: ignore[override]
        """See `Conditional`."""
        return np.einsum("ksn,ksn->sn", self.weights, self.means)

    @cached_property
    def variance(self) -> np.ndarray:
        """See `Conditional`."""
        components = zip(self.weights, self.means, self.sds, strict=True)
        return np.sum([w * (np.square(sd) + np.square(m - self.mean)) for w, m, sd in components], axis=0)

    def cdf(self, y: Any) -> np.ndarray:
        """See `Conditional`."""
        # One component at a time, so that memory does not grow with their number.
        components = zip(self.weights, self.means, self.sds, strict=True)
        return np.asarray(sum(w * special.ndtr((y - m) / sd) for w, m, sd in components))

    def log_prob(self, y: Any) -> np.ndarray:
        """See `Conditional`."""
        total = np.full(self.mean.shape, -np.inf)
        for w, m, sd in zip(self.weights, self.means, self.sds, strict=True):
            with np.errstate(divide="ignore"):  # a weight that was rounded to 0
                total = np.logaddexp(total, np.log(w, dtype="float64") + stats.norm.logpdf(y, m, sd))
        return total

    def bounds(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """See `Conditional`."""
        each = self.means + self.sds * special.ndtri(level)
        return each.min(axis=(0, 1)), each.max(axis=(0, 1))

    def sample(self, rng: np.random.Generator) -> np.ndarray:
        """See `Conditional`."""
        chosen = self._component(rng.random(self.mean.shape))[None]
        mean, sd = (np.take_along_axis(value, chosen, axis=0)[0] for value in (self.means, self.sds))
        return mean + sd * rng.standard_normal(mean.shape)

    def columns(self, where: Any) -> Mixture:
        """See `Conditional`."""
        return Mixture(self.weights[:, :, where], self.means[:, :, where], self.sds[:, :, where])

    def _component(self, level: np.ndarray) -> np.ndarray:
        """Return which component each level in 0..1 falls into, if they lie side by side, by their weights."""
        edges = np.cumsum(self.weights, axis=0).reshape(-1, *self.mean.shape, *(1,) * (level.ndim - 2))
        return np.minimum((edges < level).sum(axis=0), len(self.weights) - 1)

    def _spread_values(self, levels: np.ndarray) -> np.ndarray:
        level = np.broadcast_to(levels, (*self.mean.shape, len(levels)))
        chosen = self._component(level)[None]
        edges = np.cumsum(self.weights, axis=0, dtype="float64")
        first, width, mean, sd = (
            np.take_along_axis(value[..., None], chosen, axis=0)[0]
            for value in (edges - self.weights, self.weights, self.means, self.sds)
        )
        # Where a component's share of the levels is hit, its own quantile; rounding must not reach 0 or 1.
        within = np.clip((level - first) / np.maximum(width, 1e-12), 1e-4, 1 - 1e-4)
        return np.asarray(mean + sd * special.ndtri(within))


def normal(mean: np.ndarray, sd: np.ndarray) -> Standard:
    """Return normal distributions; `sd` may be (S,), one for each draw."""
    return Standard(mean, stats.norm, {"loc": mean, "scale": _for_draws(sd)})


def student_t(mean: np.ndarray, scale: np.ndarray, df: float) -> Standard:
    """Return Student t distributions with `df` degrees of freedom, more than 2; `scale` may be (S,)."""
    return Standard(mean, stats.t, {"df": np.full((1, 1), df), "loc": mean, "scale": _for_draws(scale)})


def poisson(rate: np.ndarray) -> Standard:
    """Return Poisson distributions."""
    return Counts(rate, stats.poisson, {"mu": rate.astype("float64")}, lambda mu: (0.0, mu))


def negative_binomial(mean: np.ndarray, shape: np.ndarray) -> Standard:
    """Return negative binomial distributions of variance ``mean + mean^2 / shape``; `shape` may be (S,)."""
    shape = _for_draws(shape)
    parameters = {"n": shape, "p": shape / (shape + mean)}
    return Counts(mean, stats.nbinom, parameters, lambda n, p: (1 - p, (n - 1) * (1 - p)))


def _cantelli(mean: np.ndarray, variance: np.ndarray, levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return counts, (K, *shape) each, between which the quantiles at the levels (K,) lie (Cantelli 1928)."""
    odds = (levels / (1 - levels)).reshape(-1, *(1,) * mean.ndim)
    low, high = mean - np.sqrt(variance / odds), mean + np.sqrt(variance * odds)
    return np.maximum(np.floor(low), 0.0), np.ceil(high)


def _for_draws(value: np.ndarray) -> np.ndarray:
    value = np.asarray(value, dtype="float64" if np.ndim(value) == 1 else None)
    return value[:, None] if value.ndim == 1 else value


def _columns(value: np.ndarray, where: Any) -> np.ndarray:
    return value if value.shape[1] == 1 else value[:, where]
