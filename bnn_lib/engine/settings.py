"""What whoever hosts the app may set: environment variables named ``BNN_*``, read once and checked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from bnn_lib.errors import shown

MEGABYTE = 1_000_000


class InvalidSettings(ValueError):
    """An environment variable that cannot be used; the message says which, what it is and what is allowed."""


def available_cores() -> int:
    """Return how many cores this process may use: a container or ``taskset`` may allow fewer than all."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True)
class EngineSettings:
    """How fits are run and where their results are kept.

    Attributes
    ----------
    scheduler : str or None
        Address of a Dask scheduler (``BNN_SCHEDULER``, e.g. ``tcp://host:8786``); None: one of our own, on
        this machine only.
    threads : int
        Fits that our own worker runs at a time (``BNN_THREADS``; default: one a core).
    store : Path
        Folder of finished results (``BNN_STORE``).
    store_bytes : int
        Largest size of that folder in bytes (``BNN_STORE_MB``, in megabytes).
    compile_cache : Path
        Folder of JAX's compiled functions (``BNN_COMPILE_CACHE``, or JAX's ``JAX_COMPILATION_CACHE_DIR``).
    grace_seconds : float
        How long a fit goes on after the last page that wants it is gone (``BNN_GRACE_SECONDS``).
    fit_seconds : float
        How long a fit may take on one core, as estimated before it is queued (``BNN_FIT_SECONDS``).
    preload : str
        Module that our own worker imports before it takes fits; tests of the engine put a light one here.
    """

    scheduler: str | None = None
    threads: int = field(default_factory=available_cores)
    store: Path = field(default_factory=lambda: _cache_folder(os.environ) / "results")
    store_bytes: int = 500 * MEGABYTE
    compile_cache: Path = field(default_factory=lambda: _cache_folder(os.environ) / "compiled")
    grace_seconds: float = 20.0
    fit_seconds: float = 900.0
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
        compiled = _folder(environ, "JAX_COMPILATION_CACHE_DIR", folder / "compiled")
        return cls(
            scheduler=_address(environ, "BNN_SCHEDULER"),
            threads=int(_number(environ, "BNN_THREADS", available_cores(), 1, 256, whole=True)),
            store=_folder(environ, "BNN_STORE", folder / "results"),
            store_bytes=int(_number(environ, "BNN_STORE_MB", 500, 1, 1_000_000) * MEGABYTE),
            compile_cache=_folder(environ, "BNN_COMPILE_CACHE", compiled),
            grace_seconds=_number(environ, "BNN_GRACE_SECONDS", 20, 0, 86_400),
            fit_seconds=_number(environ, "BNN_FIT_SECONDS", 900, 1, 1_000_000),
        )


def _cache_folder(environ: Mapping[str, str]) -> Path:
    base = environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "bnn_lib"


def _folder(environ: Mapping[str, str], name: str, default: Path) -> Path:
    text = environ.get(name, "")
    if "\0" in text:
        raise InvalidSettings(f"{name} is {shown(text)}; allowed: the path of a folder.")
    return Path(text).expanduser() if text else default


def _address(environ: Mapping[str, str], name: str) -> str | None:
    text = environ.get(name, "").strip()
    if not text:
        return None
    message = f"{name} is {shown(text)}; allowed: the address of a Dask scheduler, e.g. tcp://127.0.0.1:8786."
    parts = urlsplit(text)
    try:
        complete = parts.scheme in ("tcp", "tls") and parts.hostname and parts.port
    except ValueError:  # a port that is no number, or too large
        complete = None
    if not complete or parts.path:
        raise InvalidSettings(message)
    return text


def _number(
    environ: Mapping[str, str], name: str, default: float, low: float, high: float, *, whole: bool = False
) -> float:
    text = environ.get(name, "").strip()
    if not text:
        return default
    kind = "a whole number" if whole else "a number"
    message = f"{name} is {shown(text)}; allowed: {kind} from {low:,} to {high:,}."
    try:
        value: float = int(text) if whole else float(text)
    except ValueError:
        raise InvalidSettings(message) from None
    if not low <= value <= high:  # refuses NaN too
        raise InvalidSettings(message)
    return value
