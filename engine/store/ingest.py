"""Writes plays into the library in batches, each play once, a file as a whole or not at all.

Everything runs in transactions of `Ingest`: one a file, or one for the whole run while the listens' indexes are
rebuilt (a large first import).
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping, Sequence

from engine.errors import DiscoverError
from engine.store.marks import ids_of_tracks, keep_playlist, keep_verdict, track_named_by
from engine.store.places import Group, Place, Places, Row
from engine.store.play import COUNT_FLAG, END_FLAG, PRIVATE_FLAG, UNKNOWN_FLAG, Ids, Play
from engine.store.same_play import Match, Others, Stored

_BATCH = 20_000
# A start in seconds takes fewer bits than this.
_START_BITS = 34
_MS_BITS = 24
_MOST_MS = (1 << _MS_BITS) - 1
# Pages that change again and again (names, ids) stay in memory until the file is done.
_CACHE_KIB = 48 << 10
# Two exports of one service tell the same skip with the same length, their clocks up to a minute apart.
_SKIP_WINDOW = 70
_INDEXES = ("listens_by_time", "listens_by_track", "skips_by_track")
_FLAGS = (0, END_FLAG, UNKNOWN_FLAG)  # by Play.basis
_LISTEN = (
    "INSERT INTO listens (track_id, import_id, started_at, precision, ms_played, plays, source, flags) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_SKIP = "INSERT INTO skips (track_id, import_id, started_at, ms_played, source) VALUES (?, ?, ?, ?, ?)"


class Ingest:
    """One run of imports into the library of `connection`, which must be writable.

    With `large`, the indexes of an all but empty library are dropped first and built anew at the end, which
    makes a first import more than twice as fast; a crash leaves the library as it was before the run.
    Raises DiscoverError when another program is writing to the library.
    """

    def __init__(self, connection: sqlite3.Connection, *, large: bool = False) -> None:
        self._db = connection
        self._db.commit()
        # Rows get their parents' ids from this class: checking each again would cost a fifth of the time.
        self._foreign_keys = bool(connection.execute("PRAGMA foreign_keys").fetchone()[0])
        self._cache = int(connection.execute("PRAGMA cache_size").fetchone()[0])
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            self._restore_settings()
            raise DiscoverError(
                f"The library cannot be written to ({error}). Is another import running? Try again when it is done."
            ) from error
        self._places = Places(connection)
        # A clock is a source and its precision in seconds; `_precision` is that of the row before, in this file.
        self._clock: tuple[str, int] = ("", 0)
        self._clocks: set[tuple[str, int]] = set(
            connection.execute("SELECT DISTINCT source, coalesce(precision, 0) FROM listens")
        )
        self._precision = -1
        few = connection.execute("SELECT coalesce(max(id), 0) < 10000 FROM listens").fetchone()[0]
        self._indexes: list[str] = self._drop_indexes() if large and few else []
        self._indexes_before = self._indexes
        self._import_id = 0
        self._source = ""
        # Whether the file under way brought anything, beside listens.
        self._changed = False
        self._playlists: dict[str, list[Row]] = {}
        self._by_id: dict[tuple[str, str], int] | None = None
        self._matches: list[Match] = []
        self._undated: dict[tuple[int, bool], list[int]] = {}
        # Plays told by the clock under way: group and start in one number -> milliseconds; of several that began
        # in one second the others are there as (number, milliseconds).
        self._own: dict[int | tuple[int, int], int | None] = {}
        # Skips that are there: group, start and milliseconds in one number.
        self._told_skips: set[int] = set()
        self._listens: list[Row] = []
        self._skips: list[Row] = []
        self.kept_tracks: set[int] = set()
        self.undated = 0
        self.first: int | None = None
        self.last: int | None = None

    @property
    def kept_artists(self) -> int:
        """How many artists the kept listens are of."""
        return len({self._places.artist_of[track] for track in self.kept_tracks})

    # -- files ----------------------------------------------------------------------------------------

    def begin_file(self, file: str, format_name: str, source: str) -> None:
        """Begin one file; what follows is kept by `finish_file` or undone by `abandon_file`."""
        self._db.execute("SAVEPOINT file")
        self._import_id = int(
            self._db.execute(
                "INSERT INTO imports (file, sha256, format, read, kept, duplicates, dropped, imported_at) "
                "VALUES (?, '', ?, 0, 0, 0, '{}', ?)",
                (file, format_name, int(time.time())),
            ).lastrowid
            or 0
        )
        self._indexes_before = self._indexes
        self._source = source
        self._precision = -1
        self._by_id = None
        self._matches = []
        self._undated = {}
        self._changed = False

    def finish_file(
        self, sha256: str, *, read: int, kept: int, duplicates: int, dropped: Mapping[str, int]
    ) -> None:
        """Keep the file. One whose bytes were imported before and that brought nothing new leaves no trace."""
        self._flush()
        self._merge_matches()
        for name, entries in self._playlists.items():
            keep_playlist(self._db, name, self._source, entries)
        self._playlists = {}
        known = sha256 and self._db.execute("SELECT 1 FROM imports WHERE sha256 = ?", (sha256,)).fetchone()
        if known and not kept and not self._changed:
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
        self._places.forget_unwritten()
        self._listens.clear()
        self._skips.clear()
        self._db.execute("ROLLBACK TO file")
        self._db.execute("RELEASE file")
        self._indexes = self._indexes_before

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
        if plays and plays[0].precision != self._precision:
            self._change_clock(plays[0])
        if plays and self._places.alone and self._add_at_once(plays):
            return len(plays), 0, []
        places, source, import_id = self._places, self._source, self._import_id
        known = places.known
        kept = 0
        rows: list[Row] = []
        nameless: list[Play] = []
        for play in plays:
            if play.precision != self._precision:
                self._write(rows)
                self._change_clock(play)
            place = known.get((play.artist, play.title)) or places.find(play)
            if place is None:
                nameless.append(play)
                continue
            if (
                play.ids is not place.ids
                or (place.album is None and play.album)
                or (place.duration is None and play.duration_ms)
            ):
                places.learn(place, play)
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
            elif not self._is_new(place.group, play, start):
                continue
            precision = None if start is None else play.precision
            rows.append((place.track, import_id, start, precision, played, play.plays, source, flags))
            kept += 1
        self._write(rows)
        return kept, len(plays) - kept - len(nameless), nameless

    def _add_at_once(self, plays: Sequence[Play]) -> bool:
        """Add listens of which none can be there already, with less of a look at each; False when one might be.

        This is the first import of a large history: the full way takes twice as long.
        """
        precision, import_id, source = self._precision, self._import_id, self._source
        known, find, learn, own = self._places.known, self._places.find, self._places.learn, self._own
        told: dict[int | tuple[int, int], int | None] = {}
        rows: list[Row] = []
        for play in plays:
            place = known.get((play.artist, play.title)) or find(play)
            start = play.started_at
            if place is None or start is None or play.counted or play.precision != precision:
                return False
            moment = place.group.id << _START_BITS | start
            if moment in own or moment in told:
                return False
            played = told[moment] = play.ms_played
            # What is learnt of a track stays so, whichever way its play is added in the end.
            if (
                play.ids is not place.ids
                or (place.album is None and play.album)
                or (place.duration is None and play.duration_ms)
            ):
                learn(place, play)
            flags = _FLAGS[play.basis] | bool(play.private)
            rows.append((place.track, import_id, start, precision, played, play.plays, source, flags))
        own.update(told)
        self._write(rows)
        return True

    def add_skips(self, plays: Sequence[Play]) -> None:
        """Keep rows too short to be listens as evidence of skips, each once."""
        places, source, import_id = self._places, self._source, self._import_id
        known, find, told = places.known, places.find, self._told_skips
        before = len(self._skips)
        for play in plays:
            if play.precision != self._precision:
                self._change_clock(play)
            place = known.get((play.artist, play.title)) or find(play)
            if place is None:
                continue
            if play.ids is not place.ids:
                places.learn(place, play)
            group = place.group
            if not group.loaded:
                self._load(group)
            start, played = play.started_at, play.ms_played
            moment = (group.id << _START_BITS | (start or 0)) << _MS_BITS | min(played or 0, _MOST_MS)
            if moment in told:
                continue
            told.add(moment)
            if (
                group.skips_elsewhere
                and start is not None
                and any(
                    ms == played and abs(other - start) <= _SKIP_WINDOW for other, ms in group.skips_elsewhere
                )
            ):
                continue
            self._skips.append((place.track, import_id, start, played, source))
        self._changed = self._changed or len(self._skips) > before

    def add_verdict(self, artist: str, title: str | None, verdict: str, at: int | None, ids: Ids) -> bool:
        """Keep a like, hide or block from a service, unless the person has one of their own here.

        Without an artist the track is found by its ids; False when no track is known by them.
        """
        if not artist:
            if self._by_id is None:
                self._flush()
                self._by_id = ids_of_tracks(self._db)
            named = track_named_by(self._db, self._by_id, ids)
            if named is None:
                return False
            artist, title = named
        added = keep_verdict(self._db, artist, title, verdict, at)
        self._changed = self._changed or bool(added)
        return added is not None

    def add_playlist_entry(
        self, playlist: str, artist: str, title: str, album: str | None, duration_ms: int | None, ids: Ids
    ) -> None:
        """Put a track at the end of a playlist of this file."""
        seconds = None if duration_ms is None else duration_ms / 1000
        name = " ".join(playlist.replace("\x00", "").split()) or self._source
        self._playlists.setdefault(name, []).append((artist, title, album, seconds, json.dumps(ids)))

    def _write(self, rows: list[Row]) -> None:
        """Put listens in line to be written."""
        if not rows:
            return
        self._listens += rows
        self.kept_tracks.update([row[0] for row in rows])  # type: ignore[misc]
        starts: list[int] = [row[2] for row in rows if row[2] is not None]  # type: ignore[misc]
        self.undated += len(rows) - len(starts)
        if starts:
            self.first = min(starts) if self.first is None else min(self.first, min(starts))
            self.last = max(starts) if self.last is None else max(self.last, max(starts))
        rows.clear()
        if len(self._listens) >= _BATCH:
            self._flush()

    def _flush(self) -> None:
        self._places.flush()
        for statement, rows in ((_LISTEN, self._listens), (_SKIP, self._skips)):
            if rows:
                self._db.executemany(statement, rows)
                rows.clear()

    # -- what is there already ------------------------------------------------------------------------

    def _is_new(self, group: Group, play: Play, start: int) -> bool:
        """Whether a dated play is one that is not there, from this clock or another."""
        if not group.loaded:
            self._load(group)
        own, played = self._own, play.ms_played
        moment = group.id << _START_BITS | start
        if moment not in own:
            own[moment] = played
            return group.others is None or not self._is_other(group.others, play)
        # A play that began in the same second as another of its source is its own if it lasted otherwise.
        there = own[moment]
        if there == played or there is None or played is None or (moment, played) in own:
            return False
        own[moment, played] = None
        return True

    def _is_other(self, others: Others, play: Play) -> bool:
        """Whether another source told of this play."""
        match = others.match(play)
        if match is None:
            return False
        self._matches.append(match)
        return True

    def _is_new_undated(self, place: Place, play: Play) -> bool:
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

    def _raise_count(self, place: Place, play: Play) -> bool:
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

    def _change_clock(self, play: Play) -> None:
        """Rows of another source or precision follow: what was written so far becomes the other side."""
        self._precision = play.precision
        clock = (self._source, play.precision)
        if clock == self._clock:
            return
        if self._clock[0]:
            self._clocks.add(self._clock)
        self._clock = clock
        self._flush()
        if self._clocks:
            self._build_indexes()
        self._own.clear()
        self._told_skips.clear()
        self._places.begin_clock(alone=not self._clocks)

    def _load(self, group: Group) -> None:
        group.loaded = True
        marks = ",".join("?" * len(group.tracks))
        others: list[Stored] = []
        for number, start, played, precision, source, flags, duration in self._db.execute(
            "SELECT l.id, l.started_at, l.ms_played, l.precision, l.source, l.flags, t.duration_ms "  # noqa: S608
            "FROM listens AS l JOIN tracks AS t ON t.id = l.track_id "
            f"WHERE l.track_id IN ({marks}) AND l.started_at IS NOT NULL AND l.flags & {COUNT_FLAG} = 0",
            group.tracks,
        ):
            if (source, precision) != self._clock:
                unsure = bool(flags & UNKNOWN_FLAG)
                others.append(Stored(number, start, played, precision, unsure, duration, source))
            elif (moment := group.id << _START_BITS | start) in self._own:
                self._own[moment, played] = None
            else:
                self._own[moment] = played
        for start, played, source in self._db.execute(
            f"SELECT started_at, ms_played, source FROM skips WHERE track_id IN ({marks})",  # noqa: S608
            group.tracks,
        ):
            self._told_skips.add(
                (group.id << _START_BITS | (start or 0)) << _MS_BITS | min(played or 0, _MOST_MS)
            )
            if source != self._source and start is not None and played is not None:
                group.skips_elsewhere += ((start, played),)
        group.others = Others(others) if others else None

    def _merge_matches(self) -> None:
        """Of one play told twice the fuller record stays: the one that knows how long it was played."""
        for match in self._matches:
            stored, play = match.stored, match.play
            if stored is None or play.started_at is None:
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
