"""The gate: from listens to the weighted artists a model may see. Nothing reaches a model around it.

A `Taste` is a pure function of the library and of what was asked for; its digest names exactly that, so two
consumers with the same digest saw the same thing. Plays that a rule leaves out (`engine.taste.rules`) are in no
taste, nor is a blocked artist; a hidden one only leaves Discover.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from engine.taste.rules import Rule, counted_listens
from engine.taste.window import EVERYTHING as EVERYTHING
from engine.taste.window import Window as Window

_DAY = 86_400
# A like counts as this many plays in taste: enough to matter beside real listening, not to outshout it.
LIKE_PLAYS = 10.0
# A skip takes this much of a play away; an artist skipped so often and never heard was turned down.
SKIP_PLAYS, TURNED_DOWN = 0.5, 3


@dataclass(frozen=True, slots=True)
class TasteItem:
    """One artist of the person's: plays and skips inside the window and when last played (null when undated).

    `fresh` is the share of the plays that is left after the window's half-life, 1 without one.
    """

    key: str
    name: str
    plays: float
    last_played: int | None
    liked: bool = False
    fresh: float = 1.0
    skips: int = 0

    @property
    def weight(self) -> float:
        """Plays as the model counts them: a like adds to them, skips take away, down to nothing."""
        return self._heard + (LIKE_PLAYS if self.liked else 0.0)

    @property
    def sureness(self) -> float:
        """What is left of the weight after fading, as a share: a like does not fade."""
        return (self._heard * self.fresh + self.weight - self._heard) / self.weight if self.weight else 0.0

    @property
    def _heard(self) -> float:
        return max(0.0, self.plays - SKIP_PLAYS * self.skips)


@dataclass(frozen=True)
class Taste:
    """What a model may know of the person. `items` are in key order.

    `blocked` and `hidden` are artist keys, and so are `left_out`: those all of whose plays rules leave out. They are
    no part of taste, and being known to the person they are nothing new either. `turned_down` were skipped
    again and again and never heard.
    """

    items: tuple[TasteItem, ...]
    blocked: frozenset[str]
    hidden: frozenset[str]
    left_out: frozenset[str]
    window: Window
    digest: str
    by_key: dict[str, TasteItem] = field(repr=False, compare=False)
    turned_down: frozenset[str] = frozenset()

    @property
    def unwanted(self) -> frozenset[str]:
        """Keys of the artists no list may recommend."""
        return self.blocked | self.hidden | self.left_out | self.turned_down

    def faded(self, days: Days, half_life: float) -> Taste:
        """The same taste with its plays fading; `days` are those of its window."""
        fresh = days.fresh(half_life)
        items = tuple(replace(item, fresh=fresh.get(item.key, 1.0)) for item in self.items)
        window = replace(self.window, half_life=half_life)
        return self._with(items, window)

    def without(self, keys: frozenset[str]) -> Taste:
        """The same taste had these artists never been played."""
        kept = tuple(item for item in self.items if item.key not in keys)
        return self._with(kept, self.window)

    def of(self, items: Sequence[TasteItem]) -> Taste:
        """Another listener's artists behind this person's blocks and hides, such as those of a playlist."""
        kept = (item for item in items if item.key not in self.blocked)
        return self._with(tuple(sorted(kept, key=lambda item: item.key)), EVERYTHING)

    def _with(self, items: tuple[TasteItem, ...], window: Window) -> Taste:
        return _taste(items, self.blocked, self.hidden, self.left_out, self.turned_down, window)


def read_taste(
    connection: sqlite3.Connection, window: Window = EVERYTHING, also: Sequence[Rule] = ()
) -> Taste:
    """The person's taste from the library, through every block, like and rule; `also` as if those were in force."""
    verdicts = {
        str(key): str(verdict)
        for key, verdict in connection.execute(
            "SELECT artist_key, verdict FROM feedback WHERE track_key = ''"
        )
    }
    blocked = frozenset(key for key, verdict in verdicts.items() if verdict == "block")
    hidden = frozenset(key for key, verdict in verdicts.items() if verdict == "hide")
    liked = {key for key, verdict in verdicts.items() if verdict == "like"}
    condition, values = window.condition()
    listens = counted_listens(connection, also)
    skips = _skips(connection, window)
    items = [
        TasteItem(key, name, float(plays), last, key in liked, skips=skips.get(key, 0))
        for key, name, plays, last in connection.execute(
            f"""
            WITH played AS (
                SELECT track_id, sum(plays) AS plays, max(started_at) AS last
                FROM {listens} AS l WHERE {condition} GROUP BY track_id
            )
            SELECT a.key, a.name, sum(p.plays), max(p.last)
            FROM played AS p JOIN tracks AS t ON t.id = p.track_id JOIN artists AS a ON a.id = t.artist_id
            GROUP BY a.id
            """,  # noqa: S608 - the condition is made of fixed parts
            values,
        )
        if key not in blocked
    ]
    played = {item.key for item in items}
    for key, name in connection.execute(
        "SELECT artist_key, artist FROM feedback WHERE track_key = '' AND verdict = 'like'"
    ):
        if key not in played:
            items.append(TasteItem(key, name, 0.0, None, True))
    left_out = _left_out(connection) - liked
    turned_down = frozenset(
        key for key, count in skips.items() if count >= TURNED_DOWN and key not in played | liked
    )
    plain = replace(window, half_life=None)
    taste = _taste(
        tuple(sorted(items, key=lambda item: item.key)), blocked, hidden, left_out, turned_down, plain
    )
    if window.half_life is None:
        return taste
    return taste.faded(read_days(connection, window, also), window.half_life)


