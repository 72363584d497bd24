"""Writes plays into the library in batches, each play once, a file as a whole or not at all.

Everything runs in transactions of `Ingest`: one a file, or one for the whole run while the listens' indexes are
rebuilt (a large first import). Ids are given out here, so nothing is asked of the database for a row whose
artist and title were seen before.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.names import artist_key, relaxed_artist_key, relaxed_track_key, track_key
from engine.store.play import COUNT_FLAG, END_FLAG, PRIVATE_FLAG, UNKNOWN_FLAG, Ids, Play
from engine.store.same_play import Match, Others, Stored

_BATCH = 20_000
# Pages that change again and again (names, ids) stay in memory until the file is done.
_CACHE_KIB = 48 << 10
# Two exports of one service tell the same skip with the same length, their clocks up to a minute apart.
_SKIP_WINDOW = 70
_INDEXES = ("listens_by_time", "listens_by_track", "listens_by_import", "skips_by_track", "skips_by_import")
_FLAGS = (0, END_FLAG, UNKNOWN_FLAG)  # by Play.basis


@dataclass(slots=True)
class _Group:
    """The recordings of one song by one artist, by their relaxed keys, and when they were played."""

    tracks: list[int] = field(default_factory=list)
    # Whether rows written before this file are in `own` and `skips`.
    loaded: bool = False
    own: dict[object, int | None] = field(default_factory=dict)
    skips: dict[int | None, list[int | None]] = field(default_factory=dict)
    others: Others | None = None


@dataclass(slots=True)
class _Family:
    """The artists of one relaxed key and their tracks: (artist id, exact key) -> id, relaxed key -> group."""

    tracks: dict[tuple[int, str], int] = field(default_factory=dict)
    groups: dict[str, _Group] = field(default_factory=dict)


@dataclass(slots=True)
class _Place:
    """Where an artist's name and a title lead."""

    track: int
    group: _Group
    ids: tuple[tuple[str, str], ...] | None = None
    all_ids: set[tuple[str, str]] = field(default_factory=set)
    album: str | None = None
    duration: int | None = None


