"""The app: page configuration and navigation.

Streamlit reads this file twice over: the server imports it once, for `app`; every visit runs it as its script.
"""

import streamlit as st

from bnn_lib.dashboard.session import shared_engine

if __name__ == "__main__":
    st.set_page_config(
        page_title="Bayesian neural network playground", page_icon="bnn_lib/dashboard/icon.svg", layout="wide"
    )
    pages = [
        st.Page("pages/playground.py", title="Playground", default=True),
        st.Page("pages/regression.py", title="Regression"),
        st.Page("pages/compare.py", title="Compare"),
        st.Page("pages/priors.py", title="Priors"),
        st.Page("pages/your_data.py", title="Your data"),
        st.Page("pages/lessons.py", title="Lessons"),
        st.Page("pages/results.py", title="Results"),
    ]
    if shared_engine().settings.operations:
        pages.append(st.Page("pages/operations.py", title="Operations"))
    st.navigation(pages, position="top").run()
else:
    from bnn_lib.dashboard import server

    server.prepare()
    app = st.App(__file__, lifespan=server.lifespan, routes=server.ROUTES)  # `streamlit run` looks for this call
