"""The priors page as a visitor uses it, in a real browser, over the real engine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

LONG = 120_000  # ms: patience, not a measure


def shown(page: Page) -> str:
    """Return which functions are drawn."""
    return page.locator("section[data-shown]").get_attribute("data-shown") or ""


def pixels(page: Page) -> str:
    return page.locator("canvas.plot").evaluate("(canvas) => canvas.toDataURL()")


@pytest.mark.slow
def test_another_width_draws_other_functions(visit, shots: Path):
    visitor = visit()
    page = visitor.page
    page.goto(f"{visitor.address}/priors")
    page.locator("section[data-shown]").wait_for(timeout=LONG)
    # Streamlit looks for its server below the page's own address first.
    visitor.errors[:] = [error for error in visitor.errors if "404" not in error]
    page.get_by_role("button", name="Pause").click()
    first, before = shown(page), pixels(page)
    page.locator(".st-key-w-width input").press("ArrowRight")
    expect(page.locator("section[data-shown]")).not_to_have_attribute("data-shown", first, timeout=LONG)
    expect(page).to_have_url(re.compile(r"network\.hidden=8"))
    page.wait_for_timeout(800)  # they glide there
    assert pixels(page) != before
    page.screenshot(path=shots / "priors.png", full_page=True)
    page.get_by_role("button", name="Wide networks become a Gaussian process").click()
    expect(page.locator(".kernels")).to_be_visible(timeout=LONG)
    page.get_by_role("radio", name="two inputs").click()
    expect(page.locator(".fields[data-shown]")).to_be_visible(timeout=LONG)
    says = page.locator(".fields .says").inner_text()
    page.locator(".fields .maps canvas").nth(3).click(position={"x": 10, "y": 10})
    expect(page.locator(".fields .says")).not_to_have_text(says)
    page.screenshot(path=shots / "priors-two-inputs.png", full_page=True)
