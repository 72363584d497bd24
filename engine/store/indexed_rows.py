"""Rows of a damaged library that its indexes still have, where the pages of the table itself are lost.

An index has a few columns of each row. With them an artist's name and a track's title are known in small letters, a
playlist by its name, and a listen or skip by its track and time; of which file it was, and by what clock, is what the
nearest row left says. Playlists, likes, music files, a backup or community data may have the names as they were.
"""

from __future__ import annotations

import contextlib
import sqlite3
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.canonical_keys import artist_key, track_key


class _Indexed(NamedTuple):
    """A table, its indexes with enough of each row, and the columns they have, and those that the nearest row gives."""

    table: str
    indexes: tuple[str, ...]
    columns: tuple[str, ...]
    # Columns with the value of another.
    same: tuple[tuple[str, str], ...] = ()
    nearest: tuple[str, ...] = ()
    # Columns of which nothing is known, with what stands in for them.
    unknown: tuple[tuple[str, object], ...] = ()


_INDEXED = (
    _Indexed("artists", ("sqlite_autoindex_artists_1",), ("key",), same=(("name", "key"),)),
    _Indexed("tracks", ("sqlite_autoindex_tracks_1",), ("artist_id", "key"), same=(("title", "key"),)),
    _Indexed(
        "listens",
        ("listens_by_track", "listens_by_time"),
        ("track_id", "started_at", "plays"),
        nearest=("import_id", "source", "precision", "flags"),
    ),
    _Indexed(
        "playlists",
        ("sqlite_autoindex_playlists_1",),
        ("name",),
        unknown=(("context", ""), ("settings", "{}"), ("at", 0)),
    ),
    _Indexed("skips", ("skips_by_track",), ("track_id", "started_at"), nearest=("import_id", "source")),
)


def add_indexed_rows(damaged: sqlite3.Connection, rebuilt: sqlite3.Connection) -> dict[str, list[int]]:
    """Add the rows that the tables of `rebuilt` lack and the indexes of `damaged` have: their ids, by table."""
    added: dict[str, list[int]] = {}
    for of in _INDEXED:
        there = [row[0] for row in rebuilt.execute(f"SELECT id FROM {of.table} ORDER BY id")]  # noqa: S608 - fixed names
        known = set(there)
        columns = ("id", *of.columns, *(name for name, _ in of.same), *of.nearest, *dict(of.unknown))
        insert = f"INSERT OR IGNORE INTO {of.table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608 - fixed names
        same = [of.columns.index(column) for _, column in of.same]
        for number, *values in _rows(damaged, of):
            if number not in known:
                known.add(number)
                row = (
                    number,
                    *values,
                    *(values[at] for at in same),
                    *_of_nearest(rebuilt, of, there, number),
                    *dict(of.unknown).values(),
                )
                # A row that violates the table's constraints is damaged.
                with contextlib.suppress(sqlite3.IntegrityError):
                    if rebuilt.execute(insert, row).rowcount:
                        added.setdefault(of.table, []).append(number)
    # A row without a time has no clock; one with a time has one.
    rebuilt.execute("UPDATE listens SET precision = NULL WHERE started_at IS NULL AND precision IS NOT NULL")
    rebuilt.execute("UPDATE listens SET precision = 1 WHERE started_at IS NOT NULL AND precision IS NULL")
    return added


@dataclass
class Nameless:
    """Artists and tracks whose names are known in small letters alone: their ids, by the artist's key, and for a track
    with the title's."""

    artists: dict[str, int] = field(default_factory=dict)
    tracks: dict[tuple[str, str], int] = field(default_factory=dict)

    def name(self, rebuilt: sqlite3.Connection, names: Names) -> None:
        """Give those their names that `names` has, and count them no more."""
        for name, key in names.artists:
            if (number := self.artists.pop(key, None)) is not None:
                rebuilt.execute("UPDATE artists SET name = ? WHERE id = ?", (name, number))
        for title, *keys in names.tracks:
            if (number := self.tracks.pop((keys[0], keys[1]), None)) is not None:
                rebuilt.execute("UPDATE tracks SET title = ? WHERE id = ?", (title, number))
        rebuilt.commit()


