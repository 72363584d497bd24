"""The plays of one artist."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass
from itertools import islice

from engine.canonical_keys import AnySpelling, joined_key
from engine.store.counts import sum_of_track
from engine.store.feedback import marked
from engine.store.local_days import moment

TOP = 5


@dataclass(frozen=True, slots=True)
class PlayedArtist:
    """Plays, the first and last (seconds UTC, null when undated), by year in local time, and the most played tracks.

    A play whose day alone is known is at noon of that day here. `by_year` has every year from the first to the
    last, also those without plays. Without blocked tracks.
    """

    plays: int
    first: int | None
    last: int | None
    by_year: dict[int, int]
    tracks: tuple[tuple[str, int], ...]


def played_artist(connection: sqlite3.Connection, key: str) -> PlayedArtist:
    """The plays of the artist with this key; zeros if there are none."""
    dated = connection.execute(
        f"""
        SELECT {moment(connection)}, l.plays FROM artists AS a JOIN tracks AS t ON t.artist_id = a.id
        JOIN listens AS l ON l.track_id = t.id
        WHERE a.key = ? AND l.started_at IS NOT NULL AND l.flags & 8 = 0
        """,  # noqa: S608 - fixed parts
        (key,),
    ).fetchall()
    years: dict[int, int] = {}
    for at, plays in dated:
        year = time.localtime(at).tm_year
        years[year] = years.get(year, 0) + plays
    tracks = connection.execute(
        f"""
        SELECT t.title, {sum_of_track(connection)} AS plays FROM artists AS a JOIN tracks AS t ON t.artist_id = a.id
        JOIN listens AS l ON l.track_id = t.id WHERE a.key = ? GROUP BY t.id ORDER BY plays DESC, t.id
        """,  # noqa: S608 - fixed parts
        (key,),
    ).fetchall()
    blocked = AnySpelling(marked(connection, "block").tracks)
    named = (track for track in tracks if not blocked.holds(joined_key(key, track[0])))
    span = range(min(years), max(years) + 1) if years else ()
    return PlayedArtist(
        sum(plays for _, plays in tracks),
        min((at for at, _ in dated), default=None),
        max((at for at, _ in dated), default=None),
        {year: years.get(year, 0) for year in span},
        tuple(islice(named, TOP)),
    )
