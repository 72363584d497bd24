"""SQLite databases of other programs, read from memory: the file itself is never opened for writing, nor its folder."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import IO

from engine.store.guarded import MAGIC, as_os_errors, bound, read_only_tables, select

# A media server's library of half a million tracks takes some 300 MB.
_MAX_BYTES = 768 << 20
_MIN_BYTES = 512
# Bytes 18 and 19 of the header: 2 requires a write-ahead log, which an in-memory database lacks.
_LOG, _NO_LOG = b"\x02\x02", b"\x01\x01"


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
        with as_os_errors():
            self._db.deserialize(data)
            bound(self._db, len(data))
            self.tables = read_only_tables(self._db)

    def has(self, **tables: Sequence[str]) -> bool:
        """Whether these tables are there, with these columns."""
        return all(set(columns) <= self.tables.get(name, frozenset()) for name, columns in tables.items())

    def select(self, table: str, wanted: Mapping[str, str], joined: str = "") -> Iterator[tuple[object, ...]]:
        """The expressions `wanted` of a table, `x`, in order, null where the column (its key) is in no table named,
        and where a value is larger than any.

        Keys are `table.column`; `joined` follows the table's name. Raises OSError when a page is damaged.
        """
        there = {f"{name}.{column}" for name, columns in self.tables.items() for column in columns}
        parts = [sql if key in there else "NULL" for key, sql in wanted.items()]
        with as_os_errors():
            yield from select(self._db, table, parts, joined)
