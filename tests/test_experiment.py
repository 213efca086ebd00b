from __future__ import annotations

import math
import random
import string

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bnn_lib as bnn
from bnn_lib.datasets import DATASETS
from bnn_lib.errors import InvalidExperiment

real = lambda low, high: st.floats(low, high, allow_nan=False)  # noqa: E731

painted_points = st.lists(st.tuples(real(-5, 5), real(-5, 5)), max_size=20)


@st.composite
def experiments(draw: st.DrawFn) -> bnn.Experiment:
    name = draw(st.sampled_from(sorted(DATASETS)))
    known = DATASETS[name].features
    features = (
        draw(st.none() | st.lists(st.sampled_from(known), min_size=2, max_size=2, unique=True)) if known else None
    )
    return bnn.Experiment(
        data=bnn.DataSpec(
            name=name,
            n=draw(st.integers(20, 100_000)),
            noise=draw(real(0, 1)),
            seed=draw(st.integers(0, 2**31 - 1)),
            test_fraction=draw(real(0.05, 0.95)),
            standardize=draw(st.booleans()),
            features=features,
            points=draw(st.none() | painted_points) if DATASETS[name].painted else None,
            imbalance=draw(real(0, 0.95)),
            label_noise=draw(real(0, 0.5)),
        ),
        network=bnn.NetworkSpec(
            hidden=tuple(draw(st.lists(st.integers(1, 128), max_size=4))),
            activation=draw(st.sampled_from(["tanh", "relu", "sigmoid", "elu", "sine", "linear"])),
            bias=draw(st.booleans()),
        ),
        prior=bnn.PriorSpec(
            family=draw(st.sampled_from(["normal", "laplace", "student_t"])),
            scale=draw(real(0.001, 100)),
            scaling=draw(st.sampled_from(["none", "fan_in", "learned"])),
            bias_scale=draw(st.none() | real(0.001, 100)),
        ),
        likelihood=bnn.LikelihoodSpec(
            family=draw(st.sampled_from(["auto", "bernoulli", "categorical", "gaussian"])),
            noise=draw(st.none() | real(0.0001, 10)),
        ),
        inference=bnn.InferenceSpec(
            steps=draw(st.integers(1, 1_000_000)),
            learning_rate=draw(real(1e-6, 1)),
            schedule=draw(st.sampled_from(["constant", "cosine"])),
            batch_size=draw(st.none() | st.integers(1, 100_000)),
            mc_samples=draw(st.integers(1, 100)),
            early_stopping=draw(st.booleans()),
            seed=draw(st.integers(0, 2**31 - 1)),
        ),
    )


@given(experiments())
def test_query_and_json_give_the_same_experiment_back(experiment: bnn.Experiment) -> None:
    query = experiment.to_query()
    for copy in (bnn.Experiment.from_query(query), bnn.Experiment.from_json(experiment.to_json())):
        assert copy == experiment
        assert copy.key == experiment.key
        assert hash(copy) == hash(experiment)
    assert all(isinstance(text, str) and text for text in query.values())


@given(experiments(), experiments())
def test_keys_differ_exactly_where_experiments_differ(a: bnn.Experiment, b: bnn.Experiment) -> None:
    assert (a.key == b.key) == (a == b)


def test_the_default_is_the_articles_experiment_and_its_query_is_empty() -> None:
    experiment = bnn.Experiment()
    assert experiment.to_query() == {}
    assert (experiment.data.name, experiment.data.n, experiment.data.noise) == ("moons", 1000, 0.2)
    assert (experiment.network.hidden, experiment.network.activation) == ((5, 5), "tanh")
    assert experiment.inference.steps == 20_000


