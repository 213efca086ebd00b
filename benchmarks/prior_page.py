"""The priors page in a real browser: from a key or a click until other functions are drawn.

It starts the app with a store of its own, on this machine, and Chromium in front of it. The clock is the
browser's: from the event itself to the first frame of the new functions. The widths and depths are new to the
worker, so that nothing of them can have been compiled before.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable

from playwright.sync_api import Page

from benchmarks.app_page import PATIENCE, page_of_app
from benchmarks.common import arguments, print_machine, print_table

OPTIONS = arguments(__doc__ or "")
TARGET = 1.0  # seconds, p50
# When the last key or button went down, by the clock that `data-at` is of.
WATCH = """() => { for (const name of ['keydown', 'pointerdown'])
  document.addEventListener(name, (e) => { window.pressed = performance.timeOrigin + e.timeStamp; }, true) }"""

OTHERS = """(before) => [...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')].some((host) => {
  const shown = host.shadowRoot?.querySelector('[data-shown]')?.dataset.shown;
  return shown && shown !== before; })"""


def main() -> None:
    """Start the app, measure, print the table, end the app."""
    print_machine()
    with page_of_app() as (page, address):
        measure(page, address)


def measure(page: Page, address: str) -> None:
    """Play with the page."""
    page.goto(f"{address}/priors")
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


if __name__ == "__main__":
    main()
