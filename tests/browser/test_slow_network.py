"""A network on which answers come late: what is pressed meanwhile counts, and so does what was pressed before."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, WebSocketRoute, expect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.browser.conftest import Visitor
from tests.browser.on_playground import ENDED, LONG, status, view

THREE_LAYERS = re.compile(r"network\.hidden=5(,|%2C)5(,|%2C)5")


class Line:
    """The browser's connection to the server, whose answers can be held back."""

    def __init__(self) -> None:
        self.held: list[str | bytes] | None = None
        self._route: WebSocketRoute | None = None

    def connect(self, route: WebSocketRoute) -> None:
        self._route, server = route, route.connect_to_server()
        server.on_message(self._answer)

    def _answer(self, message: str | bytes) -> None:
        assert self._route is not None
        if self.held is None:
            self._route.send(message)
        else:
            self.held.append(message)

    def has(self, text: bytes) -> bool:
        return any(text in message for message in self.held or [] if isinstance(message, bytes))

    def finished(self) -> int:
        """How many runs of the whole page have ended."""
        parsed = [ForwardMsg.FromString(message) for message in self.held or [] if isinstance(message, bytes)]
        whole = ForwardMsg.ScriptFinishedStatus.FINISHED_SUCCESSFULLY
        return sum(m.WhichOneof("type") == "script_finished" and m.script_finished == whole for m in parsed)

    def release(self) -> None:
        held, self.held = self.held or [], None
        for message in held:
            self._answer(message)


def hold_answers(visitor: Visitor) -> tuple[Page, Line]:
    """Open the playground; from then on answers are held back."""
    line = Line()
    visitor.page.route_web_socket(re.compile("_stcore/stream"), line.connect)
    page = visitor.open()
    expect(status(page)).to_contain_text(ENDED, timeout=LONG)
    line.held = []
    return page, line


def add_a_layer(page: Page) -> None:
    page.locator(".st-key-layer_plus button:visible").click()


def wait_for(condition: Callable[[], bool], page: Page) -> None:
    """Wait while the browser's own messages are passed on."""
    for _ in range(300):
        if condition():
            return
        page.wait_for_timeout(100)
    raise AssertionError("The server did not answer in half a minute.")


def test_what_is_pressed_before_an_answer_came_undoes_nothing(visit):
    page, line = hold_answers(visit())
    add_a_layer(page)
    # The server has changed the address; the browser does not know it yet.
    wait_for(lambda: line.has(b"network.hidden=5"), page)
    view(page, "Circles").click()
    wait_for(lambda: line.has(b"data.name=circles"), page)
    line.release()
    expect(page).to_have_url(re.compile(r"data\.name=circles"))
    expect(page).to_have_url(THREE_LAYERS)
    expect(view(page, "Circles")).to_be_checked()
    expect(page.get_by_label(re.compile("3 hidden layers of 5, 5, 5 units"))).to_be_visible()
    # The browser's Back is no late answer, however soon.
    page.go_back()
    expect(view(page, "Moons")).to_be_checked()
    expect(page.get_by_label(re.compile("3 hidden layers of 5, 5, 5 units"))).to_be_visible()


def test_what_a_choice_has_changed_besides_is_not_undone_by_what_the_browser_still_shows(visit):
    page, line = hold_answers(visit())
    view(page, "Circles").click()
    wait_for(lambda: line.has(b"data.noise=0.1"), page)  # that suits these data
    # The browser's slider is still at the noise of before, and says so with the next press.
    add_a_layer(page)
    wait_for(lambda: line.has(b"network.hidden=5"), page)
    line.release()
    expect(page).to_have_url(THREE_LAYERS)
    expect(page).to_have_url(re.compile(r"data\.noise=0\.1"))
    expect(page.get_by_role("slider", name="Noise")).to_have_value("0.1")
    # And it can be moved from there.
    page.get_by_role("slider", name="Noise").press("ArrowRight")
    expect(page).to_have_url(re.compile(r"data\.noise=0\.11"))


def test_what_was_undone_before_an_answer_came_stays_undone(visit):
    page, line = hold_answers(visit())
    view(page, "Circles").click()
    wait_for(lambda: line.has(b"data.name=circles"), page)
    page.get_by_role("radio", name="Moons", exact=True).click()
    # The browser's address is this again, and has never been another; but it has yet to hear of that.
    wait_for(lambda: line.finished() >= 2, page)
    line.release()
    expect(view(page, "Moons")).to_be_checked()
    expect(page).not_to_have_url(re.compile("circles"))
    add_a_layer(page)
    expect(page).to_have_url(THREE_LAYERS)
    expect(page).not_to_have_url(re.compile("circles"))
    expect(view(page, "Moons")).to_be_checked()
