"""Migration steps that need more than SQL."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from engine.canonical_keys import SEPARATOR, artist_key, has_invisible, relaxed_pair, track_key
from engine.store.locations import path_of
from engine.store.play import COUNT_FLAG, DAY, START, UNKNOWN, UNKNOWN_FLAG, Play
from engine.store.same_play import Others, Stored


def name_files(connection: sqlite3.Connection) -> None:
    """Convert file addresses stored under `path` to paths under `file`, where playlist writers look for them."""
    rows = connection.execute("SELECT track_id, value FROM track_ids WHERE scheme = 'path'").fetchall()
    connection.executemany(
        "INSERT OR IGNORE INTO track_ids VALUES (?, 'file', ?)",
        [(track, path) for track, value in rows if (path := path_of(value))],
    )
    connection.execute("DELETE FROM track_ids WHERE scheme = 'path'")
    entries = connection.execute(
        "SELECT playlist_id, position, ids FROM playlist_tracks WHERE ids LIKE '%\"path\"%'"
    ).fetchall()
    for playlist, position, text in entries:
        ids = [list(pair) for pair in _files(json.loads(text))]
        connection.execute(
            "UPDATE playlist_tracks SET ids = ? WHERE playlist_id = ? AND position = ?",
            (json.dumps(ids), playlist, position),
        )


def _files(ids: list[list[str]]) -> Iterator[tuple[str, str]]:
    for scheme, value in ids:
        if scheme != "path":
            yield scheme, value
        elif path := path_of(value):
            yield "file", path


def settle_keys(connection: sqlite3.Connection) -> None:
    """Remove invisible characters from keys: artists, tracks and verdicts that then coincide are merged."""
    _settle_artists(connection)
    _settle_tracks(connection)
    _settle_feedback(connection)
    _settle_rules(connection)
    _settle_encounters(connection)


def settle_all_keys(connection: sqlite3.Connection) -> None:
    """The same again with more invisible characters, and for the person's own files."""
    settle_keys(connection)
    rows = connection.execute("SELECT path, artist, track FROM music_files WHERE problem IS NULL").fetchall()
    connection.executemany(
        "UPDATE music_files SET artist_key = ?, track_key = ?, relaxed = ? WHERE path = ?",
        [
            (artist_key(artist), track_key(track), relaxed_pair(artist, track), path)
            for path, artist, track in rows
            if has_invisible(artist) or has_invisible(track)
        ],
    )


def _settle_artists(connection: sqlite3.Connection) -> None:
    for number, name, old in connection.execute("SELECT id, name, key FROM artists ORDER BY id").fetchall():
        key = artist_key(name) if has_invisible(name) else ""
        if not key or key == old:
            continue
        twin = connection.execute("SELECT id FROM artists WHERE key = ?", (key,)).fetchone()
        if twin is None:
            connection.execute("UPDATE artists SET key = ? WHERE id = ?", (key, number))
            continue
        tracks = connection.execute("SELECT id, key FROM tracks WHERE artist_id = ?", (number,)).fetchall()
        for track, track_of in tracks:
            _move_track(connection, track, twin[0], track_of)
        connection.execute("DELETE FROM artists WHERE id = ?", (number,))


def _settle_tracks(connection: sqlite3.Connection) -> None:
    rows = connection.execute("SELECT id, artist_id, title, key FROM tracks ORDER BY id").fetchall()
    for number, artist, title, old in rows:
        key = track_key(title) if has_invisible(title) else ""
        if key and key != old:
            _move_track(connection, number, artist, key)


def _move_track(connection: sqlite3.Connection, track: int, artist: int, key: str) -> None:
    """Move a track to this artist and key, merging it with an existing one."""
    twin = connection.execute(
        "SELECT id FROM tracks WHERE artist_id = ? AND key = ?", (artist, key)
    ).fetchone()
    if twin is None:
        connection.execute("UPDATE tracks SET artist_id = ?, key = ? WHERE id = ?", (artist, key, track))
        return
    doubles = _doubles(_dated(connection, track), _dated(connection, twin[0]))
    connection.executemany("DELETE FROM listens WHERE id = ?", [(number,) for number in doubles])
    for table in ("listens", "skips"):
        connection.execute(f"UPDATE {table} SET track_id = ? WHERE track_id = ?", (twin[0], track))  # noqa: S608 - fixed names
    connection.execute(
        "INSERT OR IGNORE INTO track_ids SELECT ?, scheme, value FROM track_ids WHERE track_id = ?",
        (twin[0], track),
    )
    connection.execute(
        "UPDATE tracks SET (album, duration_ms) = (SELECT coalesce(tracks.album, o.album), "
        "coalesce(tracks.duration_ms, o.duration_ms) FROM tracks AS o WHERE o.id = ?) WHERE id = ?",
        (track, twin[0]),
    )
    connection.execute("DELETE FROM tracks WHERE id = ?", (track,))


@dataclass(frozen=True, slots=True)
class _Listen:
    """A dated listen that is not a count; its `clock` is the source and its precision."""

    stored: Stored
    clock: tuple[str, int]

    @property
    def play(self) -> Play:
        """The listen as an import gives it."""
        one = self.stored
        basis = UNKNOWN if one.unsure else START
        return Play(
            "",
            "",
            one.start,
            one.ms_played,
            duration_ms=one.duration_ms,
            precision=one.precision,
            basis=basis,
            paused=one.paused,
        )


