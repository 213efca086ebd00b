"""Painting on the playground, in a real browser, over the real engine."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.on_playground import ENDED, FIT, LONG, click_map, picture, status, until_picture_differs, view


def count(page: Page):
    return page.locator(".tools .count")


def test_ten_painted_points_are_fitted(visit, shots: Path):
    visitor = visit()
    page = visitor.open("?inference.steps=2000")
    view(page, "Paint your own").click()
    expect(page.locator(".notice")).to_have_text(re.compile("Nothing is painted yet: paint"))
    expect(page.locator(FIT)).to_be_disabled()
    for i in range(5):
        click_map(page, 0.15 + 0.05 * i, 0.2 + 0.06 * (i % 3))
    # They are there at once, before the server has heard of them.
    expect(count(page)).to_have_text("5 points", timeout=500)
    view(page, "class 1").click()
    for i in range(5):
        click_map(page, 0.65 + 0.05 * i, 0.7 + 0.06 * (i % 3))
    # Again on the last one, which takes it away; undone.
    click_map(page, 0.85, 0.76)
    expect(count(page)).to_have_text("9 points")
    page.get_by_role("button", name="Undo").click()
    expect(count(page)).to_have_text("10 points")
    page.wait_for_url(re.compile(r"data\.points="))
    expect(page.locator(".notice")).to_have_text(re.compile("press Fit", re.IGNORECASE))
    before = picture(page)
    page.locator(FIT).click()
    expect(status(page)).to_contain_text(ENDED, timeout=LONG)
    until_picture_differs(page, before)
    page.screenshot(path=shots / "painted.png")
    # By keyboard: the cursor is moved, and Enter paints; the map of before stays under the new point.
    ten = page.url
    page.locator("canvas.plot").focus()
    page.keyboard.press("Shift+ArrowUp")
    page.keyboard.press("Enter")
    expect(count(page)).to_have_text("11 points")
    expect(page.locator(".notice")).to_have_text("Points changed: press Fit")
    # The link has them all.
    page.wait_for_url(lambda url: url != ten)
    visitor.open(page.url.removeprefix(f"{visitor.address}/"))
    expect(count(page)).to_have_text("11 points")


def test_painting_may_start_from_another_data_set(visit):
    page = visit().open("?data.name=blobs3&data.n=500")
    view(page, "Paint your own").click()
    page.get_by_role("button", name="Start from 3 blobs").click()
    expect(count(page)).to_have_text("200 points")
    expect(view(page, "class 2")).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    expect(count(page)).to_have_text("0 points")
    view(page, "Moons").click()
    expect(page.locator(".tools")).to_be_hidden()