def _skips(connection: sqlite3.Connection, window: Window) -> dict[str, int]:
    """How often each artist's tracks were skipped in the window."""
    condition, values = window.condition("s.started_at")
    rows = connection.execute(
        f"""
        WITH skipped AS (SELECT track_id, count(*) AS n FROM skips AS s WHERE {condition} GROUP BY track_id)
        SELECT a.key, sum(s.n) FROM skipped AS s JOIN tracks AS t ON t.id = s.track_id
        JOIN artists AS a ON a.id = t.artist_id GROUP BY a.id
        """,  # noqa: S608 - the condition is made of fixed parts
        values,
    )
    return {str(key): int(count) for key, count in rows}


def _left_out(connection: sqlite3.Connection) -> frozenset[str]:
    """Keys of the artists with plays of which no rule lets any through. Read after `counted_listens`."""
    rows = connection.execute(
        """
        SELECT a.key FROM temp.left_out AS o JOIN main.listens AS l ON l.id = o.listen_id
        JOIN tracks AS t ON t.id = l.track_id JOIN artists AS a ON a.id = t.artist_id GROUP BY a.id
        HAVING count(*) = (
            SELECT count(*) FROM tracks AS own JOIN main.listens AS every ON every.track_id = own.id
            WHERE own.artist_id = a.id
        )
        """
    )
    return frozenset(str(row[0]) for row in rows)


@dataclass(frozen=True, slots=True, eq=False)
class Days:
    """Plays by artist and day, for what depends on how long ago they were: one row an artist and day.

    `artist` indexes `keys`; `age` is in days before the last one with a play, undated plays as old as the first.
    """

    keys: tuple[str, ...]
    artist: NDArray[np.int64]
    age: NDArray[np.float64]
    plays: NDArray[np.float64]

    def fresh(self, half_life: float) -> dict[str, float]:
        """The share of each artist's plays that is left when they fade by half in `half_life` days."""
        left = self._sums(self.plays * 0.5 ** (self.age / half_life))
        return dict(zip(self.keys, (left / self._sums(self.plays)).tolist(), strict=True))

    def plays_within(self, days: float) -> dict[str, float]:
        """Each artist's plays in the last `days` days."""
        return dict(zip(self.keys, self._sums(self.plays * (self.age < days)).tolist(), strict=True))

    def _sums(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(self.artist, weights=values, minlength=len(self.keys)).astype(np.float64)


def read_days(connection: sqlite3.Connection, window: Window = EVERYTHING, also: Sequence[Rule] = ()) -> Days:
    """The plays that count for taste in the window, by artist and day."""
    condition, values = window.condition()
    rows = connection.execute(
        f"""
        WITH played AS (
            SELECT track_id, started_at / {_DAY} AS day, sum(plays) AS plays
            FROM {counted_listens(connection, also)} AS l WHERE {condition} GROUP BY track_id, day
        )
        SELECT a.key, p.day, sum(p.plays) FROM played AS p JOIN tracks AS t ON t.id = p.track_id
        JOIN artists AS a ON a.id = t.artist_id GROUP BY a.id, p.day
        """,  # noqa: S608 - the condition is made of fixed parts
        values,
    ).fetchall()
    number: dict[str, int] = {}
    artist = np.array([number.setdefault(key, len(number)) for key, _, _ in rows], dtype=np.int64)
    day = np.array([np.nan if day is None else day for _, day, _ in rows], dtype=np.float64)
    dated = day[~np.isnan(day)]
    first, last = (float(dated.min()), float(dated.max())) if len(dated) else (0.0, 0.0)
    age = last - np.where(np.isnan(day), first, day)
    return Days(tuple(number), artist, age, np.array([plays for _, _, plays in rows], dtype=np.float64))


def _taste(
    items: tuple[TasteItem, ...],
    blocked: frozenset[str],
    hidden: frozenset[str],
    left_out: frozenset[str],
    turned_down: frozenset[str],
    window: Window,
) -> Taste:
    digest = hashlib.sha256()
    for item in items:
        digest.update(
            f"{item.key}\x1f{item.plays!r}\x1f{item.last_played}\x1f{item.liked}\x1f{item.fresh!r}\x1f"
            f"{item.skips}\x1e".encode()
        )
    sets = (blocked, hidden, left_out, turned_down)
    digest.update(repr((*map(sorted, sets), window.since, window.until, window.half_life)).encode())
    by_key = {item.key: item for item in items}
    return Taste(items, blocked, hidden, left_out, window, digest.hexdigest(), by_key, turned_down)
