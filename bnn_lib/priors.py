"""Families of weight priors, and how their scale is set: one entry here is all a new one takes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]

STUDENT_DF = 3.0

# Spike and slab (George & McCulloch 1993), continuous: as many weights in the one as in the other.
SPIKE_SHARE = 0.5
SPIKE_SCALE = 0.05  # of the slab's

# Regularised horseshoe (Piironen & Vehtari 2017): what the global scale is of the slab's. It stands for a guess
# that one weight in eleven matters (p0 / (D - p0) in their section 3.3).
GLOBAL_SCALE = 0.1
SLAB_DF = 4
TINY = 1e-12


@dataclass(frozen=True, kw_only=True)
class PriorFamily:
    """A symmetric scale family for weights and biases.

    Attributes
    ----------
    label, help : str
        Name and one sentence for a user.
    build : callable
        ``build(pm, name, scale, **where)`` adds a matrix or vector of independent weights to the model in context
        and returns it; `where` is its shape and dims, and `pm` is `pymc`, an argument so that importing this
        costs nothing.
    density : callable
        ``density(x)`` gives a weight's density at scale 1, of x (m,): (m,).
    variance : float
        At scale 1; infinite where there is none.
    hierarchical : bool
        Whether `build` gives a product of random variables, each of which gets a name that begins with `name`.
    count : callable
        ``count(m)`` gives the number of parameters that m weights built together are made of.
    """

    label: str
    help: str
    build: Callable[..., Any]
    density: Callable[[Array], Array]
    variance: float
    hierarchical: bool = False
    count: Callable[[int], int] = lambda m: m


@dataclass(frozen=True)
class PriorScaling:
    """How a weight's prior scale comes about.

    Attributes
    ----------
    label, help : str
        Name and one sentence for a user.
    learned : bool
        Whether scales are inferred, each with a HalfNormal prior of the given scale.
    count : callable
        ``count(sizes)`` gives the number of inferred scales; sizes are features, units of each layer, outputs.
    """

    label: str
    help: str
    learned: bool = False
    count: Callable[[Sequence[int]], int] = lambda sizes: 0


def _of_scipy(name: str, **parameters: float) -> Callable[[Array], Array]:
    def density(x: Array) -> Array:
        from scipy import stats

        return np.asarray(getattr(stats, name).pdf(x, **parameters))

    return density


def _spike_slab(pm: Any, name: str, scale: Any, **where: Any) -> Any:
    sds = pm.math.stack([SPIKE_SCALE * scale, scale])
    weights = np.array([SPIKE_SHARE, 1.0 - SPIKE_SHARE], "float32")
    return pm.NormalMixture(name, w=weights, mu=np.zeros(2, "float32"), sigma=sds, **where)


def _spike_slab_density(x: Array) -> Array:
    normal = _of_scipy("norm")
    return SPIKE_SHARE * normal(x / SPIKE_SCALE) / SPIKE_SCALE + (1.0 - SPIKE_SHARE) * normal(x)


def _horseshoe(pm: Any, name: str, scale: Any, **where: Any) -> Any:
    """Weights z r c / sqrt(r^2 + c^2), with z normal, r a local times the global scale, and c the slab's scale.

    Non-centred, as functions of standard normal variables alone: their posterior is a funnel otherwise, and
    logarithms of half-Cauchy variables, which have no end, soon leave what 32-bit numbers hold.
    """
    z = pm.Normal(name, 0.0, 1.0, **where)
    local = _log_half_cauchy(pm, pm.Normal(f"{name}_local", 0.0, 1.0, **where))
    everywhere = _log_half_cauchy(pm, pm.Normal(f"{name}_global", 0.0, 1.0)) + math.log(GLOBAL_SCALE)
    slab = pm.Normal(f"{name}_slab", 0.0, 1.0, shape=(SLAB_DF,))
    log_c2 = -pm.math.log(pm.math.sqr(slab).mean() + TINY)  # c^2 ~ InverseGamma(df / 2, df / 2)
    log_ratio = log_c2 - 2.0 * (local + everywhere)
    return z * scale * pm.math.exp(0.5 * (log_c2 - pm.math.log1pexp(log_ratio)))


def _log_half_cauchy(pm: Any, z: Any) -> Any:
    """Return the logarithm of a half-Cauchy variable, log tan(pi / 2 Phi(z)), of a standard normal one."""
    z = pm.math.clip(z, -10.0, 10.0)
    below, above = (0.5 * pm.math.erfc(side / math.sqrt(2.0)) for side in (-z, z))
    return pm.math.log(pm.math.sin(math.pi / 2 * below)) - pm.math.log(pm.math.sin(math.pi / 2 * above))


@lru_cache(maxsize=1)
def _horseshoe_scales() -> tuple[Array, Array]:
    """Return standard deviations of a weight of the horseshoe and how likely each is, (300,), by quadrature."""
    log_r = np.linspace(-12.0, 12.0, 400) + 0.01  # of a product of two half-Cauchy draws; 0 would be 0 / 0
    of_r = log_r * np.exp(log_r) / np.expm1(2 * log_r)  # their density is 4 / pi^2 log(r) / (r^2 - 1)
    log_c2 = np.linspace(-4.0, 9.0, 100)
    of_c2 = np.exp(-SLAB_DF / 2 * (log_c2 + np.exp(-log_c2)))  # InverseGamma(df / 2, df / 2), of the logarithm
    variance = 1 / (np.exp(-2 * log_r)[:, None] / GLOBAL_SCALE**2 + np.exp(-log_c2))
    weight = of_r[:, None] * of_c2
    # The plane of both is more than a curve needs: one that is as likely to have each standard deviation will do.
    edges = np.geomspace(variance.min(), variance.max() * 1.001, 301)
    total, _ = np.histogram(variance, edges, weights=weight)
    of_bin, _ = np.histogram(variance, edges, weights=weight * variance)
    return np.sqrt(of_bin / total), total / total.sum()


def _horseshoe_density(x: Array) -> Array:
    sd, weight = _horseshoe_scales()
    far = np.asarray(x, np.float64)[:, None] / sd
    return np.asarray(np.exp(-0.5 * np.square(far)) @ (weight / sd)) / np.sqrt(2 * np.pi)


def _horseshoe_variance() -> float:
    sd, weight = _horseshoe_scales()
    return float(np.square(sd) @ weight)


PRIORS: Mapping[str, PriorFamily] = MappingProxyType(
    {
        "normal": PriorFamily(
            label="normal",
            help="Bell-shaped: weights near zero, none very large.",
            build=lambda pm, name, scale, **where: pm.Normal(name, 0.0, scale, **where),
            density=_of_scipy("norm"),
            variance=1.0,
        ),
        "laplace": PriorFamily(
            label="Laplace",
            help="Peaked at zero with heavier tails: few large weights.",
            build=lambda pm, name, scale, **where: pm.Laplace(name, 0.0, scale, **where),
            density=_of_scipy("laplace"),
            variance=2.0,
        ),
        "student_t": PriorFamily(
            label="Student t",
            help="Heavy tails (3 degrees of freedom): now and then a very large weight.",
            build=lambda pm, name, scale, **where: pm.StudentT(name, nu=STUDENT_DF, mu=0.0, sigma=scale, **where),
            density=_of_scipy("t", df=STUDENT_DF),
            variance=STUDENT_DF / (STUDENT_DF - 2),
        ),
        "cauchy": PriorFamily(
            label="Cauchy",
            help="The heaviest tails: most weights moderate, some enormous, without any variance.",
            build=lambda pm, name, scale, **where: pm.Cauchy(name, 0.0, scale, **where),
            density=_of_scipy("cauchy"),
            variance=float("inf"),
        ),
        "horseshoe": PriorFamily(
            label="horseshoe",
            help="Sparse: nearly all weights at zero, while the few that matter keep their size.",
            build=_horseshoe,
            density=_horseshoe_density,
            variance=_horseshoe_variance(),
            hierarchical=True,
            count=lambda m: 2 * m + 1 + SLAB_DF,
        ),
        "spike_slab": PriorFamily(
            label="spike and slab",
            help="Two kinds of weights: half of them all but zero, the others of ordinary size.",
            build=_spike_slab,
            density=_spike_slab_density,
            variance=SPIKE_SHARE * SPIKE_SCALE**2 + 1.0 - SPIKE_SHARE,
        ),
    }
)

SCALINGS: Mapping[str, PriorScaling] = MappingProxyType(
    {
        "none": PriorScaling("none", "Every weight has the same prior scale."),
        "fan_in": PriorScaling(
            "by width",
            "A weight's prior scale is divided by the root of its unit's inputs, so width does not change the "
            "size of the output.",
        ),
        "learned": PriorScaling(
            "learned", "Each layer's scale is itself inferred.", True, lambda sizes: len(sizes) - 1
        ),
        "shared": PriorScaling(
            "learned, shared", "One scale, itself inferred, for all layers.", True, lambda sizes: 1
        ),
        "ard": PriorScaling(
            "learned, by feature",
            "Each input feature has an inferred scale for its weights, and so has each further layer: features "
            "that do not matter are switched off (automatic relevance determination).",
            True,
            lambda sizes: sizes[0] + len(sizes) - 2,
        ),
    }
)


def count_parameters(sizes: Sequence[int], bias: bool, family: str, scaling: str, learned_noise: bool) -> int:
    """Return how many numbers a method has to infer: weights, biases, and all that their prior is made of.

    Parameters
    ----------
    sizes : sequence of int
        Features, units of each hidden layer, outputs.
    bias : bool
    family, scaling : str
        Of `PRIORS` and `SCALINGS`.
    learned_noise : bool
    """
    count = PRIORS[family].count
    layers = sum(count(fan_in * fan_out) + bias * count(fan_out) for fan_in, fan_out in pairwise(sizes))
    return layers + SCALINGS[scaling].count(sizes) + learned_noise


def weight_density(family: str, scaling: str, scale: float, fan_in: int, x: Array) -> Array:
    """Return the prior density of a weight, an inferred scale averaged over.

    Parameters
    ----------
    family, scaling : str
        Of `PRIORS` and `SCALINGS`.
    scale : float
    fan_in : int
        Inputs of the weight's unit, which matter with "fan_in".
    x : ndarray of shape (m,)
        Values of the weight.

    Returns
    -------
    ndarray of shape (m,)
    """
    scales, density = np.array([scale]), PRIORS[family].density
    if scaling == "fan_in":
        scales = scales / np.sqrt(fan_in)
    elif SCALINGS[scaling].learned:
        from scipy import special

        # Equally likely values of a half-normal scale.
        scales = scale * special.ndtri(0.5 + 0.5 * (np.arange(64) + 0.5) / 64)
    return np.mean([density(np.asarray(x, np.float64) / each) / each for each in scales], axis=0)
