"""What whoever hosts the app may set: environment variables named ``BNN_*``, read once and checked.

`VARIABLES` is all of them, and `as_table` writes the table of ``docs/settings.md``.
"""

from __future__ import annotations

import difflib
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from bnn_lib.errors import shown

logger = logging.getLogger(__name__)

PREFIX = "BNN_"
MEGABYTE = 1_000_000
LEVELS = ("debug", "info", "warning", "error")
WORDS = MappingProxyType({"1": True, "on": True, "true": True, "0": False, "off": False, "false": False})


class InvalidSettings(ValueError):
    """An environment variable that cannot be used; the message says which, what it is and what is allowed."""


def available_cores() -> int:
    """Return how many cores this process may use: a container or ``taskset`` may allow fewer than all."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True)
class EngineSettings:
    """How fits are run, what they may cost, and where their results are kept.

    Attributes
    ----------
    scheduler : str or None
        Address of a Dask scheduler; None: one of our own, on this machine only.
    threads : int
        Fits that our own worker runs at a time.
    store : Path
        Folder of finished results.
    store_bytes : int
        Largest size of that folder.
    compile_cache : Path
        Folder of JAX's compiled functions.
    queue_length : int
        Fits that may wait at a time.
    session_fits : int
        Fits that one session may have waiting and running at a time.
    max_weights, max_rows, max_steps : int
        Of one fit: weights and biases, training rows, and steps (of NUTS: of each chain).
    fit_seconds : float
        How long a fit may take on one core, as estimated before it is queued.
    fit_bytes : int
        How much memory a fit may take beside the worker's own, by estimate.
    grace_seconds : float
        How long a fit goes on after the last page that wants it is gone.
    upload_megabytes : int
        Largest file that a visitor may send.
    lessons : Path or None
        Folder of lessons beside ours.
    operations : bool
        Whether there is a page for whoever hosts the app. Every visitor can see it.
    log_level : str
        Least level of our own log's lines: "debug", "info", "warning" or "error".
    preload : str
        Module that our own worker imports before it takes fits; tests of the engine put a light one here.
    """

    scheduler: str | None = None
    threads: int = field(default_factory=available_cores)
    store: Path = field(default_factory=lambda: _cache_folder(os.environ) / "results")
    store_bytes: int = 500 * MEGABYTE
    compile_cache: Path = field(default_factory=lambda: _cache_folder(os.environ) / "compiled")
    queue_length: int = 200
    session_fits: int = 12
    max_weights: int = 100_000
    max_rows: int = 100_000
    max_steps: int = 1_000_000
    fit_seconds: float = 900.0
    fit_bytes: int = 2000 * MEGABYTE
    grace_seconds: float = 20.0
    upload_megabytes: int = 5
    lessons: Path | None = None
    operations: bool = False
    log_level: str = "info"
    preload: str = "bnn_lib.engine.preload"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> EngineSettings:
        """Read the settings; a variable that is empty counts as not set.

        Raises
        ------
        InvalidSettings
            Naming the variable, what it is and what is allowed.
        """
        folder = _cache_folder(environ)
        compiled = environ.get("JAX_COMPILATION_CACHE_DIR") or folder / "compiled"
        values: dict[str, Any] = {"store": folder / "results", "compile_cache": Path(compiled)}
        for name, variable in VARIABLES.items():
            text = environ.get(name, "").strip()
            if not text:
                continue
            try:
                values[variable.field] = variable.read(text)
            except ValueError:
                raise InvalidSettings(f"{name} is {shown(text)}; allowed: {variable.allowed}.") from None
        return cls(**values)


@dataclass(frozen=True)
class Variable:
    """One environment variable.

    Attributes
    ----------
    field : str
        Of `EngineSettings`.
    meaning, default, allowed : str
        For the reader: of the table, and of the message when a value is refused.
    read : callable
        From text to value; a ValueError where that cannot be.
    """

    field: str
    meaning: str
    default: str
    allowed: str
    read: Callable[[str], object]


def _number(
    field: str, meaning: str, low: float, high: float, *, whole: bool = True, scale: int = 1, default: str = ""
) -> Variable:
    def read(text: str) -> float:
        value: float = int(text) if whole else float(text)
        if not low <= value <= high:  # refuses NaN too
            raise ValueError
        return int(value * scale) if scale != 1 else value

    usual = default or f"{getattr(EngineSettings, field) / scale:,.0f}"
    allowed = f"a {'whole ' if whole else ''}number from {low:,} to {high:,}"
    return Variable(field, meaning, usual, allowed, read)


def _folder(field: str, meaning: str, default: str, *, to_read: bool = False) -> Variable:
    def read(text: str) -> Path:
        if "\0" in text:
            raise ValueError
        try:
            path = Path(text).expanduser()
        except RuntimeError as error:  # "~somebody", of whom the machine does not know
            raise ValueError from error
        if to_read and not (os.path.isdir(path) and os.access(path, os.R_OK | os.X_OK)):
            raise ValueError
        return path

    allowed = f"the path of a folder{' that is there and may be read' if to_read else ''}"
    return Variable(field, meaning, default, allowed, read)


def _address(text: str) -> str:
    parts = urlsplit(text)  # a ValueError, as is that of a port that is no number or too large
    if parts.scheme not in ("tcp", "tls") or not parts.hostname or not parts.port or parts.path:
        raise ValueError
    return text


def _level(text: str) -> str:
    if text.lower() not in LEVELS:
        raise ValueError
    return text.lower()


def _switch(text: str) -> bool:
    if text.lower() not in WORDS:
        raise ValueError
    return WORDS[text.lower()]


VARIABLES: Mapping[str, Variable] = MappingProxyType(
    {
        "BNN_SCHEDULER": Variable(
            "scheduler",
            "Dask scheduler that runs the fits",
            "none: one of our own, on loopback",
            "the address of a Dask scheduler, e.g. tcp://127.0.0.1:8786",
            _address,
        ),
        "BNN_THREADS": _number("threads", "fits that our own worker runs at a time", 1, 256, default="one a core"),
        "BNN_STORE": _folder("store", "folder of finished results", "`~/.cache/bnn_lib/results`"),
        "BNN_STORE_MB": _number(
            "store_bytes", "largest size of that folder, in MB", 1, 1_000_000, whole=False, scale=MEGABYTE
        ),
        "BNN_COMPILE_CACHE": _folder(
            "compile_cache",
            "folder of compiled functions, at most 300 MB",
            "JAX's, or `~/.cache/bnn_lib/compiled`",
        ),
        "BNN_QUEUE": _number("queue_length", "fits that may wait at a time, in each web process", 1, 100_000),
        "BNN_SESSION_FITS": _number(
            "session_fits", "fits that a tab may have waiting and running; comparing takes six", 1, 1000
        ),
        "BNN_MAX_WEIGHTS": _number("max_weights", "largest network: weights and biases", 1, 10_000_000),
        "BNN_MAX_ROWS": _number("max_rows", "most training rows of a fit", 1, 100_000),
        "BNN_MAX_STEPS": _number("max_steps", "most steps of a fit", 1, 1_000_000),
        "BNN_FIT_SECONDS": _number(
            "fit_seconds", "longest fit, in seconds on one core, by estimate", 1, 1_000_000, whole=False
        ),
        "BNN_FIT_MB": _number(
            "fit_bytes", "most memory that a fit adds, in MB, by estimate", 1, 1_000_000, scale=MEGABYTE
        ),
        "BNN_GRACE_SECONDS": _number(
            "grace_seconds", "seconds for which a fit goes on after its last page has gone", 0, 86_400, whole=False
        ),
        "BNN_UPLOAD_MB": _number("upload_megabytes", "largest file that a visitor may send, in MB", 1, 5),
        "BNN_LESSONS": _folder("lessons", "folder of lessons of one's own, after ours", "none", to_read=True),
        "BNN_OPERATIONS": Variable(
            "operations", "a page of what the server does, for every visitor to see", "off", "on or off", _switch
        ),
        "BNN_LOG": Variable(
            "log_level", "least level of our own log's lines", "info", f"one of {', '.join(LEVELS)}", _level
        ),
    }
)


def as_table() -> str:
    """Return the variables as a table in Markdown."""
    rows = [("Variable", "Meaning", "Default", "Allowed"), ("---",) * 4]
    rows += [(f"`{name}`", v.meaning, v.default, v.allowed) for name, v in VARIABLES.items()]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cache_folder(environ: Mapping[str, str]) -> Path:
    base = environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "bnn_lib"


def warn_of_unknown(environ: Mapping[str, str]) -> None:
    """Name what is probably a misspelling; it may as well be another program's variable, so it is no error."""
    for name in environ:
        if name.startswith(PREFIX) and name not in VARIABLES:
            near = difflib.get_close_matches(name, VARIABLES, 1)
            logger.warning(
                "environment variable ignored name=%s%s", shown(name), f" nearest={near[0]}" if near else ""
            )
