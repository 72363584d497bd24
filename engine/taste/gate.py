"""The gate: from listens to the weighted artists a model may see. Nothing reaches a model around it.

A `Taste` is a pure function of the library and of what was asked for; its digest names exactly that, so two
consumers with the same digest saw the same thing. Plays that a rule leaves out (`engine.taste.rules`) are in no
taste, nor is a blocked artist; a hidden one only leaves Discover.
"""

from __future__ import annotations

import hashlib
import math
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.errors import UsageError
from engine.taste.rules import Rule, counted_listens

_DAY = 86_400
# A like counts as this many plays in taste: enough to matter beside real listening, not to outshout it.
LIKE_PLAYS = 10.0


@dataclass(frozen=True, slots=True)
class Window:
    """The part of the history to look at: seconds since 1970 UTC, start included, end excluded, null for open.

    Undated plays are in every window that is open on both sides, and in no other. With `half_life` (days) a play
    counts half as much for every such span it lies before the last play in the window; an undated one as if it
    were the first.
    """

    since: int | None = None
    until: int | None = None
    half_life: float | None = None

    def __post_init__(self) -> None:
        """Raise UsageError for a half-life that is none."""
        if self.half_life is not None and not (math.isfinite(self.half_life) and self.half_life > 0):
            raise UsageError(f"The half-life is {self.half_life} days; it must be finite and above 0.")

    def condition(self, column: str = "l.started_at") -> tuple[str, tuple[int, ...]]:
        """An SQL condition and its values."""
        parts, values = ["1"], []
        if self.since is not None:
            parts.append(f"{column} >= ?")
            values.append(self.since)
        if self.until is not None:
            parts.append(f"{column} < ?")
            values.append(self.until)
        return " AND ".join(parts), tuple(values)


EVERYTHING = Window()


@dataclass(frozen=True, slots=True)
class TasteItem:
    """One artist of the person's: plays inside the window and when last played (null when undated).

    `fresh` is the share of the plays that is left after the window's half-life, 1 without one.
    """

    key: str
    name: str
    plays: float
    last_played: int | None
    liked: bool = False
    fresh: float = 1.0

    @property
    def weight(self) -> float:
        """Plays as the model counts them: a like adds to them."""
        return self.plays + (LIKE_PLAYS if self.liked else 0.0)

    @property
    def sureness(self) -> float:
        """What is left of the weight after fading, as a share: a like does not fade."""
        return (self.plays * self.fresh + self.weight - self.plays) / self.weight


@dataclass(frozen=True)
class Taste:
    """What a model may know of the person. `items` are in key order.

    `blocked` and `hidden` are artist keys, and so are `left_out`: those all of whose plays rules leave out. They are
    no part of taste, and being known to the person they are nothing new either.
    """

    items: tuple[TasteItem, ...]
    blocked: frozenset[str]
    hidden: frozenset[str]
    left_out: frozenset[str]
    window: Window
    digest: str
    by_key: dict[str, TasteItem] = field(repr=False, compare=False)

    @property
    def unwanted(self) -> frozenset[str]:
        """Keys of the artists no list may recommend."""
        return self.blocked | self.hidden | self.left_out

    def without(self, keys: frozenset[str]) -> Taste:
        """The same taste had these artists never been played."""
        kept = tuple(item for item in self.items if item.key not in keys)
        return _taste(kept, self.blocked, self.hidden, self.left_out, self.window)


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
    faded = _faded(connection, listens, window) if window.half_life is not None else {}
    items = [
        TasteItem(key, name, float(plays), last, key in liked, faded.get(key, plays) / plays)
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
    left_out = _left_out(connection) - liked if listens != "listens" else frozenset()
    return _taste(tuple(sorted(items, key=lambda item: item.key)), blocked, hidden, left_out, window)


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


def _faded(connection: sqlite3.Connection, listens: str, window: Window) -> dict[str, float]:
    """Each artist's plays after the window's half-life, to the day."""
    condition, values = window.condition()
    rows = connection.execute(
        f"""
        WITH played AS (
            SELECT track_id, started_at / {_DAY} AS day, sum(plays) AS plays
            FROM {listens} AS l WHERE {condition} GROUP BY track_id, day
        )
        SELECT a.key, p.day, sum(p.plays) FROM played AS p JOIN tracks AS t ON t.id = p.track_id
        JOIN artists AS a ON a.id = t.artist_id GROUP BY a.id, p.day
        """,  # noqa: S608 - the condition is made of fixed parts
        values,
    ).fetchall()
    days = [day for _, day, _ in rows if day is not None]
    first, last = min(days, default=0), max(days, default=0)
    faded: dict[str, float] = {}
    for key, day, plays in rows:
        age = last - (first if day is None else day)
        faded[key] = faded.get(key, 0.0) + plays * 0.5 ** (age / (window.half_life or 1.0))
    return faded


def _taste(
    items: tuple[TasteItem, ...],
    blocked: frozenset[str],
    hidden: frozenset[str],
    left_out: frozenset[str],
    window: Window,
) -> Taste:
    digest = hashlib.sha256()
    for item in items:
        digest.update(
            f"{item.key}\x1f{item.plays!r}\x1f{item.last_played}\x1f{item.liked}\x1f{item.fresh!r}\x1e".encode()
        )
    digest.update(
        repr(
            (sorted(blocked), sorted(hidden), sorted(left_out), window.since, window.until, window.half_life)
        ).encode()
    )
    return Taste(
        items, blocked, hidden, left_out, window, digest.hexdigest(), {item.key: item for item in items}
    )