class Names(NamedTuple):
    """Names as they are written: (name, key) of artists, (title, artist's key, title's key) of tracks."""

    artists: Iterable[tuple[str, str]]
    tracks: Iterable[tuple[str, str, str]]


def nameless(rebuilt: sqlite3.Connection, added: Mapping[str, Sequence[int]]) -> Nameless:
    """The artists and tracks among the rows that were `added`."""
    artists = (
        rebuilt.execute("SELECT key, id FROM artists WHERE id = ?", (number,)).fetchone()
        for number in added.get("artists", ())
    )
    tracks = (
        rebuilt.execute(
            "SELECT a.key, t.key, t.id FROM tracks AS t JOIN artists AS a ON a.id = t.artist_id WHERE t.id = ?",
            (number,),
        ).fetchone()
        for number in added.get("tracks", ())
    )
    return Nameless(dict(filter(None, artists)), {(row[0], row[1]): row[2] for row in tracks if row})


def names_played(library: sqlite3.Connection) -> Names:
    """The names of the artists and tracks of a library, such as a backup."""
    return Names(
        library.execute("SELECT name, key FROM artists"),
        library.execute(
            "SELECT t.title, a.key, t.key FROM tracks AS t JOIN artists AS a ON a.id = t.artist_id"
        ),
    )


def names_beside(library: sqlite3.Connection) -> Names:
    """The names that a library has beside its plays: of playlists, likes and music files."""
    listed = library.execute("SELECT artist, track FROM playlist_tracks").fetchall()
    keyed = "{} AS t WHERE t.artist IS NOT NULL AND t.track IS NOT NULL"
    return Names(
        [
            *((artist, artist_key(artist)) for artist, _ in listed),
            *library.execute("SELECT artist, artist_key FROM feedback"),
            *library.execute("SELECT artist, artist_key FROM music_files WHERE artist IS NOT NULL"),
        ],
        [
            *((title, artist_key(artist), track_key(title)) for artist, title in listed),
            *library.execute(f"SELECT track, artist_key, track_key FROM {keyed.format('feedback')}"),  # noqa: S608 - fixed names
            *library.execute(f"SELECT track, artist_key, track_key FROM {keyed.format('music_files')}"),  # noqa: S608 - fixed names
        ],
    )


def _rows(damaged: sqlite3.Connection, of: _Indexed) -> Iterator[tuple[int, ...]]:
    """The readable entries of the indexes, from both ends of each to where it is damaged."""
    for index in of.indexes:
        for order in ("", "DESC"):
            by = ", ".join(f"{column} {order}" for column in of.columns[:1])
            asked = f"SELECT id, {', '.join(of.columns)} FROM {of.table} INDEXED BY {index} ORDER BY {by}"  # noqa: S608 - fixed names
            try:
                yield from damaged.execute(asked)
            except (sqlite3.DatabaseError, UnicodeDecodeError):
                continue
            break


def _of_nearest(
    rebuilt: sqlite3.Connection, of: _Indexed, there: list[int], number: int
) -> tuple[object, ...]:
    """What is not in the index, as the nearest row has it: those of one import lie together."""
    if not of.nearest:
        return ()
    if there:
        at = bisect_left(there, number)
        near = min(there[max(at - 1, 0) : at + 1], key=lambda one: abs(one - number))
        asked = f"SELECT {', '.join(of.nearest)} FROM {of.table} WHERE id = ?"  # noqa: S608 - fixed names
        return tuple(rebuilt.execute(asked, (near,)).fetchone())
    # None is left: as of the import that brought most.
    found = rebuilt.execute("SELECT id, format FROM imports ORDER BY kept DESC, id LIMIT 1").fetchone()
    return (*(found or (1, "csv")), 1, 0)[: len(of.nearest)]
