"""The catalog of a pack or a model: item names, keys, listener counts and tags in one immutable SQLite file.

Items are artists, or tracks (`engine.canonical_keys.track_name`). Their ids are the columns of the interaction matrix,
0 .. n-1. The file is opened read-only and immutable, so reading it never touches the disk around it and opening
costs nothing however many items there are.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from engine.canonical_keys import SEPARATOR, AnySpelling, item_key, relaxed_artist_key, relaxed_item_key
from engine.community.damaged import damaged_pack
from engine.paths import require_file

if TYPE_CHECKING:
    from engine.community.genre_tree import Genre
    from engine.errors import DamagedDataError

_SCHEMA = """
CREATE TABLE items (
    id        INTEGER PRIMARY KEY,
    name      TEXT NOT NULL,
    key       TEXT NOT NULL,
    relaxed   TEXT NOT NULL,
    listeners INTEGER NOT NULL,
    plays     INTEGER NOT NULL
) STRICT;
CREATE TABLE tags (item INTEGER NOT NULL, tag TEXT NOT NULL, weight REAL NOT NULL) STRICT;
CREATE TABLE genres (name TEXT NOT NULL, parent TEXT, items BLOB NOT NULL) STRICT;
"""
_INDEXES = """
CREATE INDEX items_by_key ON items (key);
CREATE INDEX items_by_relaxed ON items (relaxed);
CREATE INDEX items_by_listeners ON items (listeners DESC);
CREATE INDEX tags_by_item ON tags (item, weight DESC);
"""
# What every catalog has.
_DEFINITIONS = ("id, name, key, relaxed, listeners, plays FROM items", "item, tag, weight FROM tags")
# SQLite's own limit on variables in one statement is far higher; this keeps each statement small.
_CHUNK = 500
# Sorts after every key that begins with an artist's and the separator.
_AFTER_SEPARATOR = chr(ord(SEPARATOR) + 1)


@dataclass(frozen=True, slots=True)
class CatalogItem:
    """One artist or track of the community: `listeners` and `plays` are counts over the whole pack."""

    id: int
    name: str
    key: str
    listeners: int
    plays: int

    @property
    def artist(self) -> str:
        """The artist's name."""
        return self.name.partition(SEPARATOR)[0]

    @property
    def track(self) -> str | None:
        """The track's title; null for an artist."""
        return self.name.partition(SEPARATOR)[2] or None


def write_catalog(
    path: Path,
    items: Iterable[tuple[str, int, int]],
    tags: Iterable[tuple[int, str, float]] = (),
) -> None:
    """Write a new catalog file of (name, listeners, plays) in id order and of (item id, tag, weight).

    The genre tree is computed from the tags here, once, since opening must be fast.
    """
    from engine.community.genre_tree import genre_tree

    tags = list(tags)
    connection = sqlite3.connect(path)
    try:
        # A file that is not read until complete needs no journal.
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.executescript(_SCHEMA)
        keyed = ((name, item_key(name), listeners, plays) for name, listeners, plays in items)
        _insert(connection, keyed, 0)
        connection.executemany("INSERT INTO tags VALUES (?, ?, ?)", tags)
        connection.executemany(
            "INSERT INTO genres VALUES (?, ?, ?)",
            ((one.name, one.parent, one.items.astype("<i4").tobytes()) for one in genre_tree(tags)),
        )
        connection.executescript(_INDEXES)
        connection.commit()
    finally:
        connection.close()


def add_to_catalog(path: Path, items: Iterable[tuple[str, str, int, int]]) -> None:
    """Append (name, key, listeners, plays) to the items of an unpublished catalog file."""
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        # Keys are inserted randomly into the indexes: with SQLite's default cache of 2 MB pages would be rewritten
        # repeatedly.
        connection.execute("PRAGMA cache_size = -65536")
        _insert(connection, items, connection.execute("SELECT count(*) FROM items").fetchone()[0])
        connection.commit()
    finally:
        connection.close()


