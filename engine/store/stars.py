"""Stars on servers that became likes: each once, and those of one fetch undone together."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from engine.store.imported_likes import keep_verdict

# The server's id, the artist, the title (null for an artist that is starred), when (seconds since 1970 UTC, or null).
Star = tuple[str, str, str | None, int | None]


def add_stars(
    connection: sqlite3.Connection, service: str, address: str, stars: Iterable[Star]
) -> tuple[int, int]:
    """Store new stars as likes; returns how many stars are new, and how many of these are likes now.

    The person's own likes, hides and blocks stay. Raises sqlite3.OperationalError.
    """
    new = liked = 0
    with connection:
        (fetch,) = connection.execute("SELECT coalesce(max(fetch), 0) + 1 FROM stars").fetchone()
        for number, artist, title, at in stars:
            added = connection.execute(
                "INSERT OR IGNORE INTO stars (service, address, server_id, fetch) VALUES (?, ?, ?, ?)",
                (service, address, number, fetch),
            )
            if added.rowcount > 0:
                new += 1
                liked += bool(keep_verdict(connection, artist, title, "like", at, fetch))
    return new, liked


def undo_stars(connection: sqlite3.Connection) -> int:
    """Undo the last fetch that found new stars; returns how many likes were removed, of those unchanged since."""
    with connection:
        last = "(SELECT max(fetch) FROM stars)"
        gone = connection.execute(f"DELETE FROM feedback WHERE fetch = {last}").rowcount  # noqa: S608 - fixed text
        connection.execute(f"DELETE FROM stars WHERE fetch = {last}")  # noqa: S608 - fixed text
    return gone
