"""Every method against closed forms: Bayesian linear regression, whose posterior is normal and known."""

from __future__ import annotations

import jax
import numpy as np
import pytest

import bnn_lib as bnn
from bnn_lib.fitting import fit_steps
from bnn_lib.inference import METHODS
from bnn_lib.posterior import predict_at
from tests.cases import LinearCase, linear_case, small


def moments(posterior: bnn.Posterior) -> tuple[np.ndarray, np.ndarray]:
    draws = posterior.draws(20_000)
    values = np.concatenate([draws["W1"].reshape(-1, 2), draws["b1"]], axis=1)
    return values.mean(0), np.cov(values.T)


def fitted(method: str, **inference: object) -> tuple[LinearCase, bnn.Posterior]:
    case = linear_case(method=method, **inference)
    return case, bnn.fit(case.experiment, case.dataset)


@pytest.mark.parametrize(
    ("method", "inference", "tolerance"),
    [
        ("fullrank_advi", {}, 0.05),
        ("lowrank_advi", {"rank": 3}, 0.05),
        ("laplace", {}, 0.05),
        ("nuts", {"tune": 500, "draws": 2000}, 0.12),
        ("svgd", {"particles": 50, "steps": 3000, "learning_rate": 0.05}, 0.2),
        ("sghmc", {"steps": 20_000}, 0.25),
        ("sghmc", {"steps": 20_000, "noise": 0.01}, 0.25),  # sharp, and far from where it starts
    ],
)
def test_it_finds_mean_and_covariance_of_the_exact_posterior(
    method: str, inference: dict[str, object], tolerance: float
) -> None:
    case, posterior = fitted(method, **inference)
    mean, covariance = moments(posterior)
    sd = np.sqrt(np.diag(case.covariance))
    np.testing.assert_allclose((mean - case.mean) / sd, 0, atol=tolerance)
    np.testing.assert_allclose((covariance - case.covariance) / np.outer(sd, sd), 0, atol=2 * tolerance)


def test_sghmc_in_mini_batches_finds_a_sharp_posterior_a_little_too_wide() -> None:
    # Gradients of 100 of 2,000 rows: their noise widens what is sampled (Chen et al. 2014).
    case = linear_case(n=2000, method="sghmc", steps=20_000, batch_size=100, mc_samples=1)
    mean, covariance = moments(bnn.fit(case.experiment, case.dataset))
    sd = np.sqrt(np.diag(case.covariance))
    np.testing.assert_allclose((mean - case.mean) / sd, 0, atol=1.0)
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)) / sd, 1.1, atol=0.3)


