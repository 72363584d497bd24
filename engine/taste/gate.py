"""The gate: from listens to the weighted artists, or tracks, a model may see.

Nothing reaches a model any other way. A `Taste` is a pure function of the library and the query; two tastes with the
same digest are equal. Plays excluded by a rule (`engine.taste.rules`) and blocked artists are in no taste; a hidden
artist is only left out of Discover. If items are tracks, an artist's key in a set of a taste means all their tracks.
"""

from __future__ import annotations

import hashlib
import sqlite3
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import nan

import numpy as np
from numpy.typing import NDArray

from engine.canonical_keys import AnySpelling, Level, artist_of, key_at, relaxed_item_key
from engine.store.feedback import verdicts
from engine.store.local_days import day_number, moment
from engine.taste.kept_tracks import kept_by_item
from engine.taste.rules import Rule, counted_listens
from engine.taste.window import EVERYTHING as EVERYTHING
from engine.taste.window import Window as Window

# A like counts as this many plays: enough to matter beside real listening, not to dominate it.
LIKE_PLAYS = 10.0
# A skip subtracts this much of a play; an artist skipped this often and never played counts as turned down.
SKIP_PLAYS, TURNED_DOWN = 0.5, 3


@dataclass(frozen=True, slots=True)
class TasteItem:
    """One artist or track of the person's: plays and skips inside the window, when last played (null when undated;
    `engine.store.local_days.moment`).

    `name` is the artist's, `track` the title, null for an artist; `tracks` are how many of an artist's were played.
    `kept` tracks of it are in the person's playlists or liked: it counts as at least that many plays. `remaining` is
    the share of the plays that the window's half-life leaves, 1 without one.
    """

    key: str
    name: str
    plays: float
    last_played: int | None
    liked: bool = False
    remaining: float = 1.0
    skips: int = 0
    track: str | None = None
    tracks: int = 1
    kept: int = 0

    @property
    def weight(self) -> float:
        """Plays as the model counts them: a like adds, skips subtract, down to 0."""
        return self._from_plays + (LIKE_PLAYS if self.liked else 0.0)

    @property
    def confidence_after_decay(self) -> float:
        """The share of the weight left after decay; a like does not decay."""
        plays = self._from_plays
        return (plays * self.remaining + self.weight - plays) / self.weight if self.weight else 0.0

    @property
    def _from_plays(self) -> float:
        return max(0.0, max(self.plays, self.kept) - SKIP_PLAYS * self.skips)


@dataclass(frozen=True)
class Taste:
    """What a model may know of the person. `items` are in key order.

    `blocked`, `hidden` and `left_out` are keys; `left_out` are items all of whose plays are excluded by rules: not part
    of the taste, but known to the person, so not new either. Nor are `only_skipped`, never played at any time;
    `turned_down` were skipped repeatedly in this window and not played.
    """

    items: tuple[TasteItem, ...]
    blocked: frozenset[str]
    hidden: frozenset[str]
    left_out: frozenset[str]
    window: Window
    digest: str
    by_key: dict[str, TasteItem] = field(repr=False, compare=False)
    turned_down: frozenset[str] = frozenset()
    only_skipped: frozenset[str] = frozenset()

    @property
    def unwanted(self) -> frozenset[str]:
        """Keys that no list may recommend."""
        return self.blocked | self.hidden | self.left_out | self.turned_down | self.only_skipped

    def with_decay(self, days: Days, half_life: float) -> Taste:
        """The same taste with its plays decaying; `days` are those of its window."""
        remaining = days.remaining(half_life)
        items = tuple(replace(item, remaining=remaining.get(item.key, 1.0)) for item in self.items)
        window = replace(self.window, half_life=half_life)
        return self._with(items, window)

    def without(self, keys: frozenset[str]) -> Taste:
        """The taste as if these artists, or tracks, had never been played."""
        kept = tuple(item for item in self.items if not {item.key, artist_of(item.key)} & keys)
        return self._with(kept, self.window)

    def of(self, items: Sequence[TasteItem]) -> Taste:
        """Other items, such as a playlist's, with this person's blocks and hides."""
        kept = (item for item in items if item.key not in self.blocked)
        return self._with(tuple(sorted(kept, key=lambda item: item.key)), EVERYTHING)

    def of_items(self, items: Iterable[TasteItem]) -> Taste:
        """This taste with other items."""
        return self._with(tuple(sorted(items, key=lambda item: item.key)), self.window)

    def _with(self, items: tuple[TasteItem, ...], window: Window) -> Taste:
        sets = self.blocked, self.hidden, self.left_out, self.turned_down, self.only_skipped
        return _taste(items, sets, window)


