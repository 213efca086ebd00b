"""Lessons as files: those that we ship are whole, and what is wrong with one is said in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnn_lib.dashboard import compare
from bnn_lib.dashboard.lesson_file import (
    MAX_BYTES,
    OURS,
    PAGES,
    InvalidLesson,
    files_of,
    lesson_name,
    read_files,
    read_lesson,
)
from bnn_lib.engine import EngineSettings
from bnn_lib.engine.limits import check_limits

ROOT = Path(__file__).resolve().parents[2]
GOOD = """---
title: A title: with a colon
summary: What it shows.
---

## First step
Some *prose*.

### Predict
How many?
- [ ] One
- [x] Two,
  or a few

### Why
Because.

### Set up
[Go there](playground?data.n=200)

### Look for
Two.
"""
FILES, _ = files_of([OURS])


def test_a_lesson_is_read_as_it_is_written():
    lesson = read_lesson("mine", GOOD)
    assert (lesson.name, lesson.title, lesson.summary) == ("mine", "A title: with a colon", "What it shows.")
    (step,) = lesson.steps
    assert (step.title, step.text, step.question) == ("First step", "Some *prose*.", "How many?")
    assert [choice.text for choice in step.choices] == ["One", "Two, or a few"]
    assert step.right == 1
    assert (step.why, step.look) == ("Because.", "Two.")
    assert (step.set_up.label, step.set_up.page, step.set_up.query) == (
        "Go there",
        "playground",
        {"data.n": "200"},
    )
    assert step.set_up.experiment.data.n == 200
    assert read_lesson("mine", "\ufeff" + GOOD.replace("\n", "\r\n")) == lesson


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("---\ntitle", "title", "its header is missing"),
        ("title: A title: with a colon", "author: me", "its header has the line 'author: me'"),
        ("summary: What it shows.", "", "its header has no summary"),
        ("## First step", "First step", "there is text before the first step"),
        ("### Why", "### Because", "step 1 ('First step') has a section 'Because'"),
        ("### Why", "### Predict", "has a section 'Predict'; allowed, once each"),
        ("### Look for\nTwo.", "", "lacks the section '### Look for'"),
        ("### Why\nBecause.", "### Why\n", "lacks the section '### Why'"),
        ("[x]", "[ ]", "0 answers are marked with [x]; exactly one must be"),
        ("- [ ] One", "- [x] One", "2 answers are marked with [x]"),
        ("- [ ] One", "- [ ] Two, or a few", "two answers are the same"),
        ("- [ ] One\n", "", "choices: "),
        ("How many?", "", "question: "),
        ("[Go there](playground?data.n=200)", "Press Fit", "it must be one link"),
        ("(playground?", "(your_data?", "its button opens 'your_data'; allowed: playground, regression"),
        ("data.n=200", "data.n=2000000", "data.n is 2000000"),
        ("data.n=200", "data.rows=200", "'data.rows' is not a field of an experiment"),
        ("data.n=200", "data.n", "which cannot be read"),
        ("data.n=200", "data.name=gap", "data.name is 'gap', which has no classes"),
        ("playground?data.n=200", "compare?methods=advi", "methods is 'advi'; allowed: 2 to 6"),
        ("playground?data.n=200", "compare?map=doubt", "map is 'doubt'; allowed: probability"),
        ("playground?data.n=200", "priors?inputs=3", "inputs is '3'"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(before: str, after: str, said: str):
    assert before in GOOD
    with pytest.raises(InvalidLesson) as caught:
        read_lesson("mine", GOOD.replace(before, after, 1))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not str(caught.value).endswith(".")


@pytest.mark.parametrize("name", ["", "../x", "Capital", "a b", "-x", "x" * 61])
def test_a_name_stands_in_links(name: str):
    with pytest.raises(InvalidLesson, match="the file's name"):
        read_lesson(name, GOOD)


PARTS = ["---\n", "\n## ", "\n### ", "Why\n", "Predict\n", "- [x] ", "a", ":", "\n", "](", "["]


@given(st.lists(st.sampled_from(PARTS)).map("".join))
def test_no_text_breaks_the_reader(text: str):
    with pytest.raises(InvalidLesson):
        read_lesson("mine", text)
    with pytest.raises(InvalidLesson):
        read_lesson("mine", "---\ntitle: a\nsummary: b\n---\n" + text)


def test_a_broken_file_is_named_and_the_others_work(tmp_path: Path):
    (tmp_path / "01-good.md").write_text(GOOD)
    (tmp_path / "02-broken.md").write_text(GOOD.replace("### Why", "### Because"))
    (tmp_path / "03-binary.md").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "04-large.md").write_bytes(b"x" * (MAX_BYTES + 1))
    (tmp_path / "05-folder.md").mkdir()
    (tmp_path / "notes.txt").write_text("no lesson")
    found = read_files(*files_of([tmp_path]))
    assert list(found.by_name) == ["good"]
    assert [problem.split(" cannot")[0] for problem in found.problems] == [
        f"The lesson {name}.md" for name in ("02-broken", "03-binary", "04-large", "05-folder")
    ]
    assert "no text in UTF-8" in found.problems[1]
    assert "more than 100,000 bytes" in found.problems[2]


def test_a_teachers_file_comes_after_ours_or_in_the_place_of_one(tmp_path: Path):
    (tmp_path / FILES[0].name).write_text(GOOD)
    (tmp_path / "mine.md").write_text(GOOD)
    found = read_files(*files_of([OURS, tmp_path]))
    names = list(found.by_name)
    assert names == [lesson_name(path) for path in FILES] + ["mine"]
    assert found.by_name[names[0]].title == "A title: with a colon"


def test_a_folder_that_is_not_there_is_reported(tmp_path: Path):
    found = read_files(*files_of([OURS, tmp_path / "nowhere"]))
    assert len(found.by_name) == len(FILES)
    assert found.problems == (
        "The folder of lessons cannot be read (No such file or directory); BNN_LESSONS names it.",
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_ours_are_whole_and_every_button_leads_to_a_fit_that_is_allowed(path: Path):
    found = read_files([path])
    assert not found.problems
    (lesson,) = found.by_name.values()
    for step in lesson.steps:
        page = PAGES[step.set_up.page]
        assert (ROOT / page.path).is_file()
        experiment = step.set_up.experiment
        methods = [experiment.inference.method]
        if step.set_up.page == "compare":
            methods = list(compare.read_methods(step.set_up.query["methods"]))
        for method in methods:
            check_limits(compare.with_method(experiment, method), EngineSettings())
