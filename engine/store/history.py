"""The listening history: counts, lists and lookups over the listens, each served by an index."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter

from engine.canonical_keys import relaxed_artist_key
from engine.store.counts import sum_of_track
from engine.store.feedback import blocked_ids
from engine.store.local_days import in_local_time, moment
from engine.store.play import DAY


@dataclass(frozen=True, slots=True)
class HistoryCounts:
    """Totals; `first` and `last` are the first and last dated listen, null without any."""

    listens: int
    artists: int
    tracks: int
    first: int | None
    last: int | None


@dataclass(frozen=True, slots=True)
class PlayedTrack:
    """One track of the library with its plays; keys as `engine.canonical_keys` makes them."""

    id: int
    artist: str
    artist_key: str
    track: str
    track_key: str
    album: str | None
    duration_ms: int | None
    plays: int
    last_played: int | None

    @property
    def pair(self) -> tuple[str, str]:
        """Its keys: the artist's and the title's."""
        return self.artist_key, self.track_key


@dataclass(frozen=True, slots=True)
class ListenRow:
    """One listen as lists show it; `started_at` is null for an undated play, `precision` is its clock's in seconds."""

    id: int
    started_at: int | None
    artist: str
    track: str
    album: str | None
    ms_played: int | None
    source: str
    plays: int
    precision: int | None = None

    @property
    def is_day(self) -> bool:
        """Whether only the day is known, which `started_at` begins in UTC."""
        return self.precision is not None and self.precision >= DAY


def counts(connection: sqlite3.Connection) -> HistoryCounts:
    """The library in five numbers; without artists and tracks that were only skipped."""
    at = moment(connection)
    # A moment is less than two days from where it is stored: the index finds those at either end.
    first, last = (
        f"(SELECT {end}({at}) FROM listens AS l "  # noqa: S608 - fixed parts
        f"WHERE l.started_at {near} {2 * DAY} + (SELECT {end}(started_at) FROM listens))"
        for end, near in (("min", "<="), ("max", ">= -"))
    )
    listens, first, last = connection.execute(
        f"SELECT (SELECT count(*) FROM listens), {first}, {last}"  # noqa: S608 - fixed parts
    ).fetchone()
    artists, tracks = connection.execute(
        "SELECT count(DISTINCT artist_id), count(*) FROM tracks "
        "WHERE EXISTS (SELECT 1 FROM listens WHERE track_id = tracks.id)"
    ).fetchone()
    return HistoryCounts(listens, artists, tracks, first, last)


def newest(connection: sqlite3.Connection) -> tuple[int, ...]:
    """The largest listen, track and artist ids, a cheap check for additions."""
    row = connection.execute(
        "SELECT (SELECT coalesce(max(id), 0) FROM listens), (SELECT coalesce(max(id), 0) FROM tracks), "
        "(SELECT coalesce(max(id), 0) FROM artists)"
    ).fetchone()
    return tuple(row)


def dated_after(connection: sqlite3.Connection, moment: int) -> tuple[int, int, int] | None:
    """How many listens are dated after `moment`, and when the first and the last of them; null without."""
    number, first, last = connection.execute(
        "SELECT count(*), min(started_at), max(started_at) FROM listens WHERE started_at > ?", (moment,)
    ).fetchone()
    return (number, first, last) if number else None


def latest_time(connection: sqlite3.Connection) -> int:
    """The latest time in the library, of a play or an import: seconds UTC, 0 if it is empty."""
    times = "SELECT max(imported_at) AS at FROM imports UNION ALL SELECT max(started_at) FROM listens"
    return int(connection.execute(f"SELECT coalesce(max(at), 0) FROM ({times})").fetchone()[0])  # noqa: S608 - fixed names


def imported_digests(connection: sqlite3.Connection, *, undated: bool = False) -> frozenset[str]:
    """SHA-256 of every file that was imported; with `undated` only of those with undated plays."""
    found = "SELECT sha256 FROM imports"
    if undated:
        found += " WHERE id IN (SELECT import_id FROM listens WHERE started_at IS NULL)"
    return frozenset(row[0] for row in connection.execute(found) if row[0])


def plays_imported_since(connection: sqlite3.Connection, moment: int) -> int:
    """How many plays were imported after `moment`, seconds since 1970."""
    found = connection.execute("SELECT coalesce(sum(kept), 0) FROM imports WHERE imported_at > ?", (moment,))
    return int(found.fetchone()[0])