def read_taste(
    connection: sqlite3.Connection,
    window: Window = EVERYTHING,
    also: Sequence[Rule] = (),
    level: Level = "artists",
) -> Taste:
    """The person's taste from the library, with every block, like and rule applied, and `also` as if in force."""
    said = verdicts(connection, level)
    blocked, hidden, liked = (
        frozenset(key for key, mark in said.items() if mark.verdict == verdict)
        for verdict in ("block", "hide", "like")
    )
    gone = AnySpelling(blocked)
    # Liking an artist does not like each of their tracks, nor what is blocked, and a like does not count before it was
    # made.
    likes = AnySpelling(
        key
        for key in liked
        if (level == "artists" or artist_of(key) != key)
        and not gone.holds(key)
        and (window.until is None or said[key].at < window.until)
    )
    skips = _skips(connection, window, level)
    items = _played(connection, window, also, level, gone, likes, skips)
    played = AnySpelling(key for key, item in items.items() if item.liked)
    # A like without plays belongs to no time of the week.
    for key in likes.keys if window.time_of_week is None else ():
        if not played.holds(key):
            items[key] = TasteItem(key, said[key].artist, 0.0, None, True, track=said[key].track)
    if window.since is None and window.until is None and window.time_of_week is None:
        _add_kept(items, *kept_by_item(connection, level))
    left_out = frozenset(key for key in excluded_by_rules(connection, level) if not likes.holds(key))
    unplayed = _of_no_spelling(skips, items)
    turned_down = frozenset(key for key in unplayed if skips[key] >= TURNED_DOWN)
    only_skipped = frozenset(unplayed)
    if window != (until := Window(until=window.until, half_life=window.half_life)):
        only_skipped = frozenset(
            _of_no_spelling(_skips(connection, until, level), _plays(connection, until, level))
        )
    plain = replace(window, half_life=None)
    in_order = tuple(sorted(items.values(), key=lambda item: item.key))
    taste = _taste(in_order, (blocked, hidden, left_out, turned_down, only_skipped), plain)
    if window.half_life is None:
        return taste
    return taste.with_decay(read_days(connection, window, also, level), window.half_life)


def _add_kept(
    items: dict[str, TasteItem], counts: Mapping[str, int], names: Mapping[str, tuple[str, str | None]]
) -> None:
    """Add kept tracks, which have no dates, to what was played."""
    for key, count in counts.items():
        artist, title = names[key]
        there = items.get(key) or TasteItem(key, artist, 0.0, None, track=title)
        items[key] = there if there.liked else replace(there, kept=count)


def _played(
    connection: sqlite3.Connection,
    window: Window,
    also: Sequence[Rule],
    level: Level,
    gone: AnySpelling,
    likes: AnySpelling,
    skips: Mapping[str, int],
) -> dict[str, TasteItem]:
    """What was played in the window, by key, except what is blocked; versions of a track are one item."""
    condition, values = window.condition()
    listens = counted_listens(connection, also)
    columns, grouped = _ITEMS[level]
    items: dict[str, TasteItem] = {}
    for artist, name, title, plays, last, tracks in connection.execute(
        f"""
        WITH played AS (
            SELECT track_id, sum(plays) AS plays, max({moment(connection)}) AS last
            FROM {listens} AS l WHERE {condition} GROUP BY track_id
        )
        SELECT a.key, a.name, {columns}, sum(p.plays), max(p.last), count(*)
        FROM played AS p JOIN tracks AS t ON t.id = p.track_id JOIN artists AS a ON a.id = t.artist_id
        GROUP BY {grouped}
        """,  # noqa: S608 - the condition is made of fixed parts
        values,
    ):
        key = key_at(level, artist, title)
        if gone.holds(key):
            continue
        before = items.get(key)
        if before is not None:  # another version of the same track
            dates = [at for at in (before.last_played, last) if at is not None]
            items[key] = replace(before, plays=before.plays + plays, last_played=max(dates, default=None))
        else:
            items[key] = TasteItem(
                key,
                name,
                float(plays),
                last,
                likes.holds(key),
                skips=skips.get(key, 0),
                track=title,
                tracks=tracks,
            )
    return items


