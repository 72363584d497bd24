"""How a person's taste drifts: for each year the share of the plays in each of their tastes, and what was new.

Years are those of this machine's time zone. Only plays that count for taste are looked at, with dates: what rules
leave out and blocked artists are in none of it, nor are counts of a player that dates the last play alone.
"""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass

from engine.recommend.person import Person
from engine.taste.rules import counted_listens


@dataclass(frozen=True, slots=True)
class Heard:
    """An artist and its plays in a year."""

    artist: str
    plays: int


@dataclass(frozen=True, slots=True)
class YearOfTaste:
    """One year with plays. `shares` by taste, and `others` of artists in none of them, sum to 1.

    `top` was played most; `new` artists were played for the first time, `top_new` the most played of them.
    """

    year: int
    plays: int
    shares: tuple[float, ...]
    others: float
    top: Heard
    new: int
    top_new: Heard | None


@dataclass(frozen=True, slots=True)
class Drift:
    """The names of the tastes, the largest first, and the years with plays, the first first."""

    tastes: tuple[str, ...]
    years: tuple[YearOfTaste, ...]


def drift(connection: sqlite3.Connection, person: Person) -> Drift:
    """The years of a person's taste, read from their library."""
    mode_of = {
        person.reasons[place].key: number
        for number, mode in enumerate(person.modes)
        for place in mode.places.tolist()
    }
    known: set[str] = set()
    years = []
    for year, plays in _plays_by_year(connection):
        counted = {key: count for key, count in plays.items() if key in person.taste.by_key}
        if not counted:
            continue
        total = sum(counted.values())
        in_mode = [0] * len(person.modes)
        for key, count in counted.items():
            if key in mode_of:
                in_mode[mode_of[key]] += count
        # The most played; of equally played ones the first by key.
        ranked = sorted(counted, key=lambda key: (-counted[key], key))
        new = [key for key in ranked if key not in known]
        known.update(new)
        heard = [Heard(person.taste.by_key[key].name, counted[key]) for key in (ranked[0], *new[:1])]
        years.append(
            YearOfTaste(
                year, total, tuple(count / total for count in in_mode), (total - sum(in_mode)) / total,
                heard[0], len(new), heard[1] if new else None,
            )
        )  # fmt: skip
    return Drift(tuple(mode.name for mode in person.modes), tuple(years))


def _plays_by_year(connection: sqlite3.Connection) -> list[tuple[int, dict[str, int]]]:
    """Each year from the first play to the last, and the plays by artist key in it."""
    listens = counted_listens(connection)
    dated = "l.started_at IS NOT NULL"
    # Asked only where it says something: without it an index holds all that is read.
    if connection.execute("SELECT 1 FROM listens WHERE flags & 8 LIMIT 1").fetchone() is not None:
        dated += " AND l.flags & 8 = 0"
    first, last = connection.execute(
        f"SELECT min(started_at), max(started_at) FROM {listens} AS l WHERE {dated}"  # noqa: S608 - fixed parts
    ).fetchone()
    if first is None:
        return []
    years = range(time.localtime(first).tm_year, time.localtime(last).tm_year + 1)
    # In one pass: a year ends where the next begins here.
    ends = " ".join(
        f"WHEN l.started_at < {int(time.mktime((year + 1, 1, 1, 0, 0, 0, 0, 0, -1)))} THEN {year}"
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
