"""The priors page: what a network believes before it sees data, as functions to play with."""

import streamlit as st

from bnn_lib.dashboard import asked, lesson_view, notices, prior_fit, prior_state, prior_view, share, state, views
from bnn_lib.dashboard.head import head
from bnn_lib.dashboard.session import open_session

session = open_session()
state.enter("priors")
experiment, functions = prior_state.load()
asked.do()
views.inject_style()

with head("What a prior believes"):
    prior_view.function_controls(functions)
    share.button(functions.to_query(), is_one=False)
with st.container(key="prior_presets", horizontal=True, gap="small"):
    prior_view.preset_buttons()
notices.show_problems(*state.problems())
lesson_view.show_strip()

with st.container(key="prior_main"):
    settings_column, picture_column = st.columns([1, 3.4], gap="medium")
with settings_column, st.container(key="prior_settings", gap="small"):
    prior_view.network_controls(experiment)
    prior_view.prior_controls(experiment)
with picture_column:
    fitted = prior_fit.posterior(experiment, functions)
    prior_column, posterior_column = st.columns(2) if fitted else (st.container(), None)
    with prior_column:
        prior_view.show_functions(session, experiment, functions)
    if fitted and posterior_column:
        with posterior_column:
            prior_fit.show_posterior(fitted, functions)
        prior_fit.show_weights(fitted)
    prior_fit.show_fit(session, experiment, functions)
prior_state.store()
