"""Pages are run by Streamlit's AppTest, over an engine that needs no worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from bnn_lib.dashboard import session
from tests.pages.fake_engine import FakeEngine

Open = Callable[..., AppTest]


@pytest.fixture
def fake() -> FakeEngine:
    """Return what stands in for the engine; a page that needs more of one has its own."""
    return FakeEngine()


@pytest.fixture
def engine(fake: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeEngine]:
    monkeypatch.setattr(session, "make_engine", lambda: fake)
    forget_server()
    yield fake
    forget_server()


def forget_server() -> None:
    """Forget what a server keeps for as long as it runs."""
    st.cache_resource.clear()
    session._start_engine.cache_clear()


@pytest.fixture
def visit(engine: FakeEngine, root) -> Open:
    """Open the playground by a link, as a browser would."""

    def visit(**query: str) -> AppTest:
        page = AppTest.from_file(str(root / "app.py"), default_timeout=60)
        for name, value in query.items():
            page.query_params[name.replace("__", ".")] = value
        return page.run()

    return visit
