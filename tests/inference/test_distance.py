"""Methods' distances from NUTS, on a model whose posterior is known."""

from __future__ import annotations

import pytest

import bnn_lib as bnn
from tests.cases import linear_case, small


def test_full_rank_is_close_to_nuts_and_mean_field_is_not() -> None:
    fits = {}
    for method in ("advi", "fullrank_advi", "nuts"):
        case = linear_case(method=method, tune=300, draws=1000)
        fits[method] = bnn.fit(case.experiment, case.dataset)
    X = case.dataset.X_train
    near, far = (
        bnn.distance_from(fits[name], fits["nuts"], X, n_draws=2000) for name in ("fullrank_advi", "advi")
    )
    assert near["epistemic_ratio"] == pytest.approx(1, abs=0.15)
    assert near["wasserstein"] < far["wasserstein"]


def test_chains_that_have_not_converged_are_no_reference() -> None:
    short = bnn.InferenceSpec(method="nuts", tune=20, draws=20, chains=2)
    fit = bnn.fit(small(inference=short))
    assert fit.diagnostics["r_hat"] > 1.1
    with pytest.raises(bnn.InvalidData, match=r"r_hat|R-hat"):
        bnn.distance_from(fit, fit, bnn.load_dataset(fit.experiment.data).X_test)
