"""Compare results: finished fits by their keys, side by side."""

import streamlit as st

from bnn_lib.dashboard import results, results_view, share, state, views
from bnn_lib.dashboard.head import head
from bnn_lib.dashboard.session import open_session

open_session()
state.enter("results")
keys = results.load()
views.inject_style()
found, unknown = results.find(keys)
with head("Compare results"):
    if keys:
        share.whole_link()
results_view.show_entry([*st.session_state[results.PROBLEMS], *unknown])
if len(found) > 1:
    results_view.show_pictures(found)
    with st.container(key="results_tables", gap="small"):
        results_view.show_tables(found)
elif found:
    results_view.show_pictures(found)
    st.caption("One more key, and the two are compared.")
else:
    st.markdown(
        "Every finished fit has a key: press **Share** on its page. "
        "Put two or more keys here to see the results side by side; the address then holds them all."
    )
results.store()
