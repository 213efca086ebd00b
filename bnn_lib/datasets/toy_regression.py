"""Generated data sets for regression: one or two features, uniform over a stated range, and a known truth.

Every generator is ``make_...(n, noise, seed) -> (X, y)``, with X of shape (n, d) and y of shape (n,); random
numbers and rounding are as in `toy_classification`. Beside it stands its truth, the target without noise:
``...(X)`` gives (n, k), a column a branch (one, but for "bimodal"). `noise` is the standard deviation of normal
noise added to the target, in its units, unless the generator says otherwise; features have none.
"""

from __future__ import annotations

import numpy as np

from bnn_lib.datasets.toy_classification import DECIMALS, Rows

QUIETEST = 0.1  # heteroscedastic: noise at the left end, as a share of that at the right end
OUTLIER_EVERY = 10  # rows
OUTLIER_SHIFT = (2.0, 4.0)
SMALLEST_DISPERSION = 1e-8  # below it a gamma variable of mean 1 is 1 in double precision
BUMP_WIDTH = 0.6  # standard deviation of a Gaussian bump


def make_x_sin_x(n: int, noise: float, seed: int) -> Rows:
    """A wave that grows: x sin(x) on [0, 10]."""
    random = np.random.RandomState(seed)
    X = _uniform(random, n, 0.0, 10.0)
    return _observe(X, x_sin_x(X)[:, 0], constant_sd(X, noise), random)


def x_sin_x(X: np.ndarray) -> np.ndarray:
    """Return x sin(x)."""
    return X * np.sin(X)


def make_gap(n: int, noise: float, seed: int) -> Rows:
    """sin(1.5 x) on [-3, -1] and [1, 3], half of the rows in each, the odd row on the left."""
    random = np.random.RandomState(seed)
    side = np.where(np.arange(n) % 2 == 0, -1.0, 1.0)[:, None]
    X = (side * random.uniform(1.0, 3.0, size=(n, 1))).round(DECIMALS)
    return _observe(X, slow_sine(X)[:, 0], constant_sd(X, noise), random)


def slow_sine(X: np.ndarray) -> np.ndarray:
    """Return sin(1.5 x)."""
    return np.sin(1.5 * X)


def make_step(n: int, noise: float, seed: int) -> Rows:
    """-1 left of zero and 1 from there on, x on [-2, 2]."""
    random = np.random.RandomState(seed)
    X = _uniform(random, n, -2.0, 2.0)
    return _observe(X, step(X)[:, 0], constant_sd(X, noise), random)


def step(X: np.ndarray) -> np.ndarray:
    """Return -1 where x < 0, else 1."""
    return np.where(X < 0, -1.0, 1.0)


def make_heteroscedastic(n: int, noise: float, seed: int) -> Rows:
    """sin(1.5 x) on [0, 4], its noise growing tenfold from left to right (see `growing_sd`)."""
    random = np.random.RandomState(seed)
    X = _uniform(random, n, 0.0, 4.0)
    return _observe(X, slow_sine(X)[:, 0], growing_sd(X, noise), random)


def growing_sd(X: np.ndarray, noise: float) -> np.ndarray:
    """Return the standard deviation of `make_heteroscedastic`: ``noise * (0.1 + 0.9 x / 4)``, of shape (n,)."""
    return noise * (QUIETEST + (1 - QUIETEST) * X[:, 0] / 4.0)


def make_outliers(n: int, noise: float, seed: int) -> Rows:
    """sin(1.5 x) on [-3, 3], every tenth row 2 to 4 too high (uniformly), as a slipped instrument would be."""
    random = np.random.RandomState(seed)
    X = _uniform(random, n, -3.0, 3.0)
    shift = np.where(np.arange(n) % OUTLIER_EVERY == 0, random.uniform(*OUTLIER_SHIFT, size=n), 0.0)
    return _observe(X, slow_sine(X)[:, 0] + shift, constant_sd(X, noise), random)


