"""The page "Your data", over an engine that makes results for any table at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.your_data.fake_table import TableEngine


@pytest.fixture
def fake() -> TableEngine:
    return TableEngine()


@pytest.fixture
def page(engine: TableEngine, root: Path) -> AppTest:
    found = AppTest.from_file(str(root / "app.py"), default_timeout=60)
    found.run()
    found.switch_page("pages/your_data.py")
    found.run()
    engine.submitted.clear()
    return found