def test_the_key_is_the_same_on_every_machine_and_however_the_values_are_written() -> None:
    experiment = bnn.Experiment(network=bnn.NetworkSpec(hidden=(8, 8)), prior=bnn.PriorSpec(scale=2.0))
    same = bnn.Experiment(
        network=bnn.NetworkSpec(hidden=[np.int64(8), 8]), prior=bnn.PriorSpec(scale=np.float32(2))
    )
    assert same.key == experiment.key
    assert bnn.DataSpec(noise=-0.0) == bnn.DataSpec(noise=0.0)
    assert bnn.Experiment(data=bnn.DataSpec(noise=-0.0)).key == bnn.Experiment(data=bnn.DataSpec(noise=0)).key
    # A changed key would lose every stored result and every short link: KEY_VERSION is raised on purpose only.
    assert bnn.Experiment().key == "4c793babcfa66635fe2dab10cedaa3cb"


def test_an_experiment_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        bnn.Experiment().data.n = 5  # type: ignore[misc]


BAD = [
    (bnn.DataSpec, {"n": 19}, "data.n", "from 20 to 100,000"),
    (bnn.DataSpec, {"n": 100_001}, "data.n", "100001"),
    (bnn.DataSpec, {"n": 50.0}, "data.n", "whole number"),
    (bnn.DataSpec, {"n": True}, "data.n", "True"),
    (bnn.DataSpec, {"n": "100"}, "data.n", "'100'"),
    (bnn.DataSpec, {"noise": -0.1}, "data.noise", "from 0.0 to 1.0"),
    (bnn.DataSpec, {"noise": math.nan}, "data.noise", "nan"),
    (bnn.DataSpec, {"noise": math.inf}, "data.noise", "inf"),
    (bnn.DataSpec, {"name": "sun"}, "data.name", "moons"),
    (bnn.DataSpec, {"name": ["moons"]}, "data.name", "moons"),
    (bnn.DataSpec, {"seed": -1}, "data.seed", "-1"),
    (bnn.DataSpec, {"seed": 10**5000}, "data.seed", "bits"),
    (bnn.DataSpec, {"test_fraction": 1.0}, "data.test_fraction", "0.95"),
    (bnn.DataSpec, {"imbalance": 0.96}, "data.imbalance", "from 0.0 to 0.95"),
    (bnn.DataSpec, {"label_noise": -0.1}, "data.label_noise", "from 0.0 to 0.5"),
    (bnn.DataSpec, {"standardize": 1}, "data.standardize", "true or false"),
    (bnn.DataSpec, {"features": ("a", "b")}, "data.features", "no choice"),
    (bnn.DataSpec, {"name": "iris", "features": ("a", "b")}, "data.features", "petal"),
    (bnn.DataSpec, {"rows": 5}, "data.rows", "there are: name"),
    (bnn.NetworkSpec, {"hidden": (0,)}, "network.hidden", "1 to 128"),
    (bnn.NetworkSpec, {"hidden": (129,)}, "network.hidden", "1 to 128"),
    (bnn.NetworkSpec, {"hidden": (5,) * 50}, "network.hidden", "at most 4"),
    (bnn.NetworkSpec, {"hidden": 5}, "network.hidden", "at most 4"),
    (bnn.NetworkSpec, {"hidden": "55"}, "network.hidden", "at most 4"),
    (bnn.NetworkSpec, {"hidden": None}, "network.hidden", "at most 4"),
    (bnn.NetworkSpec, {"activation": "swish"}, "network.activation", "tanh, relu"),
    (bnn.PriorSpec, {"family": "uniform"}, "prior.family", "normal, laplace"),
    (bnn.PriorSpec, {"scale": 0.0}, "prior.scale", "0.001 to 100"),
    (bnn.PriorSpec, {"bias_scale": -1.0}, "prior.bias_scale", "or none"),
    (bnn.PriorSpec, {"scaling": ""}, "prior.scaling", "fan_in"),
    (bnn.LikelihoodSpec, {"family": "gamma"}, "likelihood.family", "auto, bernoulli"),
    (bnn.LikelihoodSpec, {"noise": 0.0}, "likelihood.noise", "0.0001 to 10"),
    (bnn.InferenceSpec, {"method": "magic"}, "inference.method", "advi"),
    (bnn.InferenceSpec, {"steps": 0}, "inference.steps", "1 to 1,000,000"),
    (bnn.InferenceSpec, {"learning_rate": 2}, "inference.learning_rate", "1e-06 to 1.0"),
    (bnn.InferenceSpec, {"batch_size": 0}, "inference.batch_size", "or none"),
    (bnn.InferenceSpec, {"mc_samples": 101}, "inference.mc_samples", "1 to 100"),
    (bnn.InferenceSpec, {"schedule": "step"}, "inference.schedule", "constant, cosine"),
]


