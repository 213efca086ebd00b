"""What a worker answers, asked directly."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from scipy.special import ndtr

from bnn_lib.datasets import Dataset
from bnn_lib.engine.arrays import from_bytes, to_bytes
from bnn_lib.engine.questions import PREDICTED_AT_ONCE, Question, answer
from bnn_lib.experiment import DataSpec, Experiment, InferenceSpec, NetworkSpec, PriorSpec
from bnn_lib.fitting import fit
from bnn_lib.networks import Networks
from bnn_lib.posterior import Posterior

SMALL = Experiment(
    data=DataSpec(n=100), network=NetworkSpec(hidden=(3,)), inference=InferenceSpec(steps=50)
)  # fmt: skip


def ask(question: Question) -> dict[str, np.ndarray]:
    reply = answer(question.name, question.values_json, dict(question.files))
    assert reply["arrays"] is not None, reply
    return from_bytes(reply["arrays"])


@pytest.fixture(scope="module")
def classes() -> Posterior:
    return fit(SMALL)


@pytest.fixture(scope="module")
def numbers() -> Posterior:
    x = np.linspace(-1, 1, 40)[:, None]
    return fit(SMALL, Dataset.from_arrays(x, 5 + 100 * x[:, 0], task="regression"))


def test_predictions_are_those_of_the_posterior(classes: Posterior):
    # More than one block of rows; the same draws serve all of them.
    X = np.random.default_rng(0).normal(size=(PREDICTED_AT_ONCE + 100, 2))
    files = {"networks": Networks.of(classes).to_bytes(), "rows": to_bytes({"X": X})}
    found = ask(Question("predict", {"n_draws": 50}, files))
    wanted = classes.predict(X, n_draws=50)
    assert found.keys() == {"mean", "total", "aleatoric", "epistemic"}
    for name, values in found.items():
        np.testing.assert_allclose(values, getattr(wanted, name), rtol=1e-6, atol=1e-7)


def test_predictions_of_numbers_have_intervals(numbers: Posterior):
    X = np.array([[-1.0], [0.0], [3.0]])
    files = {"networks": Networks.of(numbers).to_bytes(), "rows": to_bytes({"X": X})}
    found = ask(Question("predict", {"intervals": [0.5, 0.95]}, files))
    wanted = numbers.predict(X, n_draws=500)
    np.testing.assert_allclose(found["mean"], wanted.mean, rtol=1e-6)
    np.testing.assert_allclose(found["total"], wanted.total, rtol=1e-6)
    for i, level in enumerate((0.5, 0.95)):
        np.testing.assert_allclose(found["intervals"][:, i], wanted.interval(level), rtol=1e-6)


def test_quantiles_are_over_networks(classes: Posterior, numbers: Posterior):
    shares = [0.1, 0.5, 0.9]
    for posterior, X in ((classes, np.zeros((4, 2))), (numbers, np.array([[-1.0], [0.0], [3.0]]))):
        files = {"networks": Networks.of(posterior).to_bytes(), "rows": to_bytes({"X": X})}
        found = ask(Question("predict", {"quantiles": shares}, files))["quantiles"]
        samples = posterior.predict(X, n_draws=500).samples
        for i, share in enumerate(shares):
            np.testing.assert_allclose(found[:, i], np.quantile(samples, share, axis=0), rtol=1e-4, atol=1e-6)


def test_what_cannot_be_answered_is_said_in_a_sentence(classes: Posterior):
    content = Networks.of(classes).to_bytes()
    rows = to_bytes({"X": np.zeros((1, 3))})
    for files, message in (
        ({"networks": content, "rows": rows}, "X has shape (1, 3); allowed: (n, 2)"),
        ({"networks": content[:-100], "rows": rows}, "This is not a set of networks"),
        ({"networks": content, "rows": b"noise"}, "These are not named arrays"),
        ({"networks": content}, "This could not be computed (KeyError); the server's log says more."),
    ):
        reply = answer("predict", "{}", files)
        assert reply["arrays"] is None
        assert reply["message"].startswith(message)


def functions(**changes: object) -> dict[str, np.ndarray]:
    experiment = changes.pop("experiment", Experiment())
    assert isinstance(experiment, Experiment)
    values = {"inputs": 1, "output": "number", "low": -3.0, "high": 3.0, "size": 17, "seed": 0}
    return ask(Question("prior", {"experiment": experiment.to_json(), **values, **changes}))


def test_functions_of_a_linear_model_are_lines_with_the_priors_variance():
    x = np.linspace(-3, 3, 17)
    linear = Experiment(network=NetworkSpec(hidden=()), prior=PriorSpec(scale=2.0, bias_scale=0.5))
    found = functions(experiment=linear)
    assert found["samples"].shape == (200, 17)
    np.testing.assert_allclose(np.diff(found["samples"], 2), 0, atol=1e-4)
    np.testing.assert_allclose(found["epistemic"], 4 * x**2 + 0.25, rtol=0.3)
    np.testing.assert_allclose(found["total"], found["aleatoric"] + found["epistemic"], rtol=1e-6)
    assert (np.diff(found["bands"], axis=0) >= 0).all()
    assert "kernels" not in found  # it is no network that could grow wide


def test_probabilities_over_two_inputs():
    found = functions(inputs=2, output="class", size=9)
    assert found["samples"].shape == (100, 81)
    assert ((found["samples"] >= 0) & (found["samples"] <= 1)).all()
    assert (found["total"] <= np.log(2) + 1e-9).all()
    sure = functions(output="class", experiment=Experiment(prior=PriorSpec(scale=10.0, bias_scale=10.0)))
    at_ends = (sure["samples"] < 0.01) | (sure["samples"] > 0.99)
    assert at_ends.mean() > 0.8  # tanh with large scales saturates
    assert sure["aleatoric"].mean() < 0.1 < sure["epistemic"].mean()


def test_a_scale_stretches_the_same_functions():
    one, two = (
        functions(experiment=Experiment(network=NetworkSpec(hidden=()), prior=PriorSpec(scale=s, bias_scale=s)))
        for s in (1.0, 1.1)
    )
    np.testing.assert_allclose(two["samples"], 1.1 * one["samples"], rtol=1e-4, atol=1e-5)
    assert np.abs(functions(seed=1)["samples"] - functions()["samples"]).max() > 1


def test_kernels_come_closer_to_their_limit_with_width():
    def distance(width: int, **prior: object) -> float:
        spec = PriorSpec(scaling="fan_in", **prior)  # type: ignore[arg-type]
        found = functions(experiment=Experiment(network=NetworkSpec(hidden=(width, width)), prior=spec))
        assert found["kernels"].shape == (3, 3, 3)
        return float(found["kernel_distance"])

    for prior in ({}, {"bias_scale": None}, {"family": "laplace"}):
        assert distance(100, **prior) < 0.5 * distance(10, **prior)
    assert "kernels" not in functions()  # without scaling there is no limit


@pytest.mark.parametrize("width", [1, 128])
def test_the_work_of_an_answer_is_bounded(width: int):
    deep = Experiment(network=NetworkSpec(hidden=(width,) * 4))
    draws = len(functions(experiment=deep, size=161)["samples"])
    assert draws == (200 if width == 1 else 100)
    reply = answer("prior", Question("prior", {"experiment": "{}", "inputs": 3, "size": 9}).values_json, {})
    assert reply["message"].startswith("inputs is 3 and size 9; allowed:")


def test_a_posterior_beside_its_prior(numbers: Posterior):
    networks = Networks.of(numbers)
    values = {"low": -3.0, "high": 3.0, "size": 17}
    found = ask(Question("posterior", values, {"networks": networks.to_bytes()}))
    scaling = numbers.schema.scaling
    X = np.linspace(-3, 3, 17)[:, None] * scaling.x_scale + scaling.x_mean
    wanted = networks.predict(X, 200)
    np.testing.assert_allclose(found["mean"] * scaling.y_scale + scaling.y_mean, wanted.mean, rtol=1e-4)
    np.testing.assert_allclose(found["total"] * scaling.y_scale**2, wanted.total, rtol=1e-4)
    for layer in (1, 2):
        edges, prior, posterior = (found[f"{name}{layer}"] for name in ("edges", "prior", "posterior"))
        for density in (prior, posterior):
            assert 0.9 < (density * np.diff(edges)).sum() <= 1 + 1e-9
    # The prior's weights are standard normal.
    below = np.cumsum(found["prior1"] * np.diff(found["edges1"]))
    np.testing.assert_allclose(below, ndtr(found["edges1"][1:]), atol=0.05)


def test_a_worker_keeps_nothing_of_a_visitors_networks(classes: Posterior):
    def alive() -> int:
        gc.collect()
        return sum(type(thing) is Networks for thing in gc.get_objects())

    content = Networks.of(classes).to_bytes()
    before = alive()
    ask(Question("predict", {"n_draws": 50}, {"networks": content, "rows": to_bytes({"X": np.zeros((3, 2))})}))
    assert alive() == before
