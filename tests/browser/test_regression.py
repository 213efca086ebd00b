"""The regression page as a visitor uses it, in a real browser, over the real engine."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

LONG = 180_000  # ms: patience, not a measure
DATA = "data.name=gap&data.n=100&data.noise=0.1"
SMALL = f"{DATA}&network.hidden=8&prior.scale=2&prior.scaling=fan_in&prior.bias_scale=2"
NUTS = "inference.method=nuts&inference.tune=150&inference.draws=150&inference.chains=1"


def spread_at(page: Page, share: float) -> tuple[float, int]:
    """Point at the plot, so far from its left; return the 95 % band's width and ignorance's share."""
    box, readout = page.locator("canvas.plot").bounding_box(), page.locator(".readout")
    before = readout.inner_text()
    page.mouse.move(box["x"] + share * box["width"], box["y"] + 0.5 * box["height"])
    expect(readout).not_to_have_text(before, use_inner_text=True)  # it is written with the next frame
    said = readout.inner_text().replace("−", "-")
    found = re.search(r"between (-?[\d.]+) and (-?[\d.]+)\. Of that spread (\d+) % is ignorance", said)
    assert found is not None, said
    return float(found[2]) - float(found[1]), int(found[3])


@pytest.mark.slow
def test_a_fit_of_two_clusters_knows_that_it_does_not_know_between_them(visit, shots):
    visitor = visit()
    page = visitor.page
    page.goto(f"{visitor.address}/regression?{SMALL}&{NUTS}")
    expect(page.locator(".st-key-fit button")).to_be_enabled(timeout=LONG)
    # Streamlit looks for its server below the page's own address first.
    visitor.errors[:] = [error for error in visitor.errors if "404" not in error]
    page.locator(".st-key-fit button").click()
    # It moves while it is fitted.
    expect(page.locator(".curves")).to_have_attribute("data-frames", re.compile(r"[2-9]|\d\d"), timeout=LONG)
    expect(page.locator(".bnn-scores")).to_be_visible(timeout=LONG)
    expect(page.locator(".curves")).to_have_attribute("data-result", re.compile("."), timeout=LONG)
    # A fit that ended before anyone could watch is replayed: its end is what counts.
    expect(page.get_by_role("button", name="Replay the fit")).to_be_enabled(timeout=LONG)
    page.locator(".scrub input").press("End")
    (at_data, little), (in_gap, much) = spread_at(page, 0.27), spread_at(page, 0.52)
    assert in_gap > 2 * at_data
    assert little < 50 < much
    # Functions play, and pause.
    page.locator("button[data-view='single']").click()
    playing = page.locator(".player button[aria-pressed]")
    expect(playing).to_have_text("Pause")
    playing.click()
    expect(playing).to_have_text("Play")
    assert "data.name=gap" in page.url
    page.screenshot(path=shots / "regression.png", full_page=True)


@pytest.mark.slow
def test_functions_do_not_play_by_themselves_where_motion_is_unwanted(visit):
    visitor = visit(reduced_motion="reduce")
    page = visitor.page
    page.goto(f"{visitor.address}/regression?{SMALL}&inference.steps=300")
    expect(page.locator(".st-key-fit button")).to_be_enabled(timeout=LONG)
    visitor.errors[:] = [error for error in visitor.errors if "404" not in error]
    page.locator(".st-key-fit button").click()
    expect(page.locator(".bnn-scores")).to_be_visible(timeout=LONG)
    page.locator("button[data-view='single']").click()
    expect(page.locator(".player button[aria-pressed]")).to_have_text("Play")


@pytest.mark.slow
def test_painted_points_are_fitted_in_a_window_that_stays(visit, shots):
    visitor = visit()
    page = visitor.page
    page.goto(f"{visitor.address}/regression?{SMALL}&inference.steps=300")
    expect(page.locator(".st-key-fit button:visible")).to_be_enabled(timeout=LONG)
    visitor.errors[:] = [error for error in visitor.errors if "404" not in error]
    page.get_by_role("radio", name="Paint your own").click()
    expect(page.locator(".notice")).to_have_text(re.compile("Nothing is painted yet: paint at least 4 points"))
    expect(page.locator(".st-key-fit button:visible")).to_be_disabled()
    count = page.locator(".tools .count")
    box = page.locator("canvas.plot").bounding_box()

    def paint_at(across: float, up: float) -> None:
        page.mouse.click(box["x"] + across * box["width"], box["y"] + (1 - up) * box["height"])

    for i in range(8):
        paint_at(0.2 + 0.05 * i, 0.35 + 0.05 * (i % 3))
    # They are there at once, before the server has heard of them.
    expect(count).to_have_text("8 points", timeout=500)
    paint_at(0.55, 0.4)  # on the last one, which takes it away; undone
    expect(count).to_have_text("7 points")
    page.get_by_role("button", name="Undo").click()
    expect(count).to_have_text("8 points")
    page.wait_for_url(re.compile(r"data\.points="))
    page.locator(".st-key-fit button:visible").click()
    expect(page.locator(".bnn-scores")).to_be_visible(timeout=LONG)
    expect(page.locator(".curves")).to_have_attribute("data-result", re.compile("."), timeout=LONG)
    # By keyboard: the cursor is moved, and Enter paints; the curves of before stay under the new point.
    page.locator("canvas.plot").focus()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowUp")
    page.keyboard.press("Enter")
    expect(count).to_have_text("9 points")
    expect(page.locator(".notice")).to_have_text("Points changed: press Fit")
    expect(page.locator("canvas.plot")).to_have_attribute("data-painted", "yes")
    page.screenshot(path=shots / "painted-curve.png")
    # A click that inspects paints nothing; the link has all points.
    page.get_by_role("radio", name="Inspect").click()
    paint_at(0.8, 0.8)
    expect(page.locator(".readout .where")).to_have_text(re.compile("x = "))
    expect(count).to_have_text("9 points")
    page.reload()
    expect(count).to_have_text("9 points", timeout=LONG)
    visitor.errors[:] = [error for error in visitor.errors if "404" not in error]
    page.get_by_role("button", name="Start from Gap").click()
    expect(count).to_have_text(re.compile("^[1-9][0-9]+ points"))
