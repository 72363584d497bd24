"""A record of playlists sent to servers, by the names they had then and have here now, with the servers' ids."""

from __future__ import annotations

import sqlite3


def add_push(
    connection: sqlite3.Connection,
    playlist: str,
    service: str,
    address: str,
    server_id: str,
    tracks: int,
    at: int,
) -> int:
    """Record that `tracks` are about to be sent at `at`, seconds since 1970; returns the record's id."""
    with connection:
        row = connection.execute(
            "INSERT INTO pushes (playlist, sent_as, service, address, server_id, tracks, at) "
            "VALUES (?1, ?1, ?, ?, ?, ?, ?)",
            (playlist, service, address, server_id, tracks, at),
        ).lastrowid
    return int(row or 0)


def made_there(connection: sqlite3.Connection, number: int, server_id: str) -> None:
    """Store the server's id of the playlist sent under this record."""
    with connection:
        connection.execute("UPDATE pushes SET server_id = ? WHERE rowid = ?", (server_id, number))


def known_as(connection: sqlite3.Connection, playlist: str, service: str, address: str) -> str:
    """A server's id of a playlist sent there; empty if it was not."""
    row = connection.execute(
        "SELECT server_id FROM pushes WHERE playlist = ? AND service = ? AND address = ? AND server_id <> '' "
        "ORDER BY rowid DESC LIMIT 1",
        (playlist, service, address),
    ).fetchone()
    return str(row[0]) if row else ""


def rename_in_pushes(connection: sqlite3.Connection, playlist: str, new_name: str) -> None:
    """Have the record go with a playlist that gets another name, in the caller's transaction; what an earlier playlist
    of that name became on servers is no longer known."""
    if playlist != new_name:
        connection.execute("UPDATE pushes SET server_id = '' WHERE playlist = ?", (new_name,))
        connection.execute("UPDATE pushes SET playlist = ? WHERE playlist = ?", (new_name, playlist))


def pushes(connection: sqlite3.Connection) -> list[tuple[str, str, str, int, int]]:
    """(playlist by its name then, service, address, tracks, at) of all that was sent, oldest first."""
    return connection.execute(
        "SELECT coalesce(sent_as, playlist), service, address, tracks, at FROM pushes ORDER BY at, rowid"
    ).fetchall()
