"""Targets whose answer is known, and small experiments, for the tests of several modules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import bnn_lib as bnn


@dataclass(frozen=True)
class LinearCase:
    """Bayesian linear regression y = X w + b + noise with known noise and a N(0, scale^2) prior of w and b.

    mean, covariance : exact posterior of (w, b); log_evidence : exact log p(y).
    """

    experiment: bnn.Experiment
    dataset: bnn.Dataset
    mean: np.ndarray
    covariance: np.ndarray
    log_evidence: float


def linear_case(n: int = 40, noise: float = 0.5, scale: float = 1.5, **inference: object) -> LinearCase:
    """Correlated columns, so that mean-field's known bias (variance 1 / diag(precision)) is plain to see."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(n, 2)) @ np.array([[1.0, 0.8], [0.0, 0.6]]) + 0.5
    X, y = X.astype("float32").astype("float64"), X @ [1.0, -2.0] + 0.3 + noise * rng.normal(size=n)
    dataset = bnn.Dataset.from_arrays(X, y, X_test=X[:5], y_test=y[:5], standardize=False)
    experiment = bnn.Experiment(
        network=bnn.NetworkSpec(hidden=()),
        prior=bnn.PriorSpec(scale=scale, bias_scale=None),
        likelihood=bnn.LikelihoodSpec(noise=noise),
        inference=bnn.InferenceSpec(**({"steps": 6000, "schedule": "cosine", "mc_samples": 10} | inference)),  # type: ignore[arg-type]
    )
    design = np.column_stack([X, np.ones(n)])
    precision = design.T @ design / noise**2 + np.eye(3) / scale**2
    covariance = np.linalg.inv(precision)
    marginal = noise**2 * np.eye(n) + scale**2 * design @ design.T
    log_evidence = -0.5 * (y @ np.linalg.solve(marginal, y) + np.linalg.slogdet(2 * np.pi * marginal)[1])
    return LinearCase(experiment, dataset, covariance @ design.T @ y / noise**2, covariance, log_evidence)


def small(name: str = "moons", n: int = 60, steps: int = 300, **parts: object) -> bnn.Experiment:
    """An experiment that fits in a moment; `parts` replaces whole parts."""
    usual = {
        "data": bnn.DataSpec(name=name, n=n),
        "network": bnn.NetworkSpec(hidden=(4,)),
        "inference": bnn.InferenceSpec(steps=steps),
    }
    return bnn.Experiment(**(usual | parts))  # type: ignore[arg-type]
