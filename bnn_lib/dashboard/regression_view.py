"""The regression page's own parts: the plot, and the likelihood's choice."""

from __future__ import annotations

from typing import Any

import streamlit as st

from bnn_lib.dashboard import components, data, payload, regression, run
from bnn_lib.dashboard.widgets import choice, more, presets
from bnn_lib.datasets import Dataset
from bnn_lib.engine import Picture
from bnn_lib.experiment import DataSpec, Experiment
from bnn_lib.likelihoods import LIKELIHOODS, choose_likelihood, resolve_likelihood

KEPT = 32  # packed data sets and results kept for all sessions
NOISES = (0.01, 0.03, 0.1, 0.3, 1.0)
COMPONENTS = (2, 3, 4, 5)


@st.cache_resource(show_spinner=False, max_entries=KEPT)
def _seen(spec_json: str) -> tuple[str, dict[str, Any]]:
    spec = DataSpec.model_validate_json(spec_json)
    return regression.seen(data.load(spec), spec.name, payload.data_key(spec))


@st.cache_resource(show_spinner=False, max_entries=KEPT)
def _result(key: str, _picture: Picture) -> dict[str, Any]:
    return regression.result_of(key, _picture)


def show_plot(experiment: Experiment, result: run.Shown | None) -> None:
    """Show the curves, or the surfaces, over the data's points."""
    name, content = _seen(experiment.data.model_dump_json())
    components.show(name, content | {"result": _result(result.key, result.picture) if result else None})


def likelihood_controls(experiment: Experiment, dataset: Dataset) -> None:
    """The family; "auto" says what it chose. Folded away: its noise, or its components."""
    spec = experiment.likelihood
    family = resolve_likelihood(spec, dataset)
    entry = LIKELIHOODS[family]
    fitting = [name for name, other in LIKELIHOODS.items() if other.task == dataset.task]
    chosen, why = choose_likelihood(dataset)
    choice(
        experiment,
        "likelihood.family",
        "Noise is",
        ["auto", *fitting],
        lambda name: f"auto: {LIKELIHOODS[chosen].label}" if name == "auto" else LIKELIHOODS[name].label,
        why if spec.family == "auto" else entry.help,
        190,
    )
    if family == "mixture":
        presets(experiment, "likelihood.components", "Branches", COMPONENTS, "Gaussians in the mixture.", width=90)
    elif entry.has_noise:
        with more("likelihood"):
            presets(experiment, "likelihood.noise", "Size of the noise", NOISES, entry.noise_help, none="learned")
