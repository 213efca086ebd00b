"""The priors page in a real browser: from a key or a click until other functions are drawn.

It starts the app with a store of its own, on this machine, and Chromium in front of it. The clock is the
browser's: from the event itself to the first frame of the new functions. The widths and depths are new to the
worker, so that nothing of them can have been compiled before.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from benchmarks.common import arguments, print_machine, print_table

OPTIONS = arguments(__doc__ or "")
ROOT = Path(__file__).resolve().parent.parent
PORT = 8765
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage"]
TARGET = 1.0  # seconds, p50
PATIENCE = 300_000  # ms
# When the last key or button went down, by the clock that `data-at` is of.
WATCH = """() => { for (const name of ['keydown', 'pointerdown'])
  document.addEventListener(name, (e) => { window.pressed = performance.timeOrigin + e.timeStamp; }, true) }"""

OTHERS = """(before) => [...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')].some((host) => {
  const shown = host.shadowRoot?.querySelector('[data-shown]')?.dataset.shown;
  return shown && shown !== before; })"""


def main() -> None:
    """Start the app, measure, print the table, end the app."""
    print_machine()
    chromium = subprocess.run(
        [ROOT / "scripts" / "find-chromium", sys.executable], capture_output=True, text=True, check=True
    ).stdout.strip()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(PORT)]
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | {"BNN_STORE": folder}, stdout=subprocess.DEVNULL
        )
        try:
            until_it_answers(process)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
                try:
                    measure(browser.new_page(viewport={"width": 1280, "height": 800}))
                finally:
                    browser.close()
        finally:
            process.terminate()
            process.wait(30)


def measure(page: Page) -> None:
    """Play with the page."""
    page.goto(f"http://127.0.0.1:{PORT}/priors")
    picture = page.locator("section[data-shown]")
    picture.wait_for(timeout=PATIENCE)
    page.evaluate(WATCH)

    def press(widget: str, key: str) -> Callable[[], None]:
        return lambda: page.locator(f"{widget} input").press(key)

    def click(name: str) -> Callable[[], None]:
        return lambda: page.get_by_role("radio", name=name, exact=True).click()

    width, scale = ".st-key-w-width", ".st-key-w-prior-scale"
    actions = {
        "width (new structures)": [press(width, "ArrowRight")] * 8,
        "depth (new structures)": [click(depth) for depth in ("3", "1", "4", "2")],
        "scale (the same structure)": [press(scale, "ArrowRight")] * 6,
    }
    rows: list[tuple[object, ...]] = []
    everything: list[float] = []
    for name, presses in actions.items():
        times = []
        for act in presses[: 3 if OPTIONS.quick else None]:
            before = picture.get_attribute("data-shown")
            act()
            page.wait_for_function(OTHERS, arg=before, timeout=PATIENCE, polling=20)
            at = float(picture.get_attribute("data-at") or "nan")
            times.append((at - float(page.evaluate("window.pressed"))) / 1000)
            page.wait_for_timeout(300)
        rows.append((name, len(times), *quantiles(times), ""))
        everything += times
    rows.append(("all", len(everything), *quantiles(everything), f"p50 <= {TARGET:g}"))
    print("\nSeconds from the key or click to the first frame of other functions, as the browser saw it.\n")
    print_table(("changed", "times", "p50", "p90", "target"), rows)


def quantiles(times: list[float]) -> tuple[float, float]:
    """Return the median and the 90th percentile."""
    return statistics.median(times), statistics.quantiles(times, n=10)[-1]


def until_it_answers(process: subprocess.Popen[bytes]) -> None:
    """Wait for the app's health check."""
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/_stcore/health", timeout=2):
                return
        except OSError:
            if process.poll() is not None:
                raise SystemExit(f"The app ended with code {process.returncode}.") from None
            time.sleep(0.2)
    raise SystemExit("The app did not answer.")


if __name__ == "__main__":
    main()
