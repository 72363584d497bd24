"""A record of downloads: one row per file, with address, size, digest and time."""

from __future__ import annotations

import sqlite3


def add_download(connection: sqlite3.Connection, url: str, size: int, sha256: str, at: int) -> None:
    """Record a download of `size` bytes at `at`, seconds since 1970."""
    with connection:
        connection.execute(
            "INSERT INTO fetches (url, bytes, sha256, at) VALUES (?, ?, ?, ?)", (url, size, sha256, at)
        )


def downloads(connection: sqlite3.Connection) -> list[tuple[str, int, str, int]]:
    """(url, bytes, sha256, at) of every download, oldest first."""
    return connection.execute("SELECT url, bytes, sha256, at FROM fetches ORDER BY at, rowid").fetchall()
