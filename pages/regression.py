"""Regression: a number over one feature or two, fitted while you watch; what is known, and what is not."""

import streamlit as st

from bnn_lib.dashboard import components, controls, data, notices, regression, regression_view, run, state, views
from bnn_lib.dashboard.live import live
from bnn_lib.dashboard.session import open_session
from bnn_lib.dashboard.trust_view import show_trust
from bnn_lib.datasets.load import entry_of

session = open_session()
run.enter("regression")
experiment = state.load(regression.for_curves, paints=True)
dataset, missing = data.find(experiment.data)
if dataset is not None:
    run.look_up(session, experiment, regression.START)
named = dataset or entry_of(experiment.data)
result = views.result_for(experiment)
views.inject_style()

# What to do, and how far it is.
with st.container(key="top", horizontal=True, vertical_alignment="center", gap="medium"):
    st.markdown("# Regression", width="content")
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
            help="Back to the page's first settings and their result",
        )
        components.show("link", {}, width="content")
    with st.container(key="status"):
        live(session)
    views.show_verdict(experiment, result)

notices.show_problems(*state.problems())

# What is fitted.
with st.container(key="settings", horizontal=True, gap="medium"):
    for name, show in (
        ("Noise", lambda experiment: regression_view.likelihood_controls(experiment, named)),
        ("Network", controls.network_controls),
        ("Prior", controls.prior_controls),
        ("Inference", controls.inference_controls),
    ):
        with st.container(key=f"group_{name}", width="content", gap=None):
            st.markdown(name)
            with st.container(horizontal=True, gap="xsmall", vertical_alignment="bottom"):
                show(experiment)

# Data -> picture -> network: the picture has the room.
with st.container(key="regression_main"):
    data_column, plot_column, network_column = st.columns([1.7, 6.2, 2.9], gap="medium")
with data_column:
    controls.data_controls(experiment, data.PLAYED_CURVES)
with plot_column:
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
state.store()
