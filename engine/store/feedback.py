"""Feedback: likes, hides and blocks of artists and tracks."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import astuple, dataclass

from engine.canonical_keys import (
    AnySpelling,
    Level,
    artist_key,
    artist_of,
    joined_key,
    key_at,
    relaxed_artist_key,
    track_key,
)

VERDICTS = ("like", "hide", "block")


@dataclass(frozen=True, slots=True)
class Feedback:
    """One verdict. `track` is null if it is about the artist; `at` is seconds since 1970 UTC; `source` is null if the
    person gave it here; `fetch` as in `engine.store.stars`."""

    artist: str
    track: str | None
    verdict: str
    at: int
    source: str | None = None
    fetch: int | None = None


def set_verdict(
    connection: sqlite3.Connection,
    verdict: str | None,
    *,
    artist: str,
    artist_key: str,
    track: str | None = None,
    track_key: str = "",
) -> str | None:
    """Record a verdict, or with None remove it; returns the previous one, for undo."""
    row = connection.execute(
        "SELECT verdict FROM feedback WHERE artist_key = ? AND track_key = ?", (artist_key, track_key)
    ).fetchone()
    with connection:
        if verdict is None:
            connection.execute(
                "DELETE FROM feedback WHERE artist_key = ? AND track_key = ?", (artist_key, track_key)
            )
        else:
            connection.execute(
                "INSERT OR REPLACE INTO feedback (artist_key, track_key, artist, track, verdict, at) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (artist_key, track_key, artist, track, verdict, int(time.time())),
            )
    return str(row[0]) if row else None


def put_back(connection: sqlite3.Connection, mark: Feedback) -> None:
    """Restore a verdict as it was, with its date and source, in the place of another."""
    title = track_key(mark.track) if mark.track else ""
    with connection:
        connection.execute(
            "INSERT OR REPLACE INTO feedback (artist_key, track_key, artist, track, verdict, at, source, fetch) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (artist_key(mark.artist), title, *astuple(mark)),
        )


def all_feedback(connection: sqlite3.Connection) -> list[Feedback]:
    """Every verdict, newest first."""
    return [
        Feedback(*row)
        for row in connection.execute(
            "SELECT artist, track, verdict, at, source, fetch FROM feedback ORDER BY at DESC, artist, track"
        )
    ]


def verdicts(connection: sqlite3.Connection, level: Level) -> dict[str, Feedback]:
    """Verdicts by item key: of artists, and if items are tracks also of those (`canonical_keys.key_at`).

    Of two versions of a track the strictest verdict counts.
    """
    rows = connection.execute(
        "SELECT artist_key, track_key, artist, track, verdict, at FROM feedback ORDER BY verdict DESC"
    ).fetchall()
    return {
        key_at(level, artist, track or "") if track_key else artist: Feedback(name, track, verdict, at)
        for artist, track_key, name, track, verdict, at in rows
        if not track_key or level == "tracks"
    }


def marked(connection: sqlite3.Connection, *wanted: str) -> AnySpelling:
    """The artists and tracks with one of these verdicts."""
    return AnySpelling(key for key, mark in verdicts(connection, "tracks").items() if mark.verdict in wanted)


def blocked_ids(connection: sqlite3.Connection) -> str:
    """The ids of the library's blocked tracks, in any spelling and all versions, for an IN of SQL."""
    blocked = marked(connection, "block")
    if not blocked:
        return ""
    whose = {relaxed_artist_key(artist_of(key)) for key in blocked.keys}
    ids: list[int] = []
    for number, artist in connection.execute("SELECT id, key FROM artists").fetchall():
        if relaxed_artist_key(artist) in whose:
            tracks = connection.execute("SELECT id, title FROM tracks WHERE artist_id = ?", (number,))
            ids += (track for track, title in tracks if blocked.holds(joined_key(artist, title)))
    return ",".join(map(str, ids))
