"""Playlist files: one module a format, all turning tracks into bytes the same way.

Every writer is deterministic: the same tracks, title and date give the same bytes. Text is UTF-8 with LF.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from pathlib import Path

from engine.errors import UsageError
from engine.playlists.files import (
    comma_separated,
    jspf,
    m3u8,
    own_json,
    plain_text,
    pls,
    spotify_uris,
    xspf,
)
from engine.playlists.files.written import Place, Written
from engine.playlists.playlist import PlaylistTrack

__all__ = ["FORMATS", "Written", "format_of", "write"]

Writer = Callable[[Sequence[PlaylistTrack], str, "datetime.datetime | None", "Place | None"], Written]

# CSV with names that a spreadsheet would run as formulas: no file's ending asks for it.
AS_IS = "csv-as-is"
FORMATS: dict[str, Writer] = {
    "m3u8": m3u8.write,
    "xspf": xspf.write,
    "jspf": jspf.write,
    "pls": pls.write,
    "csv": comma_separated.write,
    AS_IS: comma_separated.write_as_is,
    "json": own_json.write,
    "txt": plain_text.write,
    "uris": spotify_uris.write,
}
_ENDINGS = {f".{name}": name for name in FORMATS if name != AS_IS} | {".m3u": "m3u8"}


def format_of(path: Path) -> str:
    """The format a file's ending asks for. Raises UsageError, naming those there are.

    >>> format_of(Path("Evening run.M3U8"))
    'm3u8'
    """
    found = "jspf" if path.name.lower().endswith(".jspf.json") else _ENDINGS.get(path.suffix.lower())
    if found is None:
        known = ", ".join(_ENDINGS)
        raise UsageError(
            f"{path.name} does not have the extension of a playlist format. Use one of {known}, or --format."
        )
    return found


def write(
    tracks: Sequence[PlaylistTrack],
    title: str,
    format: str,  # noqa: A002 - the option's name
    date: datetime.datetime | None = None,
    folder: Path | None = None,
    music: Sequence[Path] = (),
) -> Written:
    """The playlist as a file of `format`, with the number of tracks that format could not express.

    `date` is written where the format has a place for it, and left out when None. `folder` is where the file will lie:
    local files below it, or beside it in one of the folders of `music`, are named relative to it. Raises UsageError for
    an unknown format.
    """
    writer = FORMATS.get(format)
    if writer is None:
        raise UsageError(f"Unknown playlist format “{format}”. Formats: {', '.join(FORMATS)}.")
    return writer(tracks, title, date, Place.of(folder, music) if folder is not None else None)
