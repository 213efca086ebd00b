"""Bytes with a checksum: what is read back is what was written, or it is refused."""

from __future__ import annotations

import hashlib

from bnn_lib.errors import InvalidData

DIGEST_LENGTH = hashlib.sha256().digest_size


def seal(magic: bytes, payload: bytes) -> bytes:
    """Return `magic`, the SHA-256 of `payload`, and `payload`."""
    return magic + hashlib.sha256(payload).digest() + payload


def unseal(magic: bytes, content: bytes) -> memoryview:
    """Return the payload of what `seal` wrote, without copying it.

    Raises
    ------
    InvalidData
        If `content` begins otherwise, is cut short or was changed.
    """
    if not content.startswith(magic):
        raise InvalidData("This is not a stored result, or one of another version.")
    start = len(magic) + DIGEST_LENGTH
    payload = memoryview(content)[start:]
    if hashlib.sha256(payload).digest() != content[len(magic) : start]:
        raise InvalidData("This stored result is damaged: its checksum does not match.")
    return payload
