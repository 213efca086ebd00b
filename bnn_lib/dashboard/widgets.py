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


def bind(name: str, value: object, of: Holder = PAGE) -> dict[str, Any]:
    """Tie a widget to a field: its key, its present value, and what to do when it changes."""
    key = f"{of.prefix}.{name}"
    # Set in every run: what is folded away has not been shown yet and would show its default when it is.
    st.session_state[key] = value
    return {"key": key, "on_change": _changed, "args": (of, key, name)}


def _changed(of: Holder, widget_key: str, name: str) -> None:
    value = st.session_state[widget_key]
    if value is not None:  # an emptied widget changes nothing
        of.change({name: value})


def _number_typed(of: Holder, widget_key: str, name: str) -> None:
    # A typed "20,000" is meant as it is shown.
    value = st.session_state[widget_key]
    if value is not None:
        of.change({name: str(value).replace(",", "").strip()})


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
        **bind(dotted, now, of) | {"on_change": _number_typed},
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
