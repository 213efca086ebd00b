"""The app as a user starts it (`make run`), and a real Chromium in front of it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--force-color-profile=srgb"]
START_SECONDS, READY_MILLISECONDS = 300, 120_000


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def group_members(group: int) -> list[int]:
    found = subprocess.run(["pgrep", "-g", str(group)], capture_output=True, text=True, check=False)
    return [int(pid) for pid in found.stdout.split()]


@pytest.fixture(scope="session")
def app(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start the app with an empty store; its address. When it has ended, no process of it is left."""
    folder = tmp_path_factory.mktemp("app")
    port, log = free_port(), folder / "log"
    settings = {
        "BNN_STORE": str(folder / "store"),
        "BNN_GRACE_SECONDS": "2",
        "BNN_THREADS": "2",
        "BNN_OPERATIONS": "on",
    }
    environment = {**os.environ, **settings}
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["make", "run", f"PORT={port}"],
            cwd=root,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: healthy(address, process, log), START_SECONDS, "the app's health check")
        yield address
    finally:
        # What Ctrl-C in a terminal sends.
        os.killpg(process.pid, signal.SIGINT)
        try:
            wait_for(lambda: process.poll() is not None and not group_members(process.pid), 30, "the app's end")
        except AssertionError:
            os.killpg(process.pid, signal.SIGKILL)
            raise


def healthy(address: str, process: subprocess.Popen[bytes], log: Path) -> bool:
    assert process.poll() is None, f"make run stopped:\n{log.read_text(errors='replace')[-3000:]}"
    try:
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


def wait_for(condition: Callable[[], bool], seconds: float, what: str) -> None:
    end = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        pause.wait(0.2)


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


# Streamlit's word for a press and a look in one message; `pace.look` then has the whole page run.
TOGETHER = "Multiple different fragmentIds detected in a single batch of widget updates"


class Visitor:
    """A browser context of its own; everything that goes wrong in it is noted."""

    def __init__(self, browser: Browser, address: str, **options: object) -> None:
        self.errors: list[str] = []
        self.address = address
        settings = {"viewport": {"width": 1280, "height": 720}, "color_scheme": "light"} | options
        self.context: BrowserContext = browser.new_context(**settings)  # type: ignore[arg-type]
        self.context.set_default_timeout(60_000)
        self.context.on("page", self._watch)
        self.page = self.context.new_page()

    def _watch(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.errors.append(f"page: {error}"))
        page.on("console", self._listen)
        page.on("requestfailed", lambda r: self.errors.append(f"request: {r.url} {r.failure}"))
        page.on("response", lambda r: r.status >= 400 and self.errors.append(f"response: {r.status} {r.url}"))

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and TOGETHER not in message.text:
            self.errors.append(f"console {message.type}: {message.text}")

    def open(self, query: str = "") -> Page:
        """Open the playground and wait until it stands."""
        self.page.goto(f"{self.address}/{query}")
        self.page.locator(".stage[data-painted]").wait_for(timeout=READY_MILLISECONDS)
        return self.page


Visit = Callable[..., Visitor]


@pytest.fixture
def visit(app: str, browser: Browser) -> Iterator[Visit]:
    """Come to the app with a new browser; at the end nothing may have gone wrong in it."""
    visitors: list[Visitor] = []

    def visit(**options: object) -> Visitor:
        visitors.append(Visitor(browser, app, **options))
        return visitors[-1]

    yield visit
    errors = [error for visitor in visitors for error in visitor.errors]
    for visitor in visitors:
        visitor.context.close()
    assert not errors


@pytest.fixture(scope="session")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go: BNN_SHOTS, or a temporary folder."""
    folder = Path(os.environ["BNN_SHOTS"]) if "BNN_SHOTS" in os.environ else tmp_path_factory.mktemp("shots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
