"""The compare page: several methods on one problem, side by side."""

import streamlit as st

from bnn_lib.dashboard import compare, compare_view, controls, notices, state, views
from bnn_lib.dashboard.lessons import LESSONS
from bnn_lib.dashboard.session import open_session

session = open_session()
experiment, methods = compare.load()
views.inject_style()

with st.container(key="top", horizontal=True, vertical_alignment="center", gap="medium"):
    st.markdown("# Compare methods", width="content")
    busy, wrong = compare.busy(), compare.problem()
    st.button(
        "Compare",
        key="compare",
        type="primary",
        icon=":material/play_arrow:",
        on_click=compare.submit,
        args=(session,),
        disabled=busy or len(methods) < compare.FEWEST,
    )
    st.button(
        "Stop",
        key="compare_stop",
        icon=":material/stop:",
        on_click=compare.stop,
        args=(session,),
        disabled=not busy,
    )
    st.page_link(
        compare.page_of_one(experiment),
        label="One method by itself",
        icon=":material/open_in_new:",
        query_params=experiment.to_query(),
    )

if wrong:
    st.warning(notices.plain(wrong), icon=":material/link_off:")
notices.show_problems(*state.problems())
if session.engine.status.message:
    st.caption(notices.plain(session.engine.status.message))

with st.container(key="lessons", horizontal=True, gap="small"):
    for label in LESSONS:
        st.button(label, key=f"lesson_{label}", type="tertiary", on_click=compare.lesson, args=(label,))

with st.container(key="settings", horizontal=True, gap="medium"):
    for name, show in (
        ("Data", compare_view.data_controls),
        ("Network", controls.network_controls),
        ("Prior", controls.prior_controls),
        ("Inference", compare_view.effort_controls),
    ):
        with st.container(key=f"group_{name}", width="content", gap=None):
            st.markdown(name)
            with st.container(horizontal=True, gap="xsmall", vertical_alignment="bottom"):
                show(experiment)
compare_view.method_choice()

compare_view.live(session)
compare_view.show_table(session, experiment, methods)
compare.store()
