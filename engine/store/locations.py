"""The path of a file, from the `file://` address or the path that a music player stores."""

from __future__ import annotations

import re

from engine.store.play import Ids

_ADDRESS = re.compile(r"file://(?P<host>[^/]*)(?P<path>/.*)", re.IGNORECASE | re.DOTALL)
_ESCAPED = re.compile(rb"%([0-9A-Fa-f]{2})")
_DRIVE = re.compile(r"/[A-Za-z]:/")
_PATH = re.compile(r"/|[A-Za-z]:[/\\]|\\\\")


def path_of(address: str) -> str | None:
    """The local path; None if it is not a local file, or not UTF-8.

    >>> path_of("file:///music/Caf%C3%A9/01.ogg"), path_of("file://localhost/C:/music/02%20Roof.mp3")
    ('/music/Café/01.ogg', 'C:/music/02 Roof.mp3')
    >>> path_of("file://server/share/a.mp3"), path_of("http://radio.example/live"), path_of("file:///a%FF.ogg")
    ('//server/share/a.mp3', None, None)
    >>> path_of("/music/100%25.ogg"), path_of("C:/music/a.mp3"), path_of("Burel/a.mp3")
    ('/music/100%25.ogg', 'C:/music/a.mp3', None)
    """
    found = _ADDRESS.fullmatch(address)
    if found is None:
        return address if _PATH.match(address) else None
    path = unescaped(found["path"])
    if path is None:
        return None
    if found["host"] and found["host"].lower() != "localhost":
        return f"//{found['host']}{path}"
    return path[1:] if _DRIVE.match(path) else path


def unescaped(path: str) -> str | None:
    """The path that a part of an address stands for; None if it is not UTF-8.

    >>> unescaped("Caf%C3%A9/100%25.ogg"), unescaped("%FF.ogg")
    ('Café/100%.ogg', None)
    """
    try:
        return _ESCAPED.sub(lambda code: bytes.fromhex(code[1].decode()), path.encode()).decode()
    except UnicodeError:
        return None


def file_ids(address: str | None) -> Ids:
    """The id by which playlists find a track's file; none if the address is not of a file."""
    path = path_of(address) if address else None
    return (("file", path),) if path else ()
