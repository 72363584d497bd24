"""What the person thinks: likes, hides and blocks of artists and tracks."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass

from engine.names import Level, key_at

VERDICTS = ("like", "hide", "block")


@dataclass(frozen=True, slots=True)
class Feedback:
    """One verdict. `track` is null when it is about the artist; `at` is seconds since 1970 UTC."""

    artist: str
    track: str | None
    verdict: str
    at: int


def set_verdict(
    connection: sqlite3.Connection,
    verdict: str | None,
    *,
    artist: str,
    artist_key: str,
    track: str | None = None,
    track_key: str = "",
) -> str | None:
    """Record a verdict, or with None take it back; returns the one that stood before, so that this can be undone."""
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


def all_feedback(connection: sqlite3.Connection) -> list[Feedback]:
    """Every verdict, newest first."""
    return [
        Feedback(*row)
        for row in connection.execute(
            "SELECT artist, track, verdict, at FROM feedback ORDER BY at DESC, artist, track"
        )
    ]


def blocked_artists(connection: sqlite3.Connection) -> frozenset[str]:
    """Keys of the artists that are never to be shown."""
    return frozenset(
        row[0]
        for row in connection.execute(
            "SELECT artist_key FROM feedback WHERE track_key = '' AND verdict = 'block'"
        )
    )


def verdicts(connection: sqlite3.Connection, level: Level) -> dict[str, Feedback]:
    """What stands on items, by their keys: artists, and where items are tracks also those (`engine.names.key_at`)."""
    rows = connection.execute(
        "SELECT artist_key, track_key, artist, track, verdict, at FROM feedback"
    ).fetchall()
    return {
        key_at(level, artist, track or "") if track_key else artist: Feedback(name, track, verdict, at)
        for artist, track_key, name, track, verdict, at in rows
        if not track_key or level == "tracks"
    }


def unwanted_tracks(connection: sqlite3.Connection, *verdicts: str) -> frozenset[tuple[str, str]]:
    """(artist key, track key) of the tracks with one of these verdicts."""
    marks = ",".join("?" * len(verdicts))
    return frozenset(
        (str(artist), str(track))
        for artist, track in connection.execute(
            f"SELECT artist_key, track_key FROM feedback WHERE track_key != '' AND verdict IN ({marks})",  # noqa: S608
            verdicts,
        )
    )


def blocked_tracks(connection: sqlite3.Connection) -> frozenset[tuple[str, str]]:
    """(artist's key, track's key) of the tracks that are never to be shown."""
    return frozenset(
        connection.execute(
            "SELECT artist_key, track_key FROM feedback WHERE track_key <> '' AND verdict = 'block'"
        )
    )
