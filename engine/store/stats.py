"""Statistics of a whole history or one year: totals, top lists, and plays over time. All by SQL over the listens.

Months, weekdays and hours are those of this machine's time zone; plays without a date count in the totals of the whole
history and in nothing that needs one, plays whose day alone is known in none of the hours. Blocked
artists are counted but not named.
"""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass

from engine.canonical_keys import Level
from engine.store.counts import beyond_dated
from engine.store.feedback import blocked_ids
from engine.store.local_days import in_local_time, moment
from engine.store.play import DAY

TOP = 20


@dataclass(frozen=True, slots=True)
class Played:
    """One row of a top list; `track` is null for an artist's."""

    artist: str
    track: str | None
    plays: int


@dataclass(frozen=True, slots=True)
class Stats:
    """A history in numbers. `hours` is the total of the `timed` plays, whose length is known.

    `first` and `last` are seconds UTC; `by_month` goes by "2024-05", `by_weekday` from Monday, `by_hour` from
    midnight, `by_day` by "2024-05-31", for a year alone; `by_week` is 24 hours of each of 7 weekdays.
    """

    year: int | None
    plays: int
    undated: int
    timed: int
    hours: float
    artists: int
    tracks: int
    first: int | None
    last: int | None
    top_artists: tuple[Played, ...]
    top_tracks: tuple[Played, ...]
    by_month: dict[str, int]
    by_weekday: tuple[int, ...]
    by_hour: tuple[int, ...]
    by_day: dict[str, int]
    by_week: tuple[tuple[int, ...], ...] = ()


def stats(connection: sqlite3.Connection, year: int | None = None) -> Stats:
    """The statistics of a year in local time, or with None of the whole history."""
    where = _of_year(connection, year)
    listens, at = beyond_dated(connection), moment(connection)
    plays, undated, timed, milliseconds, artists, tracks, first, last = connection.execute(
        f"""
        WITH played AS (
            SELECT l.track_id, sum(l.plays) AS plays,
                   coalesce(sum(l.plays) FILTER (WHERE l.started_at IS NULL), 0) AS undated,
                   coalesce(sum(l.plays) FILTER (WHERE l.ms_played IS NOT NULL), 0) AS timed,
                   coalesce(sum(l.ms_played), 0) AS length, min({at}) AS first, max({at}) AS last
            FROM {listens} AS l WHERE {where} GROUP BY l.track_id
        )
        SELECT coalesce(sum(p.plays), 0), coalesce(sum(p.undated), 0), coalesce(sum(p.timed), 0),
               coalesce(sum(p.length), 0), count(DISTINCT t.artist_id), count(*), min(p.first), max(p.last)
        FROM played AS p JOIN tracks AS t ON t.id = p.track_id
        """,  # noqa: S608 - fixed parts
    ).fetchone()
    by_day, by_weekday, by_week = _when(connection, where)
    by_month: dict[str, int] = {}
    for day, count in by_day.items():
        by_month[day[:7]] = by_month.get(day[:7], 0) + count
    return Stats(
        year,
        plays,
        undated,
        timed,
        milliseconds / 3_600_000,
        artists,
        tracks,
        first,
        last,
        most_played(connection, "artists", year, TOP),
        most_played(connection, "tracks", year, TOP),
        by_month,
        by_weekday,
        tuple(map(sum, zip(*by_week, strict=True))),
        by_day if year is not None else {},
        by_week,
    )


def most_played(
    connection: sqlite3.Connection, level: Level, year: int | None = None, n: int = -1
) -> tuple[Played, ...]:
    """The most played artists or tracks of a year in local time, or with None of the whole history: the first `n`, all
    if that is below 0."""
    named, group = ("a.name, NULL", "a.id") if level == "artists" else ("a.name, t.title", "t.id")
    where = _of_year(connection, year)
    rows = connection.execute(
        f"""
        WITH played AS (
            SELECT l.track_id, sum(l.plays) AS plays FROM {beyond_dated(connection)} AS l WHERE {where}
            GROUP BY l.track_id
        )
        SELECT {named}, sum(p.plays) AS plays FROM played AS p JOIN tracks AS t ON t.id = p.track_id
        JOIN artists AS a ON a.id = t.artist_id WHERE t.id NOT IN ({blocked_ids(connection)})
        GROUP BY {group} ORDER BY plays DESC, {group} LIMIT ?
        """,  # noqa: S608 - fixed parts
        (n,),
    )
    return tuple(Played(*row) for row in rows)


def _of_year(connection: sqlite3.Connection, year: int | None) -> str:
    """An SQL condition for the listens of a year in local time, all with None."""
    if year is None:
        return "1"
    first, last = (int(time.mktime((begin, 1, 1, 0, 0, 0, 0, 0, -1))) for begin in (year, year + 1))
    return in_local_time(connection, first, last)


def _when(
    connection: sqlite3.Connection, where: str
) -> tuple[dict[str, int], tuple[int, ...], tuple[tuple[int, ...], ...]]:
    """Dated plays by day, by weekday, and by weekday and hour where their hour is known, in one pass."""
    # Grouped by quarters of an hour, of which every zone's offset is a multiple: fewer times to convert.
    rows = connection.execute(
        f"""
        SELECT {moment(connection)} / 900 * 900 AS at, coalesce(l.precision, 1) >= {DAY} AS is_day, sum(l.plays)
        FROM listens AS l
        WHERE l.started_at IS NOT NULL AND l.flags & 8 = 0 AND {where} GROUP BY at, is_day ORDER BY at
        """,  # noqa: S608 - fixed parts
    )
    days: dict[tuple[int, int, int], int] = {}
    weekdays = [0] * 7
    week = [[0] * 24 for _ in range(7)]
    for at, is_day, plays in rows:
        local = time.localtime(at)
        days[local[:3]] = days.get(local[:3], 0) + plays
        weekdays[local[6]] += plays
        if not is_day:  # else it has no hour
            week[local[6]][local[3]] += plays
    return (
        {f"{y}-{m:02}-{d:02}": n for (y, m, d), n in sorted(days.items())},
        tuple(weekdays),
        tuple(map(tuple, week)),
    )
