from __future__ import annotations

import re
from itertools import product
from typing import Any

import jax
import numpy as np
import pytest

import bnn_lib as bnn
from bnn_lib.activations import ACTIVATIONS
from bnn_lib.datasets import DATASETS
from bnn_lib.fitting import FLATNESS_WINDOW, fit_steps, is_flat, snapshot_steps
from bnn_lib.priors import PRIORS, SCALINGS
from tests.cases import linear_case, small


def same(a: bnn.Posterior, b: bnn.Posterior) -> bool:
    leaves = zip(jax.tree.leaves(a.state), jax.tree.leaves(b.state), strict=True)
    return np.array_equal(a.elbo, b.elbo) and all(np.array_equal(x, y) for x, y in leaves)


@pytest.mark.parametrize("batch_size", [None, 7])
def test_the_same_experiment_gives_the_same_result_whatever_the_chunks(batch_size: int | None) -> None:
    experiment = small(inference=bnn.InferenceSpec(steps=250, batch_size=batch_size, schedule="cosine"))
    usual = bnn.fit(experiment)
    for chunk_steps in (1, 17, 250):
        *_, last = fit_steps(experiment, chunk_steps=chunk_steps)
        assert same(last.posterior, usual)
    other_seed = small(inference=experiment.inference.model_copy(update={"seed": 1}))
    assert not same(bnn.fit(other_seed), usual)


def test_progress_tells_every_step_once_and_stops_at_every_snapshot() -> None:
    steps, pieces = [], []
    for progress in fit_steps(small(steps=1000)):
        steps.append(progress.step)
        pieces.append(progress.elbo)
        assert progress.total == 1000
        assert progress.posterior.diagnostics["steps"] == progress.step == len(progress.posterior.elbo)
    assert set(snapshot_steps(1000)) <= set(steps)
    assert steps == sorted(set(steps))
    np.testing.assert_array_equal(np.concatenate(pieces), progress.posterior.elbo)
    assert np.isfinite(progress.posterior.elbo).all()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((None,), "experiment is None; allowed: Experiment"),
        (({"n": 3},), "experiment is {'n': 3}; allowed: Experiment"),
        ((small(), "x"), "dataset is 'x'; allowed: Dataset or None"),
        ((small(), None, "fit.npz"), "start is 'fit.npz'; allowed: Posterior or None"),
    ],
)
def test_an_argument_of_another_kind_is_refused_at_once_in_a_sentence(
    arguments: tuple[Any, ...], says: str
) -> None:
    for ask in (bnn.fit, fit_steps):  # which does not wait for the first step
        named = dict(zip(("experiment", "dataset", "start"), arguments, strict=False))
        with pytest.raises(ValueError, match=re.escape(says)):
            ask(**named)


def test_a_chunk_of_no_steps_is_refused() -> None:
    for bad in (0, 1.5, 9000):
        with pytest.raises(bnn.InvalidData, match=r"chunk_steps is .*; allowed: a whole number from 1 to 8,192"):
            fit_steps(small(), chunk_steps=bad)  # type: ignore[arg-type]


def test_every_error_of_the_library_is_a_value_error() -> None:
    for error in (bnn.InvalidExperiment, bnn.InvalidData, bnn.FitFailed):
        assert issubclass(error, ValueError)
    assert issubclass(bnn.FitFailed, ArithmeticError)


@pytest.mark.parametrize("total", [29, 1000, 20_000, 1_000_000])
def test_snapshots_are_about_thirty_and_even_in_the_logarithm(total: int) -> None:
    steps = snapshot_steps(total)
    assert steps[0] == 1
    assert steps[-1] == total
    assert len(steps) <= 30
    assert len(steps) >= 15
    assert np.ptp(np.diff(np.log(steps[-8:]))) < 0.5


def test_a_fit_of_a_few_steps_has_them_all_as_snapshots() -> None:
    assert [snapshot_steps(total) for total in (1, 2, 5)] == [[1], [1, 2], [1, 2, 3, 4, 5]]


