"""The playground: classification over two features, fitted while you watch."""

import streamlit as st

from bnn_lib.dashboard import asked, controls, data, run, state, take_away, views
from bnn_lib.dashboard.head import fit_head, settings_row
from bnn_lib.dashboard.session import open_session
from bnn_lib.dashboard.side_by_side import show_side_by_side
from bnn_lib.dashboard.trust_view import show_trust

session = open_session()
state.enter("playground")
run.enter("playground")
experiment = state.load(state.for_the_map, paints=True)
dataset, missing = data.find(experiment.data)
asked.do(dataset is not None)
if dataset is not None:
    run.look_up(session, experiment)
result = views.result_for(experiment)
views.place_pick(dataset, result)
views.inject_style()

fit_head(session, "Bayesian neural network", experiment, result, missing)
settings_row(
    experiment,
    {
        "Network": controls.network_controls,
        "Prior": controls.prior_controls,
        "Inference": controls.inference_controls,
    },
)

# Data -> network -> picture, as the numbers flow.
with st.container(key="main"):
    data_column, network_column, map_column = st.columns([1.7, 4.1, 5.0], gap="medium")
with data_column:
    controls.data_controls(experiment)
with network_column:
    controls.layer_editor(experiment)
    views.show_network(experiment, dataset, result)
    elbo_column, point_column = st.columns([1.15, 1], gap="small")
    with elbo_column:
        views.show_elbo(experiment, result)
    with point_column:
        views.show_point(experiment, result)
with map_column:
    views.show_map(experiment, dataset, result)

if result is not None:
    with st.container(key="scores"):
        scores_column, trust_column = st.columns([1.35, 1], gap="large")
        with scores_column:
            views.show_scores(experiment, result)
        if dataset is not None:
            with trust_column:
                show_trust(experiment, result, len(dataset.X_train))
            show_side_by_side(dataset, result)
        take_away.show(session, result)
state.store()
