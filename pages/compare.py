"""The compare page: several methods on one problem, side by side."""

import streamlit as st

from bnn_lib.dashboard import (
    asked,
    compare,
    compare_view,
    controls,
    lesson_view,
    lessons,
    notices,
    share,
    state,
    take_away,
    views,
)
from bnn_lib.dashboard.head import head, settings_row, start_and_stop
from bnn_lib.dashboard.presets import PRESETS
from bnn_lib.dashboard.session import open_session

session = open_session()
state.enter("compare")
experiment, methods = compare.load()
asked.do(len(methods) >= compare.FEWEST)
if compare.current_preset(experiment, methods) or lessons.asks_for(experiment):
    compare.look_up(session, experiment, methods)
views.inject_style()

busy, wrong = compare.busy(), compare.problem()
with head("Compare methods"):
    start_and_stop(
        session,
        compare.submit,
        compare.stop,
        can_start=not busy and len(methods) >= compare.FEWEST,
        can_stop=busy,
        label="Compare",
        keys=("compare", "compare_stop"),
    )
    share.button(compare.own_fields(), is_one=False)
    share.link_to_page(experiment, "One method by itself")

if wrong:
    st.warning(notices.plain(wrong), icon=":material/link_off:")
notices.show_problems(*state.problems())
if session.engine.status.message:
    st.caption(notices.plain(session.engine.status.message))

lesson_view.show_strip()
with st.container(key="presets", horizontal=True, gap="small"):
    for label in PRESETS:
        st.button(label, key=f"preset_{label}", type="tertiary", on_click=compare.preset, args=(label,))

settings_row(
    experiment,
    {
        "Data": compare_view.data_controls,
        "Network": controls.network_controls,
        "Prior": controls.prior_controls,
        "Inference": compare_view.effort_controls,
    },
)
compare_view.method_choice()

compare_view.live(session)
compare_view.show_table(session, experiment, methods)
take_away.show_compared(session, experiment, methods)
compare.store()