def test_a_change_of_numbers_compiles_nothing() -> None:
    compiled: list[str] = []
    jax.monitoring.register_event_duration_secs_listener(
        lambda event, *_, **__: compiled.append(event) if "backend_compile" in event else None
    )
    network = bnn.NetworkSpec(hidden=(7,))  # of no other test: it must be compiled here
    bnn.fit(small(network=network, prior=bnn.PriorSpec(scaling="learned")))
    assert compiled  # the listener hears compilations
    compiled.clear()
    changed = small(
        network=network,
        data=bnn.DataSpec(name="circles", n=60, noise=0.5, seed=3),
        prior=bnn.PriorSpec(scaling="learned", scale=3.0, bias_scale=0.2),
        inference=bnn.InferenceSpec(steps=777, learning_rate=0.3, seed=9),
    )
    bnn.fit(changed)
    assert compiled == []


def test_early_stopping_ends_a_flat_fit_at_a_good_elbo() -> None:
    long = linear_case(steps=60_000, schedule="constant", mc_samples=1)
    short = linear_case(steps=60_000, schedule="constant", mc_samples=1, early_stopping=True)
    whole, stopped = bnn.fit(long.experiment, long.dataset), bnn.fit(short.experiment, short.dataset)
    assert stopped.diagnostics["stopped_early"]
    assert 3 * FLATNESS_WINDOW <= len(stopped.elbo) < 60_000
    np.testing.assert_array_equal(stopped.elbo, whole.elbo[: len(stopped.elbo)])
    assert stopped.elbo[-1000:].mean() > whole.elbo[-1000:].mean() - 0.5
    *_, other = fit_steps(short.experiment, short.dataset, chunk_steps=333)
    assert same(other.posterior, stopped)


@pytest.mark.parametrize("method", ["sghmc", "map", "ensemble", "laplace"])
def test_early_stopping_is_not_for_a_log_density(method: str) -> None:
    # It is flat long before a chain has left its burn-in, and where a climb only rests.
    case = linear_case(method=method, steps=8000, early_stopping=True)
    posterior = bnn.fit(case.experiment, case.dataset)
    assert not posterior.diagnostics["stopped_early"]
    assert posterior.diagnostics["steps"] == 8000


def test_flat_means_no_rise_beyond_chance() -> None:
    noise = np.random.default_rng(0).normal(size=3 * FLATNESS_WINDOW).astype("float32")
    ramp = np.linspace(0, 3, len(noise)).astype("float32")
    assert is_flat(noise - ramp)
    assert not is_flat(noise + ramp)
    assert not is_flat(noise[:-1])


def test_a_batch_as_large_as_the_data_is_the_data() -> None:
    whole = bnn.fit(small())
    assert same(bnn.fit(small(inference=bnn.InferenceSpec(steps=300, batch_size=30))), whole)


def accuracy(data_seed: int, seed: int) -> float:
    experiment = bnn.Experiment(data=bnn.DataSpec(seed=data_seed), inference=bnn.InferenceSpec(seed=seed))
    dataset = bnn.load_dataset(experiment.data)
    return bnn.evaluate(bnn.fit(experiment, dataset), dataset)["accuracy"]


def test_the_articles_experiment_is_right_95_times_in_100() -> None:
    # Its data are fixed; five seeds of the fit.
    assert np.mean([accuracy(0, seed) for seed in range(5)]) == pytest.approx(0.95, abs=0.015)


def test_on_new_moons_it_is_as_right_as_the_best_possible_rule_within_a_point() -> None:
    arc = np.linspace(0, np.pi, 1000)
    moons = [np.column_stack([np.cos(arc), np.sin(arc)]), np.column_stack([1 - np.cos(arc), 0.5 - np.sin(arc)])]
    ours, best = [], []
    for seed in range(5):
        ours.append(accuracy(seed, seed))
        dataset = bnn.load_dataset(bnn.DataSpec(seed=seed))
        # The density of each class: a point on its arc, plus normal noise of sd 0.2.
        squares = [((dataset.X_test[:, None] - moon) ** 2).sum(-1) for moon in moons]
        density = [np.exp(-s / (2 * 0.2**2)).mean(axis=1) for s in squares]
        best.append(np.mean(np.argmax(density, axis=0) == dataset.y_test))
    assert np.mean(ours) > np.mean(best) - 0.01, (ours, best)


