"""The operations page is there when it is switched on, and only then."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from bnn_lib.dashboard import operations
from bnn_lib.engine import EngineSettings, LoggedError
from tests.pages.fake_engine import FakeEngine

ERROR = LoggedError(1_800_000_000.0, "error", "fit failed key=0123 message=<b>no</b>")


@pytest.fixture
def switched_on(engine: FakeEngine) -> FakeEngine:
    engine.settings = EngineSettings(operations=True)
    return engine


def open_page(root) -> AppTest:
    page = AppTest.from_file(str(root / "app.py"), default_timeout=60).run()
    return page.switch_page("pages/operations.py").run()


def test_it_shows_what_the_engine_counts(switched_on: FakeEngine, root):
    switched_on.errors = (ERROR,)
    page = open_page(root)
    assert not page.exception
    shown = {metric.label: metric.value for metric in page.metric}
    assert shown | {"Memory, web": ""} == {
        "Open pages": "3",
        "Workers": "1",
        "Running": "1 of 2",
        "Waiting": "2",
        "Fits a minute": "7.5",
        "Store": "12 MB of 500 MB",
        "Memory, web": "",
        "Memory, workers": "1,750 MB",
    }
    assert page.success[0].value == "Ready: fits run now."
    assert page.caption[0].value == "1 failed, 40 finished."
    (table,) = page.dataframe
    assert table.value.iloc[0].tolist() == ["2027-01-15 08:00:00", "error", ERROR.text]


def test_it_says_what_is_waited_for(switched_on: FakeEngine, root):
    switched_on.phase = "starting"
    page = open_page(root)
    assert page.warning[0].value.startswith("The fitting engine is starting")
    assert page.caption[-1].value.startswith("None")


def test_switched_off_it_is_not_there(engine: FakeEngine, root):
    # tests/server/test_forged.py goes to its address all the same, and meets the playground.
    with pytest.raises(ValueError, match="Could not find a navigation page"):
        open_page(root)


def test_the_web_processs_memory_is_known_here():
    size = operations.web_bytes()
    if operations.STATM.exists():
        assert size is not None
        assert 10_000_000 < size < 10_000_000_000
    assert operations.megabytes(None) == "–"
