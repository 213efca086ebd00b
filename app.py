"""The app: starts the fitting engine together with the server, before anyone visits. Pages are in pages/."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st

from bnn_lib.dashboard.session import shared_engine


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Hold the engine for as long as the server runs."""
    engine = shared_engine()
    try:
        yield
    finally:
        engine.close()


app = st.App("pages/_navigation.py", lifespan=lifespan)
