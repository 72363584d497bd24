"""A person's listening sessions: the rows of the matrix without community data."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Sequence
from itertools import chain

import numpy as np

from engine.canonical_keys import Level, item_key, key_at, track_name
from engine.store.feedback import marked
from engine.taste.rules import Rule, counted_listens
from engine.taste.window import Window

# A pause of more than 30 minutes starts a new session.
GAP_SECONDS = 30 * 60


def read_sessions(
    connection: sqlite3.Connection,
    *,
    gap: int = GAP_SECONDS,
    level: Level = "artists",
    until: int | None = None,
    also: Sequence[Rule] = (),
    timed: bool = False,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[str], np.ndarray]:
    """(session, item, plays, names, times): one row per session and item of the level, sessions numbered in time order.

    Without what is blocked, plays excluded by rules (and by `also` as if in force) and plays from `until` on (seconds
    UTC); with `timed` also without plays of which only the day is known. session, item: (rows,) int64, dense from 0;
    plays: (rows,) float32; names: one per item (a track's made by `engine.canonical_keys.track_name`); times:
    (sessions,) int64, start times, seconds UTC. Undated plays belong to no session.
    """
    condition, values = Window(until=until).condition()
    if timed:
        condition += " AND precision < 86400"
    found = connection.execute(
        f"""
        SELECT started_at, track_id FROM {counted_listens(connection, also)} AS l
        WHERE started_at IS NOT NULL AND {condition} ORDER BY started_at, id
        """,  # noqa: S608 - made of fixed parts
        values,
    )
    rows = np.array(array("q", chain.from_iterable(found))).reshape(-1, 2)
    names, of_track = _items(connection, level)
    session_of = np.concatenate(([0], np.cumsum(np.diff(rows[:, 0]) > gap))) if len(rows) else rows[:, 0]
    tracks = np.fromiter(sorted(of_track), dtype=np.int64, count=len(of_track))
    allowed = np.isin(rows[:, 1], tracks)
    every = np.array([of_track[track] for track in tracks.tolist()], dtype=np.int64)
    ids, item = np.unique(every[np.searchsorted(tracks, rows[allowed, 1])], return_inverse=True)
    pairs, plays = np.unique(np.stack([session_of[allowed], item], axis=1), axis=0, return_counts=True)
    numbers, session = np.unique(pairs[:, 0], return_inverse=True)
    times = rows[np.searchsorted(session_of, numbers), 0] if len(rows) else rows[:, 0]
    return session, pairs[:, 1], plays.astype(np.float32), [names[i] for i in ids.tolist()], times


def any_undated(connection: sqlite3.Connection) -> bool:
    """Whether a play that counts has no date, and so belongs to no session."""
    found = connection.execute(
        f"SELECT 1 FROM {counted_listens(connection)} AS l WHERE started_at IS NULL LIMIT 1"  # noqa: S608 - of fixed parts
    )
    return found.fetchone() is not None


def count_sessions(
    connection: sqlite3.Connection, level: Level, until: int | None = None, also: Sequence[Rule] = ()
) -> dict[str, int]:
    """The number of sessions each item of the level was played in, by key, with sessions as in `read_sessions`."""
    session, item, _, names, _ = read_sessions(connection, level=level, until=until, also=also)
    counts = np.bincount(item, minlength=len(names)).tolist() if len(session) else []
    return {item_key(name): count for name, count in zip(names, counts, strict=True)}


def _items(connection: sqlite3.Connection, level: Level) -> tuple[list[str], dict[int, int]]:
    """The names of all items that are not blocked, and for each track the number of its item."""
    blocked = marked(connection, "block")
    number: dict[str, int] = {}
    names: list[str] = []
    of_track: dict[int, int] = {}
    for track, artist, name, title in connection.execute(
        "SELECT t.id, a.key, a.name, t.title FROM tracks AS t JOIN artists AS a ON a.id = t.artist_id "
        "ORDER BY a.id, t.id"
    ):
        key = key_at(level, artist, title)
        if blocked.holds(key):
            continue
        of_track[track] = number.setdefault(key, len(names))
        if len(number) > len(names):
            names.append(name if level == "artists" else track_name(name, title))
    return names, of_track
