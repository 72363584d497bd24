"""Finds a play's artist and track in the library by key, and creates missing ones.

Ids are assigned here, so a name seen before needs no query.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from engine.canonical_keys import (
    MAX_NAME,
    artist_key,
    relaxed_artist_key,
    relaxed_track_key,
    stored_name,
    track_key,
)
from engine.store.play import MAX_ID, Ids, Play
from engine.store.same_play import Others
from engine.store.stamped_ends import StampedEnds

Row = tuple[object, ...]


class Group(msgspec.Struct, eq=False):
    """The recordings of one song by one artist, by their relaxed keys, and when they were played.

    `id` is that of the recording seen first. `skips_elsewhere` are (milliseconds, start) of other clocks, in order, and
    `skip_starts` their starts; `others` the plays they reported. `paused`: for this clock's plays that truly began
    before their start, begin -> (milliseconds, start); `last_paused` is the latest begin. `ends`: this clock's plays
    whose ends were stamped, where the starts of others were. `loaded`: whether these include what is in the database.
    """

    id: int = 0
    tracks: list[int] = []
    loaded: bool = False
    skips_elsewhere: Sequence[tuple[int, int]] = ()
    skip_starts: Sequence[int] = ()
    others: Others | None = None
    paused: dict[int, tuple[int, int]] | None = None
    last_paused: int = 0
    ends: StampedEnds | None = None

    def add_paused(self, begun: int, played: int, start: int) -> None:
        """Note a play that truly began before its start."""
        if self.paused is None:
            self.paused = {}
        self.paused.setdefault(begun, (played, start))
        self.last_paused = max(self.last_paused, begun)


@dataclass(slots=True)
class _Family:
    """The artists of one relaxed key and their tracks: (artist id, exact key) -> id and group, relaxed key -> group.

    Titles with one exact key may have different relaxed keys ("A - X Remix Edit", "A (X Remix) (Edit)"), so a track
    keeps the group of the title it is stored with.
    """

    tracks: dict[tuple[int, str], tuple[int, Group]] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)


class LibraryTrack(msgspec.Struct, eq=False):
    """The track found for an artist's name and a title, and its data."""

    track: int
    group: Group
    ids: Ids | None = None
    all_ids: tuple[tuple[str, str], ...] = ()
    album: str | None = None
    duration: int | None = None


