"""Jellyfin's Playback Reporting: `playback_reporting.db`, a table saved from it (`playback_report.csv`), or its backup.

A track is named in one text, `Artist - Title (Album)`; a stamp without a zone is in the server's own (`--zone`). Rows
of another shape are reported, not guessed. Facts: FORMATS.md, Media servers.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import IO

from engine.imports import record as reasons
from engine.imports.database import Rows
from engine.imports.head import Head
from engine.imports.people import of_one_person
from engine.imports.record import Dropped, Options, Play, Record
from engine.imports.registry import Format
from engine.imports.text import Table, rows
from engine.imports.times import iso, iso_moment, milliseconds

_COLUMNS = ("UserId", "ItemType", "ItemName", "DateCreated", "PlayDuration")
_KINDS = {
    "movie": reasons.VIDEO,
    "episode": reasons.VIDEO,
    "video": reasons.VIDEO,
    "musicvideo": reasons.VIDEO,
    "audiobook": reasons.AUDIOBOOK,
    "tvchannel": reasons.RADIO,
}
# The columns of a backup, which names none.
_OF_BACKUP = (
    "DateCreated", "UserId", "ItemId", "ItemType", "ItemName", "PlaybackMethod", "ClientName", "DeviceName",
    "PlayDuration",
)  # fmt: skip
# A play is noted when it has gone on for so many seconds.
_NOTED_AFTER = 20
_NO_NAME = "Not Known"


def parse(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """Every row of the database, of one user."""
    wanted = {f"playbackactivity.{column.lower()}": column for column in _COLUMNS}
    found = Rows(stream).select("PlaybackActivity", wanted)
    cells = ([str(cell or "") for cell in row] for row in found)
    yield from of_one_person(((row[0], _record(row, options.zone)) for row in cells), options)


def parse_table(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """Every row of a table saved from it, of one user."""
    yield from _of_table(rows(stream), options)


def parse_backup(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """Every row of a backup, of one user."""
    yield from _of_table(chain([list(_OF_BACKUP)], rows(stream, "\t")), options)


def _of_table(body: Iterator[list[str]], options: Options) -> Iterator[Record]:
    table = Table(next(body, []))
    cells = ([table.at(row)(column.lower()) for column in _COLUMNS] for row in body)
    yield from of_one_person(((row[0], _record(row, options.zone)) for row in cells), options)


def _record(cells: list[str], zone: str | None) -> Record:
    _, kind, name, at, seconds = cells
    if kind.lower() != "audio":
        return Dropped(_KINDS.get(kind.lower(), reasons.RADIO))
    artist, title, album = _named(name.strip())
    if not artist or not title or artist == _NO_NAME:
        return Dropped(reasons.NO_NAMES)
    start = iso(at.strip(), zone)
    if start is None:
        return Dropped(reasons.NO_TIME)
    played = milliseconds(seconds)
    return Play(
        artist,
        title,
        start - _NOTED_AFTER,
        None if played is None else max(0, played) * 1000,
        None if album == _NO_NAME else album or None,
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


def sniff_backup(head: Head) -> bool:
    """Its columns without their names in one of the first rows, since there are more kinds than are known."""
    return any(_is_of_backup(head.columns_of_line(place, "\t")) for place in range(min(20, len(head.lines))))


def _is_of_backup(cells: list[str]) -> bool:
    """Whether these are a time, three ids, of which one is a kind, a name, three more and seconds."""
    return (
        len(cells) == len(_OF_BACKUP)
        and iso_moment(cells[0].upper()) is not None
        and cells[3] in {"audio", *_KINDS}
        and cells[-1].isdecimal()
    )


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
    Format(
        "jellyfin-backup",
        "Jellyfin Playback Reporting backup",
        "jellyfin",
        sniff_backup,
        parse_backup,
        order=45,
    ),
)