def make_linear(n: int, noise: float, seed: int) -> Rows:
    """1 + 2 x on [-1, 1]."""
    random = np.random.RandomState(seed)
    X = _uniform(random, n, -1.0, 1.0)
    return _observe(X, linear(X)[:, 0], constant_sd(X, noise), random)


def linear(X: np.ndarray) -> np.ndarray:
    """Return 1 + 2 x."""
    return 1.0 + 2.0 * X


def make_bimodal(n: int, noise: float, seed: int) -> Rows:
    """Either branch of `branches` with the same probability, x on [-2, 2]; rows take them in turn."""
    random = np.random.RandomState(seed)
    X = _uniform(random, n, -2.0, 2.0)
    return _observe(X, branches(X)[np.arange(n), np.arange(n) % 2], constant_sd(X, noise), random)


def branches(X: np.ndarray) -> np.ndarray:
    """Return 1 + 0.5 sin(2 x) and its negative, of shape (n, 2)."""
    upper = 1.0 + 0.5 * np.sin(2.0 * X)
    return np.hstack([upper, -upper])


def make_counts(n: int, noise: float, seed: int) -> Rows:
    """Counts with mean exp(1 + x), x on [-2, 2].

    Poisson where `noise` is 0. Above, each row's rate is multiplied by a gamma variable of mean 1 and standard
    deviation `noise`, which makes the count negative binomial, with variance ``mean + (noise * mean)**2``.
    """
    random = np.random.RandomState(seed)
    X = _uniform(random, n, -2.0, 2.0)
    rate = exponential(X)[:, 0]
    if noise > 0:
        shape = max(noise, SMALLEST_DISPERSION) ** -2
        rate = rate * random.gamma(shape, 1 / shape, size=n)
    return X, random.poisson(rate.round(DECIMALS)).astype(float)


def exponential(X: np.ndarray) -> np.ndarray:
    """Return exp(1 + x)."""
    return np.exp(1.0 + X)


def counts_sd(X: np.ndarray, noise: float) -> np.ndarray:
    """Return the standard deviation of `make_counts`, of shape (n,)."""
    mean = exponential(X)[:, 0]
    return np.sqrt(mean + (noise * mean) ** 2)


def make_plane(n: int, noise: float, seed: int) -> Rows:
    """1 + 2 x1 - x2 on the square [-1, 1]^2."""
    random = np.random.RandomState(seed)
    X = _uniform(random, n, -1.0, 1.0, features=2)
    return _observe(X, plane(X)[:, 0], constant_sd(X, noise), random)


def plane(X: np.ndarray) -> np.ndarray:
    """Return 1 + 2 x1 - x2."""
    return 1.0 + 2.0 * X[:, :1] - X[:, 1:]


def make_bumps(n: int, noise: float, seed: int) -> Rows:
    """A hill and a hollow on the square [-2, 2]^2 (see `bumps`)."""
    random = np.random.RandomState(seed)
    X = _uniform(random, n, -2.0, 2.0, features=2)
    return _observe(X, bumps(X)[:, 0], constant_sd(X, noise), random)


def bumps(X: np.ndarray) -> np.ndarray:
    """Return a Gaussian hill of height 1 around (-0.8, -0.8) less one around (0.8, 0.8), each 0.6 wide."""
    hill, hollow = (((X - centre) ** 2).sum(axis=1, keepdims=True) for centre in (-0.8, 0.8))
    return np.exp(-hill / (2 * BUMP_WIDTH**2)) - np.exp(-hollow / (2 * BUMP_WIDTH**2))


def constant_sd(X: np.ndarray, noise: float) -> np.ndarray:
    """Return `noise` for every row, of shape (n,)."""
    return np.full(len(X), float(noise))


def _uniform(random: np.random.RandomState, n: int, low: float, high: float, features: int = 1) -> np.ndarray:
    return random.uniform(low, high, size=(n, features)).round(DECIMALS)


def _observe(X: np.ndarray, mean: np.ndarray, sd: np.ndarray, random: np.random.RandomState) -> Rows:
    return X, (mean + sd * random.standard_normal(len(X))).round(DECIMALS)
