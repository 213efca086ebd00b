"""axe-core on every page, in both themes: nothing serious keeps anybody from reading or using it.

axe looks into the components' shadow roots too. What needs eyes and hands (the order of focus, what a chart means)
it cannot judge.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))
LONG = 300_000  # ms: patience, not a measure
IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'
SERIOUS = ("serious", "critical")


def stands(page: Page) -> None:
    """Wait until the page has run, and what it draws is drawn."""
    page.locator(IDLE).wait_for(timeout=LONG)
    expect(page.locator('[data-testid="stSkeleton"]')).to_have_count(0, timeout=LONG)
    page.wait_for_function("document.fonts.status === 'loaded'")


def compared(page: Page) -> None:
    page.locator(".st-key-compare button").click()
    expect(page.locator(".bnn-facts dl")).to_have_count(3, timeout=LONG)
    page.get_by_text("ignorance (epistemic)").click()


def fitted_a_table(page: Page) -> None:
    page.get_by_role("button", name="Diabetes").click()
    page.locator('[class*="st-key-table-fit"] button:visible').click()
    expect(page.get_by_text("Can I trust this?")).to_be_visible(timeout=LONG)


def fitted(page: Page) -> None:
    page.locator("[data-painted]").first.wait_for(timeout=LONG)
    expect(page.locator(".bnn-scores")).to_be_visible(timeout=LONG)


# What is done on a page before it is looked at; the other pages are looked at as they open.
SHORT = "inference.steps=5000&inference.tune=300&inference.draws=300&data.n=200"
STATES: dict[str, tuple[str, Callable[[Page], None]]] = {
    "playground": ("/", fitted),
    "regression": ("/regression", fitted),
    "compare": (f"/compare?methods=advi,ensemble,nuts&{SHORT}", compared),
    "your_data": ("/your_data", fitted_a_table),
}


def violations(page: Page) -> list[str]:
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{violation['impact']} {violation['id']}: {node['target']} {node['html'][:200]} {node['failureSummary']}"
        for violation in found
        if violation["impact"] in SERIOUS
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious(visit, shots: Path, name: str, theme: str):
    visitor = visit(color_scheme=theme, reduced_motion="reduce", viewport={"width": 1440, "height": 900})
    page = visitor.page
    address, prepare = STATES.get(name, (f"/{name}", lambda _: None))
    page.goto(f"{visitor.address}{address}")
    stands(page)
    found = violations(page) if name != "playground" else []  # which opens with its default's result
    prepare(page)
    stands(page)
    # Streamlit looks for its server below the page's own address first.
    visitor.errors[:] = [error for error in visitor.errors if "404" not in error]
    page.mouse.move(0, 0)
    page.screenshot(path=shots / f"page-{name}-{theme}.png")  # `make gallery` puts these into the README
    found += violations(page)
    assert not found, "\n".join(found)
