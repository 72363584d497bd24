"""Writes the schema of a damaged library anew where a page of it is lost: without its part of it a table's rows, though
they are all there, are on pages that nothing leads to.

What every library has is known, but not on which page a table begins. That is what a page of the schema that is left
says; else it is the page that no other leads to, with rows of the table's kinds of values. Indexes without a place stay
out: rows are read without them. Source: https://www.sqlite.org/fileformat2.html#b_tree_pages.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from engine.errors import disk_trouble
from engine.store.integrity import definitions
from engine.store.schema import STEPS, migrate

_HEADER, _MIN_PAGE = 100, 512
_INDEX, _TABLE, _INDEX_LEAF, _TABLE_LEAF = 2, 5, 10, 13
# Rows looked at to tell a table by its kinds of values.
_ROWS = 50
# A value's kind by its serial type: of integers, the whole numbers of other columns too, 7 is a real number.
_OF_TYPE = {"INTEGER": {1, 2, 3, 4, 5, 6, 8, 9}, "REAL": {1, 2, 3, 4, 5, 6, 7, 8, 9}}


class _Kind(NamedTuple):
    """A table: whether its rows have numbers, of each column, in the order of the file, the type, and whether it may be
    null, and how many columns there were at first. A column that is the row's number is null in the file."""

    has_rowid: bool
    columns: tuple[tuple[str, bool], ...]
    at_first: int

    def fits(self, types: Sequence[int]) -> bool:
        """Whether a row has values of these kinds: columns that came later may be missing. No other may: the entries of
        an index are the first columns of some table."""
        if not self.at_first <= len(types) <= len(self.columns):
            return False
        return all(
            nullable
            if kind == 0
            else kind % 2 == 1
            if type_ == "TEXT" and kind > 12
            else kind in _OF_TYPE.get(type_, ())
            for (type_, nullable), kind in zip(self.columns, types, strict=False)
        ) and all(nullable for _, nullable in self.columns[len(types) :])


@dataclass
class _Page:
    """A page of a tree: its kind, where its first cells are, and the pages below it."""

    kind: int
    cells: list[int]
    below: list[int]


