"""Detects keys of earlier versions, which included invisible characters: such names are not found by their current
key."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from engine.canonical_keys import artist_key, has_invisible, item_key, track_key

# Names in printable ASCII have had one key in every version.
_KEYS = {
    "catalog.sqlite": "SELECT name, key FROM items WHERE name GLOB '*[^ -~]*'",
    "features.sqlite": "SELECT artist, artist_key, track, track_key FROM features "
    "WHERE artist GLOB '*[^ -~]*' OR track GLOB '*[^ -~]*'",
}


def has_earlier_keys(folder: Path) -> bool:
    """Whether a pack or model has a name under another key than its own. False for one that cannot be read."""
    for file, sql in _KEYS.items():
        path = (folder / file).absolute()
        if not path.is_file():
            continue
        try:
            with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
                if any(map(_is_earlier, connection.execute(sql))):
                    return True
        except (sqlite3.Error, UnicodeDecodeError):  # the latter of a name in SQLite's own message
            continue
    return False


def are_earlier(names: Sequence[str], keys: Sequence[str]) -> bool:
    """The same of items' names and their keys. One look through all names costs a twentieth of one at each."""
    return has_invisible("\n".join(names)) and any(map(_is_earlier, zip(names, keys, strict=True)))


def _is_earlier(row: tuple[str, ...]) -> bool:
    name, key = row[:2]
    if len(row) == 2:
        return has_invisible(name) and item_key(name) != key
    track, its_key = row[2:]
    return (has_invisible(name) and artist_key(name) != key) or (
        has_invisible(track) and track_key(track) != its_key
    )
