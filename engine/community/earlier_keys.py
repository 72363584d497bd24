"""Keys of names as earlier versions wrote them: what is not seen of a name was a part of its key, and such a name is
not found by the key it has now."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from engine.canonical_keys import SEPARATOR, artist_key

# Names in ASCII have had one key in every version.
_OTHER = f"GLOB '*[^ -~{SEPARATOR}]*'"
_KEYS = {
    "catalog.sqlite": ("items", ("key",)),
    "features.sqlite": ("features", ("artist_key", "track_key")),
}


def has_earlier_keys(folder: Path) -> bool:
    """Whether a pack or model has a key that is not its own key. False for one that cannot be read."""
    for file, (table, columns) in _KEYS.items():
        path = (folder / file).absolute()
        if not path.is_file():
            continue
        try:
            with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
                for column in columns:
                    rows = connection.execute(f"SELECT {column} FROM {table} WHERE {column} {_OTHER}")  # noqa: S608
                    if any(artist_key(part) != part for (key,) in rows for part in key.split(SEPARATOR)):
                        return True
        except sqlite3.Error:
            continue
    return False
