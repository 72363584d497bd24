"""When items were played: first plays, plays by year, and what was played lately."""

from __future__ import annotations

import contextlib
import datetime
import sqlite3
import time
from collections.abc import Sequence

from engine.canonical_keys import Level, joined_key, key_at
from engine.store.counts import holds_counts
from engine.store.local_days import HALF_DAY, in_local_time, moment
from engine.store.play import DAY
from engine.taste.rules import counted_listens
from engine.taste.window import TimeOfWeek, Window


def counted_before(connection: sqlite3.Connection, end: int) -> str:
    """The SQL source of listens that count for taste and began before `end` (seconds UTC) or have no date."""
    counted = counted_listens(connection)
    return f"(SELECT * FROM {counted} AS l WHERE l.started_at IS NULL OR l.started_at < {int(end)})"  # noqa: S608 - fixed parts


def counted_within(connection: sqlite3.Connection, spans: Sequence[tuple[int, int]]) -> str:
    """The SQL source of listens that count for taste and began in one of `spans` (seconds UTC, end excluded). Excludes
    counts of players that date only the last play."""
    within = " OR ".join(in_local_time(connection, start, end) for start, end in spans)
    counted = counted_listens(connection)
    return f"(SELECT * FROM {counted} AS l WHERE l.flags & 8 = 0 AND ({within or '0'}))"  # noqa: S608 - whole numbers


def day_in_past_years(connection: sqlite3.Connection, today: datetime.date) -> list[tuple[int, int]]:
    """Start and end of this calendar day in each earlier year since the first dated play, latest first, in this
    machine's time zone. 29 February only in leap years."""
    first_play = f"SELECT min({moment(connection)}) FROM {counted_listens(connection)} AS l"  # noqa: S608 - fixed parts
    (first,) = connection.execute(first_play).fetchone()
    spans = []
    for year in range(today.year - 1, time.localtime(first).tm_year - 1, -1) if first is not None else ():
        with contextlib.suppress(ValueError):
            day = today.replace(year=year)
            ends = (day, day + datetime.timedelta(days=1))
            start, end = (int(time.mktime((*one.timetuple()[:3], 0, 0, 0, 0, 0, -1))) for one in ends)
            spans.append((start, end))
    return spans


def holds_counts_for_taste(connection: sqlite3.Connection) -> bool:
    """Whether any listen that counts for taste is a count of a player that dates only the last play."""
    if not holds_counts(connection):
        return False
    counts = f"SELECT 1 FROM {counted_listens(connection)} AS l WHERE l.flags & 8 LIMIT 1"  # noqa: S608 - fixed parts
    return connection.execute(counts).fetchone() is not None


def first_plays(connection: sqlite3.Connection, level: Level) -> dict[str, int]:
    """When each artist or track, by key, was first played: seconds UTC, 0 where any play is undated."""
    found: dict[str, int] = {}
    for artist, title, start in connection.execute(
        f"""
        SELECT a.key, t.title, min(coalesce(l.started_at, 0)) FROM {counted_listens(connection)} AS l
        JOIN tracks AS t ON t.id = l.track_id JOIN artists AS a ON a.id = t.artist_id GROUP BY t.id
        """  # noqa: S608 - fixed parts
    ):
        key = key_at(level, artist, title)
        found[key] = min(found.get(key, int(start)), int(start))
    return found


def plays_by_year(connection: sqlite3.Connection) -> list[tuple[int, dict[str, int]]]:
    """The years from the first dated play that counts for taste to the last, with plays by artist key, in this
    machine's time zone.

    Excludes counts of players that date only the last play.
    """
    listens, at = counted_listens(connection), moment(connection)
    dated = "l.started_at IS NOT NULL"
    # Only where needed: without the condition an index covers the query.
    if holds_counts(connection):
        dated += " AND l.flags & 8 = 0"
    first, last = connection.execute(
        f"SELECT min({at}), max({at}) FROM {listens} AS l WHERE {dated}"  # noqa: S608 - fixed parts
    ).fetchone()
    if first is None:
        return []
    years = range(time.localtime(first).tm_year, time.localtime(last).tm_year + 1)
    # In one pass: a year ends where the next begins.
    ends = " ".join(
        f"WHEN {in_local_time(connection, *(_new_year(one) for one in (years[0], year + 1)))} THEN {year}"
        for year in years
    )
    found: dict[int, dict[str, int]] = {year: {} for year in years}
    for key, year, plays in connection.execute(
        f"""
        WITH played AS (
            SELECT l.track_id, CASE {ends} END AS year, sum(l.plays) AS plays FROM {listens} AS l
            WHERE {dated} GROUP BY l.track_id, year
        )
        SELECT a.key, p.year, sum(p.plays) FROM played AS p JOIN tracks AS t ON t.id = p.track_id
        JOIN artists AS a ON a.id = t.artist_id GROUP BY a.id, p.year
        """  # noqa: S608 - made of fixed parts and whole numbers
    ):
        found[year][str(key)] = int(plays)
    return list(found.items())


def _new_year(year: int) -> int:
    return int(time.mktime((year, 1, 1, 0, 0, 0, 0, 0, -1)))


def played_since(connection: sqlite3.Connection, since: int, until: int | None = None) -> frozenset[str]:
    """Keys of tracks (`joined_key`) played since then and before `until` (seconds UTC, null: now), by plays that count
    for taste or do not. One of which only the day is known may have been then, where that day was."""
    at = moment(connection)
    # To either side of the moment of a play whose day alone is known, to one of any other.
    before, after = f"(l.precision >= {DAY}) * {HALF_DAY}", f"min(coalesce(l.precision, 1), {HALF_DAY})"
    then = f"AND {at} - coalesce({before}, 0) < {int(until)}" if until is not None else ""
    rows = connection.execute(
        f"""
        SELECT a.key, t.title FROM tracks AS t JOIN artists AS a ON a.id = t.artist_id WHERE t.id IN (
            SELECT l.track_id FROM main.listens AS l
            WHERE l.started_at > ?1 - {2 * DAY} AND {at} + {after} > ?1 {then}
        )
        """,  # noqa: S608 - whole numbers
        (since,),
    )
    return frozenset(joined_key(artist, title) for artist, title in rows)


def last_played(connection: sqlite3.Connection) -> dict[int, int]:
    """When each track, by id, was last played, by plays that count for taste or do not: seconds UTC."""
    last = f"SELECT l.track_id, max({moment(connection)}) FROM main.listens AS l GROUP BY l.track_id"  # noqa: S608 - fixed parts
    rows = connection.execute(last)
    return {int(track): int(at) for track, at in rows if at is not None}


def plays_at(connection: sqlite3.Connection, times: TimeOfWeek) -> dict[tuple[str, str], tuple[int, int]]:
    """By (artist key, track key): plays at these times of the week, and plays at any time, of plays that count for
    taste; those without a time of day are in neither.
    """
    then, values = Window(time_of_week=times).condition()
    return {
        (str(artist), str(track)): (int(plays), int(of))
        for artist, track, plays, of in connection.execute(
            f"""
            WITH played AS (
                SELECT l.track_id, sum(l.plays * ({then})) AS plays, sum(l.plays) AS of_all
                FROM {counted_listens(connection)} AS l
                WHERE l.started_at IS NOT NULL AND l.precision < 86400 GROUP BY l.track_id
            )
            SELECT a.key, t.key, sum(p.plays), sum(p.of_all) FROM played AS p JOIN tracks AS t ON t.id = p.track_id
            JOIN artists AS a ON a.id = t.artist_id GROUP BY a.key, t.key
            """,  # noqa: S608 - fixed parts
            values,
        )
    }
