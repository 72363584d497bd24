"""Reads tables of tracks by playlist or by listener into a community of tracks.

One line is one track of one playlist: a listener of the community is a playlist, or whoever the table says. Recognised
by its columns: one that names the playlist or listener, one with the artist, one with the title; a count of plays and
genres where there are such columns. Tracks whose keys (`engine.names.item_key`) are equal are one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from engine.community.pack import PackContent
from engine.community.tables import cell_of, columns_of, first_artist, read_table, tables
from engine.errors import CancelledError, UnreadableFileError
from engine.names import Level, artist_of, item_key, track_name

NAME = "playlists"
TITLE = "tracks by playlist or listener (a table with playlist, artist and track)"
LEVEL: Level = "tracks"
ROLES: dict[str, tuple[str, ...]] = {
    "listener": ("playlist_id", "playlist_uri", "playlist", "playlist_name", "user_id", "userid", "user", "listener"),
    "artist": ("track_artist", "artist_name_s", "artist_name", "artist", "artists"),
    "track": ("track_name", "track", "song_name", "song_title", "song", "title"),
    "plays": ("plays", "play_count", "playcount", "count"),
    "genre": ("playlist_subgenre", "subgenre", "genre", "genres", "tags", "playlist_genre"),
    "artist_ids": ("artist_uri_s", "artist_ids"),
}  # fmt: skip
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
    item_of: dict[str, int] = {}
    names: list[str] = []
    plays: dict[tuple[int, int], float] = {}
    tags: Counter[tuple[int, str]] = Counter()
    dropped: Counter[str] = Counter()
    read = 0
    for table, open_table in tables(path):
        with read_table(table, open_table) as (header, rows):
            columns = columns_of(header, ROLES)
            if not all(role in columns for role in _NEEDED):
                continue
            for cells in rows:
                read += 1
                if read % _POLL == 0:
                    if cancelled is not None and cancelled():
                        raise CancelledError("Stopped; no pack was added.")
                    if progress is not None:
                        progress(read, 0)
                cell = {role: cell_of(cells, place) for role, place in columns.items()}
                artist = first_artist(cell["artist"], cell.get("artist_ids", ""))
                # Tables made with R write NA for a missing name; alone it may be a name, in both places it is none.
                name = track_name(artist, cell["track"])
                key = item_key(name)
                if not artist_of(key) or not cell["track"] or artist == cell["track"] == "NA":
                    dropped["no artist or title"] += 1
                    continue
                if not cell["listener"]:
                    dropped["no playlist or listener"] += 1
                    continue
                count = _count(cell["plays"]) if "plays" in columns else 1.0
                if count is None:
                    dropped["no play count"] += 1
                    continue
                item = item_of.setdefault(key, len(names))
                if item == len(names):
                    names.append(name)
                place = (listeners.setdefault(cell["listener"], len(listeners)), item)
                # A playlist may hold a track twice, in two versions or genres; only counts of plays add up.
                plays[place] = plays.get(place, 0.0) + count if "plays" in columns else 1.0
                for word in cell.get("genre", "").split(";"):
                    if word.strip():
                        tags[item, word.strip().lower()] += 1
    if not plays:
        raise UnreadableFileError(
            f"{path.name} holds no line with a playlist or listener, an artist and a track. "
            "Give the columns such names (for example: playlist,artist,track)."
        )
    pairs = np.array(list(plays), dtype=np.int64)
    return PackContent(
        listener=pairs[:, 0],
        item=pairs[:, 1],
        plays=np.fromiter(plays.values(), dtype=np.float32, count=len(plays)),
        names=names,
        tags=[(item, word, float(n)) for (item, word), n in sorted(tags.items())],
        dropped=dict(dropped),
        level=LEVEL,
    )


def _count(text: str) -> float | None:
    """A number of plays; null for what is none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 < value < float(1 << 31) else None
