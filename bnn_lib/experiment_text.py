"""The fields of an experiment as text: in a URL, and in the sentence that says what is allowed."""

from __future__ import annotations

import types
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le, MaxLen
from pydantic.fields import FieldInfo

NONE = "none"  # how None and the empty tuple are written: an empty value gets lost in URLs
LONGEST_TEXT = 12_000  # the longest is a painting's


def write_text(value: object) -> str:
    """Write one field's value so that `parse_text` reads the same value."""
    if value is None or value == ():
        return NONE
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ",".join(str(item) for item in value)
    return repr(value) if isinstance(value, float) else str(value)


def parse_text(text: object, annotation: Any) -> object:
    """Read one field's value from text, by the field's type; bounds are not checked here.

    Raises
    ------
    ValueError
        If the text cannot be read as that type.
    """
    if not isinstance(text, str) or len(text) > LONGEST_TEXT:
        raise ValueError("not a text, or too long")
    options, optional = _options(annotation)
    if text == NONE and optional:
        return None
    kind = options[0]
    origin = get_origin(kind)
    if origin is tuple:
        return () if text == NONE else tuple(parse_text(item, get_args(kind)[0]) for item in text.split(","))
    if origin is Literal or kind is str:
        return text
    if kind is bool:
        return {"true": True, "false": False}[text] if text in ("true", "false") else _refuse(text)
    return kind(text)


def _refuse(text: str) -> object:
    raise ValueError(text)


def _options(annotation: Any) -> tuple[list[Any], bool]:
    """The alternatives of a type without None and without annotations, and whether None is one of them."""
    while hasattr(annotation, "__metadata__"):
        annotation = annotation.__origin__
    if get_origin(annotation) not in (Union, types.UnionType):
        return [annotation], False
    parts = get_args(annotation)
    plain = [_options(part)[0][0] for part in parts if part is not type(None)]
    return plain, type(None) in parts


def allowed_text(field: FieldInfo) -> str:
    """Say what a field takes, e.g. "a whole number from 20 to 100,000"."""
    options, optional = _options(field.annotation)
    kind = options[0]
    text = _kind_text(kind, field.metadata)
    return f"{text}, or none" if optional else text


def _kind_text(kind: Any, metadata: list[Any]) -> str:
    low = next((m.ge for m in metadata if isinstance(m, Ge)), None)
    high = next((m.le for m in metadata if isinstance(m, Le)), None)
    bounds = f" from {low:,} to {high:,}" if low is not None else ""
    if get_origin(kind) is Literal:
        return ", ".join(str(name) for name in get_args(kind))
    if get_origin(kind) is tuple:
        item = get_args(kind)[0]
        longest = next((m.max_length for m in metadata if isinstance(m, MaxLen)), None)
        item_metadata = [bound for m in getattr(item, "__metadata__", ()) for bound in getattr(m, "metadata", [m])]
        return f"at most {longest} values, each {_kind_text(_options(item)[0][0], item_metadata)}"
    if kind is bool:
        return "true or false"
    if kind is int:
        return f"a whole number{bounds}"
    if kind is float:
        return f"a number{bounds}"
    if kind is str:
        return "a name"
    return "a mapping of its fields"
