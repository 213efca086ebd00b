from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import bnn_lib as bnn
from bnn_lib.diagnostics import loo, stuck_chains
from tests.cases import linear_case


def test_loo_of_a_linear_model_is_the_exact_one() -> None:
    case = linear_case(method="fullrank_advi")
    X = np.column_stack([case.dataset.X_train, np.ones(len(case.dataset.X_train))])
    y, noise, scale = case.dataset.y_train, 0.5, 1.5
    exact = 0.0
    for row in range(len(y)):
        others = np.arange(len(y)) != row
        precision = X[others].T @ X[others] / noise**2 + np.eye(3) / scale**2
        mean = np.linalg.solve(precision, X[others].T @ y[others] / noise**2)
        variance = noise**2 + X[row] @ np.linalg.solve(precision, X[row])
        exact += stats.norm.logpdf(y[row], X[row] @ mean, np.sqrt(variance))
    found = loo(bnn.fit(case.experiment, case.dataset), case.dataset, n_draws=4000)
    assert found["elpd_loo"] == pytest.approx(exact, abs=0.3)
    assert found["k_hat_bad"] == 0


def test_loo_without_draws_is_refused_with_the_way_round() -> None:
    case = linear_case(method="map", steps=10)
    with pytest.raises(bnn.InvalidData, match=r"MAP gives none.*bnn\.evaluate"):
        loo(bnn.fit(case.experiment, case.dataset), case.dataset)


@pytest.mark.parametrize(
    ("method", "says"),
    [("svgd", "Of 1,000 draws of Stein .* 20 differ"), ("nuts", "Of 1,000 draws of NUTS (3[0-9]|40) differ")],
)
def test_loo_of_a_few_draws_again_and_again_is_refused(method: str, says: str) -> None:
    case = linear_case(method=method, steps=10, tune=20, draws=20, chains=2)
    posterior = bnn.fit(case.experiment, case.dataset)
    with pytest.raises(bnn.InvalidData, match=rf"{says}; allowed for LOO: at least 100"):
        loo(posterior, case.dataset)


def test_a_chain_that_stands_still_or_stays_far_below_the_others_is_stuck() -> None:
    rng = np.random.default_rng(0)
    draws, log_density = rng.normal(size=(4, 200, 3)), rng.normal(-100, 1.2, size=(4, 200))
    assert stuck_chains(draws, log_density) == []
    draws[1] = draws[1, :1]
    log_density[3] -= 20
    assert stuck_chains(draws, log_density) == [1, 3]
    log_density[0] -= 20  # two of four
    assert stuck_chains(draws, log_density) == [0, 1, 3]
    assert stuck_chains(draws[1:2], log_density[1:2]) == [0]
    assert stuck_chains(draws[3:], log_density[3:]) == []  # there is no other chain to compare it with
