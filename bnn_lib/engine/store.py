"""Finished results on disk, by key: limited in size, shared by processes, safe against damage.

A file is written beside its place and then renamed, so a reader sees all of it or none of it. Files are
sealed with a checksum, and one that does not match is removed and counts as absent. Nothing is unpickled.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import threading
import time
import uuid
from collections import OrderedDict
from pathlib import Path

from bnn_lib.engine.sealed import seal, unseal
from bnn_lib.errors import InvalidData, shown

logger = logging.getLogger(__name__)

MAGIC = b"BNN result 1\n"
SUFFIX = ".result"
KEY_PATTERN = re.compile(r"[0-9a-f]{8,128}")
ABANDONED_SECONDS = 3600.0  # a temporary file older than this belongs to a writer that died


class ResultStore:
    """Bytes by key in one folder, the least recently used leaving first.

    Where the folder cannot be written, results are kept in memory instead, and `warning` says so.

    Parameters
    ----------
    folder : Path
        Made when the first result is written.
    max_bytes : int
        Largest total size of the stored files.
    memory_bytes : int
        Largest total size of what is kept in memory while the folder cannot be written.
    version : str
        Results of another version are not seen; in time they are the least recently used, and leave.
    """

    def __init__(self, folder: Path, max_bytes: int, memory_bytes: int = 64_000_000, *, version: str = "") -> None:
        self._folder = folder
        self._version = version
        self._max_bytes = max_bytes
        self._memory_bytes = memory_bytes
        self._memory: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()
        self._warning: str | None = None

    @property
    def warning(self) -> str | None:
        """One sentence for the page while results cannot be written to disk, else None."""
        return self._warning

    def get(self, key: str) -> bytes | None:
        """Return what was put under `key`, or None.

        Raises
        ------
        InvalidData
            If `key` is not a key.
        """
        path = self._path(key)
        with self._lock:
            if key in self._memory:
                self._memory.move_to_end(key)
                return self._memory[key]
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            logger.warning("result unreadable key=%s error=%s", key, error)
            return None
        try:
            payload = bytes(unseal(MAGIC, content))
        except InvalidData as error:
            logger.warning("result damaged, removed key=%s bytes=%d error=%s", key, len(content), error)
            self.remove(key)
            return None
        _mark_used(path)
        return payload

    def put(self, key: str, payload: bytes) -> bool:
        """Keep `payload` under `key`; return whether it is on disk (else it is in memory, if small enough).

        Raises
        ------
        InvalidData
            If `key` is not a key.
        """
        path = self._path(key)
        content = seal(MAGIC, payload)
        if len(content) > self._max_bytes:
            self._keep_in_memory(key, payload, "the result is larger than the store")
            return False
        temporary = path.with_name(f".{key}.{os.getpid()}.{uuid.uuid4().hex}.tmp")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._make_room(len(content), besides=path)
            temporary.write_bytes(content)
            os.replace(temporary, path)
        except OSError as error:
            _discard(temporary)
            self._keep_in_memory(key, payload, error.strerror or type(error).__name__)
            return False
        with self._lock:
            self._memory.pop(key, None)
            self._warning = None
        return True

    def remove(self, key: str) -> None:
        """Forget `key`, as far as the folder allows it."""
        path = self._path(key)
        with self._lock:
            self._memory.pop(key, None)
        _discard(path)

    def size(self) -> int:
        """Return the total size of the stored files in bytes; of a folder that cannot be read, 0."""
        try:
            return sum(size for _, size, _ in self._entries())
        except OSError as error:
            logger.debug("store not listed folder=%s error=%s", self._folder, error)
            return 0

    def _path(self, key: str) -> Path:
        # Keys come from URLs in the end: nothing but a hash ever becomes part of a path.
        if not isinstance(key, str) or not KEY_PATTERN.fullmatch(key):
            raise InvalidData(f"A result's key is {shown(key)}; allowed: 8 to 128 hexadecimal digits.")
        if self._version:
            key = hashlib.sha256(f"{key} {self._version}".encode()).hexdigest()
        return self._folder / f"{key}{SUFFIX}"

    def _entries(self) -> list[tuple[float, int, Path]]:
        """(last use, size, path) of every stored file, the least recently used first."""
        entries = []
        try:
            with os.scandir(self._folder) as listing:
                for entry in listing:
                    if not entry.name.endswith((SUFFIX, ".tmp")):
                        continue  # somebody else's file: neither counted nor removed
                    try:
                        status = entry.stat(follow_symlinks=False)
                    except OSError:
                        continue  # another process has just removed it
                    path = Path(entry.path)
                    if entry.name.endswith(SUFFIX):
                        entries.append((status.st_mtime, status.st_size, path))
                    elif time.time() - status.st_mtime > ABANDONED_SECONDS:
                        _discard(path)
        except FileNotFoundError:
            return []
        return sorted(entries)

    def _make_room(self, needed: int, besides: Path) -> None:
        entries = [entry for entry in self._entries() if entry[2] != besides]
        excess = sum(size for _, size, _ in entries) + needed - self._max_bytes
        for _, size, path in entries:
            if excess <= 0:
                return
            if _discard(path):
                logger.info("result evicted key=%s bytes=%d", path.stem, size)
                excess -= size

    def _keep_in_memory(self, key: str, payload: bytes, reason: str) -> None:
        logger.warning("result not stored key=%s folder=%s reason=%s", key, self._folder, reason)
        with self._lock:
            self._warning = f"Results cannot be saved on the server ({reason}), so they are lost when it restarts."
            self._memory.pop(key, None)
            self._memory[key] = payload
            while sum(map(len, self._memory.values())) > self._memory_bytes:
                self._memory.popitem(last=False)


def _mark_used(path: Path) -> None:
    try:
        os.utime(path)
    except OSError as error:
        # A folder that is read-only, or a file that another process has just removed: recency is only a hint.
        logger.debug("result not marked as used path=%s error=%s", path, error)


def _discard(path: Path) -> bool:
    """Remove a file; return whether it is gone."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        logger.warning("file not removed path=%s error=%s", path, error)
        return False
    return True
