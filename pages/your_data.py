"""Your data: a CSV file to a fitted, judged model, and its predictions for new rows."""

from functools import partial

import streamlit as st

from bnn_lib.dashboard import asked, notices, state, table, table_live, table_result, table_view, take_away, views
from bnn_lib.dashboard.head import head, start_and_stop
from bnn_lib.dashboard.session import open_session

session = open_session()
state.enter("your_data")
views.inject_style()
asked.do(table.loaded() is not None)
loaded, running, results = table.loaded(), table.run(), table.results()
fitted = loaded is not None and bool(results) and results[0].choices == table.choices()

with head("Your data"):
    if loaded is not None:
        start_and_stop(
            session,
            table.fit,
            table.stop,
            can_start=running is None or running.stopped,
            can_stop=running is not None,
            keys=("table.fit", "table.stop"),
        )
        with st.container(key="status"):
            table_live.live(session)
    if fitted:
        table_result.show_headline(results[0])

if problem := table.problem():
    notices.show_failure(problem, "table.again", partial(table.again, session))

if loaded is None:
    with st.container(key="table_entry"):
        table_view.show_entry(session)
else:
    choices = table.choices()
    table_view.show_summary(session, loaded)
    left, right = st.columns([2, 3], gap="large")
    with left:
        table_view.show_choices(loaded.summary, choices)
        made = table_view.show_encoded(loaded, choices)
        if made is not None:
            table_view.show_settings(made.dataset)
    with right:
        if running is not None:
            table_live.show_curve(running)
        table_view.show_preview(loaded.summary, choices)
    if results and not fitted and running is None:
        st.caption("Press Fit: the results were of other choices, and come back with them.")
    if fitted:
        newest = results[0]
        with st.container(key="table_results"):
            table_result.show_judgement(session, results)
            if loaded.image is not None and newest.picture.rows.mean.shape[1] > 1:
                table_result.show_images(newest, loaded.summary.table.frame, loaded.image)
            else:
                table_result.show_effects(session, newest)
                table_result.show_least_sure(newest)
                table_result.show_form(session, newest)
            table_result.show_second_table(session, newest)
            take_away.show_table(session, newest)