def _insert(connection: sqlite3.Connection, items: Iterable[tuple[str, str, int, int]], first: int) -> None:
    connection.executemany(
        "INSERT INTO items VALUES (?, ?, ?, ?, ?, ?)",
        (
            (number, name, key, relaxed_item_key(key), listeners, plays)
            for number, (name, key, listeners, plays) in enumerate(items, first)
        ),
    )


class Catalog:
    """Reads a catalog file. Raises DamagedDataError when it is missing or no catalog: what `damaged` makes of the error
    and the path, by default the one of a pack's."""

    def __init__(
        self, path: Path, damaged: Callable[[BaseException, Path], DamagedDataError] = damaged_pack
    ) -> None:
        self._path, self._damaged = path, damaged
        try:
            with contextlib.suppress(FileNotFoundError, PermissionError):  # SQLite says so
                require_file(path)
            self._connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
            )
            self.size: int = self._connection.execute("SELECT count(*) FROM items").fetchone()[0]
            # One flipped bit can rename a column, which SQLite itself does not notice.
            for definition in _DEFINITIONS:
                self._connection.execute(f"SELECT {definition} LIMIT 0")
        except (sqlite3.Error, ValueError) as error:  # the latter also of a name in SQLite's own message
            raise damaged(error, path) from error

    def close(self) -> None:
        """Release the file."""
        self._connection.close()

    def is_of(self, items: int) -> bool:
        """Whether it has the items 0 .. `items` - 1, and tags of no others."""
        first, last = self._connection.execute("SELECT min(id), max(id) FROM items").fetchone()
        (others,) = self._connection.execute(
            "SELECT count(*) FROM tags WHERE item < 0 OR item >= ?", (items,)
        ).fetchone()
        return (self.size, first or 0, last or 0, others) == (items, 0, max(0, items - 1), 0)

    def ids_of(self, keys: Sequence[str]) -> dict[str, int]:
        """Item ids of items' keys: by the exact key, and by the relaxed one only where that finds nothing.

        A relaxed key shared by several items goes to the one with the most listeners.
        """
        found = dict(self._rows_by("key", keys))
        missing = {key: relaxed_item_key(key) for key in keys if key not in found}
        relaxed = dict(self._rows_by("relaxed", sorted({form for form in missing.values() if form})))
        taken = set(found.values())
        for key, form in missing.items():
            number = relaxed.get(form)
            if number is not None and number not in taken:
                found[key] = number
                taken.add(number)
        return found

    def ids_spelled_alike(self, keys: Iterable[str]) -> dict[str, list[int]]:
        """By the relaxed forms of items' keys all the ids that have them."""
        found: dict[str, list[int]] = {}
        for form, number in self._rows_by("relaxed", sorted({relaxed_item_key(key) for key in keys})):
            found.setdefault(form, []).append(number)
        return found

    def ids_in_any_spelling(self, keys: Iterable[str]) -> set[int]:
        """Ids of all items matched by `keys` (`canonical_keys.AnySpelling`): an artist's for each of their tracks."""
        wanted = AnySpelling(keys)
        rows = self._rows_by("relaxed", sorted({relaxed_item_key(key) for key in wanted.keys}), "key")
        for form in {relaxed_artist_key(artist) for artist in wanted.artists}:
            rows += self._connection.execute(
                "SELECT key, id FROM items WHERE relaxed > ? AND relaxed < ?",
                (form + SEPARATOR, form + _AFTER_SEPARATOR),
            )
        return {number for key, number in rows if wanted.holds(key)}

    def ids_meant(self, keys: Iterable[str]) -> set[int]:
        """Ids of all items matched by `keys`, and for a key without an exact match those of `ids_of`."""
        wanted = sorted(keys)
        return self.ids_in_any_spelling(wanted).union(self.ids_of(wanted).values())

    def ids_of_artist(self, key: str) -> list[int]:
        """Ids of an artist's tracks: by the exact key, and by the relaxed one only where that finds nothing."""
        for column, artist in (("key", key), ("relaxed", relaxed_item_key(key))):
            rows = self._connection.execute(
                f"SELECT id FROM items WHERE {column} > ? AND {column} < ?",  # noqa: S608 - fixed names
                (artist + SEPARATOR, artist + _AFTER_SEPARATOR),
            ).fetchall()
            if rows:
                return [int(row[0]) for row in rows]
        return []

    def _rows_by(self, column: str, values: Sequence[str], named: str = "") -> list[tuple[str, int]]:
        rows: list[tuple[str, int]] = []
        for start in range(0, len(values), _CHUNK):
            chunk = list(values[start : start + _CHUNK])
            marks = ",".join("?" * len(chunk))
            # Fewest listeners first: in the resulting dictionaries the last, best known one wins.
            rows += self._connection.execute(
                f"SELECT {named or column}, id FROM items WHERE {column} IN ({marks}) ORDER BY listeners, id DESC",  # noqa: S608 - fixed names
                chunk,
            )
        return rows

    def items(self, ids: Sequence[int]) -> dict[int, CatalogItem]:
        """The items with these ids; unknown ids are left out."""
        found: dict[int, CatalogItem] = {}
        for start in range(0, len(ids), _CHUNK):
            chunk = [int(number) for number in ids[start : start + _CHUNK]]
            marks = ",".join("?" * len(chunk))
            for row in self._connection.execute(
                f"SELECT id, name, key, listeners, plays FROM items WHERE id IN ({marks})",  # noqa: S608 - fixed parts
                chunk,
            ):
                found[row[0]] = CatalogItem(*row)
        return found

    def tags(self, item: int, n: int = 5) -> list[str]:
        """An item's strongest tags that describe the music."""
        from engine.community.genre_tree import of_listeners

        found = self._connection.execute(
            "SELECT tag FROM tags WHERE item = ? ORDER BY weight DESC, tag", (item,)
        )
        return list(islice((tag for (tag,) in found if not of_listeners(tag)), n))

    def genres(self) -> tuple[Genre, ...]:
        """The tree of genres (`engine.community.genre_tree`), by name. Raises DamagedDataError."""
        import numpy as np

        from engine.community.genre_tree import Genre, genre_tree

        try:
            rows = self._connection.execute("SELECT name, parent, items FROM genres").fetchall()
        except sqlite3.OperationalError:
            # A catalog of an earlier version has only tags.
            return genre_tree(self.all_tags())
        found = tuple(Genre(name, parent, np.frombuffer(items, dtype="<i4")) for name, parent, items in rows)
        if any(not len(one.items) or one.items[0] < 0 or one.items[-1] >= self.size for one in found):
            raise self._damaged(ValueError("its genres belong to another catalog"), self._path)
        return found

    def all_names(self) -> list[str]:
        """Every item's name in id order."""
        return [row[0] for row in self._connection.execute("SELECT name FROM items ORDER BY id")]

    def all_keys(self) -> list[str]:
        """Every item's key in id order."""
        return [row[0] for row in self._connection.execute("SELECT key FROM items ORDER BY id")]

    def names_and_keys(self) -> tuple[list[str], list[str]]:
        """Both of every item in id order, in one pass."""
        names, keys = list[str](), list[str]()
        for name, key in self._connection.execute("SELECT name, key FROM items ORDER BY id"):
            names.append(name)
            keys.append(key)
        return names, keys

    def all_plays(self) -> list[int]:
        """Every item's plays in id order."""
        return [row[0] for row in self._connection.execute("SELECT plays FROM items ORDER BY id")]

    def ids_by_listeners(self) -> list[int]:
        """Every item's id, those with the most listeners first."""
        return [
            row[0] for row in self._connection.execute("SELECT id FROM items ORDER BY listeners DESC, id")
        ]

    def all_tags(self) -> list[tuple[int, str, float]]:
        """Every (item id, tag, weight)."""
        return list(self._connection.execute("SELECT item, tag, weight FROM tags ORDER BY item, tag"))
