"""What the playground's browser tests read and press."""

from __future__ import annotations

import re

from playwright.sync_api import Page

FIT, STOP, RESET = (f".st-key-{name} button:visible" for name in ("fit", "stop", "reset"))
ENDED = re.compile(r"\d steps in ")
LONG = 120_000  # ms: patience, not a measure


def status(page: Page):
    return page.locator(".st-key-status")


def title(page: Page):
    return page.locator("h2.title")


def picture(page: Page) -> str:
    """Return the map as it is painted."""
    return page.locator("canvas.plot").evaluate("(canvas) => canvas.toDataURL()")


def click_map(page: Page, across: float, up: float) -> None:
    box = page.locator("canvas.plot").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 40 + across * (box["width"] - 48), box["y"] + 8 + (1 - up) * (box["height"] - 42))


def until_picture_differs(page: Page, before: str) -> str:
    """Wait until the map is another one than `before`; return it."""
    page.wait_for_function(
        """(before) => {
          const canvas = [...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')]
            .map((host) => host.shadowRoot?.querySelector('canvas.plot')).find(Boolean);
          return canvas && canvas.toDataURL() !== before;
        }""",
        arg=before,
    )
    return picture(page)


def view(page: Page, name: str):
    return page.get_by_role("radio", name=name, exact=True)
