"""Regression: a number over one feature or two, fitted while you watch; what is known, and what is not."""

from functools import partial

import streamlit as st

from bnn_lib.dashboard import asked, controls, data, regression, regression_view, run, state, take_away, views
from bnn_lib.dashboard.head import fit_head, settings_row
from bnn_lib.dashboard.likelihood_controls import likelihood_controls
from bnn_lib.dashboard.session import open_session
from bnn_lib.dashboard.trust_view import show_trust
from bnn_lib.datasets.load import entry_of

session = open_session()
state.enter("regression")
run.enter("regression")
experiment = state.load(regression.for_curves, paints=True)
dataset, missing = data.find(experiment.data)
asked.do(dataset is not None)
if dataset is not None:
    run.look_up(session, experiment, regression.START)
named = dataset or entry_of(experiment.data)
result = views.result_for(experiment)
views.inject_style()

fit_head(session, "Regression", experiment, result, missing)
settings_row(
    experiment,
    {
        "Noise": partial(likelihood_controls, target=named),
        "Network": controls.network_controls,
        "Prior": controls.prior_controls,
        "Inference": controls.inference_controls,
    },
)

# Data -> picture -> network: the picture has the room.
with st.container(key="regression_main"):
    data_column, plot_column, network_column = st.columns([1.7, 6.2, 2.9], gap="medium")
with data_column:
    controls.data_controls(experiment, data.PLAYED_CURVES)
with plot_column:
    regression_view.suggest_likelihood(experiment)
    regression_view.show_plot(experiment, dataset, result)
with network_column:
    controls.layer_editor(experiment)
    views.show_network(experiment, dataset, result)
    views.show_elbo(experiment, result)

if result is not None:
    with st.container(key="scores"):
        scores_column, trust_column = st.columns([1.35, 1], gap="large")
        with scores_column:
            views.show_scores(experiment, result)
        if dataset is not None:
            with trust_column:
                show_trust(experiment, result, len(dataset.X_train))
        take_away.show(session, result)
state.store()
