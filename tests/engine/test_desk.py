"""What the engine knows of questions, without a cluster: who asked, what is next, what is kept."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from bnn_lib.engine import Answer, Question
from bnn_lib.engine.arrays import from_bytes, to_bytes
from bnn_lib.engine.desk import ANSWER_SECONDS, ANSWERS_BYTES, ANSWERS_KEPT, LOST, MOST_ATTEMPTS, TOO_LATE, Desk
from bnn_lib.errors import InvalidData
from tests.engine.on_board import Clock

ROOM = 100


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(clock: Clock) -> Desk:
    return Desk(clock)


def question(number: int) -> Question:
    return Question("predict", {"number": number})


def ask(desk: Desk, number: int, session: str = "a", slot: str = "s") -> Answer:
    return desk.ask(question(number), session, slot)


def take(desk: Desk) -> str:
    asked = desk.take_next(ROOM)
    assert asked is not None
    return asked.dask_key


def phases(*answers: Answer) -> list[str]:
    return [answer.view().phase for answer in answers]


def value(size: int = 1) -> dict[str, np.ndarray]:
    return {"x": np.zeros(size, np.uint8)}


def test_a_question_from_beginning_to_end(desk: Desk):
    answer = ask(desk, 0)
    assert phases(answer) == ["waiting"]
    assert desk.waiting
    key = take(desk)
    assert (phases(answer), desk.waiting, desk.running, desk.is_running(key)) == (["running"], False, 1, True)
    assert not answer.wait(0).ended
    desk.answered(key, value())
    assert answer.view().arrays == value()
    assert answer.wait(3600).phase == "answered"  # at once
    assert desk.running == 0
    assert phases(ask(desk, 0, "b")) == ["answered"]  # kept, for everyone
    assert not desk.waiting


def test_whoever_waits_is_woken(desk: Desk):
    answer = ask(desk, 0)
    key = take(desk)
    seen: list[str] = []
    thread = threading.Thread(target=lambda: seen.append(answer.wait(3600).phase))
    thread.start()
    desk.answered(key, value())
    thread.join()
    assert seen == ["answered"]


def test_equal_questions_are_asked_once(desk: Desk):
    one, two = ask(desk, 0, "a"), ask(desk, 0, "b")
    desk.answered(take(desk), value())
    assert one.view() is two.view()
    assert desk.take_next(ROOM) is None


def test_a_newer_question_replaces_one_that_has_not_begun(desk: Desk):
    passed, elsewhere, begun = ask(desk, 0), ask(desk, 1, slot="other"), ask(desk, 2, "b")
    shared = [ask(desk, 3, "c"), ask(desk, 3, "d")]
    newest, again = ask(desk, 4), ask(desk, 5, "c")
    assert phases(passed, elsewhere, begun, *shared, newest, again) == ["replaced", *6 * ["waiting"]]
    first = desk.take_next(ROOM)
    assert first is not None
    assert first.key == elsewhere.key  # the oldest
    take(desk)
    ask(desk, 6, "b")
    assert phases(begun) == ["running"]  # what has begun goes on


def test_no_more_run_than_there_is_room_for(desk: Desk):
    for number in range(3):
        ask(desk, number, str(number))
    keys = [take(desk) for _ in range(2)]
    assert desk.take_next(2) is None
    desk.failed(keys[0], "No.")
    assert desk.take_next(2) is not None


def test_what_failed_says_why_and_may_be_asked_again(desk: Desk):
    answer = ask(desk, 0)
    desk.failed(take(desk), "The rows are all the same.")
    assert (answer.view().phase, answer.view().message) == ("failed", "The rows are all the same.")
    again = ask(desk, 0)
    assert phases(again) == ["waiting"]


def test_an_answer_that_is_late(desk: Desk, clock: Clock):
    waiting, running = ask(desk, 0, "a"), ask(desk, 1, "b")
    desk.ask(question(0), "b", "other")
    first = take(desk)
    clock.now = ANSWER_SECONDS
    desk.end_late(ready=False)  # an engine that starts does not count as late
    clock.now += ANSWER_SECONDS - 1
    desk.end_late(ready=True)
    assert not waiting.view().ended
    assert not running.view().ended
    clock.now += 1
    desk.end_late(ready=True)
    for answer in (waiting, running):
        assert (answer.view().phase, answer.view().message) == ("failed", TOO_LATE)
    assert not desk.waiting
    assert desk.running == 1  # its thread is not free
    again = ask(desk, 0)
    desk.answered(first, value())
    assert phases(again, waiting) == ["answered", "answered"]
    assert not desk.waiting


def test_what_is_lost_is_asked_again_but_not_for_ever(desk: Desk):
    answer = ask(desk, 0)
    for _ in range(MOST_ATTEMPTS - 1):
        take(desk)
        desk.ask_all_again()
        assert phases(answer) == ["waiting"]
    desk.ask_again(take(desk))
    assert (answer.view().phase, answer.view().message) == ("failed", LOST)


def test_every_attempt_has_a_key_of_its_own(desk: Desk):
    ask(desk, 0)
    first = take(desk)
    desk.ask_again(first)
    assert take(desk) != first


def test_answers_are_kept_within_bounds(desk: Desk):
    for number in range(ANSWERS_KEPT + 1):
        ask(desk, number)
        desk.answered(take(desk), value())
        assert phases(ask(desk, 1 if number > 1 else 0)) == ["answered"]
    assert phases(ask(desk, 0)) == ["waiting"]  # the least recently used is forgotten
    assert phases(ask(desk, 1)) == ["answered"]
    for number in (1001, 1002):
        ask(desk, number)
        desk.answered(take(desk), value(ANSWERS_BYTES * 2 // 3))
    assert phases(ask(desk, 1002)) == ["answered"]
    assert phases(ask(desk, 1001)) == ["waiting"]


def ask_of_rows(desk: Desk, session: str, rows: bytes = b"rows") -> Answer:
    return desk.ask(Question("predict", {}, {"rows": rows}), session, "s")


def test_an_answer_about_a_visitors_rows_goes_with_the_last_who_asked(desk: Desk):
    first = ask_of_rows(desk, "a")
    desk.answered(take(desk), value())
    assert phases(ask_of_rows(desk, "b")) == ["answered"]
    ask(desk, 0, "a")
    desk.answered(take(desk), value())
    desk.leave(["a", "somebody else"])
    assert phases(ask_of_rows(desk, "b")) == ["answered"]
    desk.leave(["b"])
    assert first._asked not in desk._answered.values()
    assert phases(ask_of_rows(desk, "c")) == ["waiting"]
    assert phases(ask(desk, 0, "c")) == ["answered"]  # of settings alone, which are anybody's


def test_an_answer_that_comes_when_all_who_asked_have_gone_is_not_kept(desk: Desk, clock: Clock):
    running, waiting = ask_of_rows(desk, "a", b"1"), ask_of_rows(desk, "b", b"2")
    first = take(desk)
    desk.leave(["a", "b"])
    assert phases(running, waiting) == ["running", "replaced"]
    assert waiting._asked.question is None  # nor are the rows
    assert not desk.waiting
    desk.answered(first, value())
    assert not desk._answered
    late = ask_of_rows(desk, "a")
    late_key = take(desk)
    clock.now += ANSWER_SECONDS
    desk.end_late(ready=True)
    again = ask_of_rows(desk, "b")
    desk.leave(["a"])
    desk.answered(late_key, value())
    assert phases(late, again, ask_of_rows(desk, "c")) == ["answered"] * 3


def test_closing_ends_everything(desk: Desk):
    answers = [ask(desk, 0, "a"), ask(desk, 1, "b")]
    take(desk)
    desk.fail_all("The app is shutting down.")
    assert {answer.view().message for answer in answers} == {"The app is shutting down."}
    assert (desk.waiting, desk.running) == (False, 0)


def test_an_answer_is_shared_so_nobody_may_change_it(desk: Desk):
    answer = ask(desk, 0)
    desk.answered(take(desk), value())
    arrays = answer.view().arrays
    assert arrays is not None
    with pytest.raises(ValueError, match="read-only"):
        arrays["x"][0] = 1


def test_a_question_is_told_by_its_content():
    base = Question("predict", {"a": 1, "b": [0.5]}, {"x": b"1", "y": b"2"})
    assert base.key == Question("predict", {"b": [0.5], "a": 1}, {"y": b"2", "x": b"1"}).key
    others = [
        Question("predict", {"a": 1, "b": [0.25]}, {"x": b"1", "y": b"2"}),
        Question("predict", {"a": 1, "b": [0.5]}, {"x": b"1", "z": b"2"}),
        Question("predict", {"a": 1, "b": [0.5]}, {"x": b"1y 1\n2"}),
    ]
    assert len({base.key, *(other.key for other in others)}) == 4
    with pytest.raises(ValueError, match=r"name is 'rm'; allowed: .*predict"):
        Question("rm")
    with pytest.raises(ValueError, match="JSON compliant"):
        _ = Question("predict", {"a": float("nan")}).key


def test_arrays_travel_without_pickles():
    arrays = {"a": np.arange(6.0).reshape(2, 3), "words": np.array(["ä", "b"])}
    back = from_bytes(to_bytes(arrays))
    assert back.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(back[name], array)
    with pytest.raises(ValueError, match="Object arrays"):
        to_bytes({"a": np.array([object()])})
    content = to_bytes(arrays)
    for damaged in (b"", b"noise", content[:-30], content[:60] + b"!" + content[61:]):
        with pytest.raises(InvalidData, match="damaged"):
            from_bytes(damaged)
