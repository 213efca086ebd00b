"""A class on one lesson's link: one fit in all, which nobody has pressed Fit for, and everyone sees its result."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

import pytest

from benchmarks.app_server import serve
from benchmarks.visitor import Visitor
from bnn_lib.dashboard.lesson_file import OURS, files_of, read_files

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

STUDENTS, PATIENCE = 6, 600.0


def test_a_class_on_one_lesson_waits_for_one_fit(tmp_path: Path):
    lesson = read_files(*files_of([OURS])).by_name["point-to-posterior"]
    set_up = lesson.steps[0].set_up
    link = urlencode({**set_up.query, "lesson": lesson.name, "step": "1"})
    key = set_up.experiment.key

    def shown(visitor: Visitor) -> str | None:
        told = visitor.component("feed")
        return told["key"] if told and told["phase"] == "idle" else None

    def attend(port: int) -> str:
        with Visitor(port, link, seconds=PATIENCE) as student:
            student.ask()
            return student.wait(lambda _: shown(student), PATIENCE)

    with serve(tmp_path, {}) as server:
        with ThreadPoolExecutor(STUDENTS) as students:
            seen = list(students.map(attend, [server.port] * STUDENTS))
        assert seen == [key] * STUDENTS
        assert len(re.findall(f"fit started key={key}", server.log)) == 1
