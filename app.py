"""The app: page configuration and navigation. The fitting engine starts with the server, before anyone visits.

Streamlit reads this file twice over: the server imports it once, for `app`; every visit runs it as its script.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st

if __name__ == "__main__":
    st.set_page_config(
        page_title="Bayesian neural network playground", page_icon="bnn_lib/dashboard/icon.png", layout="wide"
    )
    pages = [
        st.Page("pages/playground.py", title="Playground", default=True),
        st.Page("pages/compare.py", title="Compare"),
    ]
    st.navigation(pages, position="top").run()
else:
    from streamlit.runtime.pages_manager import PagesManager

    from bnn_lib.dashboard.session import shared_engine

    # Else a new server whose first visitor follows a link to a page runs that page without this file:
    # until `st.navigation` has run once, Streamlit takes a folder named pages for its own older kind.
    PagesManager.uses_pages_directory = False

    @asynccontextmanager
    async def lifespan(_: st.App) -> AsyncIterator[None]:
        """Hold the engine for as long as the server runs."""
        engine = shared_engine()
        try:
            yield
        finally:
            engine.close()

    app = st.App(__file__, lifespan=lifespan)
