"""What sparse priors are for: they find the few things that matter, and say so."""

from __future__ import annotations

import numpy as np
import pytest

import bnn_lib as bnn


def noisy_features(n: int = 120) -> bnn.Dataset:
    """Two features that matter, one of them in a bend, and four that are noise."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 6))
    y = 2 * X[:, 1] + np.sin(2 * X[:, 4]) + 0.2 * rng.normal(size=n)
    return bnn.Dataset.from_arrays(X, y, feature_names=["n1", "steep", "n2", "n3", "bent", "n4"])


def test_relevance_ranks_features_of_pure_noise_last() -> None:
    experiment = bnn.Experiment(
        network=bnn.NetworkSpec(hidden=(8,)),
        prior=bnn.PriorSpec(scaling="ard"),
        inference=bnn.InferenceSpec(steps=6000),
    )
    relevance = bnn.fit(experiment, noisy_features()).relevance()
    ranked = sorted(relevance, key=lambda name: -relevance[name][0])
    assert set(ranked[:2]) == {"steep", "bent"}
    least = min(relevance[name][1] for name in ranked[:2])
    assert all(relevance[name][0] < least for name in ranked[2:])  # even at its lower bound it matters more
    for mean, low, high in relevance.values():
        assert 0 < low < mean < high


def test_relevance_of_another_prior_is_refused() -> None:
    posterior = bnn.fit(
        bnn.Experiment(network=bnn.NetworkSpec(hidden=()), inference=bnn.InferenceSpec(steps=1)), noisy_features()
    )
    with pytest.raises(bnn.InvalidData, match=r"prior\.scaling is 'none'.*allowed: 'ard'"):
        posterior.relevance()


def test_the_horseshoe_shrinks_what_is_noise_and_leaves_what_matters() -> None:
    weights = {}
    for family in ("normal", "horseshoe"):
        experiment = bnn.Experiment(
            network=bnn.NetworkSpec(hidden=()),
            prior=bnn.PriorSpec(family=family),
            inference=bnn.InferenceSpec(method="nuts", tune=300, draws=300, chains=1),
        )
        draws = bnn.fit(experiment, noisy_features()).draws(300)
        weights[family] = np.abs(draws["W1"][:, 0]).mean(axis=0)
    noise, steep = [0, 2, 3, 5], 1
    assert weights["horseshoe"][noise].mean() < 0.8 * weights["normal"][noise].mean()
    assert weights["horseshoe"][steep] == pytest.approx(weights["normal"][steep], rel=0.05)
