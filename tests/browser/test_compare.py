"""The compare page as a visitor uses it, in a real browser, over the real engine."""

from __future__ import annotations

import csv
import re

import pytest
from playwright.sync_api import Page, expect

LONG = 300_000  # ms: patience, not a measure
COMPARE, STOP = (f".st-key-{name} button" for name in ("compare", "compare_stop"))


def open_compare(visitor, query: str) -> Page:
    page = visitor.page
    page.goto(f"{visitor.address}/compare?{query}")
    expect(page.locator(COMPARE)).to_be_enabled(timeout=LONG)
    # Streamlit looks for its server below the page's own address first.
    visitor.errors[:] = [error for error in visitor.errors if "404" not in error]
    return page


def pixels(page: Page, method: str) -> str:
    """Return a cell's map as it is painted."""
    canvas = page.locator(f".st-key-compare_cell_{method} .cell canvas")
    return str(canvas.evaluate("(canvas) => canvas.toDataURL()"))


@pytest.mark.slow
def test_methods_fill_their_cells_and_are_measured_from_nuts(visit, shots):
    visitor = visit()
    effort = "inference.steps=2000&inference.tune=200&inference.draws=200&data.n=60&network.hidden=3"
    page = open_compare(visitor, f"methods=advi,map,nuts&{effort}")
    page.locator(COMPARE).click()
    expect(page.locator(".st-key-compare_csv button")).to_be_visible(timeout=LONG)
    advi = page.locator(".st-key-compare_cell_advi .cell")
    expect(advi).to_have_attribute("data-painted", "2000", timeout=LONG)
    facts = page.locator(".bnn-facts dl")
    expect(facts).to_have_count(3, timeout=LONG)
    # NUTS's R-hat, whether or not the chains have come to agree, is stated with what follows from it.
    expect(facts.nth(2)).to_contain_text("R-hat")
    expect(page.get_by_text(re.compile(r"Distances are from NUTS|No distances from NUTS"))).to_be_visible()
    assert "methods=advi" in page.url
    # Each cell shows its own method's map, and another one of another kind.
    probability = {name: pixels(page, name) for name in ("advi", "map", "nuts")}
    assert len(set(probability.values())) == 3
    page.locator(".st-key-w-map").get_by_text("epistemic").click()
    for name, before in probability.items():
        for _ in range(200):
            if pixels(page, name) != before:
                break
            page.wait_for_timeout(100)
        else:
            raise AssertionError(f"the map of {name} stayed as it was")
    with page.expect_download() as download:
        page.locator(".st-key-compare_csv button").click()
    with open(download.value.path(), encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["Method"] for row in rows] == ["Mean-field ADVI", "MAP", "NUTS"]
    assert all(float(row["NLL"]) > 0 for row in rows)
    page.screenshot(path=shots / "compare.png", full_page=True)
