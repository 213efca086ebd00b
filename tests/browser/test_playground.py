"""The playground as a visitor uses it, in a real browser, over the real engine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.on_playground import (
    ENDED,
    FIT,
    LONG,
    RESET,
    STOP,
    click_map,
    picture,
    status,
    title,
    until_picture_differs,
    view,
)

# Notes, from the moment it is called: each frame fed to the map, each picture painted, and each animation frame
# in which the middle of the map was empty.
WATCH = """() => {
  const canvas = [...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')]
    .map((host) => host.shadowRoot?.querySelector('canvas.plot')).find(Boolean);
  const stage = canvas.parentElement;
  window.seen = {start: performance.now(), frames: new Map(), painted: [], blank: 0, looks: 0};
  document.addEventListener('bnn:live', (event) => {
    const frame = event.detail.frame;
    if (frame && !window.seen.frames.has(frame.data)) window.seen.frames.set(frame.data, performance.now());
  });
  new MutationObserver(() => window.seen.painted.push(performance.now()))
    .observe(stage, {attributes: true, attributeFilter: ['data-painted']});
  const probe = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
  const look = () => {
    probe.clearRect(0, 0, 1, 1);
    probe.drawImage(canvas, canvas.width / 2, canvas.height / 2, 1, 1, 0, 0, 1, 1);
    const middle = probe.getImageData(0, 0, 1, 1).data;
    window.seen.looks += 1;
    if (middle[3] !== 255) window.seen.blank += 1;
    requestAnimationFrame(look);
  };
  look();
}"""


def say(capsys: pytest.CaptureFixture[str], text: str) -> None:
    with capsys.disabled():
        print(f"\n{text}", end=" ")


def test_a_first_visit_opens_with_the_default_already_fitted(visit, shots: Path):
    visitor = visit()
    page = visitor.open()
    expect(status(page)).to_contain_text(ENDED, timeout=LONG)
    expect(page.locator(".bnn-verdict")).to_contain_text("%")
    expect(page.locator(".bnn-scores")).to_contain_text("Random forest")
    expect(page).to_have_url(re.compile(r"/$"))
    page.screenshot(path=shots / "first-visit-light.png")
    dark = visit(color_scheme="dark")
    page = dark.open()
    expect(status(page)).to_contain_text(ENDED)
    page.screenshot(path=shots / "first-visit-dark.png")


def test_fit_moves_the_map_and_never_blanks_it(visit, shots: Path, capsys: pytest.CaptureFixture[str]):
    page = visit().open()
    expect(status(page)).to_contain_text(ENDED, timeout=LONG)
    page.locator(".st-key-regenerate button:visible").click()
    expect(page.locator(".notice")).to_have_text("New data: press Fit")
    before = picture(page)
    page.evaluate(WATCH)
    page.locator(FIT).click()
    page.wait_for_function("window.seen.frames.size > 0", timeout=LONG)
    page.screenshot(path=shots / "fitting.png")
    expect(status(page)).to_contain_text(ENDED, timeout=LONG)
    seen = page.evaluate(
        """() => ({first: [...window.seen.frames.values()][0] - window.seen.start, frames: window.seen.frames.size,
                   painted: window.seen.painted.filter((t) => t < performance.now()).length,
                   end: performance.now() - window.seen.start, blank: window.seen.blank,
                   looks: window.seen.looks})"""
    )
    say(
        capsys,
        f"click to first moving map {seen['first'] / 1000:.2f} s, "
        f"to the end of a default fit {seen['end'] / 1000:.2f} s, {seen['frames']} frames",
    )
    assert seen["frames"] >= 1
    assert seen["painted"] >= seen["frames"]
    assert seen["looks"] > 5
    assert seen["blank"] == 0
    assert picture(page) != before
    expect(page.locator(STOP)).to_be_disabled()


def test_a_longer_fit_keeps_the_map_moving(visit, capsys: pytest.CaptureFixture[str]):
    # 10,000 rows, so that it lasts for seconds; Stop ends it.
    page = visit().open("?inference.steps=1000000&data.n=10000")
    page.locator(FIT).click()
    expect(status(page)).to_contain_text("steps/s", timeout=LONG)
    page.wait_for_function("window.__bnnPlayground.live.frame", timeout=LONG)
    page.evaluate(WATCH)
    page.wait_for_function("performance.now() - window.seen.start > 4000", timeout=LONG)
    seen = page.evaluate(
        """() => ({painted: window.seen.painted.length, frames: window.seen.frames.size, blank: window.seen.blank,
                   seconds: (performance.now() - window.seen.start) / 1000})"""
    )
    page.locator(STOP).click()
    rate = seen["painted"] / seen["seconds"]
    say(capsys, f"{rate:.1f} repaints and {seen['frames'] / seen['seconds']:.1f} new maps a second")
    assert seen["frames"] >= 3
    assert rate >= 1.5  # half of what it should be at least: the machine that tests may be slow
    assert seen["blank"] == 0
    expect(page.locator(FIT)).to_be_enabled(timeout=LONG)


def test_a_map_of_other_data_never_lies_under_new_points(visit):
    page = visit().open("?data.name=xor&data.noise=0.1&inference.steps=1000000&data.n=10000")
    bare = picture(page)
    page.locator(FIT).click()
    page.wait_for_function("window.__bnnPlayground.live.frame", timeout=LONG)
    until_picture_differs(page, bare)
    page.get_by_role("radio", name="Blobs", exact=True).click()
    expect(page).to_have_url(re.compile("data.name=blobs"))
    expect(page.locator(".frame.empty")).to_have_count(5)  # no map in any view
    page.get_by_role("radio", name="XOR", exact=True).click()
    expect(page.locator(".frame.empty")).to_have_count(1)  # moving again, but for the single network
    page.locator(STOP).click()
    expect(page.locator(FIT)).to_be_enabled(timeout=LONG)


def test_the_same_data_can_be_chosen_again_after_reset(visit):
    page = visit().open()
    for _ in range(2):
        page.get_by_role("radio", name="Circles", exact=True).click()
        expect(page).to_have_url(re.compile("data.name=circles"))
        expect(page.get_by_role("radio", name="Circles", exact=True)).to_be_checked()
        page.locator(RESET).click()
        expect(view(page, "Moons")).to_be_checked()
        expect(page).to_have_url(re.compile(r"/$"))


def test_one_network_is_read_out_on_its_own_grid(visit):
    page = visit().open()
    expect(status(page)).to_contain_text(ENDED, timeout=LONG)
    view(page, "One network").click()
    numbers, seen = page.locator(".readout .numbers"), set()
    for _ in range(8):
        page.get_by_role("button", name="Next draw").click()
        expect(numbers).to_contain_text("by this network; mean of all")
        seen.add(numbers.inner_text())
    # The picked point is the one that the networks disagree on most.
    assert len(seen) > 4


def test_a_unit_that_the_pointer_has_left_does_not_stay_on_the_map(visit):
    page = visit().open()
    expect(status(page)).to_contain_text(ENDED, timeout=LONG)
    expect(page.locator(".unit.live")).to_have_count(10)
    before = title(page).inner_text()
    # Entering and leaving at once: unpacking the tile takes longer than that.
    page.locator(".unit.live").first.evaluate(
        """async (unit) => {
          unit.dispatchEvent(new PointerEvent('pointerenter'));
          unit.dispatchEvent(new PointerEvent('pointerleave'));
          await new Promise((done) => setTimeout(done, 500));
        }"""
    )
    expect(title(page)).to_have_text(before)


def test_what_a_closed_tab_wanted_ends(visit):
    # Each of the two threads gets a fit that takes minutes; whoever comes next must wait for both to be let go.
    link = "?inference.steps=1000000&data.n=2000&network.hidden=32,32&data.seed="
    leaving = [visit(), visit()]
    for seed, visitor in enumerate(leaving):
        page = visitor.open(f"{link}{seed}")
        page.locator(FIT).click()
    for visitor in leaving:
        expect(status(visitor.page)).to_contain_text("steps/s", timeout=LONG)
    waiting = visit().open("?inference.steps=2000&data.seed=77")
    waiting.locator(FIT).click()
    expect(status(waiting)).to_contain_text("in the queue")
    for visitor in leaving:
        visitor.context.close()
    expect(status(waiting)).to_contain_text("2,000 steps in", timeout=30_000)


def test_stop_keeps_the_picture_and_says_that_it_is_unfinished(visit, shots: Path):
    page = visit().open("?inference.steps=1000000")
    page.locator(FIT).click()
    expect(status(page)).to_contain_text("steps/s", timeout=LONG)
    page.locator(STOP).click()
    expect(status(page)).to_contain_text(re.compile(r"Stopped at step [\d,]+ of 1,000,000"), timeout=LONG)
    expect(page.locator(FIT)).to_be_enabled()
    expect(page.locator(".bnn-scores")).to_contain_text("stopped early")
    page.screenshot(path=shots / "stopped.png")


def test_maps_switch_without_the_server(visit, shots: Path):
    visitor = visit()
    sent: list[object] = []
    visitor.page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page = visitor.open()
    expect(status(page)).to_contain_text(ENDED, timeout=LONG)
    expect(view(page, "One network")).to_be_enabled()
    page.wait_for_load_state("networkidle")
    asked = len(sent)
    pictures, titles = {picture(page)}, {title(page).inner_text()}
    for name in ("Total", "Aleatoric", "Epistemic", "One network"):
        view(page, name).click()
        expect(view(page, name)).to_be_checked()
        page.screenshot(path=shots / f"map-{name.lower().replace(' ', '-')}.png")
        pictures.add(picture(page))
        titles.add(title(page).inner_text())
    assert len(pictures) == len(titles) == 5
    page.get_by_role("button", name="Next draw").click()
    assert picture(page) not in pictures
    view(page, "One network").press("ArrowRight")
    expect(view(page, "Probability")).to_be_checked()
    expect(view(page, "Probability")).to_be_focused()
    slider = page.get_by_label("Step to show on the map")
    slider.focus()
    now = picture(page)
    slider.press("Home")
    expect(page.locator("output.now")).to_contain_text("step 1,")
    first = until_picture_differs(page, now)
    for _ in range(6):
        slider.press("ArrowRight")
    until_picture_differs(page, first)
    page.get_by_role("button", name="Replay the fit").click()
    expect(page.get_by_role("button", name="Pause the replay")).to_be_visible()
    page.get_by_role("button", name="Pause the replay").click()
    assert len(sent) == asked


def test_a_point_is_picked_by_mouse_and_by_keyboard(visit, shots: Path):
    page = visit().open()
    expect(status(page)).to_contain_text(ENDED, timeout=LONG)
    sentence = page.locator(".st-key-point p").last
    expect(sentence).to_contain_text("nats")
    click_map(page, 0.35, 0.65)
    expect(sentence).to_contain_text("Class 0 with probability")
    click_map(page, 0.7, 0.35)
    expect(sentence).to_contain_text("Class 1 with probability")
    page.screenshot(path=shots / "picked.png")
    plot = page.locator("canvas.plot")
    plot.focus()
    for _ in range(4):
        plot.press("Shift+ArrowLeft")
        plot.press("Shift+ArrowUp")
    plot.press("Enter")
    expect(sentence).to_contain_text("Class 0 with probability")
    expect(page.locator(".spoken")).to_contain_text("Picked")


def test_a_layer_more_is_in_the_diagram_the_link_and_the_fit(visit, shots: Path):
    page = visit().open()
    expect(status(page)).to_contain_text(ENDED, timeout=LONG)
    page.locator(".st-key-layer_plus button:visible").click()
    expect(page.get_by_label(re.compile("3 hidden layers of 5, 5, 5 units"))).to_be_visible()
    expect(page.locator(".notice")).to_have_text("Settings changed: press Fit to update")
    expect(page).to_have_url(re.compile(r"network\.hidden=5(,|%2C)5(,|%2C)5$"))
    page.screenshot(path=shots / "settings-changed.png")
    page.locator(FIT).click()
    expect(status(page)).to_contain_text(ENDED, timeout=LONG)
    expect(page.locator(".notice")).to_be_hidden()
    expect(page.locator(".unit.live")).to_have_count(15)
    before = title(page).inner_text()
    page.locator(".unit.live").first.hover()
    expect(title(page)).to_contain_text("Layer 1, unit")
    page.mouse.move(5, 5)
    expect(title(page)).to_have_text(before)
    page.go_back()
    expect(page.get_by_label(re.compile("2 hidden layers of 5, 5 units"))).to_be_visible()


def test_the_same_link_in_another_browser_shows_the_same_at_once(visit):
    link = "?data.name=circles&data.noise=0.1&inference.steps=3000&network.hidden=4"
    first = visit().open(link)
    first.locator(FIT).click()
    expect(status(first)).to_contain_text(ENDED, timeout=LONG)
    second = visit()
    page = second.open(first.url.removeprefix(f"{second.address}/"))
    expect(status(page)).to_contain_text("3,000 steps in")
    expect(page.locator(FIT)).to_be_enabled()
    assert page.locator(".bnn-scores").inner_text() == first.locator(".bnn-scores").inner_text()
    expect(page.get_by_role("radio", name="Circles", exact=True)).to_be_checked()
    assert page.evaluate("location.search") == first.evaluate("location.search")


def test_two_sessions_at_once_each_get_their_own(visit):
    pages = [visit().open(f"?data.seed={seed}&inference.steps=30000") for seed in (101, 102)]
    for page in pages:
        page.locator(FIT).click()
    for page in pages:
        expect(status(page)).to_contain_text("30,000 steps in", timeout=LONG)
    scores = [page.locator(".bnn-scores").inner_text() for page in pages]
    assert scores[0] != scores[1]


def test_a_data_set_is_chosen_by_keyboard(visit, shots: Path):
    page = visit().open()
    view(page, "Moons").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="Circles", exact=True)).to_be_checked()
    expect(page).to_have_url(re.compile("data.name=circles"))
    expect(page.get_by_role("radio", name="Circles", exact=True)).to_be_focused()
    page.get_by_role("radio", name="Iris").click()
    expect(page.locator(".st-key-w-feature0, [class*=feature0]").first).to_be_visible()
    page.locator(FIT).click()
    expect(status(page)).to_contain_text(ENDED, timeout=LONG)
    page.screenshot(path=shots / "iris.png")


def test_a_bad_link_names_the_value_and_the_page_works(visit, shots: Path):
    page = visit().open("?prior.scale=-3&data.noise=0.1")
    expect(page.get_by_role("alert")).to_contain_text("prior.scale is -3")
    expect(page).to_have_url(re.compile(r"\?data\.noise=0\.1$"))
    page.screenshot(path=shots / "bad-link.png")
    page.locator(RESET).click()
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(status(page)).to_contain_text(ENDED, timeout=LONG)


def test_nothing_moves_by_itself_where_motion_is_unwanted(visit):
    page = visit(reduced_motion="reduce").open("?data.seed=55&inference.steps=2000")
    page.locator(FIT).click()
    expect(status(page)).to_contain_text(ENDED, timeout=LONG)
    expect(page.get_by_role("button", name="Replay the fit")).to_be_enabled()
    still = picture(page)
    page.evaluate(WATCH)
    page.wait_for_function("window.seen.looks > 60")
    assert page.evaluate("window.seen.painted.length") == 0
    assert picture(page) == still
    assert page.get_by_role("button", name="Pause the replay").count() == 0


def test_a_phone_shows_the_map_first_and_nothing_sticks_out(visit, shots: Path):
    page = visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True).open()
    expect(status(page)).to_contain_text(ENDED, timeout=LONG)
    expect(page.locator(".bnn-verdict")).to_be_visible()
    page.screenshot(path=shots / "phone.png")
    top = {name: page.locator(name).first.bounding_box()["y"] for name in ("canvas.plot", ".st-key-settings", FIT)}
    assert top[FIT] < top["canvas.plot"] < top[".st-key-settings"]
    assert top["canvas.plot"] < 844
    wide = page.evaluate(
        """() => [...document.querySelectorAll('.stMainBlockContainer *')]
                   .filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && e.offsetWidth)
                   .map((e) => e.outerHTML.slice(0, 160))"""
    )
    assert wide == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_control_and_picture_has_a_name(visit, scheme: str):
    page = visit(color_scheme=scheme).open()
    expect(status(page)).to_contain_text(ENDED, timeout=LONG)
    nameless, names = page.evaluate(
        """() => {
          const found = [], names = [];
          const walk = (root) => {
            for (const e of root.querySelectorAll('*')) {
              if (e.shadowRoot) walk(e.shadowRoot);
              const wants = e.matches('button, input, canvas, svg[role], [role=radio], [role=application]');
              if (!wants || e.closest('[aria-hidden=true]') || !e.checkVisibility()) continue;
              const by = e.getAttribute('aria-labelledby');
              const name = e.getAttribute('aria-label') || (by && root.getElementById(by)?.textContent) ||
                e.textContent.trim() || e.labels?.[0]?.textContent || e.title;
              if (!name) found.push(e.outerHTML.slice(0, 160));
              else if (e.matches('button')) names.push((e.getAttribute('aria-label') ?? e.innerText).trim());
            }
          };
          walk(document.querySelector('.stMainBlockContainer'));
          return [found, names];
        }"""
    )
    assert nameless == []
    texts = [re.sub(r"^(add|remove|tune|play_arrow|stop|casino|expand_more)\s+", "", name) for name in names]
    assert "− unit, layer 1" in texts
    assert "More prior settings" in texts
    streamlits = re.compile("Help|Open$")  # its own: beside each label, and at the end of each box
    twice = {name for name in texts if texts.count(name) > 1 and not streamlits.match(name)}
    assert not twice


def test_the_diagrams_weights_can_be_read_out(visit):
    page = visit().open()
    expect(status(page)).to_contain_text(ENDED, timeout=LONG)
    expect(page.get_by_role("group", name=re.compile("Network with 2 inputs"))).to_be_visible()
    tables = page.get_by_role("table", name=re.compile("Weights into"))
    expect(tables).to_have_count(3)
    expect(tables.last.get_by_role("cell")).to_have_count(6)
    expect(tables.first.get_by_role("cell").last).to_have_text(re.compile(r"^−?\d+\.\d\d ± \d+\.\d\d$"))
