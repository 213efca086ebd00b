"""The playground: classification over two features, fitted while you watch."""

import streamlit as st

from bnn_lib.dashboard import components, controls, data, notices, run, state, views
from bnn_lib.dashboard.live import live
from bnn_lib.dashboard.session import open_session
from bnn_lib.dashboard.side_by_side import show_side_by_side
from bnn_lib.dashboard.trust_view import show_trust

session = open_session()
run.enter("playground")
experiment = state.load(state.for_the_map, paints=True)
dataset, missing = data.find(experiment.data)
if dataset is not None:
    run.look_up(session, experiment)
result = views.result_for(experiment)
views.place_pick(dataset, result)
views.inject_style()

# What to do, and how far it is.
with st.container(key="top", horizontal=True, vertical_alignment="center", gap="medium"):
    st.markdown("# Bayesian neural network", width="content")
    busy = run.active() is not None
    with st.container(key="buttons", horizontal=True, gap="small", width="content"):
        st.button(
            "Fit",
            key="fit",
            type="primary",
            icon=":material/play_arrow:",
            on_click=run.fit,
            args=(session,),
            disabled=run.fitting(experiment) or dataset is None,
            help=missing or None,
        )
        st.button(
            "Stop", key="stop", icon=":material/stop:", on_click=run.stop, args=(session,), disabled=not busy
        )
        st.button(
            "Reset",
            key="reset",
            on_click=run.reset,
            args=(session,),
            help="Back to the default settings and their result",
        )
        components.show("link", {}, width="content")
    with st.container(key="status"):
        live(session)
    views.show_verdict(experiment, result)

notices.show_problems(*state.problems())

# What is fitted.
with st.container(key="settings", horizontal=True, gap="medium"):
    for name, show in (
        ("Network", controls.network_controls),
        ("Prior", controls.prior_controls),
        ("Inference", controls.inference_controls),
    ):
        with st.container(key=f"group_{name}", width="content", gap=None):
            st.markdown(name)
            with st.container(horizontal=True, gap="xsmall", vertical_alignment="bottom"):
                show(experiment)

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
state.store()
