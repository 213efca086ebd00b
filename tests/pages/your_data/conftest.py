"""The page "Your data", over an engine that makes results for any table at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from bnn_lib.dashboard import session
from tests.pages.conftest import forget_server
from tests.pages.your_data.fake_table import TableEngine


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[TableEngine]:
    fake = TableEngine()
    monkeypatch.setattr(session, "make_engine", lambda: fake)
    forget_server()
    yield fake
    forget_server()


@pytest.fixture
def page(engine: TableEngine, root: Path) -> AppTest:
    found = AppTest.from_file(str(root / "app.py"), default_timeout=60)
    found.run()
    found.switch_page("pages/your_data.py")
    found.run()
    engine.submitted.clear()
    return found