class Ingest:
    """One run of imports into the library of `connection`, which must be writable.

    With `large`, the indexes of an all but empty library are dropped first and built anew at the end, which
    makes a first import more than twice as fast; a crash leaves the library as it was before the run.
    """

    def __init__(self, connection: sqlite3.Connection, *, large: bool = False) -> None:
        self._db = connection
        self._db.commit()
        # Rows get their parents' ids from this class: checking each again would cost a fifth of the time.
        self._foreign_keys = bool(connection.execute("PRAGMA foreign_keys").fetchone()[0])
        connection.execute("PRAGMA foreign_keys = OFF")
        self._cache = int(connection.execute("PRAGMA cache_size").fetchone()[0])
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        connection.execute("BEGIN IMMEDIATE")
        self._artists: dict[str, int] = dict(connection.execute("SELECT key, id FROM artists"))
        self._by_relaxed: dict[str, list[int]] = {}
        for key, number in self._artists.items():
            self._by_relaxed.setdefault(relaxed_artist_key(key), []).append(number)
        self._families: dict[str, _Family] = {}
        self._places: dict[tuple[str, str], _Place] = {}
        self._next = {
            table: int(connection.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()[0])  # noqa: S608
            for table in ("artists", "tracks", "listens", "skips", "imports")
        }
        self._clock: tuple[str, int] = ("", 0)
        self._clocks: set[tuple[str, int]] = set(
            connection.execute("SELECT DISTINCT source, coalesce(precision, 0) FROM listens")
        )
        # The clock of the rows under way; the first row of each file sets it.
        self._precision = -1
        self._indexes = self._drop_indexes() if large and self._next["listens"] < 10_000 else []
        self._import_id = 0
        self._source = ""
        self._changed = False
        self._playlists: dict[str, list[tuple[object, ...]]] = {}
        self._by_id: dict[tuple[str, str], int] | None = None
        self._matches: list[Match] = []
        self._undated: dict[tuple[int, bool], list[int]] = {}
        self._new: dict[str, list[tuple[object, ...]]] = {
            name: [] for name in ("artists", "tracks", "track_ids", "listens", "skips", "known")
        }
        self._artist_of: dict[int, int] = {}
        self.kept_tracks: set[int] = set()
        self.undated = 0
        self.first: int | None = None
        self.last: int | None = None

    # -- files ----------------------------------------------------------------------------------------

    def begin_file(self, file: str, format_name: str, source: str) -> None:
        """Begin one file; what follows is kept by `finish_file` or undone by `abandon_file`."""
        self._next["imports"] += 1
        self._import_id = self._next["imports"]
        self._db.execute("SAVEPOINT file")
        self._db.execute(
            "INSERT INTO imports VALUES (?, ?, '', ?, 0, 0, 0, '{}', ?)",
            (self._import_id, file, format_name, int(time.time())),
        )
        self._source = source
        self._precision = -1
        self._by_id = None
        self._matches = []
        self._undated = {}
        self._changed = False

    def finish_file(
        self, sha256: str, *, read: int, kept: int, duplicates: int, dropped: Mapping[str, int]
    ) -> None:
        """Keep the file. A file whose bytes were imported before and that brought nothing new leaves no trace."""
        self._flush()
        self._merge_matches()
        self._write_playlists()
        known = self._db.execute("SELECT 1 FROM imports WHERE sha256 = ?", (sha256,)).fetchone()
        if known and sha256 and not kept and not self._changed:
            self._db.execute("DELETE FROM imports WHERE id = ?", (self._import_id,))
        else:
            self._db.execute(
                "UPDATE imports SET sha256 = ?, read = ?, kept = ?, duplicates = ?, dropped = ? WHERE id = ?",
                (sha256, read, kept, duplicates, json.dumps(dict(dropped)), self._import_id),
            )
        self._db.execute("RELEASE file")
        if not self._indexes:
            self._db.execute("COMMIT")
            self._db.execute("BEGIN IMMEDIATE")

    def abandon_file(self) -> None:
        """Undo the file under way. Nothing more can be added after it: close the run."""
        for rows in self._new.values():
            rows.clear()
        self._db.execute("ROLLBACK TO file")
        self._db.execute("RELEASE file")

    def close(self) -> None:
        """Build the indexes that are missing and commit."""
        self._build_indexes()
        self._db.execute("COMMIT")
        self._restore_settings()

    def abort(self) -> None:
        """Undo everything that is not committed, after an error."""
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")
        self._restore_settings()

    def _restore_settings(self) -> None:
        self._db.execute(f"PRAGMA foreign_keys = {'ON' if self._foreign_keys else 'OFF'}")
        self._db.execute(f"PRAGMA cache_size = {self._cache}")

    def _drop_indexes(self) -> list[str]:
        definitions = self._db.execute(
            f"SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND name IN ({','.join('?' * len(_INDEXES))})",  # noqa: S608
            _INDEXES,
        ).fetchall()
        for name, _ in definitions:
            self._db.execute(f"DROP INDEX {name}")
        return [sql for _, sql in definitions]

    def _build_indexes(self) -> None:
        for sql in self._indexes:
            self._db.execute(sql)
        self._indexes = []

    # -- rows -----------------------------------------------------------------------------------------

    def add(self, plays: Sequence[Play]) -> tuple[int, int, list[Play]]:
        """Add listens: how many are new, how many are there already, and those whose names are empty."""
        places, source, import_id = self._places, self._source, self._import_id
        kept = 0
        rows: list[tuple[object, ...]] = []
        nameless: list[Play] = []
        for play in plays:
            if play.precision != self._precision:
                self._write(rows)
                self._change_clock(play)
            place = places.get((play.artist, play.title)) or self._find_place(play)
            if place is None:
                nameless.append(play)
                continue
            if (
                play.ids is not place.ids
                or (place.album is None and play.album)
                or (place.duration is None and play.duration_ms)
            ):
                self._learn(place, play)
            start, played = play.started_at, play.ms_played
            flags = _FLAGS[play.basis] | bool(play.private)
            if start is None or play.counted:
                self._write(rows)
                if play.counted:
                    flags |= COUNT_FLAG
                    if self._raise_count(place, play):
                        kept += 1
                        continue
                if not self._is_new_undated(place, play):
                    continue
            else:
                group = place.group
                if not group.loaded:
                    self._load(group)
                own = group.own
                if start not in own:
                    own[start] = played
                    if group.others is not None and self._is_other(group.others, play):
                        continue
                elif not self._is_new_beside(group, play):
                    continue
            rows.append((place.track, import_id, start, play.precision, played, play.plays, source, flags))
            kept += 1
        self._write(rows)
        return kept, len(plays) - kept - len(nameless), nameless

    def add_skip(self, play: Play) -> bool:
        """Keep a row too short to be a listen as evidence of a skip; False when it is there already."""
        if play.precision != self._precision:
            self._change_clock(play)
        place = self._places.get((play.artist, play.title)) or self._find_place(play)
        if place is None:
            return False
        if play.ids is not place.ids:
            self._learn(place, play)
        group = place.group
        if not group.loaded:
            self._load(group)
        start, played = play.started_at, play.ms_played
        known = group.skips.setdefault(played, [])
        for other in known:
            if other == start or (
                start is not None and other is not None and abs(other - start) <= _SKIP_WINDOW
            ):
                return False
        known.append(start)
        self._changed = True
        self._next["skips"] += 1
        self._new["skips"].append(
            (self._next["skips"], place.track, self._import_id, start, played, self._source)
        )
        return True

    def add_verdict(self, artist: str, title: str | None, verdict: str, at: int | None, ids: Ids) -> bool:
        """Keep a like, hide or block from a service, unless the person has one of their own here.

        Without an artist the track is found by its ids; False when no track is known by them.
        """
        if not artist:
            named = self._named_by(ids)
            if named is None:
                return False
            artist, title = named
        keys = artist_key(artist), track_key(title) if title else ""
        if not keys[0] or (title and not keys[1]):
            return False
        added = self._db.execute(
            "INSERT OR IGNORE INTO feedback (artist_key, track_key, artist, track, verdict, at) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (*keys, artist, title, verdict, at or int(time.time())),
        )
        self._changed = self._changed or added.rowcount > 0
        return True

    def _named_by(self, ids: Ids) -> tuple[str, str] | None:
        if self._by_id is None:
            self._flush()
            self._by_id = {
                (scheme, value): track for track, scheme, value in self._db.execute("SELECT * FROM track_ids")
            }
        for pair in ids:
            row = self._db.execute(
                "SELECT a.name, t.title FROM tracks AS t JOIN artists AS a ON a.id = t.artist_id WHERE t.id = ?",
                (self._by_id.get(pair),),
            ).fetchone()
            if row:
                return str(row[0]), str(row[1])
        return None

    def add_playlist_entry(
        self, playlist: str, artist: str, title: str, album: str | None, duration_ms: int | None, ids: Ids
    ) -> None:
        """Put a track at the end of a playlist of this file."""
        seconds = None if duration_ms is None else duration_ms / 1000
        name = " ".join(playlist.replace("\x00", "").split()) or self._source
        self._playlists.setdefault(name, []).append((artist, title, album, seconds, json.dumps(ids)))

    def _write_playlists(self) -> None:
        """A playlist imported from the same service before is replaced; the person's own of that name stays."""
        for name, entries in self._playlists.items():
            mark = json.dumps({"imported": self._source})
            row = self._db.execute("SELECT id, settings FROM playlists WHERE name = ?", (name,)).fetchone()
            if row and row[1] != mark:
                name = f"{name} ({self._source})"
            self._db.execute(
                "DELETE FROM playlist_tracks WHERE playlist_id IN (SELECT id FROM playlists WHERE name = ?)",
                (name,),
            )
            self._db.execute("DELETE FROM playlists WHERE name = ?", (name,))
            number = self._db.execute(
                "INSERT INTO playlists (name, context, settings, at) VALUES (?, '', ?, ?)",
                (name, mark, int(time.time())),
            ).lastrowid
            self._db.executemany(
                "INSERT INTO playlist_tracks (playlist_id, position, artist, track, album, seconds, ids) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(number, place, *entry) for place, entry in enumerate(entries, 1)],
            )
        self._playlists = {}

    def _write(self, rows: list[tuple[object, ...]]) -> None:
        """Put listens (without their id) in line to be written."""
        if not rows:
            return
        number = self._next["listens"]
        self._new["listens"] += [(number, *row) for number, row in enumerate(rows, number + 1)]
        self._next["listens"] = number + len(rows)
        self.kept_tracks.update([row[0] for row in rows])  # type: ignore[misc]
        starts: list[int] = [row[2] for row in rows if row[2] is not None]  # type: ignore[misc]
        self.undated += len(rows) - len(starts)
        if starts:
            self.first = min(starts) if self.first is None else min(self.first, *starts)
            self.last = max(starts) if self.last is None else max(self.last, *starts)
        rows.clear()
        if len(self._new["listens"]) >= _BATCH:
            self._flush()

    @staticmethod
    def _is_new_beside(group: _Group, play: Play) -> bool:
        """Whether a play that began in the same second as another of its source is a play of its own."""
        start, played = play.started_at, play.ms_played
        there = group.own[start]
        if there == played or there is None or played is None or (start, played) in group.own:
            return False
        group.own[start, played] = None
        return True

    def _is_other(self, others: Others, play: Play) -> bool:
        """Whether another source told of this play."""
        match = others.match(play)
        if match is None:
            return False
        self._matches.append(match)
        return True

    def _is_new_undated(self, place: _Place, play: Play) -> bool:
        """Of undated plays of a track a file adds only as many as it has more than the library. A count is
        there once."""
        key = (place.track, play.counted)
        seen = self._undated.get(key)
        if seen is None:
            self._flush()
            stored = self._db.execute(
                "SELECT count(*) FROM listens WHERE track_id = ? AND source = ? AND flags & ? = ? "
                "AND (started_at IS NULL OR ?)",
                (place.track, self._source, COUNT_FLAG, COUNT_FLAG * play.counted, play.counted),
            ).fetchone()[0]
            seen = self._undated[key] = [int(stored), 0]
        seen[1] += 1
        return seen[1] > seen[0]

    def _raise_count(self, place: _Place, play: Play) -> bool:
        """Raise the count this source gave earlier, where the new one is higher."""
        self._flush()
        raised = self._db.execute(
            "UPDATE listens SET plays = ?, started_at = coalesce(?, started_at), precision = coalesce(?, precision), "
            "import_id = ? WHERE track_id = ? AND source = ? AND flags & ? != 0 AND plays < ?",
            (
                play.plays, play.started_at, play.precision if play.started_at else None, self._import_id,
                place.track, self._source, COUNT_FLAG, play.plays,
            ),
        ).rowcount  # fmt: skip
        if raised:
            self._changed = True
            self.kept_tracks.add(place.track)
        return bool(raised)

    @property
    def kept_artists(self) -> int:
        """How many artists the kept listens are of."""
        return len({self._artist_of[track] for track in self.kept_tracks})

    # -- names ----------------------------------------------------------------------------------------

    def _find_place(self, play: Play) -> _Place | None:
        artist, title = play.artist, play.title
        a_key, t_key = artist_key(artist), track_key(title)
        if not a_key or not t_key:
            return None
        family = self._families.get(relaxed_artist_key(artist))
        if family is None:
            family = self._load_family(relaxed_artist_key(artist))
        artist_id = self._artists.get(a_key)
        if artist_id is None:
            artist_id = self._next["artists"] = self._next["artists"] + 1
            self._artists[a_key] = artist_id
            self._new["artists"].append((artist_id, artist, a_key))
        track_id = family.tracks.get((artist_id, t_key))
        relaxed = relaxed_track_key(title)
        group = family.groups.get(relaxed)
        if group is None:  # what is stored came with the family, so there is nothing to load
            group = family.groups[relaxed] = _Group(loaded=True)
        place = self._places[artist, title] = _Place(0, group)
        if track_id is None:
            track_id = self._next["tracks"] = self._next["tracks"] + 1
            family.tracks[artist_id, t_key] = track_id
            group.tracks.append(track_id)
            place.album, place.duration = play.album or None, play.duration_ms or None
            self._new["tracks"].append((track_id, artist_id, title, t_key, place.album, place.duration))
        place.track = track_id
        self._artist_of[track_id] = artist_id
        return place

    def _load_family(self, relaxed: str) -> _Family:
        family = self._families[relaxed] = _Family()
        for artist_id in self._by_relaxed.get(relaxed, ()):
            for number, title, key in self._db.execute(
                "SELECT id, title, key FROM tracks WHERE artist_id = ?", (artist_id,)
            ):
                family.tracks[artist_id, key] = number
                family.groups.setdefault(relaxed_track_key(title), _Group()).tracks.append(number)
        return family

    def _learn(self, place: _Place, play: Play) -> None:
        """Note ids, album and length that were not known of a track."""
        if play.ids is not place.ids:
            place.ids = play.ids
            for pair in play.ids:
                if pair not in place.all_ids:
                    place.all_ids.add(pair)
                    self._new["track_ids"].append((place.track, *pair))
        if (play.album and not place.album) or (play.duration_ms and not place.duration):
            place.album = place.album or play.album
            place.duration = place.duration or play.duration_ms
            self._new["known"].append((place.album, place.duration, place.track))

    # -- what is there already ------------------------------------------------------------------------

    def _change_clock(self, play: Play) -> None:
        """Rows of another source or precision follow: what was written so far becomes the other side."""
        self._precision = play.precision
        clock = (self._source, play.precision)
        if clock == self._clock:
            return
        if self._clock[0]:
            self._clocks.add(self._clock)
        self._clock = clock
        if not self._clocks:
            return
        self._flush()
        self._build_indexes()
        self._families.clear()
        self._places.clear()
        self._by_relaxed.clear()
        for key, number in self._artists.items():
            self._by_relaxed.setdefault(relaxed_artist_key(key), []).append(number)

    def _load(self, group: _Group) -> None:
        group.loaded = True
        marks = ",".join("?" * len(group.tracks))
        others: list[Stored] = []
        for number, start, played, precision, source, flags, duration in self._db.execute(
            "SELECT l.id, l.started_at, l.ms_played, l.precision, l.source, l.flags, t.duration_ms "  # noqa: S608
            "FROM listens AS l JOIN tracks AS t ON t.id = l.track_id "
            f"WHERE l.track_id IN ({marks}) AND l.started_at IS NOT NULL AND l.flags & {COUNT_FLAG} = 0",
            group.tracks,
        ):
            if (source, precision) == self._clock:
                if start in group.own:
                    group.own[start, played] = None
                else:
                    group.own[start] = played
            else:
                unsure = bool(flags & UNKNOWN_FLAG)
                others.append(Stored(number, start, played, precision, unsure, duration, source))
        for start, played in self._db.execute(
            f"SELECT started_at, ms_played FROM skips WHERE track_id IN ({marks})",  # noqa: S608
            group.tracks,
        ):
            group.skips.setdefault(played, []).append(start)
        group.others = Others(others) if others else None

    def _merge_matches(self) -> None:
        """Of one play told twice the fuller record stays: the one that knows how long it was played."""
        for match in self._matches:
            stored, play = match.stored, match.play
            if stored is None or play is None or play.started_at is None:
                continue
            fuller = stored.ms_played is None and play.ms_played is not None
            finer = play.precision < stored.precision and (
                play.ms_played is not None or stored.ms_played is None
            )
            if fuller or finer:
                self._changed = True
                flags = _FLAGS[play.basis] | bool(play.private)
                self._db.execute(
                    "UPDATE listens SET import_id = ?, started_at = ?, precision = ?, ms_played = ?, source = ?, "
                    "flags = flags & ? | ? WHERE id = ?",
                    (
                        self._import_id, play.started_at, play.precision, play.ms_played, self._source,
                        PRIVATE_FLAG, flags, stored.id,
                    ),
                )  # fmt: skip

    # -- writing --------------------------------------------------------------------------------------

    def _flush(self) -> None:
        for name, statement in _STATEMENTS.items():
            rows = self._new[name]
            if rows:
                self._db.executemany(statement, rows)
                rows.clear()


# In the order of who refers to whom.
_STATEMENTS = {
    "artists": "INSERT INTO artists VALUES (?, ?, ?)",
    "tracks": "INSERT INTO tracks VALUES (?, ?, ?, ?, ?, ?)",
    "track_ids": "INSERT OR IGNORE INTO track_ids VALUES (?, ?, ?)",
    "known": (
        "UPDATE tracks SET album = coalesce(album, ?), duration_ms = coalesce(duration_ms, ?) WHERE id = ?"
    ),
    "listens": (
        "INSERT INTO listens (id, track_id, import_id, started_at, precision, ms_played, plays, source, flags) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
    ),
    "skips": "INSERT INTO skips (id, track_id, import_id, started_at, ms_played, source) VALUES (?, ?, ?, ?, ?, ?)",
}
