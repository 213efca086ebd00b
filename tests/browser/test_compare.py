"""The compare page as a visitor uses it, in a real browser, over the real engine."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

LONG = 120_000  # ms: patience, not a measure


@pytest.mark.slow
def test_two_methods_fill_their_cells_and_the_table(visit, shots):
    visitor = visit()
    page = visitor.page
    page.goto(f"{visitor.address}/compare?methods=advi,map&inference.steps=2000&data.n=200")
    expect(page.locator(".st-key-compare button")).to_be_enabled(timeout=LONG)
    # Streamlit looks for its server below the page's own address first.
    visitor.errors[:] = [error for error in visitor.errors if "404" not in error]
    page.locator(".st-key-compare button").click()
    expect(page.locator(".st-key-compare_csv button")).to_be_visible(timeout=LONG)
    expect(page.locator(".cell[data-painted='2000']")).to_have_count(2, timeout=LONG)
    expect(page.locator(".bnn-facts dl")).to_have_count(2)
    assert "methods=advi" in page.url
    page.screenshot(path=shots / "compare.png", full_page=True)
