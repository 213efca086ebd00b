"""Your data in a real browser: from a dropped file of 50,000 rows and 20 features until its preview stands.

It starts the app with a store of its own, on this machine, and Chromium in front of it. The clock is the
browser's: from the moment it has the file to the frame in which the table and its one-line summary are shown.
"""

from __future__ import annotations

import statistics

import numpy as np
import pandas as pd
from playwright.sync_api import FilePayload, Page

from benchmarks.app_page import page_of_app
from benchmarks.common import arguments, print_machine, print_table

OPTIONS = arguments(__doc__ or "")
ROWS, FEATURES, TIMES = 50_000, 20, 5
TARGET = 2.0  # seconds, median
WATCH = """() => document.addEventListener('change', (e) => {
  if (e.target.type === 'file') window.dropped = performance.now(); }, true)"""
# The table is on a canvas of its own, drawn in the frame after it is there.
SHOWN = """(summary) => document.body.innerText.includes(summary) &&
  document.querySelector('[data-testid=stDataFrame] canvas') && performance.now()"""


def main() -> None:
    """Start the app, measure, print the table, end the app."""
    print_machine()
    rows, times = (1000, 1) if OPTIONS.quick else (ROWS, TIMES)
    file = make_file(rows)
    with page_of_app() as (page, address):
        found = [measure(page, f"{address}/your_data", file, rows) for _ in range(times)]
    print(
        f"\nSeconds from the drop of {rows:,} rows, {len(file['buffer']) / 1e6:.1f} MB, to summary and preview.\n"
    )
    print_table(
        ("", "median", "slowest", "target"),
        [(f"{times} drops", statistics.median(found), max(found), f"<= {TARGET}")],
    )


def make_file(rows: int) -> FilePayload:
    """Return rows of numbers with one decimal: so many fit into the five megabytes that are taken."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(rows, FEATURES))
    frame = pd.DataFrame(X.round(1), columns=[f"f{i}" for i in range(FEATURES)])
    frame["y"] = (X[:, 0] - X[:, 1] + rng.normal(size=rows)).round(1)
    return {"name": "rows.csv", "mimeType": "text/csv", "buffer": frame.to_csv(index=False).encode()}


def measure(page: Page, address: str, file: FilePayload, rows: int) -> float:
    """Drop the file on a fresh page; return the seconds."""
    page.goto(address)
    place = page.locator('[class*="st-key-table-file"] input[type=file]')
    place.wait_for(state="attached")
    page.evaluate(WATCH)
    place.set_input_files(files=[file])
    held = rows // 5
    shown = page.wait_for_function(SHOWN, arg=f"{rows - held:,} rows to learn from, {held:,} held out", polling=20)
    return (float(shown.json_value()) - float(page.evaluate("window.dropped"))) / 1000


if __name__ == "__main__":
    main()
