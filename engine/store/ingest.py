"""Writes plays into the library in batches, each play once, each file completely or not at all.

Finished files are kept whatever happens to the next: after an error all of them, after a kill all that were finished a
second before it.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Mapping, Sequence

from engine.canonical_keys import artist_key, track_key
from engine.errors import library_trouble
from engine.store.counts import Counts
from engine.store.imported_likes import ImportedPlaylists, ids_of_tracks, keep_verdict, track_named_by
from engine.store.known_plays import ROUNDING, START_BITS, KnownPlays
from engine.store.listen_rows import IDS, LISTEN, SKIP, details_of
from engine.store.local_days import moment_of
from engine.store.play import BASIS_FLAGS, COUNT_FLAG, END, MAX_ID, MINUTE, Ids, Play
from engine.store.schema import REBUILT, rebuild_indexes
from engine.store.stamped_ends import MIXED
from engine.store.track_lookup import Row, TrackLookup

_BATCH = 20_000
# Rows get their parents' ids from `Ingest`: checking foreign keys would cost a fifth of the time. Pages that change
# repeatedly (names, ids) stay in a cache, in KiB, until the file is done. The log is checkpointed at this many pages,
# not at every thousand: files change the same pages.
_WHILE_IMPORTING = {"foreign_keys": 0, "cache_size": -(48 << 10), "wal_autocheckpoint": 16_000}
_FEW_PAGES = {"cache_size": -2000}
# Track and start of listens, and whether they are counts.
_BROUGHT = f"SELECT track_id, started_at, (flags & {COUNT_FLAG}) <> 0 FROM listens"  # noqa: S608 - a number
# Seconds of work a kill may cost: committing each file would take a tenth of the time of a history in twenty files.
_COMMIT_EVERY = 1.0


class Ingest:
    """One run of imports into the library of `connection`, which must be writable.

    With `large`, the listens' indexes of an almost empty library are dropped first and rebuilt at the end, which
    makes a first import more than twice as fast; killed before that, the next opening builds them. With `few`, for
    plays as they happen, it uses little memory and time for few rows. Raises BusyError if another program is writing to
    the library.
    """

    def __init__(self, connection: sqlite3.Connection, *, large: bool = False, few: bool = False) -> None:
        self._db = connection
        self._few = few
        self._db.commit()
        pragmas = {name: connection.execute(f"PRAGMA {name}").fetchone() for name in _WHILE_IMPORTING}
        self._settings = {name: int(value) for name, (value,) in pragmas.items()}
        self._set(_WHILE_IMPORTING | _FEW_PAGES if few else _WHILE_IMPORTING)
        # Files finished, and those of them that are committed.
        self._finished = self.kept_files = 0
        self._data_version = 0
        self._artist_of: dict[int, int] = {}
        try:
            self._begin()
        except sqlite3.OperationalError as error:
            self._set(self._settings)
            raise library_trouble(error, "The library") from error
        self._counts = Counts()
        self._counted: dict[int, tuple[int, int, int | None]] = {}
        if large and connection.execute("SELECT coalesce(max(id), 0) < 10000 FROM listens").fetchone()[0]:
            for name in REBUILT:
                connection.execute(f"DROP INDEX IF EXISTS {name}")
        # The precision of the row before, in this file.
        self._precision = -1
        self._import_id = 0
        self._in_file = False
        self._source = ""
        self._changed = False  # the file under way brought something, beside listens
        # Listens that the same bytes brought before, and the number kept when the file began.
        self._before: Counter[tuple[int, int | None, bool]] = Counter()
        self._so_far: tuple[set[int], int | None, int | None] = (set(), None, None)
        self._playlists = ImportedPlaylists(connection)
        self._ids: list[Row] = []
        self._by_id: dict[tuple[str, str], int] | None = None
        self._listens: list[Row] = []
        self._skips: list[Row] = []
        self.kept_tracks: set[int] = set()
        self.undated = 0
        self.first: int | None = None
        self.last: int | None = None

    @property
    def kept_artists(self) -> int:
        """How many artists the kept listens are of."""
        return len({self._artist_of[track] for track in self.kept_tracks})

    def _begin(self) -> None:
        """Begin a transaction. Other processes may have written since, so that ids are taken and plays exist that were
        not there before."""
        self._db.execute("BEGIN IMMEDIATE")
        self._committed = time.monotonic()
        (version,) = self._db.execute("PRAGMA main.data_version").fetchone()
        if version != self._data_version:
            self._data_version = version
            self._lookup = TrackLookup(self._db, self._artist_of, few=self._few)
            self._known_plays = KnownPlays(self._db, self._flush, live=self._few)

    @property
    def names_cut(self) -> int:
        """How many tracks had a name longer than `MAX_NAME`, which is cut."""
        return self._lookup.cut

    def begin_file(self, file: str, format_name: str, source: str, sha256: str = "") -> None:
        """Begin one file; what follows is kept by `finish_file` or undone by `close`.

        Earlier imports of the same bytes, by SHA-256, are undone: the file is read again.
        """
        self._db.execute("SAVEPOINT file")
        self._in_file = True
        self._before = self._drop_earlier(sha256) if sha256 else Counter()
        self._so_far = set(self.kept_tracks), self.first, self.last
        self._import_id = int(
            self._db.execute(
                "INSERT INTO imports (file, sha256, format, read, kept, duplicates, dropped, imported_at) "
                "VALUES (?, '', ?, 0, 0, 0, '{}', ?)",
                (file, format_name, int(time.time())),
            ).lastrowid
            or 0
        )
        self._source = source
        self._precision = -1
        self._by_id = None
        self._changed = False
        self._known_plays.begin_file(self._import_id)
        self._counts = Counts()
        self._counted = {}

    def _drop_earlier(self, sha256: str) -> Counter[tuple[int, int | None, bool]]:
        """Undo the imports of these bytes; returns `_BROUGHT` of their listens."""
        self._flush()
        theirs = "import_id IN (SELECT id FROM imports WHERE sha256 = ?)"
        before = Counter(self._db.execute(f"{_BROUGHT} WHERE {theirs}", (sha256,)).fetchall())
        for table in ("listens", "skips"):
            self._db.execute(f"DELETE FROM {table} WHERE {theirs}", (sha256,))  # noqa: S608 - a fixed name
        self._db.execute("DELETE FROM imports WHERE sha256 = ?", (sha256,))
        self._known_plays.end_clock()
        return before

    def unchanged(self) -> tuple[int, int]:
        """How many of the file's listens the same bytes brought before, and how many of these are undated."""
        if not self._before:
            return 0, 0
        self._flush()
        now = Counter(self._db.execute(f"{_BROUGHT} WHERE import_id = ?", (self._import_id,)).fetchall())
        same = self._before & now
        if same == now:
            self.kept_tracks, self.first, self.last = self._so_far
        rows = undated = 0
        for (track, start, is_count), number in same.items():
            # A count is one listen for all the file's rows of the track.
            of_file = self._counted.get(track, (0, 0)) if is_count else (number, number * (start is None))
            rows, undated = rows + of_file[0], undated + of_file[1]
        return rows, undated

    def finish_file(
        self, sha256: str, *, read: int, kept: int, duplicates: int, dropped: Mapping[str, int]
    ) -> None:
        """Keep the file. A file that was imported before and has nothing new is not recorded."""
        self._flush()
        self._changed = self._known_plays.merge_matches(self._import_id) or self._changed
        self._playlists.keep(self._source)
        self._changed = self._db.executemany(IDS, self._ids).rowcount > 0 or self._changed
        self._ids = []
        known = sha256 and self._db.execute("SELECT 1 FROM imports WHERE sha256 = ?", (sha256,)).fetchone()
        if known and not kept and not self._changed:
            self._db.execute("DELETE FROM imports WHERE id = ?", (self._import_id,))
        else:
            self._db.execute(
                "UPDATE imports SET sha256 = ?, read = ?, kept = ?, duplicates = ?, dropped = ? WHERE id = ?",
                (sha256, read, kept, duplicates, json.dumps(dict(dropped)), self._import_id),
            )
        self._in_file = False
        self._db.execute("RELEASE file")
        self._finished += 1
        if time.monotonic() - self._committed >= _COMMIT_EVERY:
            self._db.execute("COMMIT")
            self.kept_files = self._finished
            self._begin()

    def close(self) -> None:
        """Undo a file that was not finished, build missing indexes, keep the rest: `kept_files` of them."""
        try:
            if not self._db.in_transaction:
                # On a full disk SQLite itself rolls back what was not committed.
                self._finished = self.kept_files
            elif self._in_file:
                self._db.execute("ROLLBACK TO file")
                self._db.execute("RELEASE file")
            self._in_file = False
            rebuild_indexes(self._db)
            self._db.commit()
            self.kept_files = self._finished
        finally:
            if self._db.in_transaction:
                self._db.rollback()
                self._finished = self.kept_files
            self._set(self._settings)
            self._known_plays.let_go()

    def _set(self, settings: Mapping[str, int]) -> None:
        for name, value in settings.items():
            self._db.execute(f"PRAGMA {name} = {value}")

    def add(self, plays: Sequence[Play]) -> tuple[int, int, list[Play]]:
        """Add listens: returns how many are new and how many are duplicates, and those with empty names.

        Counts are in neither number: `settle_counts` returns those.
        """
        find, learn, known = self._lookup.find, self._lookup.learn, self._lookup.known
        known_plays, own, precision = self._known_plays, self._known_plays.own, self._precision
        kept = counts = 0
        rows: list[Row] = []
        nameless: list[Play] = []
        for play in plays:
            if play.precision != precision:
                self._write(rows)
                self._change_clock(play)
                precision = play.precision
            place = known.get((play.artist, play.title)) or find(play)
            if place is None:
                nameless.append(play)
                continue
            if (
                play.ids is not place.ids
                or (place.album is None and play.album)
                or (place.duration is None and play.duration_ms)
            ):
                learn(place, play)
            start, paused, group = play.started_at, play.paused, place.group
            if play.counted:
                self._counts.add(place.track, play)
                counts += 1
                continue
            if start is None:
                self._write(rows)
                if not known_plays.is_new_undated(place):
                    continue
            elif (
                precision < MINUTE
                and not (paused or group.others or group.ends)
                and group.loaded
                and start > group.last_paused + ROUNDING
                and (moment := group.id << START_BITS | start) not in own
                and not (self._few or (play.basis == END and self._source in MIXED))
            ):
                # As `is_new` would say of most plays, for half the time.
                own[moment] = play.ms_played
            elif not known_plays.is_new(place, play, start):
                continue
            details = BASIS_FLAGS[play.basis]
            if play.private or paused or play.plays != 1:
                details = details_of(play)
            # Of two plays of a song whose days were exchanged this one has the other's.
            rows.append((place.track, play.started_at, play.ms_played, details))
            kept += 1
        self._write(rows)
        return kept, len(plays) - kept - counts - len(nameless), nameless

    def settle_counts(self) -> tuple[int, int]:
        """Compare the counts among the file's plays, summed by track, with those stored: how many of their rows are
        kept and how many are duplicates."""
        self._flush()
        settled = self._counts.settle(self._db, self._source, self._import_id)
        self._counted = settled.tracks
        self._changed = self._changed or bool(settled.tracks)
        starts = [last for _, _, last in settled.tracks.values() if last is not None]
        self._note_kept([*settled.tracks], starts, sum(undated for _, undated, _ in settled.tracks.values()))
        return sum(rows for rows, _, _ in settled.tracks.values()), settled.duplicates

    def add_skips(self, plays: Sequence[Play]) -> None:
        """Store rows too short to be listens as skips, each once."""
        lookup, known_plays = self._lookup, self._known_plays
        known, find = lookup.known, lookup.find
        before = len(self._skips)
        for play in plays:
            if play.precision != self._precision:
                self._change_clock(play)
            place = known.get((play.artist, play.title)) or find(play)
            if place is None:
                continue
            if play.ids is not place.ids:
                lookup.learn(place, play)
            if known_plays.is_new_skip(place.group, play):
                self._skips.append((place.track, play.started_at, play.ms_played))
        self._changed = self._changed or len(self._skips) > before

    def add_verdict(self, artist: str, title: str | None, verdict: str, at: int | None, ids: Ids) -> bool:
        """Keep a like, hide or block from a service, as `keep_verdict` does.

        Without an artist the track is found by its ids; False if there is none.
        """
        if (named := (artist, title) if artist else self._named_by(ids)) is None:
            return False
        said = keep_verdict(self._db, self._source, *named, verdict, at)
        self._changed = self._changed or (said is not None and said.changed)
        return said is not None

    def _named_by(self, ids: Ids) -> tuple[str, str] | None:
        """Artist and title of the track with one of these ids."""
        if self._by_id is None:
            self._flush()
            self._by_id = ids_of_tracks(self._db)
        return track_named_by(self._db, self._by_id, ids)

    def add_ids(self, artist: str, title: str, ids: Ids) -> None:
        """Record a track's ids, if it is in the library when the file is finished."""
        keys = artist_key(artist), track_key(title)
        self._ids += [(*pair, *keys) for pair in ids if len(pair[1]) <= MAX_ID]

    def add_playlist_entry(
        self, playlist: str, artist: str, title: str, album: str | None, duration_ms: int | None, ids: Ids
    ) -> bool:
        """Append a track to a playlist of this file.

        Without an artist the track is found by its ids; False if there is none.
        """
        if (named := (artist, title) if artist else self._named_by(ids)) is None:
            return False
        self._playlists.add(playlist, *named, album, duration_ms, ids)
        return True

    def _change_clock(self, play: Play) -> None:
        """Rows of another source or precision follow."""
        self._flush()
        self._precision = play.precision
        if self._known_plays.is_clock(self._source, play.precision):
            return
        library_empty = self._known_plays.begin_clock(self._source, play.precision)
        if not library_empty:
            rebuild_indexes(self._db)
        self._lookup.begin_clock(library_empty=library_empty)

    def _write(self, rows: list[Row]) -> None:
        """Queue listens to be written."""
        if not rows:
            return
        self._listens += rows
        # A row begins with the track's id and the start, or null.
        tracks: list[int] = [row[0] for row in rows]  # type: ignore[misc]
        starts: list[int] = [row[1] for row in rows if row[1] is not None]  # type: ignore[misc]
        ends = [moment_of(end(starts), self._precision) for end in (min, max)] if starts else []
        self._note_kept(tracks, ends, len(rows) - len(starts))
        rows.clear()
        if len(self._listens) >= _BATCH:
            self._flush()

    def _note_kept(self, tracks: list[int], moments: list[int], undated: int) -> None:
        """Count what is kept, for the report."""
        self.kept_tracks.update(tracks)
        self.undated += undated
        if moments:
            self.first = min(moments) if self.first is None else min(self.first, *moments)
            self.last = max(moments) if self.last is None else max(self.last, *moments)

    def _flush(self) -> None:
        self._lookup.flush()
        for statement, rows in ((LISTEN, self._listens), (SKIP, self._skips)):
            if rows:
                of_file = {"import_id": self._import_id, "source": self._source, "precision": self._precision}
                self._db.executemany(statement.format(**of_file), rows)
                rows.clear()
