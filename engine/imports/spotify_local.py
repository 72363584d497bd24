"""Names of a person's own files in Spotify, by whose addresses alone it knows them.

Facts: FORMATS.md, Spotify, account data.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from engine.store.locations import unescaped

# Artist, album, title and seconds: as a URI, or as the link that is copied.
_LOCAL = re.compile(
    r"spotify:local:([^:]*):([^:]*):([^:]*):(\d{0,9})"
    r"|https?://open\.spotify\.com/local/([^/]*)/([^/]*)/([^/]*)/(\d{0,9})"
)


class LocalFile(NamedTuple):
    """What its address says of a file; empty, or 0, what it does not."""

    artist: str
    album: str
    title: str
    seconds: int


def local_file(address: str) -> LocalFile | None:
    """The file with this address, None for any other.

    >>> local_file("spotify:local:Caf%C3%A9+Tundra::Mull:228"), local_file("spotify:track:1a2B3c4D5e6F7g8H9i0J1k")
    (LocalFile(artist='Café Tundra', album='', title='Mull', seconds=228), None)
    """
    found = _LOCAL.fullmatch(address)
    if found is None:
        return None
    *names, seconds = (part for part in found.groups() if part is not None)
    artist, album, title = ((unescaped(name.replace("+", " ")) or "").strip() for name in names)
    return LocalFile(artist, album, title, int(seconds or 0))
