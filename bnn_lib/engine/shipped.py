"""Results that come with the app: who comes first sees them while the workers still start."""

from __future__ import annotations

import logging
from pathlib import Path

logger = logging.getLogger(__name__)


def shipped_path(folder: Path, key: str, version: int) -> Path:
    """Return where the result of `key` is, as that version of our code computes it."""
    return folder / f"{key}.{version}.picture"


def shipped_result(folder: Path | None, key: str, version: int) -> bytes | None:
    """Return a result that comes with the app, None if there is none.

    Parameters
    ----------
    folder : Path or None
    key : str
        A key that a store has taken: it becomes part of a path.
    version : int
    """
    if folder is None:
        return None
    path = shipped_path(folder, key, version)
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        logger.warning("shipped result unreadable path=%s error=%s", path, error)
        return None
