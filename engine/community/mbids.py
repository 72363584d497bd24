"""MusicBrainz ids as bytes, and which artists and recordings packs and library know by them."""

from __future__ import annotations

MBID_BYTES = 16
_NONE = bytes(MBID_BYTES)


def mbid_bytes(text: str) -> bytes:
    """An id's 16 bytes; zeros where it is not one.

    >>> mbid_bytes("0000000a-0000-4000-8000-000000000001").hex(), any(mbid_bytes("x"))
    ('0000000a000040008000000000000001', False)
    """
    try:
        found = bytes.fromhex(text.replace("-", ""))
    except ValueError:
        return _NONE
    return found if len(found) == MBID_BYTES else _NONE