# The title, if items are tracks, and the columns to group by. Versions of a track, which are one item, are merged
# afterwards.
_ITEMS: dict[Level, tuple[str, str]] = {"artists": ("NULL", "a.id"), "tracks": ("t.title", "t.id")}


def _counted(
    connection: sqlite3.Connection, level: Level, counts: str, values: Sequence[object] = ()
) -> Counter[str]:
    """Sums by item of a query's (track_id, n)."""
    columns, grouped = _ITEMS[level]
    found: Counter[str] = Counter()
    for artist, title, count in connection.execute(
        f"""
        WITH counted (track_id, n) AS ({counts})
        SELECT a.key, {columns}, sum(c.n) FROM counted AS c JOIN tracks AS t ON t.id = c.track_id
        JOIN artists AS a ON a.id = t.artist_id GROUP BY {grouped}
        """,  # noqa: S608 - made of fixed parts
        values,
    ):
        found[key_at(level, artist, title)] += count
    return found


def _skips(connection: sqlite3.Connection, window: Window, level: Level) -> Counter[str]:
    """How often each item was skipped in the window."""
    condition, values = window.condition("s.started_at", timed="1")
    skipped = f"SELECT track_id, count(*) FROM skips AS s WHERE {condition} GROUP BY track_id"  # noqa: S608 - fixed parts
    return _counted(connection, level, skipped, values)


def _plays(connection: sqlite3.Connection, window: Window, level: Level) -> Counter[str]:
    """How many listens each item has in the window, including those excluded by rules."""
    condition, values = window.condition()
    played = f"SELECT track_id, count(*) FROM main.listens AS l WHERE {condition} GROUP BY track_id"  # noqa: S608 - fixed parts
    return _counted(connection, level, played, values)


def _of_no_spelling(skips: Collection[str], played: Collection[str]) -> list[str]:
    """Those keys of skipped items that were not played in any spelling."""
    if not skips:
        return []
    forms = set(map(relaxed_item_key, played))
    return [key for key in skips if relaxed_item_key(key) not in forms]


def excluded_by_rules(connection: sqlite3.Connection, level: Level) -> frozenset[str]:
    """Keys of items all of whose plays are excluded by rules.

    To be called after `counted_listens`. If items are tracks, also of the artists for whom that holds: nothing by them
    is to be recommended.
    """
    out, some = (dict[Level, set[str]](artists=set(), tracks=set()) for _ in range(2))
    # Of the artists with excluded plays all played tracks: whether one has plays that count, which the first few tell.
    for artist, title, counts in connection.execute(
        """
        SELECT a.key, t.title, EXISTS (
            SELECT 1 FROM main.listens WHERE track_id = t.id AND id NOT IN (SELECT listen_id FROM temp.left_out)
        ) FROM tracks AS t JOIN artists AS a ON a.id = t.artist_id
        WHERE t.artist_id IN (
            SELECT artist_id FROM tracks WHERE id IN (
                SELECT track_id FROM temp.left_out JOIN main.listens ON id = listen_id
            )
        ) AND EXISTS (SELECT 1 FROM main.listens WHERE track_id = t.id)
        """
    ):
        for of in {level, "artists"}:
            (some if counts else out)[of].add(key_at(of, artist, title))
    return frozenset(key for of in out for key in out[of] - some[of])