def _dated(connection: sqlite3.Connection, track: int) -> list[_Listen]:
    """A track's listens that were dated by a clock, by time."""
    rows = connection.execute(
        "SELECT l.source, l.precision, l.id, l.started_at, l.ms_played, l.paused, l.flags, t.duration_ms "
        "FROM listens AS l JOIN tracks AS t ON t.id = l.track_id "
        "WHERE l.track_id = ? AND l.precision < ? AND NOT l.flags & ? "
        "ORDER BY l.started_at, l.id",
        (track, DAY, COUNT_FLAG),
    )
    return [
        _Listen(
            Stored(number, track, start, played, paused, precision, bool(flags & UNKNOWN_FLAG), length),
            (source, precision),
        )
        for source, precision, number, start, played, paused, flags, length in rows
    ]


def _doubles(moved: list[_Listen], there: list[_Listen]) -> list[int]:
    """For two tracks to be merged, the ids of duplicate listens, the less complete of each pair."""
    doubles: list[int] = []
    for clock in dict.fromkeys(one.clock for one in moved):
        own = {(one.stored.start, one.stored.ms_played) for one in there if one.clock == clock}
        others = [one.stored for one in there if one.clock != clock]
        known = Others(others) if others else None
        matches = []
        for one in (one for one in moved if one.clock == clock):
            if (one.stored.start, one.stored.ms_played) in own:
                doubles.append(one.stored.id)
            elif known is not None and (match := known.match(one.play, one.stored.track)) is not None:
                matches.append((one.stored, match))
        for stored, match in matches:
            other = match.stored
            if other is not None:
                fuller = other.ms_played is None and stored.ms_played is not None
                doubles.append(other.id if fuller else stored.id)
    return doubles


def _settle_feedback(connection: sqlite3.Connection) -> None:
    """Merge verdicts; of two the strictest is kept."""
    strictness = {"block": 0, "hide": 1, "like": 2}
    rows = connection.execute(
        "SELECT artist_key, track_key, artist, track, verdict, at FROM feedback"
    ).fetchall()
    for *old, artist, track, verdict, at in rows:
        if not (has_invisible(artist) or has_invisible(track)):
            continue
        keys = [artist_key(artist) or old[0], (track_key(track) if track else "") or old[1]]
        if keys == old:
            continue
        connection.execute("DELETE FROM feedback WHERE artist_key = ? AND track_key = ?", old)
        there = connection.execute(
            "SELECT verdict FROM feedback WHERE artist_key = ? AND track_key = ?", keys
        ).fetchone()
        if there is None or strictness[verdict] < strictness[there[0]]:
            connection.execute(
                "INSERT OR REPLACE INTO feedback (artist_key, track_key, artist, track, verdict, at) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (*keys, artist, track, verdict, at),
            )


def _settle_rules(connection: sqlite3.Connection) -> None:
    for number, text in connection.execute("SELECT id, settings FROM rules").fetchall():
        settings = json.loads(text)
        changed = {
            field: key
            for field, name, key_of in (
                ("artist_key", settings.get("artist"), artist_key),
                ("track_key", settings.get("track"), track_key),
            )
            if has_invisible(name) and (key := key_of(name))
        }
        if changed:
            connection.execute(
                "UPDATE rules SET settings = ? WHERE id = ?", (json.dumps({**settings, **changed}), number)
            )


def _settle_encounters(connection: sqlite3.Connection) -> None:
    """Only keys of shown items are stored: re-key each by itself."""
    rows = connection.execute("SELECT DISTINCT artist_key FROM encounters").fetchall()
    for (old,) in rows:
        artist, separator, title = old.partition(SEPARATOR)
        key = f"{artist_key(artist)}{separator}{track_key(title)}"
        if has_invisible(old) and key != old:
            connection.execute(
                "INSERT OR IGNORE INTO encounters SELECT ?, day, what FROM encounters WHERE artist_key = ?",
                (key, old),
            )
            connection.execute("DELETE FROM encounters WHERE artist_key = ?", (old,))


def settle_ends(connection: sqlite3.Connection) -> None:
    """Give what ListenBrainz imported from Spotify's files, stored at its end, its computed start: nothing else that
    may be an end has the time played."""
    connection.execute(
        "UPDATE listens SET started_at = started_at - ms_played / 1000, flags = flags & ~4 | 2 "
        "WHERE source = 'listenbrainz' AND flags & 4 AND ms_played IS NOT NULL AND started_at IS NOT NULL "
        "AND import_id IN (SELECT id FROM imports WHERE format LIKE 'listenbrainz%')"
    )


def settle_noted(connection: sqlite3.Connection) -> None:
    """Give Jellyfin's plays, stored at the second they were noted, the start 20 seconds before it: a newer copy of the
    same file would add all of them again. Its backups were not read until starts were."""
    for table in ("listens", "skips"):
        connection.execute(
            f"UPDATE {table} SET started_at = started_at - 20 WHERE source = 'jellyfin' "  # noqa: S608 - fixed names
            "AND import_id IN (SELECT id FROM imports WHERE format IN ('jellyfin', 'jellyfin-csv'))"
        )
