"""One engine for the whole server, and one identity for each browser tab."""

from __future__ import annotations

import functools
import gc
import threading
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import streamlit as st

from bnn_lib.engine import Engine, EngineSettings
from bnn_lib.experiment import Experiment

SHIPPED = Path(__file__).with_name("first_results")  # by `first_results.py`
_STARTING = threading.Lock()


@dataclass(frozen=True)
class Session:
    """A browser tab as the engine knows it."""

    id: str
    engine: Engine


@functools.cache
def shared_settings() -> EngineSettings:
    """Return what the host has set: read once, when the server starts.

    Raises
    ------
    InvalidSettings
        Naming the variable that cannot be used.
    """
    # Streamlit hands its secrets on to the environment only when they are first asked for. On Community Cloud they
    # are where a host sets anything.
    st.secrets.load_if_toml_exists()
    return EngineSettings.from_environment()


def make_engine() -> Engine:
    """Start an engine as the environment says; tests put another in its place."""
    return Engine(shared_settings(), warm=[Experiment()], shipped=SHIPPED)


def shared_engine() -> Engine:
    """Return the server's engine, started at the first call.

    It is in none of Streamlit's caches: any visitor can have those cleared, by one message.
    """
    with _STARTING:
        return _start_engine()


@functools.cache
def _start_engine() -> Engine:
    engine = make_engine()
    # What has been imported by now stays: later collections need not look at it again.
    gc.collect()
    gc.freeze()
    return engine


def _leave(session: Any) -> None:
    # Called on the server's main thread when the socket closes: `leave` only notes it.
    cast(Session, session).engine.leave(cast(Session, session).id)


@st.cache_resource(scope="session", on_release=_leave, show_spinner=False)
def _hold(session_id: str) -> Session:
    return Session(session_id, shared_engine())


def open_session() -> Session:
    """Return this tab's session; called in every run, which also tells the engine that the tab is there."""
    # The identity outlives a lost connection: Streamlit keeps the session's state, not its cached resources.
    session_id = st.session_state.setdefault("session_id", uuid.uuid4().hex)
    session = _hold(session_id)
    session.engine.touch(session.id)
    return session
