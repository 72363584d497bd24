"""Listens and verdicts put into a library by hand."""

from __future__ import annotations

import sqlite3

from engine.canonical_keys import artist_key, track_key
from engine.store.feedback import set_verdict


def play(connection: sqlite3.Connection, artist: str, title: str, *times: int | None) -> None:
    """Put listens into the library by hand."""
    with connection:
        connection.execute(
            "INSERT OR IGNORE INTO imports VALUES (1, 'made up', 'x', 'test', 0, 0, 0, '{}', 0)"
        )
        connection.execute(
            "INSERT OR IGNORE INTO artists (name, key) VALUES (?, ?)", (artist, artist_key(artist))
        )
        artist_id = connection.execute(
            "SELECT id FROM artists WHERE key = ?", (artist_key(artist),)
        ).fetchone()[0]
        connection.execute(
            "INSERT OR IGNORE INTO tracks (artist_id, title, key) VALUES (?, ?, ?)",
            (artist_id, title, track_key(title)),
        )
        track = connection.execute(
            "SELECT id FROM tracks WHERE artist_id = ? AND key = ?", (artist_id, track_key(title))
        ).fetchone()[0]
        connection.executemany(
            "INSERT INTO listens (track_id, import_id, started_at, precision, source) VALUES (?, 1, ?, ?, 'test')",
            [(track, when, None if when is None else 1) for when in times],
        )


def judge(connection: sqlite3.Connection, verdict: str, artist: str, track: str | None = None) -> None:
    """A like, hide or block of an artist or a track."""
    set_verdict(
        connection,
        verdict,
        artist=artist,
        artist_key=artist_key(artist),
        track=track,
        track_key=track_key(track) if track else "",
    )
