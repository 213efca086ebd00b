"""What the server does, for whoever hosts it: only where BNN_OPERATIONS is on."""

import streamlit as st

from bnn_lib.dashboard import operations, views
from bnn_lib.dashboard.session import open_session

session = open_session()
views.inject_style()
with st.container(key="top"):
    st.markdown("# Operations")
operations.live(session.engine)
