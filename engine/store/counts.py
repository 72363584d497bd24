"""Play counts from sources without dated plays: summed over one file, then compared with what is stored.

A source may list a track several times (from the album and a best-of), and which of them a row means is not known. So
only a track's sum is compared: it rises to the highest of any snapshot, in any order, also if several files of a
service count the plays of one library. A count includes plays that other sources may have one by one. Only the plays
beyond those are added.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from engine.store.local_days import moment_of
from engine.store.play import BASIS_FLAGS, COUNT_FLAG, PRIVATE_FLAG, Play

# A track's dated plays are subtracted from its counts one after the other; a fully covered count is not a listen.
_BEYOND_DATED = """
WITH counts AS (
    SELECT id, track_id, sum(plays) OVER (PARTITION BY track_id ORDER BY id) AS up_to, plays
    FROM {listens} WHERE flags & 8
), dated AS (
    SELECT track_id, sum(plays) AS plays FROM {listens}
    WHERE track_id IN (SELECT track_id FROM counts) AND NOT flags & 8 GROUP BY track_id
), left_of AS (
    SELECT c.id, min(c.plays, max(0, c.up_to - coalesce(d.plays, 0))) AS plays
    FROM counts AS c LEFT JOIN dated AS d ON d.track_id = c.track_id
)
SELECT l.id, l.track_id, l.import_id, l.started_at, l.precision, l.ms_played, coalesce(o.plays, l.plays) AS plays,
       l.source, l.flags
FROM {listens} AS l LEFT JOIN left_of AS o ON o.id = l.id WHERE o.plays IS NULL OR o.plays > 0
"""

# Sources that count the plays of one library: Music's own file and three tables of Apple's export.
_ONE_LIBRARY = ("apple-last-played", "apple-library", "apple-recent", "itunes")
# A higher count is not plausible.
MAX_PLAYS = (1 << 32) - 1


@dataclass(slots=True)
class _Sum:
    """The rows of one track in one file; `last` is the latest play's start and its precision."""

    flags: int
    plays: int = 0
    rows: int = 0
    undated: int = 0
    last: tuple[int, int] | None = None


@dataclass(slots=True)
class Settled:
    """Result for a file's counts: duplicate rows, and for each track kept its rows, the undated ones, and its last
    play's moment."""

    duplicates: int
    tracks: dict[int, tuple[int, int, int | None]]


class Counts:
    """The counts of the current file, by track."""

    def __init__(self) -> None:
        self._sums: dict[int, _Sum] = {}

    def add(self, track: int, play: Play) -> None:
        """One row of the file."""
        flags = COUNT_FLAG | BASIS_FLAGS[play.basis] | (PRIVATE_FLAG if play.private else 0)
        there = self._sums.setdefault(track, _Sum(flags))
        there.plays = min(MAX_PLAYS, there.plays + play.plays)
        there.rows += 1
        if play.started_at is None:
            there.undated += 1
        elif there.last is None or play.started_at > there.last[0]:
            there.last = play.started_at, play.precision

    def settle(self, connection: sqlite3.Connection, source: str, import_id: int) -> Settled:
        """Write what the file counts beyond what is stored of its source, and reset."""
        result = Settled(0, {})
        stored = _stored(connection, source) if self._sums else {}
        for track, there in self._sums.items():
            if not _settle(connection, track, there, stored.get(track), source, import_id):
                result.duplicates += there.rows
                continue
            result.tracks[track] = there.rows, there.undated, moment_of(*there.last) if there.last else None
        self._sums.clear()
        return result


def _stored(connection: sqlite3.Connection, source: str) -> dict[int, tuple[int, int, int | None]]:
    """Track -> its first count of this source's library by id, the sum of them, the latest play."""
    sources = _ONE_LIBRARY if source in _ONE_LIBRARY else (source,)
    rows = connection.execute(
        f"SELECT track_id, min(id), sum(plays), max(started_at) FROM listens "  # noqa: S608 - a number and marks
        f"WHERE flags & {COUNT_FLAG} AND source IN ({','.join('?' * len(sources))}) GROUP BY track_id",
        sources,
    )
    return {track: (first, plays, last) for track, first, plays, last in rows}


def _settle(
    connection: sqlite3.Connection,
    track: int,
    there: _Sum,
    stored: tuple[int, int, int | None] | None,
    source: str,
    import_id: int,
) -> bool:
    """Write this sum if it is higher than the stored one, or its last play later; returns whether."""
    start, precision = there.last or (None, None)
    if stored is None:
        connection.execute(
            "INSERT INTO listens (track_id, import_id, started_at, precision, plays, source, flags) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (track, import_id, start, precision, there.plays, source, there.flags),
        )
        return True
    first, plays, last = stored
    later = start is not None and (last is None or start > last)
    if there.plays <= plays and not later:
        return False
    # A file with only a later date does not own the plays: undoing it must not remove them.
    if there.plays > plays:
        connection.execute(
            "UPDATE listens SET plays = plays + ?, import_id = ? WHERE id = ?",
            (there.plays - plays, import_id, first),
        )
    if later:
        connection.execute(
            "UPDATE listens SET started_at = ?, precision = ? WHERE id = ?", (start, precision, first)
        )
    return True


def holds_counts(connection: sqlite3.Connection) -> bool:
    """Whether any listen is a count."""
    return connection.execute("SELECT 1 FROM listens WHERE flags & 8 LIMIT 1").fetchone() is not None


def beyond_dated(connection: sqlite3.Connection, listens: str = "main.listens") -> str:
    """The SQL source of these listens for summing plays: a count's `plays` is what remains after the track's dated
    plays."""
    return f"({_BEYOND_DATED.format(listens=listens)})" if holds_counts(connection) else listens


def sum_of_track(connection: sqlite3.Connection) -> str:
    """The plays of a track, in SQL over its listens `l`: the larger of its dated and its counted plays."""
    if not holds_counts(connection):
        return "coalesce(sum(l.plays), 0)"
    counted, dated = (
        f"coalesce(sum(l.plays) FILTER (WHERE {which}), 0)" for which in ("l.flags & 8", "NOT l.flags & 8")
    )
    return f"max({counted}, {dated})"
