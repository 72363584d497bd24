"""Reads SQLite databases of other programs safely: only their tables, without running their functions, views or
triggers.

Time and memory are bounded by the file's size (https://www.sqlite.org/security.html).
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

MAGIC = b"SQLite format 3\x00"
# Maximum bytes of a value, and of the part read if it is text.
_MAX_VALUE, _MAX_TEXT = 1 << 20, 1 << 14
# Virtual machine steps: a row takes about fifty, and has about fifty bytes.
_STEPS, _STEPS_A_BYTE, _STEPS_A_LOOK = 1_000_000, 10, 50_000
_READING = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ})


def bound(connection: sqlite3.Connection, size: int) -> None:
    """Bound the cost of queries by the database's size in bytes.

    To be called first. Raises sqlite3.Error if it is damaged.
    """
    left = (_STEPS + _STEPS_A_BYTE * size) // _STEPS_A_LOOK

    def is_enough() -> bool:
        nonlocal left
        left -= 1
        return left < 0

    connection.text_factory = lambda raw: raw[:_MAX_TEXT].decode("utf-8", "replace")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_VALUE)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.set_progress_handler(is_enough, _STEPS_A_LOOK)


def read_only_tables(connection: sqlite3.Connection) -> Mapping[str, frozenset[str]]:
    """The tables with their columns, in lower case; from then on a statement may read columns and nothing else.

    Raises what `as_os_errors` names.
    """
    # A table without a page is virtual: its module may be missing.
    names = [
        str(name)
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0"
        )
    ]
    found = {name.lower(): _columns(connection, name) for name in names}
    connection.set_authorizer(_may)
    return found


def _columns(connection: sqlite3.Connection, table: str) -> frozenset[str]:
    found = connection.execute("SELECT name FROM pragma_table_info(?)", (table,))
    return frozenset(str(row[0]).lower() for row in found)


def _may(action: int, *_: str | None) -> int:
    """The authorizer: allows reading columns only. A function can only occur in a generated column."""
    return sqlite3.SQLITE_OK if action in _READING else sqlite3.SQLITE_DENY


def select(
    connection: sqlite3.Connection, table: str, wanted: Sequence[str], rest: str = ""
) -> Iterator[tuple[object, ...]]:
    """The expressions `wanted` of each row of a table, which they and the `rest` of the statement call `x`.

    Null where a value is larger than any: SQLite ends the statement there, and the rows left are read one by one.
    """
    numbers = array("q")
    try:
        number = "x._rowid_" if _has_numbers(connection, table) else "NULL"
        for place, *values in connection.execute(
            f"SELECT {number}, {', '.join(wanted)} FROM {table} AS x {rest}"  # noqa: S608 - fixed names
        ):
            if isinstance(place, int):
                numbers.append(place)
            yield tuple(values)
        return
    except sqlite3.DataError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_TOOBIG or number == "NULL":
            raise
    read = set(numbers)
    source = f"FROM (SELECT * FROM {table} WHERE _rowid_ = ?) AS x {rest}"  # noqa: S608 - fixed names
    for (place,) in connection.execute(f"SELECT _rowid_ FROM {table}"):  # noqa: S608 - fixed names
        if place not in read:
            yield from _value_by_value(connection, wanted, source, place)


def _has_numbers(connection: sqlite3.Connection, table: str) -> bool:
    """Whether the rows of a table are numbered, as they are unless it is made without."""
    try:
        connection.execute(f"SELECT _rowid_ FROM {table} LIMIT 0")  # noqa: S608 - fixed names
    except sqlite3.OperationalError:
        return False
    return True


def _value_by_value(
    connection: sqlite3.Connection, wanted: Sequence[str], source: str, place: object
) -> Iterator[tuple[object, ...]]:
    """What a source has of the row of this number: where one of its values is larger than any, the others."""
    any_read = False
    try:
        for row in connection.execute(f"SELECT {', '.join(wanted)} {source}", (place,)):
            any_read = True
            yield row
    except sqlite3.DataError:
        if any_read:
            return
        values = []
        for expression in wanted:
            try:
                found = connection.execute(f"SELECT {expression} {source} LIMIT 1", (place,)).fetchone()
            except sqlite3.DataError:
                found = None
            values.append(found and found[0])
        yield tuple(values)


@contextmanager
def as_os_errors() -> Iterator[None]:
    """Raises OSError for errors of a database, whose messages may contain bytes that are not UTF-8."""
    try:
        yield
    except (sqlite3.Error, UnicodeError) as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise OSError("another program is writing to the database; try again when it is done") from error
        if code == sqlite3.SQLITE_TOOBIG:
            raise OSError("a value in the database is larger than any that it should have") from error
        stopped = code == sqlite3.SQLITE_INTERRUPT
        why = "reading it takes far longer than its size can mean" if stopped else str(error)
        raise OSError(f"the database is damaged: {why}") from error
