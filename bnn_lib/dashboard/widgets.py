"""One widget a field: tied to whoever holds the experiment, through whom alone it changes.

A field that the page's link hides has none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from bnn_lib.dashboard import links, state
from bnn_lib.experiment import Experiment
from bnn_lib.experiment_text import NONE, write_text

VERSIONS, LAST, TOUCHED = "widget_versions", "widgets_last", "widgets_touched"  # by name, and by key


@dataclass(frozen=True)
class Holder:
    """Who holds the values that widgets show.

    Attributes
    ----------
    change : callable
        Takes new values by the fields' names; it refuses, and reports, what cannot be.
    prefix : str
        Of the widgets' keys.
    hides : callable
        Whether a field has no widget.
    """

    change: Callable[[Mapping[str, object]], None]
    prefix: str = "w"
    hides: Callable[[str], bool] = lambda name: False


PAGE = Holder(state.change, hides=links.hides)  # whose experiment is in its link


def tie(name: str, value: object, changed: Callable[[Any], None]) -> dict[str, Any]:
    """Tie a widget to a value: its key, that value, and what to do with another that the user gives it.

    In each of its messages a browser has the values of all its widgets, as it still shows them. So that they undo
    nothing, the key is a new one whenever the value was changed from elsewhere, and only what differs from what
    was shown last by a key is a change. Streamlit (1.67) remembers former keys with the session.
    """
    versions: dict[str, int] = st.session_state.setdefault(VERSIONS, {})
    last: dict[str, object] = st.session_state.setdefault(LAST, {})
    touched: dict[str, object] = st.session_state.setdefault(TOUCHED, {})
    key = key_of(name)
    # By itself alone: it stays, and with it the focus, even if the value was refused.
    by_itself = key in touched and touched.pop(key) is st.session_state.get(state.STATE)
    if key in st.session_state and st.session_state[key] != value and not by_itself:
        given = st.session_state[key]
        if given is not None and key in last and given != last[key]:
            # It was given as a newer message stopped its callback on the way.
            _take(key, given, changed)
            st.rerun()
        versions[name] = versions.get(name, 0) + 1
        key = key_of(name)
    # Set in every run: what is folded away has not been shown yet and would show its default when it is.
    st.session_state[key] = value
    last[key] = value
    return {"key": key, "on_change": _given, "args": (key, changed)}


def versioned(name: str, version: int) -> str:
    """Return the key of a widget that is tied by this name after so many changes from elsewhere."""
    return f"{name}.{version}" if version else name


def key_of(name: str) -> str:
    """Return the present key of the widget that is tied by this name."""
    return versioned(name, st.session_state.get(VERSIONS, {}).get(name, 0))


def _given(key: str, changed: Callable[[Any], None]) -> None:
    given = st.session_state[key]
    if given != st.session_state[LAST].get(key):
        _take(key, given, changed)


def _take(key: str, given: Any, changed: Callable[[Any], None]) -> None:
    last, touched = st.session_state[LAST], st.session_state[TOUCHED]
    if given is not None:  # an emptied widget changes nothing
        changed(given)
    last[key] = given
    touched[key] = st.session_state.get(state.STATE)


def bind(
    name: str,
    value: object,
    of: Holder = PAGE,
    *,
    read: Callable[[Any], Mapping[str, object]] | None = None,
) -> dict[str, Any]:
    """Tie a widget to a field; `read` gives the changes that a value means where it is more than the field's."""

    def changed(given: Any) -> None:
        of.change({name: given} if read is None else read(given))

    return tie(f"{of.prefix}.{name}", value, changed)


def presets(
    experiment: Experiment,
    dotted: str,
    label: str,
    usual: Sequence[float],
    help_text: str,
    *,
    none: str | None = None,
    width: int | None = None,
    of: Holder = PAGE,
) -> None:
    """Offer usual values; any other may be typed."""
    if of.hides(dotted):
        return
    value = state.value_of(experiment, dotted)
    texts = [write_text(preset) for preset in usual]
    now = write_text(value)
    if value is not None and now not in texts:
        texts = [write_text(v) for v in sorted([*usual, value])]  # type: ignore[type-var]
    options = [NONE, *texts] if none else texts

    def as_shown(typed: str) -> dict[str, object]:
        return {dotted: typed.replace(",", "").strip()}  # a typed "20,000" is meant as it is shown

    def shown(text: str) -> str:
        if text == NONE and none:
            return none
        return f"{int(text):,}" if text.isdecimal() else text

    extent: dict[str, Any] = {"width": width} if width else {}
    st.selectbox(
        label,
        options,
        format_func=shown,
        help=help_text,
        accept_new_options=True,
        **extent,
        **bind(dotted, now, of, read=as_shown),
    )


def choice(
    experiment: Experiment,
    dotted: str,
    label: str,
    options: Sequence[str],
    shown: Callable[[str], str],
    help_text: str,
    width: int | None = None,
    of: Holder = PAGE,
) -> None:
    """Offer a registry's names."""
    if of.hides(dotted):
        return
    extent: dict[str, Any] = {"width": width} if width else {}
    st.selectbox(
        label,
        options,
        format_func=shown,
        help=help_text,
        **extent,
        **bind(dotted, state.value_of(experiment, dotted), of),
    )


def registered(
    experiment: Experiment,
    dotted: str,
    label: str,
    registry: Mapping[str, Any],
    width: int | None = None,
    of: Holder = PAGE,
) -> None:
    """Offer a registry's entries by their labels, with the help of the one that is chosen."""
    chosen = registry[str(state.value_of(experiment, dotted))]
    choice(experiment, dotted, label, list(registry), lambda name: registry[name].label, chosen.help, width, of)


def toggle(experiment: Experiment, dotted: str, label: str, help_text: str, of: Holder = PAGE) -> None:
    """Offer yes or no."""
    if not of.hides(dotted):
        st.toggle(label, help=help_text, **bind(dotted, state.value_of(experiment, dotted), of))


def whole(
    experiment: Experiment,
    dotted: str,
    label: str,
    help_text: str,
    low: int = 0,
    high: int = 2**31 - 1,
    of: Holder = PAGE,
) -> None:
    """Offer a whole number."""
    if of.hides(dotted):
        return
    st.number_input(
        label, low, high, step=1, help=help_text, **bind(dotted, state.value_of(experiment, dotted), of)
    )


def given_file(key: str) -> UploadedFile | None:
    """Return the file in an uploader; nothing if it is gone, or if a browser only claims to have sent one."""
    file = st.session_state.get(key)
    return file if isinstance(file, UploadedFile) else None


def group(name: str) -> Any:
    """Return a row for a group of settings, under the group's name."""
    box = st.container(key=f"group_{name}", width="content", gap=None)
    box.markdown(name)
    return box.container(horizontal=True, gap="xsmall", vertical_alignment="bottom")


def more(name: str) -> Any:
    """Return a container that is folded away: for what is rarely changed."""
    label = f"More {name} settings"  # style.css shows the icon alone
    return st.popover(label, icon=":material/tune:", help=label, key=f"more_{name}")
