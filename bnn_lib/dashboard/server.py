"""The web server around the pages: it starts the engine before anyone visits, and says when that is ready."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from streamlit import config
from streamlit.runtime.pages_manager import PagesManager

from bnn_lib.dashboard.session import shared_engine, shared_settings
from bnn_lib.engine import InvalidSettings
from bnn_lib.engine.settings import warn_of_unknown


def prepare() -> None:
    """Make Streamlit's settings as ours say, or end the process with a sentence if one cannot be used."""
    try:
        settings = shared_settings()
    except InvalidSettings as error:
        sys.exit(str(error))
    _log(settings.log_level)
    warn_of_unknown(os.environ)
    # Streamlit refuses what is larger before it has read it.
    config.set_option("server.maxUploadSize", settings.upload_megabytes)
    # Else a new server whose first visitor follows a link to a page runs that page without app.py:
    # until `st.navigation` has run once, Streamlit takes a folder named pages for its own older kind.
    PagesManager.uses_pages_directory = False


def _log(level: str) -> None:
    """Write our own log to standard error: time, level, module, then an event and its key=value pairs."""
    logger = logging.getLogger("bnn_lib")
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logger.handlers[:] = [handler]
    logger.setLevel(level.upper())
    logger.propagate = False


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Hold the engine for as long as the server runs."""
    engine = shared_engine()
    try:
        yield
    finally:
        engine.close()


async def ready(_: Request) -> JSONResponse:
    """Answer whether fits would run now: 200 if the engine has a worker, else 503.

    Streamlit's own ``/_stcore/health`` says only that there is a web server.
    """
    status = shared_engine().status
    is_ready = status.phase == "ready"
    body = {"ready": is_ready, "message": status.message or "", "workers": status.workers}
    return JSONResponse(body, 200 if is_ready else 503, {"Cache-Control": "no-store"})


ROUTES = (Route("/ready", ready),)
