"""The library's errors: bad input meets one sentence that says what was received and what is allowed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One field that cannot be used.

    Attributes
    ----------
    field : str
        Dotted name, e.g. ``"prior.scale"``; empty where the whole value is wrong.
    message : str
        One sentence: what was received and what is allowed.
    """

    field: str
    message: str


class InvalidExperiment(ValueError):
    """An experiment that cannot be run as described.

    Parameters
    ----------
    problems : list of Problem
        Every field that is wrong, in the order of the fields.
    """

    def __init__(self, problems: list[Problem] | str) -> None:
        if isinstance(problems, str):
            problems = [Problem("", problems)]
        self.problems = tuple(problems)
        super().__init__(" ".join(problem.message for problem in self.problems))

    def __reduce__(self) -> tuple[type[InvalidExperiment], tuple[list[Problem]]]:
        # Errors travel between worker and web process; the default reduction would pass the joined string.
        return type(self), (list(self.problems),)


class InvalidData(ValueError):
    """Data, or a file, that cannot be used; the message says why in one sentence."""


def shown(value: object, limit: int = 60) -> str:
    """Return ``repr(value)`` cut to about `limit` characters, for use in messages.

    A long string is cut before it is turned into its repr, so ten megabytes cost nothing.
    """
    if isinstance(value, str | bytes) and len(value) > limit:
        return f"{value[:limit]!r}... ({len(value):,} characters)"
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 4 * limit:
        return f"a whole number of {value.bit_length():,} bits"
    text = repr(value)
    return text if len(text) <= limit else f"{text[:limit]}..."


def check_kind(value: object, name: str, kind: type, *, optional: bool = False) -> None:
    """Refuse an argument that is no `kind` of this library's; None passes if it is `optional`."""
    if not isinstance(value, kind) and not (optional and value is None):
        error = InvalidExperiment if name == "experiment" else InvalidData
        raise error(f"{name} is {shown(value)}; allowed: {kind.__name__}{' or None' if optional else ''}.")


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return ``"1 row"`` or ``"2,000 rows"``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


class FitFailed(ValueError, ArithmeticError):
    """A fit whose numbers ran away; the message says at which step, and what usually helps.

    A `ValueError` like all of the library's: settings that lead there are what is to be changed.
    """
