"""What a worker answers, asked directly."""

from __future__ import annotations

import numpy as np
import pytest

from bnn_lib.datasets import Dataset
from bnn_lib.engine.arrays import from_bytes, to_bytes
from bnn_lib.engine.questions import PREDICTED_AT_ONCE, Question, answer
from bnn_lib.experiment import DataSpec, Experiment, InferenceSpec, NetworkSpec
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
