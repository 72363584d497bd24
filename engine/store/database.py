"""Opening the library: through the door, at the newest version."""

from __future__ import annotations

import sqlite3

from engine.errors import DamagedDataError, DiscoverError, disk_trouble
from engine.privacy import Door
from engine.store.schema import STEPS, migrate, rebuild_indexes


def open_library(door: Door) -> sqlite3.Connection:
    """A connection to the library, migrated. In a private session an older library is refused, not upgraded.

    Raises DamagedDataError when the file is not a database or not of a version this program can use.
    """
    connection = door.connect()
    try:
        # As bytes: the file's name need not be UTF-8.
        connection.text_factory = bytes
        in_memory = connection.execute("PRAGMA database_list").fetchone()[2] == b""
        connection.text_factory = str
        if in_memory or not door.private:
            migrate(connection)
            with connection:
                rebuild_indexes(connection)
        else:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version != len(STEPS):
                raise DamagedDataError(
                    "The library is from another version, and a private session can't upgrade it. "
                    "Start discover once without --private."
                )
    except sqlite3.DatabaseError as error:
        connection.close()
        if trouble := disk_trouble(error):
            raise DiscoverError(trouble) from error
        raise DamagedDataError(
            f"{door.folders.database} cannot be read ({error}). Restore a backup, or move it away to start again."
        ) from error
    except BaseException:
        connection.close()
        raise
    return connection
