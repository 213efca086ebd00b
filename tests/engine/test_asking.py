"""Questions on a real cluster, beside fits that do as they are told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bnn_lib.engine import Answer, AnswerView, Engine, Question
from bnn_lib.engine.runner import UNANSWERED
from tests.engine.fakes import TEST, experiment
from tests.engine.waiting import PATIENCE, Make, Tell, wait_for, wait_until

pytestmark = pytest.mark.slow


def question(x: int, **values: object) -> Question:
    return Question("predict", {"x": x, "test": os.environ[TEST], **values})


def answered(answer: Answer) -> AnswerView:
    view = answer.wait(PATIENCE)
    assert view.phase == "answered", view
    return view


def test_questions_are_answered_beside_fits_on_all_threads(engine: Engine, told: Tell, tmp_path: Path):
    fits = [engine.submit(experiment(seed), "a") for seed in range(3)]
    for job in fits[:2]:
        wait_until(job, "running")
    for x in (1, 2):
        arrays = answered(engine.ask(question(x), "a")).arrays
        assert arrays is not None
        assert arrays["twice"] == 2 * x
    assert [job.view().phase for job in fits] == ["running", "running", "queued"]
    assert answered(engine.ask(question(1), "b")).arrays is not None
    assert len((tmp_path / "asked-1").read_text().split()) == 1  # the answer was kept


def test_a_slider_asks_what_it_began_with_and_what_it_ends_at(engine: Engine, told: Tell, tmp_path: Path):
    for seed in range(2):
        wait_until(engine.submit(experiment(seed), "a"), "running")
    first = engine.ask(question(0, wait=True), "a")
    wait_for(lambda: first.view().phase == "running")
    passed = [engine.ask(question(x), "a") for x in range(1, 9)]
    other = engine.ask(question(20), "a", slot="another widget")
    told("answer-0")
    for answer in (first, passed[-1], other):
        answered(answer)
    assert {answer.view().phase for answer in passed[:-1]} == {"replaced"}
    assert not (tmp_path / "asked-3").exists()


def test_a_question_that_fails_says_why(engine: Engine, told: Tell):
    view = engine.ask(question(1, fail=True), "a").wait(PATIENCE)
    assert (view.phase, view.message, view.arrays) == ("failed", "The rows are all the same.", None)


def test_a_question_that_kills_workers_fails_and_no_fit(make_engine: Make, told: Tell, tmp_path: Path):
    engine = make_engine()
    job = engine.submit(experiment(0), "a")
    wait_until(job, "running")
    view = engine.ask(question(1, die=True), "a").wait(PATIENCE)
    assert (view.phase, view.message) == ("failed", UNANSWERED)
    answered(engine.ask(question(2), "a"))
    told("go-0")
    wait_until(job, "finished")


def test_a_question_finds_a_thread_whoever_fits(make_engine: Make, told: Tell, scheduler: str, tmp_path: Path):
    one, two = (make_engine(scheduler=scheduler, store=tmp_path / name) for name in ("one", "two"))
    running = one.submit(experiment(0), "a")
    wait_until(running, "running")
    waiting = two.submit(experiment(1), "b")  # this engine has nothing else to do
    wait_for(lambda: waiting._fit.state == "sent")
    for x, engine in enumerate((two, one)):
        answered(engine.ask(question(x), "c"))
    assert (running.view().phase, waiting.view().phase) == ("running", "queued")
    told("go-0", "go-1")
    wait_until(waiting, "finished")


def test_an_answer_about_a_visitors_rows_goes_when_the_page_has_gone(engine: Engine, told: Tell):
    def ask(session: str) -> Answer:
        return engine.ask(Question("predict", {"x": 1, "test": os.environ[TEST]}, {"rows": b"secret"}), session)

    first = ask("a")
    answered(first)
    assert first.key in engine._desk._answered
    engine.leave("a")
    wait_for(lambda: first.key not in engine._desk._answered)


def test_a_question_asked_before_the_engine_is_ready(make_engine: Make, told: Tell):
    engine = make_engine()
    answer = engine.ask(question(1), "a")
    assert not answer.view().ended
    answered(answer)
    engine.close()
    with pytest.raises(RuntimeError, match="closed"):
        engine.ask(question(2), "a")