DATA_BOUNDS = [
    pytest.param(
        bnn.DataSpec(name=name, n=n, noise=noise, test_fraction=fraction),
        id=f"{name}-{n}",
        # One of each task at each bound is enough of a look while working.
        marks=() if name in ("moons", "x_sin_x") or (n == 20 and entry.fixed_rows is None) else pytest.mark.slow,
    )
    for name, entry in DATASETS.items()
    if not entry.painted
    for n, noise, fraction in ((20, 0.0, 0.95), (400, 1.0, 0.05))
]


@pytest.mark.parametrize("data", DATA_BOUNDS)
def test_every_data_set_fits_at_its_bounds(data: bnn.DataSpec) -> None:
    dataset = bnn.load_dataset(data)
    posterior = bnn.fit(small(data=data), dataset)
    assert np.isfinite(posterior.elbo).all()
    assert np.isfinite(list(bnn.evaluate(posterior, dataset, split="train").values())).all()


def extremes() -> list:
    """Every activation, prior and scaling at the bounds of the prior's scale; each at once while working."""
    found = []
    for name in ACTIVATIONS:
        marks = () if name == "relu" else pytest.mark.slow
        for hidden, scale in (((128, 1, 128, 64), 100.0), ((1,), 0.001)):
            network, prior = bnn.NetworkSpec(hidden=hidden, activation=name), bnn.PriorSpec(scale=scale)
            found.append(pytest.param(network, prior, id=f"{name}-{scale}", marks=marks))
    for (i, family), (k, scaling) in product(enumerate(PRIORS), enumerate(SCALINGS)):
        if i % len(SCALINGS) != k and scaling != "ard" and family != "normal":
            continue
        marks = () if i % len(SCALINGS) == k else pytest.mark.slow
        for scale in (0.001, 100.0):
            prior = bnn.PriorSpec(family=family, scaling=scaling, scale=scale, bias_scale=scale)
            case = bnn.NetworkSpec(hidden=(3,)), prior
            found.append(pytest.param(*case, id=f"{family}-{scaling}-{scale}", marks=marks))
    return [*found, (bnn.NetworkSpec(hidden=()), bnn.PriorSpec(bias_scale=None))]


@pytest.mark.parametrize(("network", "prior"), extremes())
def test_every_activation_and_prior_fits_at_its_bounds(network: bnn.NetworkSpec, prior: bnn.PriorSpec) -> None:
    for rate, steps in ((1.0, 100), (1e-6, 20)):
        inference = bnn.InferenceSpec(steps=steps, learning_rate=rate)
        posterior = bnn.fit(small(network=network, prior=prior, inference=inference))
        assert np.isfinite(posterior.elbo).all()
        assert np.isfinite(posterior.predict(np.array([[0.0, 0.0], [100.0, -100.0]]), 25).mean).all()


@pytest.mark.parametrize("noise", [None, 0.0001, 10.0])
@pytest.mark.parametrize(
    "scaling", [pytest.param(name, marks=() if name == "ard" else pytest.mark.slow) for name in SCALINGS]
)
def test_regression_fits_at_the_bounds_of_its_noise(noise: float | None, scaling: str) -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(-3, 3, (60, 1))
    dataset = bnn.Dataset.from_arrays(X, 1e4 + 300 * np.sin(X[:, 0]) + 10 * rng.normal(size=60))
    experiment = small(likelihood=bnn.LikelihoodSpec(noise=noise), prior=bnn.PriorSpec(scaling=scaling))
    posterior = bnn.fit(experiment, dataset)
    assert np.isfinite(posterior.elbo).all()
    assert np.isfinite(list(bnn.evaluate(posterior, dataset).values())).all()


def test_learned_noise_is_that_of_the_data() -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(-2, 2, (400, 1))
    dataset = bnn.Dataset.from_arrays(X, 3 * X[:, 0] + 0.7 * rng.normal(size=400), test_fraction=0.5)
    experiment = small(network=bnn.NetworkSpec(hidden=()), inference=bnn.InferenceSpec(steps=5000))
    prediction = bnn.fit(experiment, dataset).predict(dataset.X_test)
    assert np.sqrt(prediction.aleatoric).mean() == pytest.approx(0.7, rel=0.1)
    assert bnn.evaluate(bnn.fit(experiment, dataset), dataset)["coverage_95"] == pytest.approx(0.95, abs=0.04)
