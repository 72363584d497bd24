"""A person's listening sessions: the rows of the matrix where there is no community."""

from __future__ import annotations

import sqlite3

import numpy as np

from engine.taste.rules import counted_listens

# A pause of more than 30 minutes starts a new session.
GAP_SECONDS = 30 * 60


def read_sessions(
    connection: sqlite3.Connection, *, gap: int = GAP_SECONDS
) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[str], np.ndarray]:
    """(session, item, plays, names, times): one row a session and artist, sessions numbered in time.

    Blocked artists and plays that rules leave out are not there.

    session, item: (rows,) int64, dense from 0; plays: (rows,) float32; names: one an item;
    times: (sessions,) int64, when each began, seconds UTC.
    Undated plays belong to no session.
    """
    listens = counted_listens(connection)
    rows = np.array(
        connection.execute(
            f"SELECT l.started_at, t.artist_id FROM {listens} AS l JOIN tracks AS t ON t.id = l.track_id "  # noqa: S608
            "WHERE l.started_at IS NOT NULL ORDER BY l.started_at, l.id"
        ).fetchall(),
        dtype=np.int64,
    ).reshape(-1, 2)
    names = dict(
        connection.execute(
            """
            SELECT id, name FROM artists
            WHERE key NOT IN (SELECT artist_key FROM feedback WHERE track_key = '' AND verdict = 'block')
            """
        )
    )
    session_of = np.concatenate(([0], np.cumsum(np.diff(rows[:, 0]) > gap))) if len(rows) else rows[:, 0]
    allowed = np.isin(rows[:, 1], np.fromiter(names, dtype=np.int64, count=len(names)))
    ids, item = np.unique(rows[allowed, 1], return_inverse=True)
    pairs, plays = np.unique(np.stack([session_of[allowed], item], axis=1), axis=0, return_counts=True)
    numbers, session = np.unique(pairs[:, 0], return_inverse=True)
    times = rows[np.searchsorted(session_of, numbers), 0] if len(rows) else rows[:, 0]
    return session, pairs[:, 1], plays.astype(np.float32), [names[int(number)] for number in ids], times
