"""What a visitor finds again: after the web process was killed, and after the browser was closed for a while."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.app_server import Server, end, free_port, serve, start, wait_until_healthy, web_command
from benchmarks.load import one_link, warm_up
from benchmarks.visitor import Visitor
from bnn_lib.experiment import DataSpec, Experiment, InferenceSpec, NetworkSpec
from tests.server.conftest import NOBODY

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

PATIENCE = 600.0
GRACE = 20.0
SHORT = Experiment(data=DataSpec(n=100), inference=InferenceSpec(steps=1000))
# Minutes, and at any time it can be stopped.
LONG = Experiment(
    data=DataSpec(n=10_000), network=NetworkSpec(hidden=(64, 64)), inference=InferenceSpec(steps=100_000)
)


def link(experiment: Experiment) -> str:
    return "&".join(f"{name}={value}" for name, value in experiment.to_query().items())


def wait_for(condition: Callable[[], object], what: str) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, f"waited for {what}"
        time.sleep(0.1)


def open_page(visitor: Visitor) -> None:
    visitor.ask()
    visitor.wait(lambda finished: finished is not None, PATIENCE)


def shown(visitor: Visitor) -> str | None:
    told = visitor.component("feed")
    return told["key"] if told and told["phase"] == "idle" else None


def started(server: Server, experiment: Experiment) -> int:
    return len(re.findall(f"fit started key={experiment.key}", server.log))


def test_a_web_process_that_is_killed_and_started_again_shows_what_was_finished(tmp_path: Path):
    with serve(tmp_path, {}) as server:
        with Visitor(server.port, link(SHORT), seconds=PATIENCE) as visitor:
            open_page(visitor)
            visitor.click("fit")
            if shown(visitor) != SHORT.key:
                visitor.wait(lambda _: shown(visitor) == SHORT.key or None)
            os.kill(server.pid, signal.SIGKILL)
            assert visitor.closed()
        # Anew, on the same port, and with nothing that could fit: what it shows is the stored result.
        settings = {"BNN_SCHEDULER": NOBODY, "BNN_STORE": str(tmp_path / "store")}
        process = start(web_command(server.port), tmp_path / "again.log", settings)
        try:
            wait_until_healthy(server, process)
            with Visitor(server.port, link(SHORT), seconds=PATIENCE) as visitor:
                open_page(visitor)
                assert shown(visitor) == SHORT.key
                assert (visitor.component("map") or {})["result"]["key"] == SHORT.key
        finally:
            end(process)


def test_a_browser_that_is_closed_for_less_and_for_more_than_the_grace_time(tmp_path: Path):
    with serve(tmp_path, {"BNN_GRACE_SECONDS": str(GRACE)}, free_port()) as server:
        with Visitor(server.port, link(LONG), seconds=PATIENCE) as visitor:
            open_page(visitor)
            visitor.click("fit")
            wait_for(lambda: started(server, LONG), "the fit to begin")
        with Visitor(server.port, link(LONG), seconds=PATIENCE) as visitor:
            open_page(visitor)
            visitor.click("fit")  # it goes on, and this visit has joined it
            visitor.wait(lambda _: (visitor.component("feed") or {}).get("frame"))
            assert started(server, LONG) == 1
        wait_for(lambda: f"fit stopped key={LONG.key}" in server.log, "the fit to be stopped")
        with Visitor(server.port, link(LONG), seconds=PATIENCE) as visitor:
            open_page(visitor)
            assert shown(visitor) != LONG.key
            visitor.click("fit")
            wait_for(lambda: started(server, LONG) == 2, "the fit to begin anew")
            visitor.click("stop")


def test_pages_whose_fit_ends_at_the_same_moment_all_show_its_result(tmp_path: Path):
    """Streamlit loses what a run of the page has still to send if a question comes in as it ends: none does."""
    with serve(tmp_path, {}) as server:
        warm_up(server)
        assert one_link(server, 20) == (1, [])
