"""The server around the pages: its start, its end, and whether it is ready."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from starlette.requests import Request
from streamlit import config
from streamlit.web.server.app_discovery import discover_asgi_app

from bnn_lib.dashboard import server, session
from bnn_lib.engine.events import log_event
from tests.pages.fake_engine import FakeEngine

NOBODY = "tcp://127.0.0.1:9"  # a scheduler that is not there


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    engine = FakeEngine()
    monkeypatch.setattr(server, "shared_engine", lambda: engine)
    return engine


def test_streamlit_run_finds_the_application(root: Path):
    # By reading app.py, not by running it. Not found, the engine would start with the first visit only.
    assert discover_asgi_app(root / "app.py").import_string == "app:app"


def test_the_engine_lives_as_long_as_the_server(engine: FakeEngine, root: Path):
    async def serve() -> None:
        async with server.lifespan(st.App(str(root / "app.py"))):
            assert engine.calls == []

    asyncio.run(serve())
    assert engine.calls == [("close", "")]


@pytest.mark.parametrize(("phase", "code"), [("ready", 200), ("starting", 503), ("down", 503)])
def test_ready_means_that_fits_would_run(engine: FakeEngine, phase: str, code: int):
    engine.phase = phase
    answer = asyncio.run(server.ready(Request({"type": "http", "headers": []})))
    assert answer.status_code == code
    body = json.loads(bytes(answer.body))
    assert body["ready"] is (phase == "ready")
    assert bool(body["message"]) is (phase != "ready")


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Leave log and settings as the other tests have them."""
    logger = logging.getLogger("bnn_lib")
    before = logger.handlers[:], logger.level, logger.propagate
    session.shared_settings.cache_clear()
    yield
    session.shared_settings.cache_clear()
    logger.handlers[:], logger.level, logger.propagate = before


def test_the_log_has_times_levels_and_pairs(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture):
    monkeypatch.setenv("BNN_LOG", "info")
    server.prepare()
    log_event("finished", "0123abcd", "a-session-that-is-secret", losses=0)
    line = capfd.readouterr().err.strip()
    assert re.fullmatch(
        r"[-\d]{10} [:,\d]{12} INFO bnn_lib\.engine\.events "
        r"fit finished key=0123abcd losses=0 session=[0-9a-f]{8}",
        line,
    )
    monkeypatch.setenv("BNN_LOG", "error")
    session.shared_settings.cache_clear()
    server.prepare()
    log_event("finished", "0123abcd")
    assert capfd.readouterr().err == ""


def test_the_upload_limit_is_streamlits_own(monkeypatch: pytest.MonkeyPatch):
    before = config.get_option("server.maxUploadSize")
    monkeypatch.setenv("BNN_UPLOAD_MB", "3")
    try:
        server.prepare()
        assert config.get_option("server.maxUploadSize") == 3
    finally:
        config.set_option("server.maxUploadSize", before)


def test_any_visitor_can_clear_the_caches_but_not_the_engine(monkeypatch: pytest.MonkeyPatch):
    engines: list[FakeEngine] = []

    def make_engine() -> FakeEngine:
        engines.append(FakeEngine())
        return engines[-1]

    monkeypatch.setattr(session, "make_engine", make_engine)
    session._start_engine.cache_clear()
    try:
        first = session.shared_engine()
        st.cache_resource.clear()  # what Streamlit does on a browser's message "clear_cache"
        st.cache_data.clear()
        assert session.shared_engine() is first
        assert len(engines) == 1
    finally:
        session._start_engine.cache_clear()


STARTED = """
import runpy, sys
runpy.run_path(sys.argv[1], run_name='app')  # as `streamlit run` imports it
from streamlit import config
print(config.get_option('server.maxUploadSize'))
from bnn_lib.dashboard.session import shared_engine
engine = shared_engine()
print(engine.settings.threads)
engine.close()
"""


def start(root: Path, folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Start the app in a folder, as far as it goes without a worker."""
    return subprocess.run(
        [sys.executable, "-c", STARTED, str(root / "app.py")],
        cwd=folder,
        env={"PATH": "", "HOME": str(folder), "PYTHONPATH": str(root), "BNN_SCHEDULER": NOBODY, **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_setting_that_cannot_be_used_ends_the_start(root: Path, tmp_path: Path):
    run = start(root, tmp_path, BNN_THREADS="many")
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1] == "BNN_THREADS is 'many'; allowed: a whole number from 1 to 256."
    assert "Traceback" not in run.stderr


def test_secrets_are_settings_too(root: Path, tmp_path: Path):
    """On Community Cloud a host has nothing else."""
    secrets = tmp_path / ".streamlit" / "secrets.toml"
    secrets.parent.mkdir()
    secrets.write_text('BNN_THREADS = "3"\nBNN_UPLOAD_MB = "2"\nBNN_LOG = "warning"\n')
    run = start(root, tmp_path)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == ["2", "3"]
    assert " INFO " not in run.stderr
    secrets.write_text('BNN_THREADS = "many"\n')
    run = start(root, tmp_path)
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1] == "BNN_THREADS is 'many'; allowed: a whole number from 1 to 256."
    assert "Traceback" not in run.stderr


def test_a_misspelt_name_is_logged_once_and_as_all_else_is(root: Path, tmp_path: Path):
    run = start(root, tmp_path, BNN_STORE_GB="1")
    assert run.returncode == 0, run.stderr
    (line,) = [line for line in run.stderr.splitlines() if "BNN_STORE_GB" in line]
    assert re.match(r"[-\d]{10} [:,\d]{12} WARNING bnn_lib\.engine\.settings environment variable ignored", line)
