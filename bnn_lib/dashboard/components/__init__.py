"""The page's own components (Streamlit's v2 components): JavaScript and CSS in files, no build step."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

FOLDER = Path(__file__).parent
# What is put in front of each component's own script.
PARTS = {
    "feed": ("shared/shared.js",),
    "look": ("shared/shared.js",),
    "map": ("shared/shared.js", "shared/field.js", "shared/brush.js", "map/controls.js", "map/paint.js"),
    "curves": ("shared/shared.js", "shared/field.js", "shared/brush.js", "curves/controls.js", "curves/paint.js"),
    "surfaces": ("shared/shared.js", "shared/field.js"),
    "elbo": ("shared/shared.js",),
    "network": ("shared/shared.js", "shared/field.js"),
    "datasets": ("shared/shared.js",),
    "dots": ("shared/shared.js",),
    "link": ("shared/shared.js",),
    "functions": ("shared/shared.js", "shared/field.js"),
    "fields": ("shared/shared.js", "shared/field.js"),
    "kernels": ("shared/shared.js", "shared/field.js"),
}


def script(name: str) -> str:
    """Return a component's whole JavaScript module."""
    files = (*PARTS[name], f"{name}/{name}.js")
    return "\n".join((FOLDER / file).read_text(encoding="utf-8") for file in files)


def style(name: str) -> str | None:
    """Return a component's CSS, that of its parts before its own; None if there is none."""
    parts = [part.replace(".js", ".css") for part in PARTS.get(name, ())]
    files = (*parts, f"{name}/{name}.css")
    texts = [(FOLDER / file).read_text(encoding="utf-8") for file in files if (FOLDER / file).exists()]
    return "\n".join(texts) or None


@functools.cache
def component(name: str) -> Callable[..., Any]:
    """Return the function that mounts a component; its files are read once."""
    return st.components.v2.component(f"bnn_{name}", js=script(name), css=style(name))


def show(
    name: str,
    data: dict[str, Any],
    *,
    key: str | None = None,
    width: str = "stretch",
    **callbacks: Callable[[], None],
) -> Any:
    """Mount a component, under its own name as key unless there are several of it."""
    return component(name)(key=key or name, data=data, width=width, **callbacks)