def readings(connection: sqlite3.Connection) -> dict[str, tuple[str | None, str | None]]:
    """Zone and encoding by SHA-256, for files for which the person gave either."""
    rows = connection.execute("SELECT sha256, zone, encoding FROM readings")
    return {sha256: (zone, encoding) for sha256, zone, encoding in rows}


def remember_reading(
    connection: sqlite3.Connection, sha256: str, zone: str | None, encoding: str | None
) -> None:
    """Store how the person wants a file of this digest to be read."""
    connection.execute("INSERT OR REPLACE INTO readings VALUES (?, ?, ?)", (sha256, zone, encoding))


def played_tracks(connection: sqlite3.Connection, listens: str) -> list[PlayedTrack]:
    """Every track with at least one of `listens` (SQL to read from), outside blocked artists, in id order."""
    return [
        PlayedTrack(*row)
        for row in connection.execute(
            f"""
            WITH played AS (
                SELECT l.track_id, sum(l.plays) AS plays, max({moment(connection)}) AS last FROM {listens} AS l
                GROUP BY l.track_id
            )
            SELECT t.id, a.name, a.key, t.title, t.key, t.album, t.duration_ms, p.plays, p.last
            FROM played AS p JOIN tracks AS t ON t.id = p.track_id JOIN artists AS a ON a.id = t.artist_id
            WHERE t.id NOT IN ({blocked_ids(connection)})
            ORDER BY t.id
            """  # noqa: S608 - `listens` is made by this program
        )
    ]


# Sort orders of lists of listens in SQL: a join if names are needed, and the value. Names are ranked first, one rank
# per artist or track: half a million listens are then sorted by small numbers.
_ORDERS = {
    "when": ("", "{moment}"),
    "artist": (
        "JOIN (SELECT t.id, dense_rank() OVER (ORDER BY a.key) AS place FROM tracks AS t "
        "JOIN artists AS a ON a.id = t.artist_id) AS r ON r.id = l.track_id",
        "r.place",
    ),
    "track": (
        "JOIN (SELECT id, dense_rank() OVER (ORDER BY key) AS place FROM tracks) AS r ON r.id = l.track_id",
        "r.place",
    ),
    "played": ("", "l.ms_played"),
    "source": ("", "l.source"),
}
# SQLite bounds the depth of a query; nobody types more to find a play.
_MAX_WORDS = 20
# Numbers and dates begin with the largest, names with the first.
_LARGEST_FIRST = frozenset({"when", "played"})


def listen_ids(
    connection: sqlite3.Connection,
    key: str = "",
    by: str = "when",
    *,
    reverse: bool = False,
    period: tuple[int, int] | None = None,
) -> array[int]:
    """Ids of the listens; with `key` those whose artist and title keys together hold its words, the first
    `_MAX_WORDS`. Blocked artists' are in no list.

    With `period` those that began from its first second on and before its second one.

    `by` is when (newest first), artist, track, played (longest first) or source; `reverse` turns that around. Listens
    without the value are last either way, and equal ones are newest first. Raises KeyError for another `by`.
    """
    where, values = ["1"], dict[str, str | int]()
    if words := list(dict.fromkeys(key.split()))[:_MAX_WORDS]:
        holds = " AND ".join(f"(t.key LIKE :word{n} OR a.key LIKE :word{n})" for n in range(len(words)))
        where.append(
            f"l.track_id IN (SELECT t.id FROM tracks AS t JOIN artists AS a ON a.id = t.artist_id WHERE {holds})"  # noqa: S608 - fixed parts
        )
        values |= {f"word{n}": f"%{word.replace('%', '').replace('_', '')}%" for n, word in enumerate(words)}
    if period is not None:
        where.append(in_local_time(connection, *period))
    if connection.execute("SELECT 1 FROM feedback WHERE verdict = 'block' LIMIT 1").fetchone():
        where.append(f"l.track_id NOT IN ({blocked_ids(connection)})")
    at = moment(connection)
    join, value = (part.format(moment=at) for part in _ORDERS[by])
    # Descending, nulls come last anyway, and the index by time is scanned backwards.
    order = f"{value} DESC" if (by in _LARGEST_FIRST) != reverse else f"{value} IS NULL, {value}"
    ties = "l.track_id DESC, l.plays DESC, l.id DESC" if by == "when" else f"{at} DESC, l.id DESC"
    rows = connection.execute(
        f"SELECT l.id FROM listens AS l {join} WHERE {' AND '.join(where)} ORDER BY {order}, {ties}",  # noqa: S608 - fixed parts
        values,
    )
    # A million as objects would take 40 MB.
    return array("q", map(itemgetter(0), rows))