def rebuild_schema(database: Path) -> None:
    """Write the schema of a file of this version anew if it cannot be read to its end, or lacks a table: on a page that
    is lost in part its row is one without values. Where the version is lost too, with the whole first page, it is this
    one if all tables are left as it has them. Raises sqlite3.Error."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        try:
            there = {
                row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
            }
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            if disk_trouble(error):
                raise
        else:
            if there >= _tables().keys():
                return
    data = database.read_bytes()
    page = int.from_bytes(data[16:18], "big")
    if page < _MIN_PAGE:
        return
    before = _File(data)
    found = before.schema()
    # The tables of another version are others.
    if int.from_bytes(data[60:64], "big") != len(STEPS) and before.as_defined < _tables().keys():
        return
    pages = before.end(room=len(found) + sum(len(sql or "") for *_, sql in found) // (page // 2))
    with database.open("r+b") as file:
        # An empty first page of a schema, and no free pages: what is written now comes behind all there is.
        file.seek(28)
        file.write(pages.to_bytes(4, "big") + bytes(8))
        file.truncate(pages * page)
        file.seek(60)
        file.write(len(STEPS).to_bytes(4, "big"))
        file.seek(_HEADER)
        file.write(bytes((_TABLE_LEAF, 0, 0, 0, 0)) + page.to_bytes(2, "big") + bytes(page - _HEADER - 7))
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA writable_schema = ON")
        connection.executemany("INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)", found)


class _File:
    """The trees of a file."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._size = int.from_bytes(data[16:18], "big")
        self._pages = {
            number: page
            for number in range(2, len(data) // self._size + 1)
            if (page := self._page(number)) is not None
        }

        # The tables whose definitions are left as every library of this version has them.
        self.as_defined: set[str] = set()
        self._below = {number for page in self._pages.values() for number in page.below}

    def end(self, room: int) -> int:
        """The number of pages, with those behind which nothing leads to as many as there is to be `room` for: of a file
        that is cut short some may lead to what was there."""
        last = len(self._data) // self._size
        while taken := self._below.intersection(range(last + 1, last + 1 + room)):
            last = max(taken)
        return last

    def schema(self) -> list[tuple[str, str, str, int, str | None]]:
        """All rows of the schema that are left, or found again: tables first, each before its indexes."""
        left = {row[1]: row for row in self._rows_left()}
        taken = self._below | {row[3] for row in left.values()} | self._schema_pages
        roots = [number for number in self._pages if number not in taken]
        for name, kind in _kinds().items():
            fitting = [] if name in left else [number for number in roots if self._is_of(number, kind)]
            # Of several, such as one that was left behind, the largest.
            if fitting:
                root = max(
                    fitting,
                    key=lambda number: (len(self._pages[number].below), len(self._pages[number].cells)),
                )
                roots.remove(root)
                left[name] = ("table", name, name, root, _tables()[name])
        tables = {name for name, row in left.items() if row[0] == "table"}
        return sorted((row for row in left.values() if row[2] in tables), key=lambda row: row[0] == "index")

    def _rows_left(self) -> Iterator[tuple[str, str, str, int, str | None]]:
        """Those of the schema that lead to a page, defined as in every library: in part they may be damaged."""
        self._schema_pages: set[int] = set()
        known = definitions(len(STEPS))
        for number, page in self._pages.items():
            for cell in page.cells if page.kind == _TABLE_LEAF else ():
                row = self._values(number, cell)
                if row is None or len(row) != 5 or row[0] not in ("table", "index", "trigger"):
                    continue
                self._schema_pages.add(number)
                kind, name, table = map(str, row[:3])
                root, of = row[3], (kind, name)
                if kind == "table" and row[4] == _tables().get(name):
                    self.as_defined.add(name)
                if isinstance(root, int) and root in self._pages:
                    if of in known:
                        yield *of, known[of][0], root, known[of][1]
                    elif row[4] is None and table in _tables():
                        yield *of, table, root, None

    def _is_of(self, root: int, kind: _Kind) -> bool:
        """Whether a tree has rows, and all that are looked at are of a table."""
        number, leaf = root, _TABLE_LEAF if kind.has_rowid else _INDEX_LEAF
        for _ in range(20):
            page = self._pages.get(number)
            if page is None:
                return False
            if page.kind == leaf:
                rows = [self._types(number, cell) for cell in page.cells[:_ROWS]]
                return bool(rows) and all(row is not None and kind.fits(row[0]) for row in rows)
            if page.kind != leaf - 8 or not page.below:
                return False
            number = page.below[0]
        return False

    def _page(self, number: int) -> _Page | None:
        """A page if it is one of a tree."""
        data = self._data[(number - 1) * self._size : number * self._size]
        kind = data[0]
        if kind not in (_INDEX, _TABLE, _INDEX_LEAF, _TABLE_LEAF):
            return None
        start, count = (12 if kind in (_INDEX, _TABLE) else 8), int.from_bytes(data[3:5], "big")
        cells = [int.from_bytes(data[at : at + 2], "big") for at in range(start, start + 2 * count, 2)]
        if start + 2 * count > self._size or any(not start < cell <= self._size - 4 for cell in cells):
            return None
        below = []
        if kind in (_INDEX, _TABLE):
            below = [int.from_bytes(data[cell : cell + 4], "big") for cell in cells]
            below.append(int.from_bytes(data[8:12], "big"))
        return _Page(kind, cells[:_ROWS], below)

    def _types(self, number: int, cell: int) -> tuple[list[int], int] | None:
        """The serial types of a leaf's row, and where its values begin; null if it is none."""
        at = (number - 1) * self._size + cell
        with contextlib.suppress(IndexError):
            _, at = _varint(self._data, at)
            if self._pages[number].kind == _TABLE_LEAF:
                _, at = _varint(self._data, at)
            length, types_at = _varint(self._data, at)
            types, end = list[int](), at + length
            while types_at < end and len(types) < 100:
                kind, types_at = _varint(self._data, types_at)
                types.append(kind)
            return (types, end) if types_at == end else None
        return None

    def _values(self, number: int, cell: int) -> tuple[object, ...] | None:
        """A row of whole numbers and text, such as one of the schema; null if it is another, or not all on this
        page."""
        found = self._types(number, cell)
        if found is None:
            return None
        types, at = found
        values: list[object] = []
        for kind in types:
            length = (
                (kind - 13) // 2 if kind > 12 and kind % 2 else {0: 0, 5: 6, 6: 8, 8: 0, 9: 0}.get(kind, kind)
            )
            part = self._data[at : at + length]
            at += length
            if kind > 12:
                values.append(part.decode("utf-8", "replace"))
            else:
                values.append({0: None, 8: 0, 9: 1}.get(kind, int.from_bytes(part, "big", signed=True)))
        return tuple(values) if at <= number * self._size else None


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of variable length, and where it ends."""
    value = 0
    for place in range(at, at + 8):
        value = value << 7 | data[place] & 0x7F
        if data[place] < 0x80:
            return value, place + 1
    return value << 8 | data[at + 8], at + 9


def _tables() -> Mapping[str, str]:
    """The tables of a library by name, with their definitions."""
    return {name: sql for (kind, name), (_, sql) in definitions(len(STEPS)).items() if kind == "table"}


def _kinds() -> Mapping[str, _Kind]:
    """The tables of a library, by name."""
    at_first, found = dict[str, int](), dict[str, _Kind]()
    with contextlib.closing(sqlite3.connect(":memory:")) as new:
        for version in range(1, len(STEPS) + 1):
            migrate(new, STEPS[:version])
            for (name,) in new.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
                at_first.setdefault(name, len(new.execute(f'PRAGMA table_info("{name}")').fetchall()))
        for name, sql in _tables().items():
            has_rowid = "WITHOUT ROWID" not in sql
            columns = new.execute(f'PRAGMA table_info("{name}")').fetchall()
            if not has_rowid:
                # Those of the key are first, in its order.
                columns.sort(key=lambda column: (not column[5], column[5], column[0]))
            alone = sum(bool(column[5]) for column in columns) == 1
            kinds = tuple(
                # No column of a key is null in a table that is strict.
                ("", True)
                if has_rowid and alone and key and type_ == "INTEGER"
                else (type_, not (notnull or key))
                for _, _, type_, notnull, _, key in columns
            )
            found[name] = _Kind(has_rowid, kinds, at_first[name])
    return found