class TrackLookup:
    """The artists and tracks of the library of `connection`, and those still to be written.

    `artist_of`, track -> artist of all that were found, belongs to the caller and outlives this. For `few` plays
    artists are queried one by one, otherwise they are all held in memory.
    """

    def __init__(
        self, connection: sqlite3.Connection, artist_of: dict[int, int], *, few: bool = False
    ) -> None:
        self._db = connection
        self._few = few
        self._artists: dict[str, int] = {} if few else dict(connection.execute("SELECT key, id FROM artists"))
        self._next_artist = _highest(connection, "artists")
        self._next_track = _highest(connection, "tracks")
        self._families: dict[str, _Family] = {}
        self._by_relaxed: dict[str, list[int]] = {}
        self.library_empty = False
        self.artist_of = artist_of
        self.known: dict[tuple[str, str], LibraryTrack] = {}
        # Tracks with a name too long, which is cut.
        self.cut = 0
        # In the order of foreign keys.
        self._new: dict[str, list[Row]] = {statement: [] for statement in (_ARTIST, _TRACK, _ID, _DETAILS)}

    def begin_clock(self, *, library_empty: bool) -> None:
        """Clear the caches: rows of another clock follow.

        With `library_empty` there are no listens yet, so nothing can be a duplicate, and relaxed keys are not needed.
        """
        self.library_empty = library_empty
        self._families.clear()
        self.known.clear()
        self._by_relaxed.clear()
        if self._few:
            return
        for key, number in self._artists.items():
            self._by_relaxed.setdefault(key if library_empty else relaxed_artist_key(key), []).append(number)

    def find(self, play: Play) -> LibraryTrack | None:
        """The track of a play, created if missing; None if its names are empty."""
        artist, title = play.artist, play.title
        a_key, t_key = artist_key(artist), track_key(title)
        if not a_key or not t_key:
            return None
        album = play.album or None
        if len(artist) > MAX_NAME or len(title) > MAX_NAME or (album and len(album) > MAX_NAME):
            self.cut += 1
        artist, title, album = stored_name(artist), stored_name(title), album and stored_name(album)
        artist_id = self._artists.get(a_key)
        if artist_id is None and self._few:
            artist_id = self._stored_artist(a_key)
        if artist_id is None:
            artist_id = self._next_artist = self._next_artist + 1
            self._artists[a_key] = artist_id
            self._new[_ARTIST].append((artist_id, artist, a_key))
        relaxed = a_key if self.library_empty else relaxed_artist_key(artist)
        family = self._families.get(relaxed) or self._load_family(relaxed)
        there = family.tracks.get((artist_id, t_key))
        if there is not None:
            track_id, group = there
            place = self.known[play.artist, play.title] = LibraryTrack(track_id, group)
        else:
            relaxed = t_key if self.library_empty else relaxed_track_key(title)
            track_id = self._next_track = self._next_track + 1
            # Stored tracks came with the family: a group created here has nothing to load.
            group = family.groups.get(relaxed) or Group(track_id, loaded=True)
            family.groups[relaxed] = group
            group.tracks.append(track_id)
            family.tracks[artist_id, t_key] = track_id, group
            place = self.known[play.artist, play.title] = LibraryTrack(track_id, group)
            place.album, place.duration = album, play.duration_ms or None
            self._new[_TRACK].append((track_id, artist_id, title, t_key, album, place.duration))
        self.artist_of[track_id] = artist_id
        return place

    def _load_family(self, relaxed: str) -> _Family:
        family = self._families[relaxed] = _Family()
        for number in self._spelled_like(relaxed) if self._few else self._by_relaxed.get(relaxed, ()):
            for track, title, key in self._db.execute(
                "SELECT id, title, key FROM tracks WHERE artist_id = ?", (number,)
            ):
                group = family.groups.setdefault(
                    key if self.library_empty else relaxed_track_key(title), Group(track)
                )
                group.tracks.append(track)
                family.tracks[number, key] = track, group
        return family

    def _stored_artist(self, key: str) -> int | None:
        for number, name in self._db.execute("SELECT id, key FROM artists WHERE key = ?", (key,)):
            self._artists[name] = number
        return self._artists.get(key)

    def _spelled_like(self, relaxed: str) -> Iterator[int]:
        """The stored artists of a relaxed key: its words, "the" before them, other words after them."""
        if self.library_empty:
            number = self._stored_artist(relaxed)
            yield from () if number is None else (number,)
            return
        articles, found = "", True
        while found:
            for number, name in self._db.execute(
                "SELECT id, key FROM artists WHERE key = ?1 OR (key >= ?1 || ' ' AND key < ?1 || '!') ORDER BY id",
                (articles + relaxed,),
            ).fetchall():
                if relaxed_artist_key(name) == relaxed:
                    yield number
            # The range of names that begin with the article: "!" follows the space.
            found = self._db.execute(
                "SELECT 1 FROM artists WHERE key >= ?1 || ' ' AND key < ?1 || '!' LIMIT 1",
                (f"{articles}the",),
            ).fetchone()
            articles += "the "

    def learn(self, place: LibraryTrack, play: Play) -> None:
        """Record new ids, album and length of a track."""
        if play.ids is not place.ids:
            place.ids = play.ids
            for pair in play.ids:
                if len(pair[1]) <= MAX_ID and pair not in place.all_ids:
                    # Ids dropped from memory are written again, which the table ignores.
                    place.all_ids = (*place.all_ids[-_MAX_IDS:], pair)
                    self._new[_ID].append((place.track, *pair))
        if (play.album and not place.album) or (play.duration_ms and not place.duration):
            place.album = place.album or stored_name(play.album or "") or None
            place.duration = place.duration or play.duration_ms
            self._new[_DETAILS].append((place.album, place.duration, place.track))

    def flush(self) -> None:
        """Write what is new."""
        for statement, rows in self._new.items():
            if rows:
                self._db.executemany(statement, rows)
                rows.clear()


# More ids than a track can have.
_MAX_IDS = 50


def _highest(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()[0])  # noqa: S608 - fixed names


_ARTIST = "INSERT INTO artists VALUES (?, ?, ?)"
_TRACK = "INSERT INTO tracks VALUES (?, ?, ?, ?, ?, ?)"
_ID = "INSERT OR IGNORE INTO track_ids VALUES (?, ?, ?)"
_DETAILS = "UPDATE tracks SET album = coalesce(album, ?), duration_ms = coalesce(duration_ms, ?) WHERE id = ?"
