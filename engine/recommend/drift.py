"""How a person's taste drifts: for each year the share of the plays in each of their tastes, and what was new.

Years are those of this machine's time zone. Only plays that count for taste are looked at, with dates: without what
rules exclude, blocked artists, and counts of players that date only the last play.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from engine.recommend.listener import Listener
from engine.taste.when_played import plays_by_year


@dataclass(frozen=True, slots=True)
class ArtistPlays:
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
    top: ArtistPlays
    new: int
    top_new: ArtistPlays | None


@dataclass(frozen=True, slots=True)
class Drift:
    """The names of the tastes, largest first, and the years with plays, earliest first."""

    tastes: tuple[str, ...]
    years: tuple[YearOfTaste, ...]


def drift(connection: sqlite3.Connection, listener: Listener) -> Drift:
    """The years of a person's taste, read from their library."""
    mode_of = {
        listener.reasons[place].key: number
        for number, mode in enumerate(listener.modes)
        for place in mode.places.tolist()
    }
    known: set[str] = set()
    years = []
    for year, plays in plays_by_year(connection):
        counted = {key: count for key, count in plays.items() if key in listener.taste.by_key}
        if not counted:
            continue
        total = sum(counted.values())
        in_mode = [0] * len(listener.modes)
        for key, count in counted.items():
            if key in mode_of:
                in_mode[mode_of[key]] += count
        # The most played; ties by key.
        ranked = sorted(counted, key=lambda key: (-counted[key], key))
        new = [key for key in ranked if key not in known]
        known.update(new)
        named = [ArtistPlays(listener.taste.by_key[key].name, counted[key]) for key in (ranked[0], *new[:1])]
        years.append(
            YearOfTaste(
                year,
                total,
                tuple(count / total for count in in_mode),
                (total - sum(in_mode)) / total,
                named[0],
                len(new),
                named[1] if new else None,
            )
        )
    return Drift(tuple(mode.name for mode in listener.modes), tuple(years))
