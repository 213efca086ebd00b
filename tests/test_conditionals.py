from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from bnn_lib.conditionals import Conditional, Mixture, negative_binomial, normal, poisson, student_t
from bnn_lib.predictive import Prediction

S, N = 20, 5
RNG = np.random.default_rng(0)
MEAN = RNG.normal(3, 2, (S, N)).astype("float32")
RATE = RNG.uniform(0.2, 30, (S, N)).astype("float32")
MIXTURE = Mixture(
    np.moveaxis(RNG.dirichlet(np.ones(3), (S, N)), -1, 0).astype("float32"),
    RNG.normal(0, 3, (3, S, N)).astype("float32"),
    RNG.uniform(0.2, 1, (3, S, N)).astype("float32"),
)
ALL: dict[str, Conditional] = {
    "normal": normal(MEAN, RNG.uniform(0.5, 1.5, S)),
    "heteroscedastic": normal(MEAN, RNG.uniform(0.5, 1.5, (S, N)).astype("float32")),
    "student_t": student_t(MEAN, RNG.uniform(0.5, 1.5, S), 4.0),
    "poisson": poisson(RATE),
    "negative_binomial": negative_binomial(RATE, RNG.uniform(0.5, 20, S)),
    "mixture": MIXTURE,
}
each = pytest.mark.parametrize("conditional", ALL.values(), ids=ALL)


def grid(conditional: Conditional) -> np.ndarray:
    """Return values far beyond both ends, so many that a sum over them is an integral; (m, 1, 1)."""
    values = np.arange(600) if conditional.discrete else np.linspace(-300, 300, 120_001)
    return values[:, None, None]


