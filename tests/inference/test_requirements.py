from __future__ import annotations

import pytest

import bnn_lib as bnn
from bnn_lib.inference.requirements import check_method, count_weights


@pytest.mark.parametrize(
    ("inference", "sizes", "says"),
    [
        ({"method": "fullrank_advi"}, (8, 128, 128, 1), "17,793 weights; allowed: at most 2,000"),
        ({"method": "nuts"}, (8, 128, 128, 1), "sghmc takes more"),
        ({"method": "nuts", "batch_size": 50}, (2, 5, 1), "For mini-batches choose sghmc"),
        ({"method": "dropout"}, (2, 1), "no hidden units"),
        ({"method": "svgd", "particles": 200}, (8, 128, 128, 1), "allowed: at most 112"),
    ],
)
def test_what_a_method_cannot_do_is_said_before_it_starts(
    inference: dict[str, object], sizes: tuple[int, ...], says: str
) -> None:
    with pytest.raises(bnn.InvalidExperiment, match=says):
        check_method(bnn.InferenceSpec(**inference), sizes, bias=True)  # type: ignore[arg-type]


def test_a_fit_asks_first() -> None:
    experiment = bnn.Experiment(network=bnn.NetworkSpec(hidden=()), inference=bnn.InferenceSpec(method="dropout"))
    with pytest.raises(bnn.InvalidExperiment, match="no hidden units"):
        bnn.fit(experiment)


def test_weights_are_counted_as_the_model_counts_them() -> None:
    for bias in (True, False):
        experiment = bnn.Experiment(network=bnn.NetworkSpec(hidden=(7, 3), bias=bias))
        model = bnn.build_model(experiment, bnn.load_dataset(experiment.data))
        size = sum(value.size for value in model.initial_point().values())
        assert count_weights((2, 7, 3, 1), bias) == size
