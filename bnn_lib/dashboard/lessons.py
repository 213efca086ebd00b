"""The lessons that there are, and where this tab is in them."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from bnn_lib.dashboard import links
from bnn_lib.dashboard.lesson_file import OURS, Lesson, Lessons, Step, files_of, read_files
from bnn_lib.dashboard.session import shared_engine
from bnn_lib.experiment import Experiment

PATH = "pages/lessons.py"
ANSWERS = "lesson_answers"


@st.cache_resource(show_spinner=False, max_entries=4)
def _read(stamps: tuple[tuple[Path, int, int], ...], problems: tuple[str, ...]) -> Lessons:
    return read_files([path for path, _, _ in stamps], problems)


def find() -> Lessons:
    """Return all lessons, ours and those of the folder that BNN_LESSONS names; a changed file is read again."""
    folder = shared_engine().settings.lessons
    files, problems = files_of([OURS, *([folder] if folder else [])])
    return _read(tuple(_stamp(path) for path in files), tuple(problems))


def _stamp(path: Path) -> tuple[Path, int, int]:
    try:
        status = path.stat()
    except OSError:  # said when it is read
        return path, 0, 0
    return path, status.st_mtime_ns, status.st_size


def named_by(link: links.Link) -> tuple[Lesson, int] | None:
    """Return the lesson and the step (from 1) that a link names, None if there is no such lesson."""
    lesson = find().by_name.get(link.lesson) if link.lesson else None
    return None if lesson is None else (lesson, min(link.step, len(lesson.steps)))


def current() -> tuple[Lesson, int] | None:
    """Return those that the page's link names."""
    return named_by(links.current())


def current_step() -> Step | None:
    """Return the step that the page's link names."""
    found = current()
    return found[0].steps[found[1] - 1] if found else None


def asks_for(experiment: Experiment) -> bool:
    """Whether the page's link is a lesson's, and this is what its step shows: it is fitted without being asked."""
    step = current_step()
    return step is not None and step.set_up.experiment == experiment


def query_of(lesson: Lesson, number: int) -> dict[str, str]:
    """Return the link of a step, on the lessons page."""
    return {"lesson": lesson.name, "step": str(number)}


def answers() -> dict[tuple[str, int], int]:
    """Return what was answered in this tab: (lesson's name, step from 1) -> choice from 0."""
    found: dict[tuple[str, int], int] = st.session_state.setdefault(ANSWERS, {})
    return found


def answered(lesson: Lesson) -> int:
    """Return how many of a lesson's questions have been answered."""
    return sum((lesson.name, number) in answers() for number in range(1, len(lesson.steps) + 1))
