"""The regression page's own parts: the plot, and a likelihood that is suggested."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from bnn_lib.dashboard import components, data, painting, payload, regression, run, state
from bnn_lib.dashboard.likelihood_controls import of_family
from bnn_lib.dashboard.notices import plain
from bnn_lib.datasets import DATASETS, Dataset
from bnn_lib.engine import Picture
from bnn_lib.experiment import DataSpec, Experiment
from bnn_lib.likelihoods import LIKELIHOODS

KEPT = 32  # packed data sets and results kept for all sessions


@st.cache_resource(show_spinner=False, max_entries=KEPT)
def _seen(spec_json: str) -> tuple[str, dict[str, Any]]:
    spec = DataSpec.model_validate_json(spec_json)
    return regression.seen(data.load(spec), spec.name, payload.data_key(spec))


@st.cache_resource(show_spinner=False, max_entries=KEPT)
def _result(key: str, _picture: Picture) -> dict[str, Any]:
    return regression.result_of(key, _picture)


def show_plot(experiment: Experiment, dataset: Dataset | None, result: run.Shown | None) -> None:
    """Show the curves, or the surfaces, over the points; `dataset` is None as long as too few are painted."""
    spec = experiment.data
    packed = {"result": _result(result.key, result.picture) if result else None}
    if DATASETS[spec.name].painted:
        content = regression.painted_curves_data(spec, dataset, payload.data_key(spec))
        content |= packed | {"paint": painting.paint_data(spec, dataset)}
        components.show("curves", content, on_painted_change=partial(painting.changed, "curves"))
    else:
        name, content = _seen(spec.model_dump_json())
        components.show(name, content | packed)


def _follow(family: str) -> None:
    state.change(of_family(family))


def suggest_likelihood(experiment: Experiment) -> None:
    """Offer, in one click, the likelihood that suits the data better than what "auto" chooses by the target."""
    suggestion = DATASETS[experiment.data.name].suggestion
    if suggestion is None or experiment.likelihood.family not in ("auto", "gaussian"):
        return
    family, why = suggestion
    with st.container(key="suggestion", horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(plain(why), width="content")
        st.button(
            f"Try {LIKELIHOODS[family].label}",
            key="suggested",
            type="tertiary",
            icon=":material/lightbulb:",
            help=LIKELIHOODS[family].help,
            on_click=_follow,
            args=(family,),
        )
