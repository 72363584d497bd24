"""Whether a library is intact: SQLite's own checks, and what they leave out.

SQLite does not know how its tables should be called. One bit of the schema's text, and a column has another name.
"""

from __future__ import annotations

import contextlib
import functools
import re
import sqlite3
from collections.abc import Mapping
from pathlib import Path

from engine.errors import corruption, disk_trouble, not_given
from engine.store.forgetting import WITHOUT_A_ROW
from engine.store.schema import REBUILT, STEPS, Step, migrate

# What SQLite keeps of a definition and does not read.
_NOT_READ = re.compile(r"--[^\n]*|\s+")


def sound(connection: sqlite3.Connection) -> str:
    """`ok`, or the result of SQLite's integrity check, or what is not as every library has it.

    Raises OSError and sqlite3.Error where the disk or the system is in the way.
    """
    found = _found(connection)
    if found != "ok":
        (file,) = (row[2] for row in connection.execute("PRAGMA database_list") if row[1] == "main")
        cause = not_given(corruption(found), Path(file)) if file else None
        if isinstance(cause, OSError):
            raise cause
    return found


def _found(connection: sqlite3.Connection) -> str:
    try:
        found = str(connection.execute("PRAGMA main.quick_check(1)").fetchone()[0])
        if found == "ok" and (changed := _changed(connection)):
            return f"the definition of {changed} is not the one that was written"
        # An exchanged page may be as valid as the right one.
        there = "SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = 'forgetting'"
        if found == "ok" and connection.execute(there).fetchone():
            return found if connection.execute("SELECT 1 FROM main.forgetting").fetchone() else WITHOUT_A_ROW
        return found
    # The second is of a name in SQLite's own message.
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        if disk_trouble(error):
            raise
        return str(error)


def checked(connection: sqlite3.Connection) -> str:
    """`ok`, or what SQLite's check of tables and indexes finds, or which text is not UTF-8."""
    if (found := sound(connection)) != "ok":
        return found
    try:
        found = str(connection.execute("PRAGMA main.integrity_check(1)").fetchone()[0])
        tables = connection.execute("SELECT name FROM main.sqlite_schema WHERE type = 'table'").fetchall()
        for (table,) in tables if found == "ok" else ():
            for _ in connection.execute(f'SELECT * FROM main."{table}"'):  # noqa: S608 - from the schema
                pass
    except sqlite3.DatabaseError as error:
        if disk_trouble(error):
            raise
        return str(error)
    return found


def definitions(version: int) -> Mapping[tuple[str, str], tuple[str, str]]:
    """By type and name, as in `sqlite_schema`, the table and the definition of all that a library of a version has."""
    return _definitions(STEPS[:version])


def is_of_this_version(connection: sqlite3.Connection) -> bool:
    """Whether the tables are those of this version, whatever number the file has for it."""
    rows = connection.execute("SELECT name, sql FROM main.sqlite_schema WHERE type = 'table'")
    there = {name: sql for name, sql in rows if not name.startswith("sqlite_")}
    return there == {
        name: sql for (kind, name), (_, sql) in definitions(len(STEPS)).items() if kind == "table"
    }


@functools.cache
def _definitions(steps: tuple[Step, ...]) -> Mapping[tuple[str, str], tuple[str, str]]:
    with contextlib.closing(sqlite3.connect(":memory:")) as new:
        migrate(new, steps)
        rows = new.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
        return {(kind, name): (table, sql) for kind, name, table, sql in rows}


def _changed(connection: sqlite3.Connection) -> str:
    """The first table, index or trigger that is not as a library of this version has it; empty if none.

    An import may have dropped indexes for the moment, and a person may have added some.
    """
    # Not `pragma_user_version`: reading it creates a virtual table, which a private session forbids.
    (version,) = connection.execute("PRAGMA main.user_version").fetchone()
    rows = connection.execute("SELECT type, name, tbl_name, sql FROM main.sqlite_schema").fetchall()
    (after,) = connection.execute("PRAGMA main.user_version").fetchone()
    # Another process may upgrade it in between.
    if not rows or after != version or not 0 < version <= len(STEPS):
        return ""
    there = {(kind, name): (table, _as_read(sql or "")) for kind, name, table, sql in rows}
    for of, (table, sql) in definitions(version).items():
        if of not in there and of[1] in REBUILT:
            continue
        if there.get(of) != (table, _as_read(sql)):
            return " ".join(of)
    return ""


def _as_read(sql: str) -> str:
    return _NOT_READ.sub("", sql)
