from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import bnn_lib as bnn
from bnn_lib.fitting import fit_steps
from bnn_lib.inference.nuts import NUTSState
from bnn_lib.loo import rhat_and_ess
from bnn_lib.networks import Networks
from bnn_lib.programs import MAX_CHUNK
from bnn_lib.runs import start_run
from tests.cases import small


def chain_draws(posterior: bnn.Posterior) -> np.ndarray:
    assert posterior.chains is not None
    return posterior.chains.positions


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


def two_stuck_chains() -> bnn.Posterior:
    """A fit whose chains are at two places, and stay there but for a little; the first weight is their density."""
    posterior = bnn.fit(small(inference=bnn.InferenceSpec(method="nuts", tune=20, draws=300, chains=2)))
    draws = np.random.default_rng(0).normal(0.0, 0.1, np.shape(posterior.state.draws)).astype("float32")
    draws[1] += 1.0
    return replace(posterior, state=posterior.state._replace(draws=draws, log_density=draws[:, :, 0]))


def test_chains_stay_chains_in_arviz_and_in_what_the_app_sends_it() -> None:
    posterior = two_stuck_chains()
    state, networks = posterior.state, Networks.from_bytes(Networks.of(posterior).to_bytes())
    for data, n in ((posterior.to_arviz(400), 200), (networks.to_arviz(), 250)):
        weights = data.posterior["W1"].values
        assert weights.shape == (2, n, 4, 2)
        assert rhat_and_ess(weights.reshape(2, n, -1))[0] > 1.5
        lp, diverging = (data.sample_stats[name].values for name in ("lp", "diverging"))
        np.testing.assert_array_equal(lp, weights[:, :, 0, 0])
        for chain in range(2):
            # Evenly out of the chain, in the order in which they came.
            times = np.flatnonzero(np.isin(state.log_density[chain], lp[chain]))
            np.testing.assert_array_equal(lp[chain], state.log_density[chain, times])
            np.testing.assert_array_equal(diverging[chain], state.divergent[chain, times])
            assert np.diff(times).max() <= 3


def test_the_first_draws_are_of_all_chains_and_each_comes_once() -> None:
    posterior = two_stuck_chains()
    kept = chain_draws(posterior)
    first, every = posterior.positions(20), posterior.positions(600)
    np.testing.assert_array_equal(first, every[:20])
    assert {draw.tobytes() for draw in every} == {draw.tobytes() for draw in kept.reshape(600, -1)}
    of_chain = [{draw.tobytes(): time for time, draw in enumerate(chain)} for chain in kept]
    for chain in range(2):
        times = sorted(of_chain[chain][draw.tobytes()] for draw in first[chain::2])
        assert max(np.diff([0, *times, 300])) < 80  # ten of three hundred, evenly


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
