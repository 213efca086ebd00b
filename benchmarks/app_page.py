"""The app, served with an empty store of its own, and a page of a real Chromium to visit it with."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from benchmarks.app_server import ROOT, serve

FLAGS = ["--no-sandbox", "--disable-dev-shm-usage"]
PATIENCE = 300_000  # ms


@contextmanager
def page_of_app() -> Iterator[tuple[Page, str]]:
    """Give a page that has visited nothing yet, and the app's address; both end with the context."""
    chromium = subprocess.run(
        [ROOT / "scripts" / "find-chromium", sys.executable], capture_output=True, text=True, check=True
    ).stdout.strip()
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(Path(folder), {}) as server,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=chromium, args=FLAGS) as browser,
    ):
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(PATIENCE)
        yield page, f"http://127.0.0.1:{server.port}"
