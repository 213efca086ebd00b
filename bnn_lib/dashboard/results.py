"""Results by their keys, side by side: which there are, and in what their settings differ."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

import streamlit as st

from bnn_lib.dashboard import links, state
from bnn_lib.engine import Picture
from bnn_lib.errors import InvalidExperiment, shown
from bnn_lib.experiment import KEY_LENGTH, Experiment
from bnn_lib.experiment_text import write_text
from bnn_lib.inference import METHODS

FIELD, MOST = "keys", 8
LETTERS = "ABCDEFGH"
KEYS, PROBLEMS = "results_keys", "results_problems"
LONGEST = 20_000  # characters that are read at once
_KEY = re.compile(rf"[0-9a-f]{{{KEY_LENGTH}}}")


@dataclass(frozen=True)
class Result:
    """A stored result, and the letter by which the page calls it."""

    letter: str
    key: str
    experiment: Experiment
    picture: Picture


def read_keys(text: str) -> tuple[list[str], list[str]]:
    """Read keys and links, separated by spaces, commas or line breaks.

    Returns
    -------
    keys : list of str
        Each once, in their order.
    problems : list of str
        One sentence for each that is neither.
    """
    keys: list[str] = []
    problems = []
    for word in re.split(r"[\s,;]+", text[:LONGEST]) if not _is_link(text) else text[:LONGEST].split():
        if not word:
            continue
        found = _keys_of(word)
        if not found:
            problems.append(f"{shown(word)} is neither a result's key nor a link of this app with settings.")
        keys += [key for key in found if key not in keys]
    return keys, problems


def _is_link(text: str) -> bool:
    return "?" in text or "://" in text  # where a comma is part of it


def _keys_of(word: str) -> list[str]:
    word = word.strip(",;")
    if _KEY.fullmatch(word.lower()):
        return [word.lower()]
    try:
        query = dict(parse_qsl(urlsplit(word).query, keep_blank_values=True))
    except ValueError:
        return []
    named = _KEY.findall(f"{query.get('key', '')},{query.get(FIELD, '')}".lower())
    if named:
        return named
    fields = {name: value for name, value in query.items() if name.partition(".")[0] in links.SECTIONS}
    try:
        return [Experiment.from_query(fields).key] if fields else []
    except InvalidExperiment:
        return []


def load() -> list[str]:
    """Return the page's keys, from its link wherever that is new."""
    query = state.query()
    if KEYS not in st.session_state or state.is_new(query):
        st.session_state[KEYS], st.session_state[PROBLEMS] = [], []
        add(query.get(FIELD, ""))
        state.take(query)
    found: list[str] = st.session_state[KEYS]
    return found


def add(text: str) -> None:
    """Take more keys; what cannot be used, or is one too many, is reported."""
    keys, problems = read_keys(text)
    together = list(dict.fromkeys([*st.session_state[KEYS], *keys]))
    if len(together) > MOST:
        problems.append(f"There are {len(together)} keys, and the first {MOST} are compared.")
    st.session_state[KEYS] = together[:MOST]
    st.session_state[PROBLEMS] = problems


def remove(key: str) -> None:
    """Let a result go."""
    st.session_state[KEYS] = [other for other in st.session_state[KEYS] if other != key]
    st.session_state[PROBLEMS] = []


def own_fields() -> dict[str, str]:
    """Return the page's fields of its link."""
    return {FIELD: ",".join(st.session_state[KEYS])} if st.session_state[KEYS] else {}


def store() -> None:
    """Write the keys to the link."""
    state.write(own_fields())


def find(keys: Sequence[str]) -> tuple[list[Result], list[str]]:
    """Return the results that there are, and one sentence for each that there is not."""
    found: list[Result] = []
    problems = []
    for key in keys:
        stored = links.stored(key)
        if stored is None:
            problems.append(links.unknown(key))
        else:
            found.append(Result(LETTERS[len(found)], key, *stored))
    return found, problems


def label(result: Result) -> str:
    """Return how the page calls a result: its letter and its method."""
    return f"{result.letter}: {METHODS[result.experiment.inference.method].label}"


def differences(results: Sequence[Result]) -> list[dict[str, str]]:
    """Return the settings that are not the same in all results: one row a setting, one column a letter."""
    rows = []
    for name in links.DOTTED:
        texts = {r.letter: write_text(state.value_of(r.experiment, name)) for r in results}
        if len({*texts.values()}) > 1:
            rows.append({"Setting": name, **{letter: _short(text) for letter, text in texts.items()}})
    return rows


def _short(text: str) -> str:
    return text if len(text) <= 24 else f"{text[:20]}… ({len(text)} characters)"
