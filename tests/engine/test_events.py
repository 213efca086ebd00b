"""What the engine tells of itself is bounded, and names no user."""

from __future__ import annotations

import logging
import re
import traceback
from pathlib import Path

from bnn_lib.engine.events import (
    ERRORS_KEPT,
    LONGEST_ERROR,
    MINUTES,
    MOST_ENDS,
    RecentErrors,
    Tally,
    frames_only,
    log_event,
)
from bnn_lib.errors import InvalidData
from tests.engine.on_board import Clock


def test_fits_a_minute_are_those_of_the_last_minutes():
    clock = Clock()
    tally = Tally(clock)
    assert tally.per_minute() == 0
    for _ in range(30):
        tally.add("finished")
    assert tally.per_minute() == 30  # within the first minute
    clock.now = 120
    tally.add("failed")
    assert tally.per_minute() == 31 / 2
    clock.now = 60 * MINUTES + 60
    assert tally.per_minute() == 1 / MINUTES
    clock.now = 3600
    assert tally.per_minute() == 0
    assert tally.total == {"finished": 30, "failed": 1}


def test_nothing_grows_without_end():
    tally, errors = Tally(Clock()), RecentErrors()
    for _ in range(MOST_ENDS + 5):
        tally.add("stopped")
    assert tally.total == {"stopped": MOST_ENDS + 5}
    assert tally.per_minute() == MOST_ENDS
    logger = logging.getLogger("bnn_lib.engine.test")
    errors.listen()
    try:
        for number in range(ERRORS_KEPT + 5):
            logger.warning("number %d %s\nTraceback", number, "x" * 1000)
        logger.info("all is well")
    finally:
        errors.cease()
    logger.warning("nobody listens")
    kept = errors.recent()
    assert len(kept) == ERRORS_KEPT
    assert kept[0].text.startswith(f"number {ERRORS_KEPT + 4} x")
    assert all(len(error.text) == LONGEST_ERROR and "\n" not in error.text for error in kept)


def test_what_visitors_may_see_of_an_error_has_neither_path_nor_address():
    errors, logger = RecentErrors(), logging.getLogger("bnn_lib.engine.test")
    errors.listen()
    try:
        logger.warning("one path=%s error=%r", Path("/home/me/my results"), PermissionError(13, "No", "/home/me"))
        logger.error("two %.0f s: %s", 3.2, OSError("Timed out trying to connect to tcp://10.0.0.5:8786"))
        logger.error("three error=%r", RuntimeError("worker tcp://10.0.0.5:8786 died"))
        logger.error("four error=%s", InvalidData("The content is damaged."))
        logger.error("five 100 %")
    finally:
        errors.cease()
    assert [error.text for error in errors.recent()[::-1]] == [
        "one path=(see the log) error='No'",
        "two 3 s: OSError",
        "three error='RuntimeError'",
        "four error=The content is damaged.",
        "five 100 %",
    ]


def test_a_traceback_says_where_but_not_what():
    try:
        raise ValueError('Alice\n  earns 5000\n  File "secret"')
    except ValueError:
        kept = frames_only(traceback.format_exc())
    assert re.fullmatch(r'  File ".*test_events\.py", line \d+, in test_a_traceback_says_where_but_not_what', kept)


def test_an_event_has_pairs_and_of_a_session_a_hash(caplog):
    caplog.set_level(logging.INFO)
    log_event("asked for", "0123", "my-session", state="pending")
    assert caplog.messages[0].startswith("fit asked for key=0123 state=pending session=")
    assert "my-session" not in caplog.text
