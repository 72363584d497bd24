"""Opening the library: through the door, at the newest version."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from engine.errors import PrivateSessionError, corruption, library_trouble
from engine.privacy import Door
from engine.store.backups import UPGRADE, back_up
from engine.store.integrity import is_of_this_version
from engine.store.schema import STEPS, migrate, rebuild_indexes

# No newer version has so many more that change no table.
_STEPS_TO_COME = 20


def open_library(door: Door, warn: Callable[[str], object] = str) -> sqlite3.Connection:
    """A connection to the library, migrated.

    `warn` is called with what the person should know: that an upgrade went ahead without a backup, and why.
    Raises DamagedDataError if the file is not a database or of a later version, PrivateSessionError if a private
    session would have to upgrade it, BusyError while another process locks it, DiscoverError for errors of the disk or
    its permissions.
    """
    connection = door.connect()
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        earlier = 0 < version < len(STEPS)
        if earlier and door.private:
            raise PrivateSessionError(
                "The library is from an earlier version, and a private session can't upgrade it. "
                "Start discover once without --private."
            )
        if earlier and (no_backup := back_up(door, connection, UPGRADE)):
            warn(no_backup)
        # So many steps that change no table will not come.
        if version < 0 or (version > len(STEPS) + _STEPS_TO_COME and is_of_this_version(connection)):
            raise corruption("the number of its version is not the one that was written")
        migrate(connection)
        # Without a file it is one in memory.
        if not door.private or not version:
            _rebuild_what_a_kill_left(connection)
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.DatabaseError):
            raise library_trouble(error, door.folders.database) from error
        raise
    return connection


def _rebuild_what_a_kill_left(connection: sqlite3.Connection) -> None:
    """Build the indexes an import dropped, unless it is still running: then it builds them itself."""
    (patience,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        with connection:
            rebuild_indexes(connection)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
    finally:
        connection.execute(f"PRAGMA busy_timeout = {patience}")
