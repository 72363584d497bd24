"""Reads tables of who plays which artist how often: a column for the listener, one for the artist, one for the plays.

Also the two published Last.fm sets without a header: 360K (listener, id, artist, plays) and 1K (listener, time, id,
artist, id, title), where every line is a play. Artists whose names have the same key are one; ids are not kept.
"""

from __future__ import annotations

import io
import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from engine.canonical_keys import Level, artist_key
from engine.community.pack import PackContent, by_listener
from engine.community.playlists import ROLES, count_in
from engine.community.tables import Opener, Reading, cell_of, columns_of, opened_table, read_table, tables
from engine.errors import UnreadableFileError

NAME = "plays"
TITLE = "plays by listener and artist (a table with user, artist and plays, or Last.fm 360K or 1K)"
LEVEL: Level = "artists"
_NEEDED = ("listener", "artist", "plays")
# Of a set without a header: how a line begins, and in which column the artist and the plays stand.
_PUBLISHED = (
    (re.compile(rb"[0-9a-f]{40}\t[^\t\n]*\t[^\t\n]+\t *\d+ *\r?(\n|$)"), 2, 3),
    (
        re.compile(rb"user_\d{6}\t\d{4}-\d\d-\d\dT[^\t\n]*\t[^\t\n]*\t[^\t\n]+\t[^\t\n]*\t[^\n]*(\n|$)"),
        3,
        None,
    ),
)
_POLL = 4096


def recognises(path: Path) -> bool:
    """Whether a table at `path` is one of these."""
    try:
        return any(_layout(name, open_table) for name, open_table in tables(path))
    except UnreadableFileError:
        return False


def read(
    path: Path,
    *,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> PackContent:
    """Every line of the tables that have the columns; plays of one listener and artist add up.

    Raises UnreadableFileError when there is no such table, or nothing in it, CancelledError when `cancelled` says so.
    """
    listeners: dict[str, int] = {}
    items: dict[str, int] = {}
    names: list[str] = []
    rows, columns, counts = array("i"), array("i"), array("f")
    dropped: Counter[str] = Counter()
    reading = Reading(path, progress, cancelled)
    for number, (listener, artist, plays) in enumerate(_lines(path, reading)):
        if number % _POLL == 0:
            reading.look()
        count, key = count_in(plays), artist_key(artist)
        if not listener or not key or count is None:
            dropped["no plays" if listener and key else "no artist" if listener else "no listener"] += 1
            continue
        item = items.setdefault(key, len(names))
        if item == len(names):
            names.append(artist)
        rows.append(listeners.setdefault(listener, len(listeners)))
        columns.append(item)
        counts.append(count)
    reading.look()
    if not rows:
        raise UnreadableFileError(
            f"{path.name} has no line with a listener, an artist and plays. Name the columns like these: "
            "user,artist,plays."
        )
    return PackContent(
        plays=by_listener(np.array(rows), np.array(columns), np.array(counts), len(names)),
        names=names,
        tags=(),
        dropped=dict(dropped),
        level=LEVEL,
    )


def _layout(name: str, open_table: Opener) -> tuple[int, int, int | None] | None:
    """The columns of listener, artist and plays (null: a line is a play), below zero where there is a header."""
    with opened_table(name, open_table) as binary:
        start = binary.readline(1 << 16)
    for pattern, artist, plays in _PUBLISHED:
        if pattern.match(start):
            return 0, artist, plays
    with read_table(name, open_table) as (header, _):
        columns = columns_of(header, ROLES)
    if "track" in columns or not all(role in columns for role in _NEEDED):
        return None
    return -1, -1, -1


def _lines(path: Path, reading: Reading) -> Iterator[tuple[str, str, str]]:
    """Listener, artist and plays of every line."""
    for name, open_table in tables(path):
        layout = _layout(name, open_table)
        if layout is None:
            continue
        if layout[0] < 0:
            with read_table(name, open_table, reading) as (header, rows):
                columns = columns_of(header, ROLES)
                for cells in rows:
                    listener, artist, plays = (cell_of(cells, columns[role]) for role in _NEEDED)
                    yield listener, artist, plays
            continue
        _, artist_at, plays_at = layout
        with opened_table(name, open_table) as binary:
            # No quotes in these: a lone one is part of a name.
            for line in io.TextIOWrapper(binary, encoding="utf-8", errors="replace", newline="\n"):
                reading.took(line)
                cells = line.rstrip("\r\n").split("\t")
                plays = "1" if plays_at is None else cell_of(cells, plays_at)
                yield cells[0].strip(), cell_of(cells, artist_at), plays
