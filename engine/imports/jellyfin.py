"""Jellyfin's Playback Reporting: `playback_reporting.db`, or a table saved from it (`playback_report.csv`).

A track is named in one text, `Artist - Title (Album)`, and stamped in the server's own zone (`--zone`). Neither is
documented; rows of another shape are reported, not guessed. Facts: FORMATS.md, Media servers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from engine.imports import record as reasons
from engine.imports.database import Rows
from engine.imports.head import Head
from engine.imports.people import of_one_person
from engine.imports.record import Dropped, Options, Play, Record
from engine.imports.registry import Format
from engine.imports.text import Table, rows
from engine.imports.times import iso, milliseconds

_COLUMNS = ("UserId", "ItemType", "ItemName", "DateCreated", "PlayDuration")
_KINDS = {
    "movie": reasons.VIDEO,
    "episode": reasons.VIDEO,
    "video": reasons.VIDEO,
    "audiobook": reasons.AUDIOBOOK,
    "tvchannel": reasons.RADIO,
}


def parse(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """Every row of the database, of one user."""
    wanted = {f"playbackactivity.{column.lower()}": column for column in _COLUMNS}
    found = Rows(stream).select("PlaybackActivity", wanted)
    cells = ([str(cell or "") for cell in row] for row in found)
    yield from of_one_person(((row[0], _record(row, options.zone)) for row in cells), options)


def parse_table(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """Every row of a table saved from it, of one user."""
    body = rows(stream)
    table = Table(next(body, []))
    cells = ([table.at(row)(column.lower()) for column in _COLUMNS] for row in body)
    yield from of_one_person(((row[0], _record(row, options.zone)) for row in cells), options)


def _record(cells: list[str], zone: str | None) -> Record:
    _, kind, name, at, seconds = cells
    if kind.lower() != "audio":
        return Dropped(_KINDS.get(kind.lower(), reasons.RADIO))
    artist, title, album = _named(name.strip())
    if not artist or not title:
        return Dropped(reasons.NO_NAMES)
    start = iso(at.strip(), zone)
    if start is None:
        return Dropped(reasons.NO_TIME)
    played = milliseconds(seconds)
    return Play(
        artist,
        title,
        start,
        None if played is None else max(0, played) * 1000,
        album or None,
    )


def _named(name: str) -> tuple[str, str, str]:
    """Artist, title and album of `Artist - Title (Album)`; empty what is not there."""
    artist, _, rest = name.partition(" - ")
    title, opened, album = rest.rpartition(" (")
    album = album.removesuffix(")") if album.endswith(")") else "("
    return (
        (artist, rest, "") if not opened or not title or {"(", ")"} & set(album) else (artist, title, album)
    )


def sniff(head: Head) -> bool:
    """A database with its one table."""
    return "playbackactivity" in head.tables


def sniff_table(head: Head) -> bool:
    """Its columns."""
    return head.has_columns("itemname", "itemtype", "datecreated", "playduration")


FORMATS = (
    Format("jellyfin", "Jellyfin Playback Reporting database", "jellyfin", sniff, parse, order=45),
    Format(
        "jellyfin-csv",
        "Jellyfin Playback Reporting table",
        "jellyfin",
        sniff_table,
        parse_table,
        marks=("itemname", "itemtype", "datecreated", "playduration"),
        order=45,
    ),
)
