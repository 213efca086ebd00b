from __future__ import annotations

import numpy as np
import pytest

import bnn_lib as bnn
from bnn_lib.diagnostics import chain_draws
from bnn_lib.fitting import fit_steps
from bnn_lib.inference.nuts import NUTSState
from bnn_lib.programs import MAX_CHUNK
from bnn_lib.runs import start_run
from tests.cases import small

SHORT = {"method": "nuts", "tune": 200, "draws": 200}


def test_the_chains_agree_on_the_functions_and_say_so() -> None:
    posterior = bnn.fit(small(inference=bnn.InferenceSpec(**SHORT)))
    told = posterior.diagnostics
    assert told["chains"] == 4
    assert told["draws"] == 200
    assert told["r_hat"] < 1.1
    assert told["ess"] > 50
    assert 0 <= told["divergences"] <= 800
    assert sum(told["divergences_by_chain"]) == told["divergences"]
    assert told["stuck_chains"] == []
    assert told["leapfrogs"] >= 4 * 400
    kept = chain_draws(posterior)
    assert kept.shape[:2] == (4, 200)
    assert len({chain.tobytes() for chain in kept}) == 4  # each chain went its own way


def test_it_starts_in_several_places_and_can_be_looked_at_while_it_tunes() -> None:
    steps = fit_steps(small(inference=bnn.InferenceSpec(**SHORT)), chunk_steps=1)
    first = next(steps)
    state = first.posterior.state
    assert isinstance(state, NUTSState)
    assert len({position.tobytes() for position in np.asarray(state.position)}) == 4
    assert first.posterior.predict(np.zeros((1, 2)), n_draws=10).mean.shape == (1, 2)
    steps.close()


def test_nothing_of_the_tuning_is_left_in_the_draws() -> None:
    *_, last = fit_steps(small(inference=bnn.InferenceSpec(**SHORT, chains=1)), chunk_steps=1)
    newest = [np.asarray(last.posterior.state.position)[0]]
    np.testing.assert_array_equal(chain_draws(last.posterior)[0, -1], newest[0])


def test_it_goes_on_as_if_it_had_been_asked_for_more_draws_at_once() -> None:
    def asked(draws: int) -> bnn.Experiment:
        return small(inference=bnn.InferenceSpec(method="nuts", tune=40, draws=draws, chains=2))

    first = bnn.fit(asked(20))
    more, whole = bnn.fit(asked(30), start=first), bnn.fit(asked(50))
    assert more.experiment == whole.experiment
    np.testing.assert_array_equal(more.objective, whole.objective)
    np.testing.assert_array_equal(chain_draws(more), chain_draws(whole))
    np.testing.assert_array_equal(chain_draws(more)[:, :20], chain_draws(first))
    assert more.diagnostics["leapfrogs"] == whole.diagnostics["leapfrogs"]
    with pytest.raises(bnn.InvalidExperiment, match=r"inference.draws is 10,?020; allowed"):
        bnn.fit(asked(10_000), start=first)


def test_a_chunk_is_short_even_if_each_of_its_trajectories_is_as_long_as_can_be() -> None:
    dataset = bnn.load_dataset(small().data)
    run = start_run(small(inference=bnn.InferenceSpec(**SHORT, chains=1)), dataset, None)
    assert run.steps_within(1.0) == MAX_CHUNK  # nothing is known yet
    seconds = run.advance(20)
    each = seconds / int(run.states[0].leapfrogs)
    assert run.steps_within(1e6 * each) == 1_000_000 // 1023


def test_it_may_start_at_another_method_s_draws() -> None:
    start = bnn.fit(small(steps=500))
    posterior = bnn.fit(small(inference=bnn.InferenceSpec(**SHORT)), start=start)
    assert posterior.diagnostics["r_hat"] < 1.1


@pytest.mark.slow
def test_it_is_unsure_between_two_clusters_where_mean_field_is_not() -> None:
    """Foong et al. (2019, 2020)."""
    rng = np.random.default_rng(0)
    diagonal = np.array([[1.0, 1.0]]) / np.sqrt(2)
    t = np.concatenate([rng.uniform(-1.1, -0.7, 40), rng.uniform(0.7, 1.1, 40)])
    X, y = t[:, None] * diagonal, np.sin(3 * t) + 0.1 * rng.normal(size=80)
    dataset = bnn.Dataset.from_arrays(X, y, X_test=X[:4], y_test=y[:4], standardize=False)
    experiment = bnn.Experiment(
        network=bnn.NetworkSpec(hidden=(50,), activation="relu"),
        prior=bnn.PriorSpec(scale=4.0, scaling="fan_in", bias_scale=1.0),
        likelihood=bnn.LikelihoodSpec(noise=0.1),
    )
    sds = {}
    for method in ("advi", "nuts"):
        inference = bnn.InferenceSpec(method=method, chains=2, tune=500, draws=500)
        posterior = bnn.fit(experiment.model_copy(update={"inference": inference}), dataset)
        sds[method] = np.sqrt(posterior.predict(np.zeros((1, 2))).epistemic[0])
    assert sds["nuts"] > 10 * sds["advi"]
