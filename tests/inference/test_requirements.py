from __future__ import annotations

from itertools import product

import pytest

import bnn_lib as bnn
from bnn_lib.engine.limits import check_affordable
from bnn_lib.inference.requirements import check_method
from bnn_lib.model import define_network, placeholder_data
from bnn_lib.priors import PRIORS, SCALINGS, count_parameters
from bnn_lib.structure import Structure


@pytest.mark.parametrize(
    ("inference", "sizes", "says"),
    [
        ({"method": "fullrank_advi"}, (8, 128, 128, 1), "17,793 parameters; allowed: at most 2,000"),
        ({"method": "nuts"}, (8, 128, 128, 1), "sghmc takes more"),
        ({"method": "nuts", "batch_size": 50}, (2, 5, 1), "For mini-batches choose sghmc"),
        ({"method": "pymc", "batch_size": 50}, (2, 5, 1), "For mini-batches choose advi"),
        ({"method": "dropout"}, (2, 1), "no hidden units"),
        ({"method": "svgd", "particles": 200}, (8, 128, 128, 1), "allowed: at most 112"),
    ],
)
def test_what_a_method_cannot_do_is_said_before_it_starts(
    inference: dict[str, object], sizes: tuple[int, ...], says: str
) -> None:
    with pytest.raises(bnn.InvalidExperiment, match=says):
        check_method(bnn.InferenceSpec(**inference), sizes, count_parameters(sizes, True, "normal", "none", False))  # type: ignore[arg-type]


def test_a_fit_asks_first() -> None:
    experiment = bnn.Experiment(network=bnn.NetworkSpec(hidden=()), inference=bnn.InferenceSpec(method="dropout"))
    with pytest.raises(bnn.InvalidExperiment, match="no hidden units"):
        bnn.fit(experiment)


@pytest.mark.parametrize(
    ("family", "scaling"), [*((family, "none") for family in PRIORS), *product(("normal", "horseshoe"), SCALINGS)]
)
def test_parameters_are_counted_as_the_model_counts_them(family: str, scaling: str) -> None:
    for bias, likelihood in ((True, "gaussian"), (False, "poisson")):
        structure = Structure(
            (2, 7, 3, 1), "tanh", bias, family, scaling, True, likelihood, likelihood == "gaussian"
        )
        model = define_network(structure, placeholder_data(structure, 5)).model
        assert structure.n_parameters == sum(value.size for value in model.initial_point().values())


def test_a_prior_of_two_parameters_a_weight_reaches_a_limit_sooner() -> None:
    inference = bnn.InferenceSpec(method="fullrank_advi")
    network = bnn.NetworkSpec(hidden=(50, 20))
    check_affordable(bnn.Experiment(network=network, inference=inference), fit_seconds=3600)
    horseshoe = bnn.Experiment(network=network, inference=inference, prior=bnn.PriorSpec(family="horseshoe"))
    with pytest.raises(bnn.InvalidExperiment, match="2,412 parameters; allowed: at most 2,000"):
        check_affordable(horseshoe, fit_seconds=3600)