@each
def test_mass_mean_and_variance_are_those_of_the_density(conditional: Conditional) -> None:
    y = grid(conditional)
    density = np.exp(conditional.columns(slice(0, 1)).log_prob(y)) * (y[1] - y[0])
    mean, variance = conditional.mean[:, :1], np.broadcast_to(conditional.variance, MEAN.shape)[:, :1]
    np.testing.assert_allclose(density.sum(axis=0), 1, rtol=1e-5)
    np.testing.assert_allclose((y * density).sum(axis=0), mean, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(((y - mean) ** 2 * density).sum(axis=0), variance, rtol=1e-3)


@each
def test_the_distribution_function_is_the_sum_of_the_density(conditional: Conditional) -> None:
    y, at = grid(conditional), 4.0
    density = np.exp(conditional.columns([2]).log_prob(y)) * (y[1] - y[0])
    below = density[y[:, 0, 0] <= at].sum(axis=0)
    np.testing.assert_allclose(conditional.columns([2]).cdf(np.array([at])), below, atol=2e-3)


@each
def test_samples_and_atoms_have_the_moments(conditional: Conditional) -> None:
    rng = np.random.default_rng(1)
    samples = np.stack([conditional.sample(rng) for _ in range(4000)])
    error = np.broadcast_to(conditional.sd, MEAN.shape) / np.sqrt(4000)
    assert (np.abs(samples.mean(axis=0) - conditional.mean) < 5 * error).all()
    atoms = conditional.atoms(32)
    assert atoms.shape == (S, N, 32)
    np.testing.assert_allclose(atoms.mean(axis=-1), conditional.mean, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(atoms.std(axis=-1), np.broadcast_to(conditional.sd, MEAN.shape), rtol=1e-5)


@each
def test_the_whole_is_split_by_the_law_of_total_variance(conditional: Conditional) -> None:
    prediction = Prediction.of(conditional)
    second = (conditional.variance + conditional.mean.astype("float64") ** 2).mean(axis=0)
    np.testing.assert_allclose(prediction.total, second - prediction.mean**2, rtol=1e-4)
    np.testing.assert_allclose(prediction.total, prediction.aleatoric + prediction.epistemic, rtol=1e-12)


@each
@pytest.mark.parametrize("probability", [0.5, 0.95])
def test_an_interval_holds_its_share(conditional: Conditional, probability: float) -> None:
    prediction, tail = Prediction.of(conditional), (1 - probability) / 2
    low, high = prediction.interval(probability).T
    if conditional.discrete:  # the smallest whole numbers at which the distribution function reaches the levels
        for bound, level in ((low, tail), (high, 1 - tail)):
            assert (bound == np.round(bound)).all()
            assert (prediction.cdf(bound) >= level).all()
            assert (prediction.cdf(bound - 1) < level).all()
    else:
        np.testing.assert_allclose(prediction.cdf(low), tail, atol=1e-6)
        np.testing.assert_allclose(prediction.cdf(high), 1 - tail, atol=1e-6)


@each
def test_blocks_of_inputs_change_nothing(conditional: Conditional, monkeypatch: pytest.MonkeyPatch) -> None:
    prediction, y = Prediction.of(conditional), np.arange(1, N + 1)
    whole = prediction.log_prob(y), prediction.interval(0.8), prediction.cdf(y)
    monkeypatch.setattr("bnn_lib.predictive.BLOCK_VALUES", 2 * S)
    for one, other in zip(
        whole, (prediction.log_prob(y), prediction.interval(0.8), prediction.cdf(y)), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-9)


def test_a_mixture_of_one_kind_is_that_kind() -> None:
    third = np.full((3, S, N), 1 / 3)
    same = Mixture(third, np.stack(3 * [MEAN]), np.full((3, S, N), 0.7))
    plain, y = normal(MEAN, np.full(S, 0.7)), np.linspace(-3, 8, N)
    np.testing.assert_allclose(same.cdf(y), plain.cdf(y))
    np.testing.assert_allclose(same.log_prob(y), plain.log_prob(y))
    np.testing.assert_allclose(same.variance, np.broadcast_to(plain.variance, (S, N)), rtol=1e-6)


COUNTS = {
    "poisson": scipy.stats.poisson(RATE.astype("float64")),
    "negative_binomial": scipy.stats.nbinom(**ALL["negative_binomial"].parameters),  # type: ignore[attr-defined]
}


@pytest.mark.parametrize("walk", [True, False])
@pytest.mark.parametrize("name", COUNTS)
def test_quantiles_of_counts_are_scipys(name: str, walk: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not walk:
        monkeypatch.setattr("bnn_lib.conditionals.LONGEST_WALK", 0)
    conditional, theirs = ALL[name], COUNTS[name]
    levels = np.array([0.001, 0.03, 0.2, 0.5, 0.77, 0.95, 0.9999])
    np.testing.assert_array_equal(
        conditional._spread_values(levels), theirs.ppf(levels[:, None, None]).transpose(1, 2, 0)
    )
    below = theirs.cdf(np.arange(1000)[:, None, None]).mean(axis=1)  # of the mixture, (1000, n)
    smallest = [[np.searchsorted(column, level) for column in below.T] for level in levels]
    np.testing.assert_array_equal(conditional.mixture_quantiles(levels), smallest)


@pytest.mark.parametrize("rate", [1e-6, 0.3, 600.0, 1e6])
def test_a_quantile_of_counts_of_any_size_is_the_smallest_that_reaches_its_level(rate: float) -> None:
    levels = np.array([0.005, 0.5, 0.995])
    for conditional in (
        poisson(np.full((2, 1), rate, "float32")),
        negative_binomial(np.array([[rate], [2 * rate]]), np.array([0.5, 1e4])),
    ):
        prediction, found = Prediction.of(conditional), conditional.mixture_quantiles(levels)
        for level, bound in zip(levels, found, strict=True):
            assert prediction.cdf(bound) >= level
            assert bound == 0 or prediction.cdf(bound - 1) < level


def test_a_negative_binomial_of_much_shape_is_a_poisson() -> None:
    y = np.arange(N)
    np.testing.assert_allclose(
        negative_binomial(RATE, np.full(S, 1e9)).log_prob(y), scipy.stats.poisson.logpmf(y, RATE), atol=1e-4
    )
