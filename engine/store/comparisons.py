"""Comparisons of two rankings: their names, dates, rows shown, and rows the person acted on."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from engine.canonical_keys import joined_key
from engine.store.encounters import last_days

Side = Literal["usual", "other"]
SIDES: tuple[Side, Side] = ("usual", "other")


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two rankings by name, from when (seconds since 1970 UTC) until when, null while it runs.

    `kept` names the one in use since it ended.
    """

    number: int
    usual: str
    other: str
    started: int
    ended: int | None
    kept: str


def latest(connection: sqlite3.Connection) -> Comparison | None:
    """The running comparison, or the last one."""
    row = connection.execute(
        "SELECT id, usual, other, started, ended, kept FROM comparisons ORDER BY id DESC LIMIT 1"
    ).fetchone()
    return Comparison(*row) if row else None


def begin(connection: sqlite3.Connection, usual: str, other: str) -> None:
    """Start a comparison of two rankings."""
    with connection:
        connection.execute(
            "INSERT INTO comparisons (usual, other, started, kept) VALUES (?, ?, ?, ?)",
            (usual, other, int(time.time()), usual),
        )


def end(connection: sqlite3.Connection, number: int, kept: str) -> None:
    """End a comparison; the ranking `kept` is used from now on."""
    with connection:
        connection.execute(
            "UPDATE comparisons SET ended = ?, kept = ? WHERE id = ?", (int(time.time()), kept, number)
        )


def resume(connection: sqlite3.Connection, comparison: Comparison) -> None:
    """Undo the end of a comparison."""
    with connection:
        connection.execute(
            "UPDATE comparisons SET ended = NULL, kept = usual WHERE id = ?", (comparison.number,)
        )


def discard(connection: sqlite3.Connection, number: int) -> None:
    """Delete a comparison."""
    with connection:
        connection.execute("DELETE FROM comparisons WHERE id = ?", (number,))


def note_shown(connection: sqlite3.Connection, number: int, sides: Mapping[str, Side], day: int) -> None:
    """Record items, by key, shown on a day, each picked by one side. An item stays with the side that picked it
    first."""
    with connection:
        connection.executemany(
            "INSERT OR IGNORE INTO compared (comparison, item_key, day, side) VALUES (?, ?, ?, ?)",
            [(number, key, day, side) for key, side in sides.items()],
        )


def taken_up(connection: sqlite3.Connection, comparison: Comparison) -> dict[Side, tuple[int, int]]:
    """(items shown, items acted on) of each side: opened, liked or played from the day they were shown on.

    Only items new to the person are recorded, so a play of one came afterwards.
    """
    shown = {
        str(key): (int(day), cast(Side, side))
        for key, day, side in connection.execute(
            "SELECT item_key, day, side FROM compared WHERE comparison = ?", (comparison.number,)
        )
    }
    taken = _opened(connection, shown) | _liked(connection, shown, comparison.started)
    played = last_days(connection, shown.keys() - taken)
    taken |= {key for key, day in played.items() if day >= shown[key][0]}
    return {
        side: (
            sum(whose == side for _, whose in shown.values()),
            sum(shown[key][1] == side for key in taken),
        )
        for side in SIDES
    }


def _opened(connection: sqlite3.Connection, shown: Mapping[str, tuple[int, Side]]) -> set[str]:
    rows = connection.execute(
        "SELECT artist_key, max(day) FROM encounters WHERE what = 'opened' GROUP BY artist_key"
    )
    return {str(key) for key, day in rows if key in shown and day >= shown[key][0]}


def _liked(connection: sqlite3.Connection, shown: Mapping[str, tuple[int, Side]], since: int) -> set[str]:
    rows = connection.execute(
        "SELECT artist_key, track_key FROM feedback WHERE verdict = 'like' AND at >= ?", (since,)
    )
    return {key for artist, track in rows if (key := joined_key(artist, track) if track else artist) in shown}
