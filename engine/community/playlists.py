"""Reads tables of tracks by playlist or by listener into a community of tracks.

One line is one track of one playlist: a listener of the community is a playlist, or whoever the table says. Recognised
by its columns: one that names the playlist or listener, one with the artist, one with the title; a count of plays and
genres where there are such columns. Tracks whose keys (`engine.canonical_keys.item_key`) are equal are one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.canonical_keys import Level, artist_of, first_artist, item_key, track_name
from engine.community.pack import PackContent, by_listener
from engine.community.tables import Reading, cell_of, columns_of, read_table, tables
from engine.errors import UnreadableFileError

NAME = "playlists"
TITLE = "tracks by playlist or listener (a table with playlist, artist and track)"
LEVEL: Level = "tracks"
ROLES: dict[str, tuple[str, ...]] = {
    "listener": (
        "playlist_id",
        "playlist_uri",
        "playlist",
        "playlist_name",
        "user_id",
        "userid",
        "user",
        "listener",
    ),
    "artist": ("track_artist", "artist_name_s", "artist_name", "artist", "artists"),
    "track": ("track_name", "track", "song_name", "song_title", "song", "title"),
    "plays": ("plays", "play_count", "playcount", "count"),
    "genre": ("playlist_subgenre", "subgenre", "genre", "genres", "tags", "playlist_genre"),
    "artist_ids": ("artist_uri_s", "artist_ids"),
}
_NEEDED = ("listener", "artist", "track")
_POLL = 4096


def recognises(path: Path) -> bool:
    """Whether a table at `path` has the columns."""
    try:
        for name, open_table in tables(path):
            with read_table(name, open_table) as (header, _):
                if all(role in columns_of(header, ROLES) for role in _NEEDED):
                    return True
    except UnreadableFileError:
        pass
    return False


@dataclass(frozen=True, slots=True)
class _Line:
    """A track of a playlist. `plays` is null where the table counts none."""

    listener: str
    name: str
    key: str
    plays: float | None
    words: list[str]


def read(
    path: Path,
    *,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> PackContent:
    """Every line of the tables that have the columns; a track that is twice in a playlist is there once.

    Raises UnreadableFileError when there is no such table, or nothing in it, CancelledError when `cancelled` says so.
    """
    listeners: dict[str, int] = {}
    items: dict[str, int] = {}
    names: list[str] = []
    plays: dict[tuple[int, int], float] = {}
    tags: Counter[tuple[int, str]] = Counter()
    dropped: Counter[str] = Counter()
    reading = Reading(path, progress, cancelled)
    for number, line in enumerate(_lines(path, dropped, reading)):
        if number % _POLL == 0:
            reading.look()
        item = items.setdefault(line.key, len(names))
        if item == len(names):
            names.append(line.name)
        place = (listeners.setdefault(line.listener, len(listeners)), item)
        # A playlist may hold a track twice, in two versions or genres; only counts of plays add up.
        plays[place] = 1.0 if line.plays is None else plays.get(place, 0.0) + line.plays
        tags.update((item, word) for word in line.words)
    if not plays:
        raise UnreadableFileError(
            f"{path.name} has no line with a playlist or listener, an artist and a track. Name the "
            "columns like these: playlist,artist,track."
        )
    pairs = np.array(list(plays), dtype=np.int64)
    return PackContent(
        plays=by_listener(
            pairs[:, 0],
            pairs[:, 1],
            np.fromiter(plays.values(), dtype=np.float32, count=len(plays)),
            len(names),
        ),
        names=names,
        tags=[(item, word, float(n)) for (item, word), n in sorted(tags.items())],
        dropped=dict(dropped),
        level=LEVEL,
    )


def _lines(path: Path, dropped: Counter[str], reading: Reading) -> Iterator[_Line]:
    """The lines of every table with the columns; those that cannot be used are counted."""
    for table, open_table in tables(path):
        with read_table(table, open_table, reading) as (header, rows):
            columns = columns_of(header, ROLES)
            if not all(role in columns for role in _NEEDED):
                continue
            for cells in rows:
                found = _line({role: cell_of(cells, place) for role, place in columns.items()})
                if isinstance(found, str):
                    dropped[found] += 1
                else:
                    yield found


def _line(cell: Mapping[str, str]) -> _Line | str:
    """A line by its cells, or why it is not one."""
    artist, track = first_artist(cell["artist"], cell.get("artist_ids", "")), cell["track"]
    name = track_name(artist, track)
    key = item_key(name)
    # Tables made with R write NA for a missing name; alone it may be a name, in both places it is none.
    if not artist_of(key) or not track or artist == track == "NA":
        return "no artist or title"
    if not cell["listener"]:
        return "no playlist or listener"
    plays = count_in(cell["plays"]) if "plays" in cell else None
    if "plays" in cell and plays is None:
        return "no play count"
    words = [word.strip().lower() for word in cell.get("genre", "").split(";")]
    return _Line(cell["listener"], name, key, plays, [word for word in words if word])


def count_in(text: str) -> float | None:
    """A number of plays; null for what is not one."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 < value < float(1 << 31) else None
