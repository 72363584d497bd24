"""Listens that happened here: the player the person uses says that a track was played.

They go through the same door as imported ones, so that a service that tells of the same play later adds nothing.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from engine.store.ingest import Ingest
from engine.store.play import END, Play

# What these listens say they are from, and the name of the one import they stand under.
SOURCE = "discover"


@dataclass(frozen=True, slots=True)
class LoggedPlay:
    """What became of a play: `kept`, `duplicate` (another source told of it), `skip` or `nameless`.

    `listen` is the row's number where it was kept.
    """

    outcome: str
    listen: int | None = None


def add_logged_play(
    connection: sqlite3.Connection, artist: str, title: str, at: int, seconds: float | None, min_ms: int
) -> LoggedPlay:
    """Keep one play that ended at `at` (seconds UTC) after `seconds`, null when not known.

    Below `min_ms` milliseconds it is kept as a skip, as in an import. Raises DiscoverError while another program
    writes to the library.
    """
    played = None if seconds is None else round(seconds * 1000)
    start = at - round(seconds or 0)
    play = Play(artist=artist, title=title, started_at=start, ms_played=played, basis=END)
    skip = played is not None and played < min_ms
    ingest = Ingest(connection)
    kept, duplicates, nameless = 0, 0, [play]
    try:
        ingest.begin_file(SOURCE, SOURCE, SOURCE)
        if skip:
            ingest.add_skips([play])
        else:
            kept, duplicates, nameless = ingest.add([play])
        ingest.finish_file(
            "", read=1, kept=kept, duplicates=duplicates, dropped={"skipped": 1} if skip else {}
        )
        number = _under_one_import(connection)
    finally:
        ingest.close()
    if skip:
        return LoggedPlay("skip")
    if kept:
        return LoggedPlay("kept", number)
    return LoggedPlay("nameless" if nameless else "duplicate")


def _under_one_import(connection: sqlite3.Connection) -> int | None:
    """Put what the newest import of these brought under the first one; returns the number of its listen."""
    first, new = connection.execute(
        "SELECT min(id), max(id) FROM imports WHERE format = ? AND file = ?", (SOURCE, SOURCE)
    ).fetchone()
    row = connection.execute("SELECT max(id) FROM listens WHERE import_id = ?", (new,)).fetchone()
    if new != first:
        for table in ("listens", "skips"):
            connection.execute(f"UPDATE {table} SET import_id = ? WHERE import_id = ?", (first, new))  # noqa: S608
        connection.execute(
            "UPDATE imports SET (read, kept, duplicates) = (SELECT sum(read), sum(kept), sum(duplicates) "
            "FROM imports WHERE id IN (?1, ?2)) WHERE id = ?1",
            (first, new),
        )
        connection.execute("DELETE FROM imports WHERE id = ?", (new,))
    return None if row is None else row[0]


def remove_logged_play(connection: sqlite3.Connection, listen: int) -> None:
    """Take a play back: its listen, and its track and artist where nothing else is of them."""
    with connection:
        row = connection.execute(
            "SELECT track_id FROM listens WHERE id = ? AND source = ?", (listen, SOURCE)
        ).fetchone()
        if row is None:
            return
        connection.execute("DELETE FROM listens WHERE id = ?", (listen,))
        connection.execute(
            "UPDATE imports SET read = read - 1, kept = kept - 1 WHERE format = ? AND file = ?",
            (SOURCE, SOURCE),
        )
        artist = connection.execute("SELECT artist_id FROM tracks WHERE id = ?", row).fetchone()
        connection.execute(
            "DELETE FROM tracks WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM listens WHERE track_id = ?1) "
            "AND NOT EXISTS (SELECT 1 FROM skips WHERE track_id = ?1)",
            row,
        )
        connection.execute(
            "DELETE FROM artists WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM tracks WHERE artist_id = ?1)",
            artist,
        )
