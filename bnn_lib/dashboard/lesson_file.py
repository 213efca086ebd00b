"""Lessons as files: Markdown with a header, as `docs/lessons.md` says. Text in, values out.

A file is a teacher's, so all that is wrong with it is said in one sentence, and nothing in it is run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from bnn_lib.dashboard import compare, prior_state, regression, state
from bnn_lib.errors import InvalidExperiment, Problem, shown
from bnn_lib.experiment import Experiment

OURS = Path(__file__).parent.parent / "lessons"
MAX_BYTES = 100_000
MOST_LESSONS = 100
SECTIONS = ("Predict", "Why", "Set up", "Look for")
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_CHOICE = re.compile(r"[-*] \[([ xX])\] +(.+)")
_LINK = re.compile(r"\[([^\]]+)\]\(/?([a-z_]+)(?:\?(\S*))?\)")


class InvalidLesson(ValueError):
    """A lesson's file that cannot be used; the message says where and why in one sentence."""


@dataclass(frozen=True)
class Page:
    """A page that a step may set up.

    Attributes
    ----------
    path : str
        Of its script.
    adapt : callable
        As of `state.load`.
    read : callable
        Reads the page's own fields of a link, and returns what is wrong with them.
    own : tuple of str
        Those fields.
    """

    path: str
    adapt: state.Adapt
    own: tuple[str, ...] = ()
    read: Callable[[Mapping[str, str]], list[Problem]] = lambda query: []

    def load(self, query: Mapping[str, str]) -> tuple[Experiment, list[Problem]]:
        """Return the experiment of a link as the page shows it, and what it would say of the link.

        Raises
        ------
        InvalidExperiment
        """
        experiment, problems = self.adapt(
            Experiment.from_query({k: v for k, v in query.items() if k not in self.own})
        )
        return experiment, [*self.read(query), *problems]


PAGES: Mapping[str, Page] = MappingProxyType(
    {
        "playground": Page("pages/playground.py", state.for_the_map),
        "regression": Page("pages/regression.py", regression.for_curves),
        "compare": Page("pages/compare.py", compare.for_the_cells, compare.FIELDS, compare.read_fields),
        "priors": Page(
            "pages/priors.py",
            state.as_it_is,
            prior_state.FIELDS,
            lambda query: prior_state.read_functions(query)[1],
        ),
    }
)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Choice(_Part):
    """One answer to a question."""

    text: str = Field(min_length=1, max_length=300)
    right: bool


class SetUp(_Part):
    """A page in a certain state: what a step's button opens."""

    label: str = Field(min_length=1, max_length=60)
    page: str
    query: dict[str, str]

    @property
    def experiment(self) -> Experiment:
        """What the page shows then."""
        return PAGES[self.page].load(self.query)[0]

    @field_validator("page")
    @classmethod
    def _there_is_such_a_page(cls, page: str) -> str:
        if page not in PAGES:
            raise ValueError(f"its button opens {shown(page)}; allowed: {', '.join(PAGES)}")
        return page