@pytest.mark.parametrize("steps", [1, 2, 3, 49, 50, 150, 199, 250])
def test_sghmc_predicts_by_where_it_was_and_not_by_where_it_started(steps: int) -> None:
    experiment = small(inference=bnn.InferenceSpec(method="sghmc", steps=steps))
    seen = [np.asarray(p.posterior.state.positions) for p in fit_steps(experiment, chunk_steps=1)]
    posterior = bnn.fit(experiment)
    filled = int(posterior.state.filled)
    assert filled == min(100, max(1, steps // 2))
    for chain, kept in enumerate(np.asarray(posterior.state.kept)[:, :filled]):
        step_of = {positions[chain].tobytes(): step for step, positions in enumerate(seen)}
        steps_kept = [step_of[position.tobytes()] for position in kept]  # none is anything else
        assert steps_kept == sorted(set(steps_kept))
        assert steps == 1 or min(steps_kept) >= (steps - 1) // 2


@pytest.mark.parametrize("method", ["fullrank_advi", "lowrank_advi"])
def test_at_the_optimum_the_elbo_is_the_log_evidence_and_k_hat_says_so(method: str) -> None:
    case, posterior = fitted(method, rank=3)
    assert posterior.diagnostics["elbo_mean"] == pytest.approx(case.log_evidence, abs=0.05)
    assert posterior.diagnostics["elbo_se"] < 0.05
    assert posterior.diagnostics["k_hat"] < 0.5


def test_full_rank_stays_on_course_where_many_weights_are_sharply_known() -> None:
    # With steps of one size for every entry of its factor it ran away here, to an infinite ELBO.
    rng = np.random.default_rng(0)
    X = rng.uniform(-3, 3, (200, 1))
    dataset = bnn.Dataset.from_arrays(X, np.sin(2 * X[:, 0]) + 0.02 * rng.normal(size=200))
    told = {}
    for method in ("advi", "fullrank_advi"):
        experiment = bnn.Experiment(
            network=bnn.NetworkSpec(hidden=(50,)),
            prior=bnn.PriorSpec(scaling="learned"),
            inference=bnn.InferenceSpec(method=method, steps=6000),
        )
        told[method] = bnn.fit(experiment, dataset).diagnostics
    assert told["fullrank_advi"]["elbo_mean"] > told["advi"]["elbo_mean"]


def test_mean_field_s_k_hat_and_elbo_know_that_it_is_too_narrow() -> None:
    case, posterior = fitted("advi")
    assert posterior.diagnostics["k_hat"] > 0.5
    assert posterior.diagnostics["elbo_mean"] < case.log_evidence - 0.3


@pytest.mark.parametrize("method", ["map", "ensemble"])
def test_optimisation_ends_at_the_mode_and_knows_no_ignorance(method: str) -> None:
    case, posterior = fitted(method)
    draws = posterior.draws(50)
    mean = np.concatenate([draws["W1"].reshape(-1, 2), draws["b1"]], axis=1)
    np.testing.assert_allclose(mean, np.broadcast_to(case.mean, mean.shape), atol=0.01)
    assert len(posterior.elbo) == 0
    assert len(posterior.objective) == posterior.diagnostics["steps"]


def test_a_conjugate_mean_far_from_the_prior_s_is_found_or_the_miss_is_told() -> None:
    # One unit, no inputs but a constant: y ~ N(b, 1), b ~ N(0, 10^2), started at 0; posterior mean 8.02.
    rng = np.random.default_rng(3)
    y = rng.normal(size=50)
    y = y - y.mean() + 8.02 * (50 + 0.01) / 50
    X = np.zeros((50, 1))
    dataset = bnn.Dataset.from_arrays(X, y, X_test=X[:5], y_test=y[:5], task="regression", standardize=False)
    for method in ("advi", "fullrank_advi", "lowrank_advi", "laplace", "nuts"):
        experiment = bnn.Experiment(
            network=bnn.NetworkSpec(hidden=()),
            prior=bnn.PriorSpec(scale=10.0, bias_scale=10.0),
            likelihood=bnn.LikelihoodSpec(noise=1.0),
            inference=bnn.InferenceSpec(method=method, chains=1, rank=1, mc_samples=5),
        )
        b = bnn.fit(experiment, dataset).draws(4000)["b1"]
        assert b.mean() == pytest.approx(8.02, abs=0.03), method
        assert b.std() == pytest.approx(1 / np.sqrt(50.01), rel=0.1), method


def test_laplace_predicts_by_the_network_made_linear_at_the_map() -> None:
    experiment = small(inference=bnn.InferenceSpec(method="laplace", steps=300))
    dataset = bnn.load_dataset(experiment.data)
    posterior = bnn.fit(experiment, dataset)
    X = np.array([[0.5, 0.25], [4.0, -3.0]])
    # f(x; w*) + J (w - w*) by finite differences along each way: the log odds of a draw are that.
    about, positions = posterior.linear_about, posterior.positions(5)
    assert about is not None

    def log_odds(at: np.ndarray) -> np.ndarray:
        p = predict_at(at, X, experiment, posterior.structure, posterior.schema).samples.astype("float64")
        return np.log(p[..., 1] / p[..., 0])

    small_way = 1e-2 * (positions - about)
    slope = (log_odds(about + small_way) - log_odds(about - small_way)) / 2e-2
    p = posterior.predict(X, n_draws=5).samples.astype("float64")
    np.testing.assert_allclose(np.log(p[..., 1] / p[..., 0]), log_odds(about[None]) + slope, rtol=0.02, atol=0.02)
    # Far away it is less sure than among the data, where MAP knows no doubt anywhere.
    epistemic = posterior.predict(np.concatenate([dataset.X_train, [[12.0, 12.0], [-12.0, 12.0]]])).epistemic
    assert epistemic[-2:].min() > np.median(epistemic[:-2])


def test_laplace_s_k_hat_is_of_the_network_that_predicts() -> None:
    # Linear in its weights, with normal noise and prior, it has a normal posterior: Laplace's, once at the mode.
    rng = np.random.default_rng(0)
    X = rng.uniform(-2, 2, (50, 1))
    dataset = bnn.Dataset.from_arrays(X, np.sin(2 * X[:, 0]) + 0.1 * rng.normal(size=50))
    experiment = bnn.Experiment(
        network=bnn.NetworkSpec(hidden=(10,)),
        likelihood=bnn.LikelihoodSpec(noise=0.2),
        inference=bnn.InferenceSpec(method="laplace", steps=20_000),
    )
    told = bnn.fit(experiment, dataset).diagnostics
    assert told["k_hat_linear"] < 0.3
    assert told["k_hat"] > 0.7  # it is far from the posterior of the network itself


def test_laplace_s_k_hat_sees_what_is_not_normal() -> None:
    # Five rows of classes, hardly any prior: skewed, however linear the network is.
    X = np.array([[-2.0], [-1.0], [0.5], [1.0], [2.0]])
    dataset = bnn.Dataset.from_arrays(X, [0, 0, 1, 1, 1], "classification", X_test=X, y_test=[0, 0, 1, 1, 1])
    experiment = bnn.Experiment(
        network=bnn.NetworkSpec(hidden=()),
        prior=bnn.PriorSpec(scale=50.0, bias_scale=50.0),
        inference=bnn.InferenceSpec(method="laplace", steps=20_000),
    )
    assert bnn.fit(experiment, dataset).diagnostics["k_hat_linear"] > 0.7


def test_of_a_linear_model_laplace_s_linear_network_is_the_network() -> None:
    _, posterior = fitted("laplace", steps=500)
    X = np.array([[0.3, -2.0], [5.0, 1.0]])
    as_it_is = predict_at(
        posterior.positions(50), X, posterior.experiment, posterior.structure, posterior.schema
    ).samples
    np.testing.assert_allclose(posterior.predict(X, n_draws=50).samples, as_it_is, rtol=1e-4, atol=1e-4)


def test_dropout_leaves_hidden_units_out_and_keeps_inputs() -> None:
    experiment = small(inference=bnn.InferenceSpec(method="dropout", steps=50, dropout=0.5))
    draws = bnn.fit(experiment).draws(400)
    assert np.ptp(draws["W1"], axis=0).max() == 0
    left_out = draws["W2"] == 0
    assert left_out.mean() == pytest.approx(0.5, abs=0.06)
    kept = np.where(left_out, np.nan, draws["W2"])
    assert np.nanmax(np.nanmax(kept, axis=0) - np.nanmin(kept, axis=0)) == 0


def on_classes(method: str) -> bnn.Experiment:
    """One for the tests of every method, which share what is compiled for it."""
    inference = bnn.InferenceSpec(method=method, steps=300, tune=30, draws=40, chains=2, particles=4, members=3)
    return small("blobs", inference=inference)


EVERY = [name for name, entry in METHODS.items() if entry.in_app]


@pytest.mark.parametrize("method", EVERY)
def test_every_method_on_classes_is_repeatable_and_survives_the_file(
    method: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    experiment = on_classes(method)
    posterior = bnn.fit(experiment)
    again = bnn.fit(experiment)
    assert all(
        np.array_equal(a, b)
        for a, b in zip(jax.tree.leaves(posterior.state), jax.tree.leaves(again.state), strict=True)
    )
    path = tmp_path_factory.mktemp("posterior") / "fit.npz"
    posterior.save(path)
    loaded = bnn.load_posterior(path)
    X = bnn.load_dataset(experiment.data).X_test
    np.testing.assert_array_equal(loaded.predict(X).samples, posterior.predict(X).samples)
    assert np.isfinite(posterior.objective).all()
    assert posterior.predict(X).mean.sum(axis=1) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("method", EVERY)
def test_a_fit_that_is_stopped_leaves_what_there_is(method: str) -> None:
    experiment = on_classes(method)
    dataset = bnn.load_dataset(experiment.data)
    steps = bnn.fit_steps(experiment, dataset)
    progress = [next(steps) for _ in range(3)][-1]
    steps.close()  # type: ignore[attr-defined]
    posterior = progress.posterior
    assert 3 <= progress.step < progress.total
    assert posterior.diagnostics["steps"] == progress.step == len(posterior.objective)
    assert posterior.predict(dataset.X_test).mean.sum(axis=1) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("method", EVERY)
def test_a_density_that_is_no_number_ends_the_fit_with_the_step_and_a_likely_cause(method: str) -> None:
    X = np.linspace(-1, 1, 30)[:, None]
    dataset = bnn.Dataset.from_arrays(X, X[:, 0] * 1e25, X_test=X, y_test=X[:, 0], standardize=False)
    inference = on_classes(method).inference
    experiment = small(likelihood=bnn.LikelihoodSpec(noise=0.001), inference=inference)
    with pytest.raises(bnn.FitFailed, match=r"step 1: .* smaller learning rate"):
        bnn.fit(experiment, dataset)


def test_a_fit_goes_on_from_where_another_ended() -> None:
    first = bnn.fit(small(inference=bnn.InferenceSpec(steps=200, schedule="constant")))
    more = bnn.fit(small(inference=bnn.InferenceSpec(steps=100, schedule="constant")), start=first)
    whole = bnn.fit(small(inference=bnn.InferenceSpec(steps=300, schedule="constant")))
    assert more.diagnostics["steps"] == 300
    np.testing.assert_array_equal(more.objective, whole.objective)
    np.testing.assert_array_equal(more.state.mu, whole.state.mu)


def test_a_posterior_of_another_network_is_no_start() -> None:
    start = bnn.fit(small(steps=10))
    with pytest.raises(bnn.InvalidExperiment, match="another network"):
        bnn.fit(small(network=bnn.NetworkSpec(hidden=(3,))), start=start)


@pytest.mark.parametrize("method", ["advi", "nuts"])
def test_a_posterior_of_other_data_is_no_start(method: str) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 2))
    own = bnn.Dataset.from_arrays(X, (X[:, 0] > 0).astype(int), task="classification")
    experiment = small(inference=bnn.InferenceSpec(steps=50, tune=20, draws=20, chains=1))
    start = bnn.fit(experiment, own)
    more = small(inference=bnn.InferenceSpec(method=method, steps=50, tune=20, draws=20, chains=1))
    for dataset in (None, bnn.Dataset.from_arrays(X[:50], own.y_train[:50] > 0, task="classification")):
        with pytest.raises(bnn.InvalidExperiment, match=r"of other data.*bnn\.fit\(experiment, dataset, start="):
            bnn.fit(more, dataset, start=start)
    assert bnn.fit(more, own, start=start).diagnostics["steps"] > 0


@pytest.mark.slow
def test_pymc_itself_takes_the_draws_and_the_schedule_that_it_is_told() -> None:
    # The ELBO's scatter late in a fit: less with more draws a step, and with a rate that falls to 0 at the end its
    # mean stands still, where it still moves at a constant one.
    told = {
        (schedule, draws): fitted("pymc", steps=2000, mc_samples=draws, schedule=schedule, learning_rate=0.05)[1]
        for schedule, draws in (("cosine", 1), ("cosine", 30), ("constant", 1))
    }
    scatter = {key: posterior.objective[-500:].std() for key, posterior in told.items()}
    assert scatter["cosine", 30] < 0.4 * scatter["cosine", 1]  # 1 / sqrt(30) = 0.18
    case = linear_case()
    sd = np.sqrt(np.diag(case.covariance))
    away = {key: np.abs((moments(posterior)[0] - case.mean) / sd).max() for key, posterior in told.items()}
    assert away["cosine", 1] < away["constant", 1]


def test_pymc_itself_gives_the_same_approximation() -> None:
    case, theirs = fitted("pymc", steps=8000, mc_samples=1)
    mean, covariance = moments(theirs)
    sd = np.sqrt(np.diag(case.covariance))
    np.testing.assert_allclose((mean - case.mean) / sd, 0, atol=0.2)
    expected = 1 / np.sqrt(np.diag(np.linalg.inv(case.covariance)))
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), expected, rtol=0.15)


@pytest.mark.parametrize("method", ["ensemble", "svgd"])
def test_each_member_counts_alike(method: str) -> None:
    inference = bnn.InferenceSpec(method=method, steps=50, members=7, particles=7)
    posterior = bnn.fit(small(inference=inference))
    members = np.asarray(posterior.state.positions)
    # Across the library's blocks of draws, and whatever the seed: draw i is member i mod 7.
    for seed in (0, 5):
        np.testing.assert_array_equal(posterior.positions(100, seed), members[np.arange(100) % 7])
    X = np.array([[0.5, 0.25], [3.0, -2.0]])
    each = posterior.predict(X, n_draws=7).samples.astype("float64")
    np.testing.assert_allclose(posterior.predict(X, n_draws=70).mean, each.mean(axis=0), rtol=1e-6)
