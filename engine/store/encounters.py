"""What Discover showed and what was opened from it, by item and day, so that ignored items can rest.

An item is an artist or a track, by key (`engine.canonical_keys.item_key`). A day is the number of days since 1970 in
the person's own time. Nothing else about looking at a list is stored, and in a private session not even this.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from itertools import groupby
from typing import Literal

from engine.canonical_keys import artist_of, joined_key
from engine.store.local_days import moment

What = Literal["shown", "opened"]
# An item shown on this many days without being opened, liked or played rests for this many days.
IGNORED_DAYS, REST_DAYS = 4, 30
_DAY = 86_400


def note(connection: sqlite3.Connection, what: What, keys: Iterable[str], day: int) -> None:
    """Record items, by key, as shown or opened on a day; idempotent within a day."""
    with connection:
        connection.executemany(
            "INSERT OR IGNORE INTO encounters (artist_key, day, what) VALUES (?, ?, ?)",
            [(key, day, what) for key in keys],
        )


def opened(connection: sqlite3.Connection) -> frozenset[str]:
    """Keys of items ever opened."""
    rows = connection.execute("SELECT DISTINCT artist_key FROM encounters WHERE what = 'opened'")
    return frozenset(str(row[0]) for row in rows)


def resting(connection: sqlite3.Connection, day: int) -> frozenset[str]:
    """Keys of items resting on a day, by what happened before it: the same all day."""
    rows = connection.execute(
        "SELECT artist_key, day, what FROM encounters WHERE day < ? ORDER BY artist_key, day, what", (day,)
    )
    candidates: dict[str, int] = {}
    for key, of_item in groupby(rows, key=lambda row: str(row[0])):
        since = _ignored_since([(int(at), str(what)) for _, at, what in of_item], day)
        if since is not None:
            candidates[key] = since
    if not candidates:
        return frozenset()
    played = last_days(connection, candidates)
    return frozenset(key for key, since in candidates.items() if played.get(key, -1) < since)


def _ignored_since(encounters: list[tuple[int, str]], day: int) -> int | None:
    """The first of the days an item was ignored on, if it therefore rests on `day`; else null."""
    run: list[int] = []
    rests_until = -1
    for at, what in encounters:
        if what == "opened":
            run, rests_until = [], -1
            continue
        if at < rests_until:
            continue
        if len(run) >= IGNORED_DAYS:
            run = []
        run.append(at)
        if len(run) >= IGNORED_DAYS:
            rests_until = at + 1 + REST_DAYS
    return run[0] if run and day < rests_until else None


def last_days(connection: sqlite3.Connection, keys: Iterable[str]) -> dict[str, int]:
    """The day each of these artists or tracks was last played on, local time."""
    found: dict[str, int] = {}
    at = moment(connection)
    for key in keys:
        artist = artist_of(key)
        for title, last in connection.execute(
            f"SELECT t.title, max({at}) FROM artists AS a JOIN tracks AS t ON t.artist_id = a.id "  # noqa: S608 - fixed parts
            "JOIN listens AS l ON l.track_id = t.id WHERE a.key = ? GROUP BY t.id",
            (artist,),
        ):
            if last is not None and key in (artist, joined_key(artist, title)):
                here = int(last) + time.localtime(int(last)).tm_gmtoff
                found[key] = max(found.get(key, 0), here // _DAY)
    return found
