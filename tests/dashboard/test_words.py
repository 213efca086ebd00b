from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnn_lib.dashboard.live import duration, progress_text, speed
from bnn_lib.dashboard.notices import plain
from bnn_lib.engine import JobView

# What micromark and remark take for an address, in text whose escapes have been read (GFM's autolink literals).
LINKED = re.compile(r"https?://[-.\w]|www\.[-.\w]|[-.\w+]@[-\w]", re.IGNORECASE)
NONE = np.empty(0, np.float32)


def view(phase: str, **more) -> JobView:
    values = {
        "position": None,
        "step": 0,
        "total": 20_000,
        "steps_per_second": None,
        "seconds_left": None,
        "elbo": NONE,
        "elbo_steps": NONE.astype(np.int32),
        "frame": None,
        "picture": None,
        "message": None,
        "version": 1,
    }
    return JobView(phase=phase, **(values | more))


@pytest.mark.parametrize(
    ("given_view", "share", "said"),
    [
        (view("queued", position=1), 0, "Next in the queue."),
        (view("queued", position=3), 0, "Number 3 in the queue."),
        (view("queued", position=1, message="It is being run again."), 0, "It is being run again."),
        (view("waiting"), 0, "The fitting engine is starting."),
        (view("running"), 0, "Compiling this network for the first time"),
        (
            view("running", step=12_400, steps_per_second=48_123.0, seconds_left=0.158),
            0.62,
            "step 12,400 of 20,000, 48 k steps/s, 0.2 s left",
        ),
        (view("running", message="It is being run again."), 0, "It is being run again."),
        (view("running", step=20_000), 1, "20,000 steps done; drawing the maps and scoring"),
        (view("stopped", step=5000, settled=False), 0.25, "Stopping at step 5,000 of 20,000."),
        (view("stopped", step=5000), 0.25, "Stopped at step 5,000 of 20,000."),
        (view("stopped"), 0, "Stopped before its first step."),
    ],
)
def test_progress_in_one_line(given_view: JobView, share: float, said: str):
    assert progress_text(given_view) == (pytest.approx(share), said)


def test_rates_and_times():
    assert [speed(rate) for rate in (12.4, 999, 4321, 48_123)] == ["12", "999", "4.3 k", "48 k"]
    assert [duration(s) for s in (0.16, 9.96, 59.6, 130)] == ["0.2 s", "10.0 s", "1 min 00 s", "2 min 10 s"]


@given(st.text(max_size=80))
def test_shown_text_loses_nothing_but_line_breaks(text: str):
    text = text.replace("\u2060", "")
    escaped = plain(text)
    assert "\n" not in escaped
    assert re.sub(r"\\(.)", r"\1", escaped).replace("\u2060", "") == " ".join(text.split())
    for start in ("[", "](", "<", ":", "$", "`", "*", "_", "!"):
        for at in range(len(escaped)):
            if escaped.startswith(start[0], at):
                assert at > 0
                assert escaped[at - 1] == "\\"


@given(st.lists(st.sampled_from(["http", "HTTPS", "://", "www", "WWW", ".", "@", "evil.example", "a", " "])))
def test_no_address_becomes_a_link(parts: list[str]):
    assert not LINKED.search(re.sub(r"\\(.)", r"\1", plain("".join(parts))))
