"""A program in parts, each with a heading and a word on what it does: a script or a notebook is made of them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

WIDTH = 105


@dataclass(frozen=True)
class Cell:
    """A part of a program.

    Attributes
    ----------
    title : str
    text : str
        What it does, in a sentence or two. Neither has words of a user's in it.
    code : str
    guarded : bool
        Whether a script may run it only where it is the main program.
    """

    title: str
    text: str
    code: str
    guarded: bool = False


def wrapped(items: Iterable[str], indent: str = "    ") -> str:
    """Return items as lines of a list, with commas between them."""
    return textwrap.fill(
        ", ".join(items),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