def listens(connection: sqlite3.Connection, ids: Sequence[int]) -> list[ListenRow]:
    """The listens with these ids (at most a few hundred), in their order."""
    marks = ",".join("?" * len(ids))
    found = {
        row[0]: ListenRow(*row)
        for row in connection.execute(
            f"""
            SELECT l.id, l.started_at, a.name, t.title, t.album, l.ms_played, l.source, l.plays, l.precision
            FROM listens AS l JOIN tracks AS t ON t.id = l.track_id JOIN artists AS a ON a.id = t.artist_id
            WHERE l.id IN ({marks})
            """,  # noqa: S608 - marks only
            list(ids),
        )
    }
    return [found[number] for number in ids if number in found]


def ids_of_track(connection: sqlite3.Connection, track_ids: list[int]) -> dict[int, dict[str, str]]:
    """Track id -> {scheme: value} of its ids at other services."""
    found: dict[int, dict[str, str]] = {}
    for start in range(0, len(track_ids), 500):
        chunk = track_ids[start : start + 500]
        marks = ",".join("?" * len(chunk))
        for track, scheme, value in connection.execute(
            f"SELECT track_id, scheme, value FROM track_ids WHERE track_id IN ({marks}) ORDER BY value DESC",  # noqa: S608 - fixed names
            chunk,
        ):
            found.setdefault(track, {})[scheme] = value
    return found


def tracks_by_artist(connection: sqlite3.Connection, keys: Sequence[str]) -> dict[str, list[PlayedTrack]]:
    """Artist key -> the library's tracks of that artist, most played first."""
    plays = sum_of_track(connection)
    found: dict[str, list[PlayedTrack]] = {}
    for key in dict.fromkeys(keys):
        rows = connection.execute(
            f"""
            SELECT t.id, a.name, a.key, t.title, t.key, t.album, t.duration_ms, {plays} AS plays,
                   max({moment(connection)})
            FROM artists AS a JOIN tracks AS t ON t.artist_id = a.id LEFT JOIN listens AS l ON l.track_id = t.id
            WHERE a.key = ? GROUP BY t.id ORDER BY plays DESC, t.id
            """,  # noqa: S608 - fixed parts
            (key,),
        ).fetchall()
        if rows:
            found[key] = [PlayedTrack(*row) for row in rows]
    return found


def artist_by_key(connection: sqlite3.Connection, key: str) -> str | None:
    """The name a library artist goes by."""
    row = connection.execute("SELECT name FROM artists WHERE key = ?", (key,)).fetchone()
    return str(row[0]) if row else None


def artist_spelled_like(connection: sqlite3.Connection, relaxed: str) -> str | None:
    """The name of the library's first artist with this relaxed key."""
    # It is a part of every key with this relaxed key.
    rows = connection.execute("SELECT name, key FROM artists WHERE instr(key, ?) ORDER BY id", (relaxed,))
    return next((str(name) for name, key in rows if relaxed_artist_key(key) == relaxed), None)


def artist_names(connection: sqlite3.Connection) -> list[str]:
    """Every artist of the library."""
    return [row[0] for row in connection.execute("SELECT name FROM artists ORDER BY id")]


def names_by_plays(
    connection: sqlite3.Connection,
) -> tuple[list[tuple[int, str, str, int]], list[tuple[int, str, str, int]]]:
    """Artists (id, key, name, plays) and tracks (artist id, key, title, plays), each most played first."""
    tracks = connection.execute(
        f"""
        WITH played AS (
            SELECT l.track_id, {sum_of_track(connection)} AS plays FROM listens AS l GROUP BY l.track_id
        )
        SELECT t.artist_id, t.key, t.title, p.plays FROM tracks AS t JOIN played AS p ON p.track_id = t.id
        ORDER BY p.plays DESC, t.id
        """  # noqa: S608 - fixed parts
    ).fetchall()
    plays: dict[int, int] = {}
    for artist, _, _, count in tracks:
        plays[artist] = plays.get(artist, 0) + count
    artists = [
        (number, key, name, plays[number])
        for number, key, name in connection.execute("SELECT id, key, name FROM artists ORDER BY id")
        if number in plays
    ]
    return sorted(artists, key=lambda row: -row[3]), tracks