class Step(_Part):
    """One step: something to predict, to set up, and to look for."""

    title: str = Field(min_length=1, max_length=100)
    text: str = Field(max_length=3000)
    question: str = Field(min_length=1, max_length=1000)
    choices: tuple[Choice, ...] = Field(min_length=2, max_length=6)
    why: str = Field(min_length=1, max_length=3000)
    set_up: SetUp
    look: str = Field(min_length=1, max_length=1000)

    @field_validator("choices")
    @classmethod
    def _one_is_right(cls, choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
        count = sum(choice.right for choice in choices)
        if count != 1:
            raise ValueError(f"{count} answers are marked with [x]; exactly one must be")
        if len({choice.text for choice in choices}) < len(choices):
            raise ValueError("two answers are the same")
        return choices

    @property
    def right(self) -> int:
        """Which answer is right, from 0."""
        return next(i for i, choice in enumerate(self.choices) if choice.right)


class Lesson(_Part):
    """Some steps that show one thing."""

    name: str
    title: str = Field(min_length=1, max_length=100)
    summary: str = Field(min_length=1, max_length=300)
    steps: tuple[Step, ...] = Field(min_length=1, max_length=12)


def read_lesson(name: str, text: str) -> Lesson:
    """Read one lesson.

    Parameters
    ----------
    name : str
        Of its file, without the ending: it stands in links.
    text : str

    Raises
    ------
    InvalidLesson
    """
    if not NAME.fullmatch(name):
        raise InvalidLesson(f"the file's name is {shown(name)}; allowed: small letters, digits and hyphens")
    header, body = _split_header(text)
    before, *parts = re.split(r"^## +", body, flags=re.MULTILINE)
    if before.strip():
        raise InvalidLesson("there is text before the first step, which begins with a line '## Its title'")
    if not parts:
        raise InvalidLesson("it has no step; a step begins with a line '## Its title'")
    steps = tuple(_read_step(number, part) for number, part in enumerate(parts, start=1))
    try:
        return Lesson(name=name, steps=steps, **header)
    except ValidationError as error:
        raise InvalidLesson(_first(error)) from None


def _split_header(text: str) -> tuple[dict[str, str], str]:
    lines = text.lstrip("\ufeff").replace("\r\n", "\n").split("\n")
    if not lines or lines[0].strip() != "---" or "---" not in [line.strip() for line in lines[1:]]:
        raise InvalidLesson("its header is missing: lines 'title: ...' and 'summary: ...' between two lines '---'")
    end = next(i for i, line in enumerate(lines[1:], start=1) if line.strip() == "---")
    header = {}
    for line in filter(str.strip, lines[1:end]):
        name, colon, value = line.partition(":")
        if not colon or name.strip() not in ("title", "summary"):
            raise InvalidLesson(f"its header has the line {shown(line.strip())}; allowed: title and summary")
        header[name.strip()] = value.strip()
    for name in ("title", "summary"):
        if not header.get(name):
            raise InvalidLesson(f"its header has no {name}")
    return header, "\n".join(lines[end + 1 :])


def _read_step(number: int, text: str) -> Step:
    title, _, body = text.partition("\n")
    where = f"step {number} ({shown(title.strip(), 40)})"
    prose, *parts = re.split(r"^### +", body, flags=re.MULTILINE)
    sections: dict[str, str] = {}
    for part in parts:
        heading, _, content = part.partition("\n")
        if heading.strip() not in SECTIONS or heading.strip() in sections:
            raise InvalidLesson(
                f"{where} has a section {shown(heading.strip())}; allowed, once each: {', '.join(SECTIONS)}"
            )
        sections[heading.strip()] = content.strip()
    missing = [name for name in SECTIONS if not sections.get(name)]
    if missing:
        raise InvalidLesson(f"{where} lacks the section '### {missing[0]}'")
    question, choices = _read_question(sections["Predict"])
    set_up = _read_set_up(where, sections["Set up"])
    try:
        return Step(
            title=title.strip(),
            text=prose.strip(),
            question=question,
            choices=choices,
            why=sections["Why"],
            set_up=set_up,
            look=sections["Look for"],
        )
    except ValidationError as error:
        raise InvalidLesson(f"{where}: {_first(error)}") from None


def _read_question(text: str) -> tuple[str, tuple[Choice, ...]]:
    question, choices = [], []
    for line in text.split("\n"):
        found = _CHOICE.fullmatch(line.strip())
        if found:
            choices.append(Choice.model_construct(text=found[2].strip(), right=found[1] != " "))
        elif choices and line.startswith("  ") and line.strip():  # an answer goes on
            last = choices.pop()
            choices.append(Choice.model_construct(text=f"{last.text} {line.strip()}", right=last.right))
        else:
            question.append(line)
    return "\n".join(question).strip(), tuple(choices)


def _read_set_up(where: str, text: str) -> SetUp:
    found = _LINK.fullmatch(text)
    if not found:
        raise InvalidLesson(
            f"{where}: its set up is {shown(text)}; it must be one link, e.g. [Fit](playground?data.n=200)"
        )
    label, page, query = found[1], found[2], found[3] or ""
    try:
        fields = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
        set_up = SetUp(label=label, page=page, query=fields)
        _, problems = PAGES[page].load(fields)
    except ValidationError as error:
        raise InvalidLesson(f"{where}: {_first(error)}") from None
    except InvalidExperiment as error:
        raise InvalidLesson(f"{where}: {error}".removesuffix(".")) from None
    except ValueError:
        raise InvalidLesson(f"{where}: its link has the settings {shown(query)}, which cannot be read") from None
    if problems:
        raise InvalidLesson(f"{where}: {problems[0].message}".removesuffix("."))
    return set_up


def _first(error: ValidationError) -> str:
    """Say the first of pydantic's errors."""
    entry = error.errors(include_url=False)[0]
    if entry["type"] == "value_error":
        return str(entry["ctx"]["error"])
    field = ".".join(str(part) for part in entry["loc"]) or "it"
    return f"{field}: {entry['msg'][:1].lower()}{entry['msg'][1:]}"


# --- folders ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Lessons:
    """What was found: lessons by name, in the order of their files, and one sentence for each that is broken."""

    by_name: Mapping[str, Lesson]
    problems: tuple[str, ...]


def files_of(folders: Iterable[Path]) -> tuple[list[Path], list[str]]:
    """Return the lessons' files in order, and what is wrong with folders; a later folder's file replaces one."""
    found: dict[str, Path] = {}
    problems = []
    for folder in folders:
        try:
            here = sorted(path for path in folder.iterdir() if path.suffix == ".md")
        except OSError as error:
            reason = error.strerror or type(error).__name__
            problems.append(f"The folder of lessons cannot be read ({reason}); BNN_LESSONS names it.")
            continue
        found |= {path.name: path for path in here}
    files = list(found.values())
    if len(files) > MOST_LESSONS:
        problems.append(f"There are {len(files)} lessons, and only the first {MOST_LESSONS} are shown.")
    return files[:MOST_LESSONS], problems


def read_files(files: Iterable[Path], problems: Iterable[str] = ()) -> Lessons:
    """Read lessons; one that is broken is named, and the others are there."""
    by_name: dict[str, Lesson] = {}
    found = list(problems)
    for path in files:
        try:
            lesson = read_lesson(lesson_name(path), _text_of(path))
        except InvalidLesson as error:
            found.append(f"The lesson {path.name} cannot be used: {error}.")
        else:
            by_name[lesson.name] = lesson
    return Lessons(MappingProxyType(by_name), tuple(found))


def lesson_name(path: Path) -> str:
    """Return a lesson's name: its file's, without the number in front that orders the files."""
    return re.sub(r"^\d+-", "", path.stem)


def _text_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InvalidLesson(f"it cannot be read ({error.strerror or type(error).__name__})") from None
    if len(content) > MAX_BYTES:
        raise InvalidLesson(f"it has more than {MAX_BYTES:,} bytes")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise InvalidLesson("it is no text in UTF-8") from None
