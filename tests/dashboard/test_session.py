from __future__ import annotations

import asyncio
import importlib.util

from bnn_lib.dashboard import session
from tests.pages.fake_engine import FakeEngine


def test_a_closed_tab_is_told_to_the_engine():
    engine = FakeEngine()
    session._leave(session.Session("a-tab", engine))
    assert engine.calls == [("leave", "a-tab")]


def test_the_engine_lives_as_long_as_the_server(monkeypatch, root):
    engine = FakeEngine()
    monkeypatch.setattr(session, "shared_engine", lambda: engine)
    spec = importlib.util.spec_from_file_location("app_under_test", root / "app.py")
    app = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(app)

    async def serve() -> None:
        async with app.lifespan(app.app):
            assert engine.calls == []

    asyncio.run(serve())
    assert engine.calls == [("close", "")]
