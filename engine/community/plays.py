"""Rows of tables of who plays what: columns for the listener or playlist, the artist, and the plays or a title.

With titles the items are tracks, without them artists. Tables are CSV, JSON Lines or Parquet; the two published Last.fm
sets have no header: 360K (listener, id, artist, plays) and 1K (listener, time, id, artist, id, title), where every line
is a play. Ids are not kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.canonical_keys import first_artist
from engine.community.files import DataFile
from engine.community.named_files import lines_of
from engine.community.rows import Gathering, Row, Rows, count_in
from engine.community.tables import cell_of, columns_of, read_table, tables
from engine.errors import UnreadableFileError
from engine.spreadsheet import is_own

ROLES: dict[str, tuple[str, ...]] = {
    "listener": (
        "playlist_id",
        "playlist_uri",
        "playlist",
        "playlist_name",
        "user_id",
        "userid",
        "user",
        "listener_id",
        "listener",
    ),
    "artist": ("track_artist", "artist_name_s", "artist_name", "artist", "artists"),
    "track": ("track_name", "track", "song_name", "song_title", "song", "title"),
    "plays": ("plays", "play_count", "playcount", "listen_count", "listens", "scrobbles", "count"),
    "genre": ("playlist_subgenre", "subgenre", "genre", "genres", "tags", "playlist_genre"),
    "artist_ids": ("artist_uri_s", "artist_ids"),
}
_OF_TRACKS, _OF_ARTISTS = ("listener", "artist", "track"), ("listener", "artist", "plays")


@dataclass(frozen=True)
class _Published:
    """A set without a header: how a line begins, in which of its `fields` artist and plays (null: a line is one) stand,
    and when it was collected."""

    line: re.Pattern[str]
    fields: int
    artist: int
    plays: int | None
    collected: str


_PUBLISHED = (
    _Published(re.compile(r"[0-9a-f]{40}\t[^\t\n]*\t[^\t\n]+\t *\d+ *\r?(\n|$)"), 4, 2, 3, "2008"),
    _Published(
        re.compile(r"user_\d{6}\t\d{4}-\d\d-\d\dT[^\t\n]*\t[^\t\n]*\t[^\t\n]+\t[^\t\n]*\t[^\n]*(\n|$)"),
        6,
        3,
        None,
        "2009",
    ),
)


def _tracks_recognised(path: Path) -> bool:
    return any(_has(table, _OF_TRACKS) for table in _tables(path))


def _plays_recognised(path: Path) -> bool:
    return any(_published(table) or _has_plays(table) for table in _tables(path))


def _tables(path: Path) -> list[DataFile]:
    try:
        return tables(path)
    except UnreadableFileError:
        return []


def _has(table: DataFile, roles: Sequence[str]) -> bool:
    try:
        with read_table(table) as (header, _):
            columns = columns_of(header, ROLES)
    except UnreadableFileError:
        return False
    return all(role in columns for role in roles)


def _has_plays(table: DataFile) -> bool:
    return _has(table, _OF_ARTISTS) and not _has(table, ("track",))


def _published(table: DataFile) -> _Published | None:
    """The published set without a header that a table is of."""
    try:
        start = table.beginning(1 << 12).decode("utf-8", "replace")
    except UnreadableFileError:
        return None
    return next((form for form in _PUBLISHED if form.line.match(start)), None)


def _track_rows(path: Path, into: Gathering) -> Iterator[Row]:
    """The lines of every table with the columns, and the genres of their tracks."""
    for table in tables(path):
        if not _has(table, _OF_TRACKS):
            continue
        with read_table(table, into.reading) as (header, rows):
            columns, own = columns_of(header, ROLES), is_own(header)
            for cells in rows:
                cell = {role: cell_of(cells, place) for role, place in columns.items()}
                artist, track = cell["artist"], cell["track"]
                if not own:
                    artist = first_artist(artist, cell.get("artist_ids", ""))
                plays = count_in(cell["plays"]) if "plays" in cell else None
                # Tables made with R write NA for a missing name; alone it may be a name, in both places it is missing.
                if not track or artist == track == "NA":
                    into.reading.refuse("no artist or title")
                elif "plays" in cell and plays is None:
                    into.reading.refuse("no plays")
                else:
                    yield cell["listener"], artist, track, plays
                    for word in filter(
                        None, (word.strip().lower() for word in cell.get("genre", "").split(";"))
                    ):
                        into.tag(artist, track, word)


def _artist_rows(path: Path, into: Gathering) -> Iterator[Row]:
    """The lines of every table with the columns, and of the published sets."""
    for table in tables(path):
        if (form := _published(table)) is not None:
            yield from _published_rows(table, form, into)
        elif _has_plays(table):
            with read_table(table, into.reading) as (header, rows):
                columns = columns_of(header, ROLES)
                for cells in rows:
                    listener, artist, plays = (cell_of(cells, columns[role]) for role in _OF_ARTISTS)
                    if (count := count_in(plays)) is None:
                        into.reading.refuse("no plays")
                    else:
                        yield listener, artist, "", count


def _published_rows(table: DataFile, form: _Published, into: Gathering) -> Iterator[Row]:
    into.collected, into.licence = form.collected, "for non-commercial use"
    for line in lines_of(table, into.reading):
        # No quotes in these: a lone one is part of a name.
        cells = line.split("\t")
        if len(cells) != form.fields:
            into.reading.refuse(f"not {form.fields} columns")
        elif (plays := 1.0 if form.plays is None else count_in(cells[form.plays])) is None:
            into.reading.refuse("no plays")
        else:
            yield cells[0].strip(), cells[form.artist].replace("\x00", ""), "", plays


PLAYLISTS = Rows(
    "playlists",
    "tracks by playlist or listener (a table with playlist, artist and track)",
    "tracks",
    _tracks_recognised,
    _track_rows,
    "has no line with a playlist or listener, an artist and a track. Name the columns like these: "
    "playlist,artist,track.",
)
PLAYS = Rows(
    "plays",
    "plays by listener and artist (a table with user, artist and plays, or Last.fm 360K or 1K)",
    "artists",
    _plays_recognised,
    _artist_rows,
    "has no line with a listener, an artist and plays. Name the columns like these: user,artist,plays.",
)
