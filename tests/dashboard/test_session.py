from __future__ import annotations

from bnn_lib.dashboard import session
from tests.pages.fake_engine import FakeEngine


def test_a_closed_tab_is_told_to_the_engine():
    engine = FakeEngine()
    session._leave(session.Session("a-tab", engine))
    assert engine.calls == [("leave", "a-tab")]