@pytest.mark.parametrize(("spec", "values", "field", "says"), BAD, ids=[f"{b[2]}-{i}" for i, b in enumerate(BAD)])
def test_a_bad_field_is_named_with_its_value_and_what_is_allowed(
    spec: type, values: dict[str, object], field: str, says: str
) -> None:
    with pytest.raises(InvalidExperiment) as caught:
        spec(**values)
    (problem,) = caught.value.problems
    assert problem.field == field
    assert field in problem.message
    assert says in problem.message
    assert len(problem.message) < 1000


def test_every_bad_field_of_an_experiment_is_reported_at_once() -> None:
    bad = {"data": {"n": 1, "noise": 9}, "prior": {"scale": -1}, "magic": 1}
    with pytest.raises(InvalidExperiment) as caught:
        bnn.Experiment(**bad)  # type: ignore[arg-type]
    assert {problem.field for problem in caught.value.problems} == {"data.n", "data.noise", "prior.scale", "magic"}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"data": 5}', '{"data": {"n": "x"}}', b"\xff\xfe", "NaN"]
)
def test_json_that_is_no_experiment_is_refused(text: str | bytes) -> None:
    with pytest.raises(InvalidExperiment):
        bnn.Experiment.from_json(text)


def test_a_bad_link_keeps_its_good_fields_and_names_the_bad_ones() -> None:
    experiment, problems = bnn.Experiment.salvage_query(
        {"data.name": "circles", "data.n": "lots", "prior.scale": "1e9", "network.hidden": "8,8", "x": "1"}
    )
    assert experiment == bnn.Experiment(data=bnn.DataSpec(name="circles"), network=bnn.NetworkSpec(hidden=(8, 8)))
    assert {problem.field for problem in problems} == {"data.n", "prior.scale", ""}
    assert any("'lots'" in problem.message for problem in problems)


def test_ten_megabytes_in_one_value_cost_one_short_sentence() -> None:
    for name in ("data.name", "data.n", "network.hidden", "data.features", "x" * 10_000_000):
        with pytest.raises(InvalidExperiment) as caught:
            bnn.Experiment.from_query({name: "9" * 10_000_000})
        assert len(str(caught.value)) < 1000


def test_ten_thousand_random_queries_give_an_experiment_or_say_why_not() -> None:
    rng = random.Random(0)
    names = [
        f"{section}.{field}"
        for section, spec in bnn.Experiment.model_fields.items()
        for field in spec.annotation.model_fields
    ]  # type: ignore[union-attr]
    words = [
        "moons",
        "iris",
        "none",
        "true",
        "5,5",
        "0.5",
        "-1",
        "1e308",
        "nan",
        "inf",
        "--",
        "",
        ",",
        "٣",
        "1_0",
        "0x10",
    ]

    def text() -> str:
        kind = rng.random()
        if kind < 0.5:
            return rng.choice(words)
        alphabet = string.printable if kind < 0.8 else "0123456789,.e-+"
        return "".join(rng.choices(alphabet, k=rng.randrange(12)))

    outcomes = {"valid": 0, "refused": 0}
    for _ in range(10_000):
        query = {rng.choice(names) if rng.random() < 0.9 else text(): text() for _ in range(rng.randrange(1, 5))}
        try:
            experiment = bnn.Experiment.from_query(query)
        except InvalidExperiment:
            outcomes["refused"] += 1
        else:
            outcomes["valid"] += 1
            assert bnn.Experiment.from_query(experiment.to_query()) == experiment
    assert min(outcomes.values()) > 100
