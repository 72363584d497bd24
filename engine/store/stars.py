"""Stars on servers that became likes: each once, and those of one fetch undone together."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from engine.store.imported_likes import SaidElsewhere, keep_verdict

# The server's id, the artist, the title (null for an artist that is starred), when (seconds since 1970 UTC, or null).
Star = tuple[str, str, str | None, int | None]


def add_stars(connection: sqlite3.Connection, service: str, stars: Iterable[Star]) -> tuple[int, int]:
    """Store new stars as likes, as `keep_verdict` does; returns how many stars are new, and how many of these are likes
    now. Raises sqlite3.OperationalError."""
    new = liked = 0
    with connection:
        (fetch,) = connection.execute("SELECT coalesce(max(fetch), 0) + 1 FROM feedback").fetchone()
        for _, artist, title, at in stars:
            said = keep_verdict(connection, service, artist, title, "like", at, fetch) or SaidElsewhere()
            new += said.is_new
            liked += said.changed
    return new, liked


def undo_stars(connection: sqlite3.Connection) -> int:
    """Undo the last fetch that brought likes; returns how many were removed, of those unchanged since. They do not come
    again, unless starred again."""
    with connection:
        return connection.execute(
            "DELETE FROM feedback WHERE fetch = (SELECT max(fetch) FROM feedback)"
        ).rowcount
