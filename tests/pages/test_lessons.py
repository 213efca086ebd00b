"""The lessons page, and the pages that its steps set up."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from bnn_lib.dashboard.lesson_file import OURS, files_of, read_files
from bnn_lib.experiment import Experiment
from tests.pages.fake_engine import FakeEngine, make_picture

FOUND = read_files(*files_of([OURS]))
LESSONS = list(FOUND.by_name.values())
FIRST = LESSONS[0]


@pytest.fixture
def open_page(engine: FakeEngine, root: Path):
    def open_page(script: str = "pages/lessons.py", **query: str) -> AppTest:
        page = AppTest.from_file(str(root / "app.py"), default_timeout=60)
        page.run()
        engine.submitted.clear()
        page.switch_page(script)
        for name, value in query.items():
            page.query_params[name] = value
        page.run()
        assert not page.exception
        return page

    return open_page


def words(page: AppTest) -> str:
    parts = [element.value for kind in ("markdown", "caption", "warning") for element in page.get(kind)]
    return " ".join(parts).replace("\\", "")


def links_of(page: AppTest) -> list[str]:
    """Return the labels of what leads elsewhere: buttons where that is the same page, then links."""
    buttons = [b.label for b in page.button if b.key and b.key.startswith(("open_lesson_", "lesson_again"))]
    labels = [*buttons, *(element.proto.label for element in page.get("page_link"))]
    return [label.replace("\\", "") for label in labels]


def test_the_list_names_every_lesson(open_page):
    page = open_page()
    assert [link.split(". ", 1)[1] for link in links_of(page)] == [lesson.title for lesson in LESSONS]
    for lesson in LESSONS:
        assert lesson.summary in words(page)
    assert not page.warning


def test_the_answer_comes_after_the_guess_and_is_kept(open_page):
    step = FIRST.steps[0]
    page = open_page(lesson=FIRST.name, step="1")
    assert step.question in words(page)
    assert step.why not in words(page)
    assert step.look not in words(page)
    wrong = next(i for i in range(len(step.choices)) if i != step.right)
    page.radio[0].set_value(wrong).run()
    assert f"The answer: {step.choices[step.right].text}" in words(page)
    assert step.why in words(page)
    page.radio[0].set_value(step.right).run()
    assert "Correct." in words(page)
    assert step.look in words(page)
    page.query_params["step"] = "2"
    page.run()
    assert FIRST.steps[1].title in words(page)
    assert page.radio[0].value is None
    page.query_params["step"] = "1"
    page.run()
    assert page.radio[0].value == step.right
    page.query_params.clear()
    page.run()
    assert f"1 of {len(FIRST.steps)} steps done" in words(page)


def test_one_goes_from_step_to_step_and_back_and_the_link_is_of_where_one_is(open_page):
    page = open_page()
    page.button(key=f"open_lesson_{FIRST.name}").click().run()
    assert FIRST.steps[0].title in words(page)
    for label, number in (("Next step", 2), ("Step before", 1), ("Next step", 2)):
        old = dict(page.query_params)
        page.button(key=f"lesson_{label}").click().run()
        assert FIRST.steps[number - 1].title in words(page)
        assert page.query_params["step"] in (str(number), [str(number)])
        # The guess is of this step, though the browser may not have heard of its address.
        page.query_params.clear()
        page.query_params.update(old)
        page.radio[0].set_value(0).run()
        assert FIRST.steps[number - 1].title in words(page)
    page.button(key="lessons_all").click().run()
    assert f"2 of {len(FIRST.steps)} steps done" in words(page)
    assert not page.exception


def test_set_up_again_does_on_the_page_itself(engine: FakeEngine, open_page):
    step = FIRST.steps[0]
    assert step.set_up.page == "playground"
    page = open_page("pages/playground.py", **step.set_up.query, lesson=FIRST.name, step="1")
    link = dict(page.query_params)
    page.selectbox(key="w.prior.family").set_value("laplace").run()
    page.button(key="lesson_again").click().run()
    assert page.session_state["experiment"] == step.set_up.experiment
    assert dict(page.query_params) == link
    page.run()
    assert page.session_state["experiment"] == step.set_up.experiment
    assert not page.exception


def test_a_link_to_no_lesson_says_so_and_shows_the_list(open_page):
    page = open_page(lesson="<b>x</b>", step="zero")
    said = [warning.value.replace("\\", "") for warning in page.warning]
    assert said[0].startswith("step is 'zero'; allowed: a whole number from 1.")
    assert said[1].startswith("There is no lesson '<b>x</b>'")
    assert len(links_of(page)) == len(LESSONS)
    assert FIRST.steps[-1].title in words(open_page(lesson=FIRST.name, step="99"))


def test_a_broken_lesson_is_named_and_the_others_work(engine: FakeEngine, open_page, tmp_path: Path):
    (tmp_path / "mine.md").write_text("# Not yet")
    engine.settings = type(engine.settings)(lessons=tmp_path)
    page = open_page()
    assert [w.value.replace("\\", "").split(":")[0] for w in page.warning] == ["The lesson mine.md cannot be used"]
    assert len(links_of(page)) == len(LESSONS)
    text = (OURS / files_of([OURS])[0][0].name).read_text()
    (tmp_path / "mine.md").write_text(text.replace(FIRST.title, "A teacher's own"))
    page.run()  # it is read again once it has changed
    assert not page.warning
    assert f"{len(LESSONS) + 1}. A teacher's own" in links_of(page)


@pytest.mark.parametrize(
    ("name", "number"),
    [(lesson.name, number) for lesson in LESSONS for number in range(1, len(lesson.steps) + 1)],
)
def test_a_step_opens_its_page_and_fits_what_nobody_has_fitted(engine: FakeEngine, open_page, name, number):
    step = FOUND.by_name[name].steps[number - 1]
    page = open_page(lesson=name, step=str(number))
    page.button(key="lesson_set_up").click().run()
    assert not page.exception
    assert not page.warning
    assert step.look.replace("\n", " ") in words(page).replace("\n", " ")
    assert page.session_state["experiment"] == step.set_up.experiment
    if step.set_up.page == "compare":
        methods = step.set_up.query["methods"].split(",")
        assert [e.inference.method for e in engine.submitted] == methods
    elif step.set_up.page != "priors" and step.set_up.experiment != Experiment():
        # The default was asked for by the first visit.
        assert engine.submitted == [step.set_up.experiment]


def test_a_stored_result_is_shown_and_not_fitted_again(engine: FakeEngine, open_page):
    step = next(step for step in FIRST.steps if step.set_up.page == "playground")
    experiment = step.set_up.experiment
    engine.results[experiment.key] = make_picture(experiment)
    number = str(FIRST.steps.index(step) + 1)
    page = open_page("pages/playground.py", **step.set_up.query, lesson=FIRST.name, step=number)
    assert engine.submitted == []
    assert page.session_state["shown"].experiment == experiment


def test_a_link_without_its_lesson_fits_nothing_by_itself(engine: FakeEngine, open_page):
    experiment = Experiment.from_query({"data.n": "100"})
    page = open_page("pages/playground.py", **experiment.to_query())
    assert engine.submitted == []
    # Nor does a lesson's link with other settings than its step's.
    page.query_params["lesson"] = FIRST.name
    page.query_params["step"] = "1"
    page.run()
    assert engine.submitted == []
    assert links_of(page) == ["Set up again", "Back to the lesson"]


def test_the_next_step_takes_the_place_of_a_fit_that_still_runs(engine: FakeEngine, open_page):
    engine.stays = "running"
    page = open_page(lesson=FIRST.name, step="1")
    page.button(key="lesson_set_up").click().run()
    page.switch_page("pages/lessons.py")
    page.query_params["lesson"], page.query_params["step"] = FIRST.name, "3"
    page.run()
    page.button(key="lesson_set_up").click().run()
    assert [e.key for e in engine.submitted] == [FIRST.steps[i].set_up.experiment.key for i in (0, 2)]
    assert any(name == "stop" for name, _ in engine.calls)
