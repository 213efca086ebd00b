"""A class: a lesson's link, a teacher's link, a result handed in and come back to; over the real engine."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from bnn_lib.experiment import Experiment

LONG = 300_000  # ms: patience, not a measure
MAP = Experiment.from_query({"inference.method": "map"})


def forget_leaving(visitor) -> None:
    # Streamlit looks for its server below the page's own address first, and leaving a page cuts off what it loads.
    expected = ("404", "ERR_ABORTED")
    visitor.errors[:] = [error for error in visitor.errors if not any(word in error for word in expected)]


def expect_fitted(page: Page) -> None:
    expect(page.locator(".st-key-status")).to_contain_text(re.compile(r"20,000 steps in"), timeout=LONG)


@pytest.mark.slow
def test_a_lesson_is_guessed_set_up_shared_and_handed_in(visit, shots):
    visitor = visit(permissions=["clipboard-read", "clipboard-write"])
    page, link = visitor.page, f"{visitor.address}/lessons?lesson=point-to-posterior&step=1"
    page.goto(link)
    expect(page.get_by_role("heading", name="From a point estimate to a posterior")).to_be_visible(timeout=LONG)
    page.get_by_text("Ignorance far away from all points").click()
    expect(page.get_by_text("The answer: None, anywhere.")).to_be_visible()
    page.screenshot(path=str(shots / "lesson.png"))
    page.get_by_role("button", name="Fit one network").click()
    expect_fitted(page)  # without pressing Fit
    expect(page.locator(".st-key-lesson_strip")).to_contain_text("Look for:")
    page.screenshot(path=str(shots / "lesson_set_up.png"))
    address = page.url

    # The next student finds the result there.
    other = visit()
    other.page.goto(address)
    expect_fitted(other.page)
    forget_leaving(other)

    # Share: a title, the short form, the code; what is copied is what is shown.
    page.get_by_role("button", name="Share").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Title of your own").fill("Exercise 1")
    dialog.get_by_label("Title of your own").press("Tab")
    shown = dialog.locator("code").first
    expect(shown).to_contain_text("title=Exercise%201")
    expect(shown).to_contain_text("inference.method=map")
    dialog.get_by_text("Short", exact=True).click()
    expect(shown).to_contain_text(f"key={MAP.key}")
    dialog.get_by_text("QR code", exact=True).click()
    code = dialog.get_by_alt_text("QR code of this link")
    expect(code).to_be_visible()
    assert code.evaluate("(image) => image.naturalWidth") > 200
    dialog.get_by_role("button", name="Copy link").click()
    expect(dialog.get_by_text("copied")).to_be_visible()
    short = page.evaluate("navigator.clipboard.readText()")
    assert short == shown.inner_text().strip()
    page.screenshot(path=str(shots / "share.png"))
    forget_leaving(visitor)

    # The short link shows the same result, under its title; and the keys of two stand side by side.
    other.page.goto(short)
    expect_fitted(other.page)
    expect(other.page.get_by_role("heading", name="Exercise 1")).to_be_visible()
    other.page.goto(f"{visitor.address}/results?keys={MAP.key},{Experiment().key}")
    forget_leaving(other)
    cell = other.page.locator(f".st-key-compare_cell_{MAP.key} .cell")
    expect(cell).to_have_attribute("data-painted", "20000", timeout=LONG)
    expect(other.page.get_by_text("Settings that differ")).to_be_visible()
    other.page.screenshot(path=str(shots / "results.png"))
    forget_leaving(other)


@pytest.mark.slow
def test_one_goes_back_in_the_history(visit, shots):
    visitor = visit()
    note = "https://evil.example www.evil.example or a@evil.example"
    page = visitor.open(f"?network.hidden=3&title=Ours&note={quote(note)}&hide=prior,inference")
    # What a link says is shown as it is, and leads nowhere.
    expect(page.locator(".st-key-link_note")).to_contain_text("evil.example", timeout=LONG)
    leads = page.locator(".st-key-link_note a").evaluate_all("(all) => all.map((a) => a.getAttribute('href'))")
    assert leads == ["#ours"]  # the heading's own anchor
    expect(page.locator(".st-key-group_Prior")).to_have_count(0)
    for activation in ("sigmoid", "tanh"):
        page.locator(".st-key-w-network-activation input").first.click()
        page.get_by_role("option", name=activation, exact=True).click()
        page.get_by_role("button", name="Fit", exact=True).click()
        expect_fitted(page)
        expect(page.get_by_role("button", name="Stop")).to_be_disabled(timeout=LONG)
    page.get_by_role("button", name="History").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Name")).to_have_count(2)
    page.screenshot(path=str(shots / "history.png"))
    dialog.get_by_role("button", name="Show").click()
    expect(dialog).to_have_count(0)
    expect(page).to_have_url(re.compile("network.activation=sigmoid"))
    expect_fitted(page)

    # By the menu to another page and back: all is as it was.
    address = page.url
    page.get_by_role("link", name="Lessons").first.click()
    expect(page.get_by_role("heading", name="Lessons")).to_be_visible(timeout=LONG)
    page.get_by_role("link", name="Playground").first.click()
    expect(page.get_by_role("heading", name="Ours")).to_be_visible(timeout=LONG)
    expect(page).to_have_url(address)
    expect_fitted(page)


def test_one_goes_through_a_lesson_by_its_buttons(visit):
    visitor = visit()
    page = visitor.page
    page.goto(f"{visitor.address}/lessons")
    page.get_by_role("button", name="From a point estimate to a posterior").click(timeout=LONG)
    expect(page).to_have_url(re.compile(r"lesson=point-to-posterior&step=1"))
    for label, number in (("Next step", 2), ("Step before", 1), ("Next step", 2)):
        page.get_by_role("button", name=label).click()
        expect(page.get_by_text(f"Step {number} of")).to_be_visible()
        expect(page).to_have_url(re.compile(f"step={number}"))
        # A guess is of the step that one is at, and stays.
        page.locator("[role=radiogroup] label").first.click()
        expect(page.get_by_text("Look for:")).to_be_visible()
        expect(page.get_by_text(f"Step {number} of")).to_be_visible()
    page.get_by_role("button", name="All lessons").click()
    expect(page.get_by_text("2 of 3 steps done")).to_be_visible()
    page.go_back()
    expect(page.get_by_text("Step 2 of")).to_be_visible()
    forget_leaving(visitor)
