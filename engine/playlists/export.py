"""Writes a playlist to a file the person names."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.playlists.files import format_of, write
from engine.playlists.playlist import PlaylistTrack
from engine.privacy import Door
from engine.wording import one_or_many, quantity

_LONGEST_NAME = 120  # bytes, so that an ending and a number still fit anywhere
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was written: `tracks` are in the file, `left_out` could not be expressed in its format.

    `note` is a sentence about what was left out, empty when nothing was.
    """

    file: Path
    format: str
    tracks: int
    left_out: int
    note: str


def export_playlist(
    door: Door,
    path: Path,
    tracks: Sequence[PlaylistTrack],
    title: str,
    format: str | None = None,  # noqa: A002 - the option's name
    date: datetime.datetime | None = None,
) -> ExportReport:
    """Write `tracks` to `path`, in the format of its ending unless `format` says otherwise.

    Allowed in a private session, since the person names the file. An existing file is replaced in one step.
    Raises UsageError for an unknown format, DiscoverError when the file cannot be written.
    """
    kind = format.lower() if format else format_of(path)
    written = write(tracks, title, kind, date=date, folder=path.parent)
    door.export(path, written.data)
    return ExportReport(
        path, kind, written.tracks, written.left_out, _note(kind, len(tracks), written.left_out)
    )


def _note(kind: str, tracks: int, left_out: int) -> str:
    if not left_out:
        return ""
    if kind == "uris":
        return (
            f"{left_out:,} of {quantity(tracks, 'tracks have', 'track has')} no Spotify id and "
            f"{one_or_many(left_out, 'were', 'was')} left out."
        )
    return (
        f"{left_out:,} of {quantity(tracks, 'tracks have', 'track has')} no local file; {kind.upper()} can only "
        "list them as comments. For a streaming service, export CSV, TXT or uris."
    )


def safe_file_name(title: str) -> str:
    """`title` as a file name without ending that every system accepts, at most 120 bytes.

    >>> safe_file_name("AC/DC: live?")
    'AC_DC_ live_'
    """
    name = re.sub(
        r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|\u202a-\u202e\u2066-\u2069\ud800-\udfff]', "_", title
    ).strip()
    name = name.encode()[:_LONGEST_NAME].decode(errors="ignore").rstrip(". ")
    if name.startswith("."):
        name = f"_{name[1:]}"
    return f"_{name}" if _DEVICES.fullmatch(name) else name or "playlist"