@dataclass(frozen=True, slots=True, eq=False)
class Days:
    """Plays by artist, or track, and day, for whatever depends on age: one row per item and day.

    `item` indexes `keys`; `age` is in days before the last one with a play, undated plays count as old as the first.
    """

    keys: tuple[str, ...]
    item: NDArray[np.int64]
    age: NDArray[np.float64]
    plays: NDArray[np.float64]

    def remaining(self, half_life: float) -> dict[str, float]:
        """The share of each item's plays left after decay with a half-life of `half_life` days."""
        left = self._sums(self.plays * 0.5 ** (self.age / half_life))
        return dict(zip(self.keys, (left / self._sums(self.plays)).tolist(), strict=True))

    def plays_within(self, days: float) -> dict[str, float]:
        """Each item's plays in the last `days` days."""
        return dict(zip(self.keys, self._sums(self.plays * (self.age < days)).tolist(), strict=True))

    def _sums(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(self.item, weights=values, minlength=len(self.keys)).astype(np.float64)


def read_days(
    connection: sqlite3.Connection,
    window: Window = EVERYTHING,
    also: Sequence[Rule] = (),
    level: Level = "artists",
) -> Days:
    """The plays that count for taste in the window, by item and day."""
    condition, values = window.condition()
    columns, grouped = _ITEMS[level]
    rows = connection.execute(
        f"""
        WITH played AS (
            SELECT track_id, {day_number(connection)} AS day, sum(plays) AS plays
            FROM {counted_listens(connection, also)} AS l WHERE {condition} GROUP BY track_id, day
        )
        SELECT a.key, {columns}, p.day, sum(p.plays) FROM played AS p JOIN tracks AS t ON t.id = p.track_id
        JOIN artists AS a ON a.id = t.artist_id GROUP BY {grouped}, p.day
        """,  # noqa: S608 - the condition is made of fixed parts
        values,
    )
    number: dict[str, int] = {}
    items, days, counts = array("q"), array("d"), array("d")
    # As objects the rows of a million plays would take 140 MB, which Python keeps.
    for artist, title, on, count in rows:
        items.append(number.setdefault(key_at(level, artist, title), len(number)))
        days.append(nan if on is None else on)
        counts.append(count)
    item, day, plays = np.array(items), np.array(days), np.array(counts)
    dated = day[~np.isnan(day)]
    first, last = (float(dated.min()), float(dated.max())) if len(dated) else (0.0, 0.0)
    age = last - np.where(np.isnan(day), first, day)
    if level == "tracks":  # versions of a track on one day
        pairs, place = np.unique(np.stack([item, age], axis=1), axis=0, return_inverse=True)
        item, age = pairs[:, 0].astype(np.int64), pairs[:, 1]
        plays = np.bincount(place.ravel(), weights=plays).astype(np.float64)
    return Days(tuple(number), item, age, plays)


@dataclass(frozen=True, slots=True, eq=False)
class DatedTaste:
    """A taste with its plays by day, null if nothing asked for depends on them."""

    taste: Taste
    days: Days | None = None

    def without(self, keys: frozenset[str]) -> DatedTaste:
        """The same as if these artists, or tracks, had never been played."""
        return replace(self, taste=self.taste.without(keys)) if keys else self


def read_dated_taste(
    connection: sqlite3.Connection,
    window: Window = EVERYTHING,
    also: Sequence[Rule] = (),
    level: Level = "artists",
) -> DatedTaste:
    """The person's taste and its plays by day, as `read_taste` and `read_days` find them."""
    return DatedTaste(read_taste(connection, window, also, level), read_days(connection, window, also, level))


def _taste(
    items: tuple[TasteItem, ...],
    sets: tuple[frozenset[str], ...],
    window: Window,
) -> Taste:
    digest = hashlib.sha256()
    for item in items:
        digest.update(
            f"{item.key}\x1f{item.plays!r}\x1f{item.last_played}\x1f{item.liked}\x1f{item.remaining!r}\x1f"
            f"{item.skips}{f'+{item.kept}' if item.kept else ''}\x1e".encode()
        )
    digest.update(repr((*map(sorted, sets), window.since, window.until, window.half_life)).encode())
    if window.time_of_week is not None:
        digest.update(window.time_of_week.name.encode())
    by_key = {item.key: item for item in items}
    blocked, hidden, left_out, turned_down, only_skipped = sets
    return Taste(
        items, blocked, hidden, left_out, window, digest.hexdigest(), by_key, turned_down, only_skipped
    )
