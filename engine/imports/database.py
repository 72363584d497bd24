"""SQLite databases of other programs, read from memory: the file itself is never opened for writing, nor its folder.

Its tables alone are read, and no function, view or trigger of its own is run. What is asked of it takes time and
memory as its size does (https://www.sqlite.org/security.html).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO

MAGIC = b"SQLite format 3\x00"
# A media server's library of half a million tracks takes some 300 MB.
_MAX_BYTES = 768 << 20
_MIN_BYTES = 512
# Bytes 18 and 19 of the header: 2 asks for a write-ahead log, which memory has not.
_LOG, _NO_LOG = b"\x02\x02", b"\x01\x01"
# Bytes of a value, and those of them that are read where it is text.
_MAX_VALUE, _MAX_TEXT = 1 << 20, 1 << 14
# Steps of SQLite's machine: a row takes some fifty, and is of some fifty bytes.
_STEPS, _STEPS_A_BYTE, _STEPS_A_LOOK = 1_000_000, 10, 50_000
_READING = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ})


class Rows:
    """One database. Raises OSError when it is damaged or too large."""

    def __init__(self, stream: IO[bytes]) -> None:
        data = stream.read(_MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            raise OSError("larger than any known music library; export a table of plays from it instead")
        if len(data) < _MIN_BYTES or not data.startswith(MAGIC):
            raise OSError("not an SQLite database")
        if data[18:20] == _LOG:
            data = data[:18] + _NO_LOG + data[20:]
        self._db = sqlite3.connect(":memory:", check_same_thread=False)
        self._db.text_factory = lambda raw: raw[:_MAX_TEXT].decode("utf-8", "replace")
        self._db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_VALUE)
        self._looks = (_STEPS + _STEPS_A_BYTE * len(data)) // _STEPS_A_LOOK
        with _damage_named():
            self._db.deserialize(data)
            self._db.execute("PRAGMA trusted_schema = OFF")
            self._db.execute("PRAGMA cell_size_check = ON")
            self._db.set_progress_handler(self._is_enough, _STEPS_A_LOOK)
            names = [
                str(name)
                for (name,) in self._db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
            ]
            self.tables = {name.lower(): self._columns(name) for name in names}
        self._db.set_authorizer(_may)

    def _is_enough(self) -> bool:
        self._looks -= 1
        return self._looks < 0

    def _columns(self, table: str) -> frozenset[str]:
        found = self._db.execute("SELECT name FROM pragma_table_info(?)", (table,))
        return frozenset(str(row[0]).lower() for row in found)

    def has(self, **tables: Sequence[str]) -> bool:
        """Whether these tables are there, with these columns."""
        return all(set(columns) <= self.tables.get(name, frozenset()) for name, columns in tables.items())

    def select(self, table: str, wanted: Mapping[str, str], joined: str = "") -> Iterator[tuple[object, ...]]:
        """The expressions `wanted` of a table, in order, null where the column (its key) is in no table named.

        Keys are `table.column`; `joined` follows the table's name. Raises OSError when a page is damaged.
        """
        there = {f"{name}.{column}" for name, columns in self.tables.items() for column in columns}
        parts = [sql if key in there else "NULL" for key, sql in wanted.items()]
        with _damage_named():
            yield from self._db.execute(f"SELECT {', '.join(parts)} FROM {table} {joined}")  # noqa: S608 - fixed parts


def _may(action: int, *_: str | None) -> int:
    """What a statement may do: read columns. A function can only be a table's own, in a column that it computes."""
    return sqlite3.SQLITE_OK if action in _READING else sqlite3.SQLITE_DENY


@contextmanager
def _damage_named() -> Iterator[None]:
    """Raises OSError for what is wrong with a database, which may be named in bytes that are not UTF-8."""
    try:
        yield
    except (sqlite3.Error, UnicodeError) as error:
        stopped = getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT
        why = "reading it takes far longer than its size can mean" if stopped else str(error)
        raise OSError(f"the database is damaged: {why}") from error
