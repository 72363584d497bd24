"""Opens the library's file: to write, or as a private session's copy in memory.

A private session reads the file once, as it is when the session begins: what other processes write meanwhile is not
visible in it, and they need not wait. A million listens take a tenth of a second and 80 MB.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import time
from pathlib import Path

from engine.errors import (
    BusyError,
    DamagedDataError,
    DiscoverError,
    PrivateSessionError,
    disk_trouble,
    library_trouble,
)
from engine.paths import Folders
from engine.privacy.presence import WAIT_SECONDS, Presence, Role, wait_a_moment

# Tables a person changes by using the app. In a private session each is copied to a temporary table of the same name:
# SQLite resolves temporary names first, so the same statements act on the copy, and the difference from the original is
# what is discarded at the end. The record of what was sent goes with a playlist that is renamed.
SESSION_TABLES = ("feedback", "rules", "playlists", "playlist_tracks", "pushes")
# The version of the library with which a table came, of those that the first ones did not have.
_SINCE = {"pushes": 11}
# SQLite's `synchronous`: with a write-ahead log a power cut loses at most the last changes.
SYNCHRONOUS = "NORMAL"
# Seconds a connection waits for another one's transaction.
BUSY_SECONDS = 10.0
_COPIED = "The library is busy: a private session is just reading it. Try again."
# SQLite's messages for a log whose index is missing.
_OPENING = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
_OPENED = "The library is busy: another discover is just opening or closing it. Try again."

# Authorizer actions that change something; the sixth argument names the database they act on.
_WRITES = {
    sqlite3.SQLITE_INSERT,
    sqlite3.SQLITE_UPDATE,
    sqlite3.SQLITE_DELETE,
    sqlite3.SQLITE_ALTER_TABLE,
    sqlite3.SQLITE_CREATE_TABLE,
    sqlite3.SQLITE_CREATE_INDEX,
    sqlite3.SQLITE_CREATE_TRIGGER,
    sqlite3.SQLITE_CREATE_VIEW,
    sqlite3.SQLITE_DROP_TABLE,
    sqlite3.SQLITE_DROP_INDEX,
    sqlite3.SQLITE_DROP_TRIGGER,
    sqlite3.SQLITE_DROP_VIEW,
    sqlite3.SQLITE_REINDEX,
    sqlite3.SQLITE_ANALYZE,
}


class Connection(sqlite3.Connection):
    """A connection to the library, visible to other processes (`Presence`)."""

    presence: Presence | None = None
    # Whether closing it may change the file: the last one to close merges the log.
    writes = False

    def close(self) -> None:
        """Close it. Idempotent."""
        here, self.presence = self.presence, None
        if here is None:
            return
        with contextlib.ExitStack() as stack:
            # A copy takes a moment. If one hangs, the worst is that it is made again.
            with contextlib.suppress(BusyError):
                if self.writes:
                    stack.enter_context(here.without(Role.READS, Role.OPENS, _COPIED))
            super().close()
        here.close()


def open_to_write(folders: Folders) -> sqlite3.Connection:
    """The library's file, created if missing, with a write-ahead log.

    Raises BusyError while another process locks it, DamagedDataError if the file is not a database, DiscoverError if
    the disk is full or the file is not writable.
    """
    here = Presence(folders)
    with here.without(Role.READS, Role.OPENS, _COPIED):
        return _opened(folders.database, here)


def is_read_only(path: Path) -> bool:
    """Whether the library's file exists, and it or its folder, in which SQLite puts its log, may not be written."""
    return path.exists() and not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK))


def must_be_written(folders: Folders) -> DiscoverError:
    """The error to raise where a library that may not be written has to be before a private session can read it."""
    return DiscoverError(
        f"{folders.root} is read-only, and this library has to be written to before it can be read: it was not closed "
        "cleanly, or is of an earlier version. Copy the folder to where you may write, and name the copy with "
        "--data-dir."
    )


def make_writable(path: Path) -> None:
    """Create the library's file if it is missing. Raises DiscoverError where it may not be written."""
    try:
        if not path.exists():
            # Created here first, so that it is never readable by others.
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        elif not os.access(path, os.R_OK):
            # More than read-only: that would be advice to look at it, which is denied too.
            raise DiscoverError(disk_trouble(PermissionError(errno.EACCES, "Permission denied"), path))
        elif is_read_only(path):
            raise PermissionError(errno.EROFS, "it is read-only")
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiscoverError(disk_trouble(error)) from error
        # The library alone may be denied, in a folder that is not.
        denied = path if path.exists() and os.access(path.parent, os.W_OK) else path.parent
        raise DiscoverError(
            f"Cannot write to {denied}: {error.strerror}. See that you may write there, or choose another folder with "
            "--data-dir."
        ) from error


def _opened(path: Path, here: Presence) -> sqlite3.Connection:
    make_writable(path)
    try:
        connection = _connected(path, here)
        connection.writes = True
        here.enter(Role.HAS)
    except sqlite3.DatabaseError as error:
        raise library_trouble(error, path) from error
    try:
        connection.execute(f"PRAGMA synchronous = {SYNCHRONOUS}")
        _begin_log(connection)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA temp_store = MEMORY")
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.DatabaseError | UnicodeDecodeError):
            raise library_trouble(error, path) from error
        raise
    return connection


def _connected(where: Path | str, here: Presence) -> Connection:
    connection = sqlite3.connect(where, check_same_thread=False, timeout=BUSY_SECONDS, factory=Connection)
    connection.presence = here
    return connection


def _begin_log(connection: sqlite3.Connection) -> None:
    """Switch to a write-ahead log. SQLite itself does not wait for another process that does so at the same time."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= until:
                raise
        wait_a_moment()


def open_private(folders: Folders, *, announced: bool) -> sqlite3.Connection:
    """A copy of the library in memory, empty without a library; changes that a private session may not make are
    refused.

    With `announced` every process knows of the session until the connection is closed, and no play is logged. Nothing
    on disk changes, not even a time stamp. Raises DamagedDataError if the file is not a library, BusyError while it
    cannot be read, PrivateSessionError if it was left in a state that only an ordinary session may repair.
    """
    here = Presence(folders)
    if announced:
        here.enter(Role.PRIVATE)
    connection = _connected(":memory:", here)
    try:
        with here.without(Role.OPENS, Role.READS, _OPENED):
            _copy(folders.database, connection)
        if not connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
            # There is no library yet, or another process is creating it.
            return connection
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA foreign_keys = ON")
        for table in SESSION_TABLES:
            _shadow_in_memory(connection, table)
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.DatabaseError | UnicodeDecodeError | OSError):
            raise library_trouble(error, folders.database) from error
        raise
    # Otherwise the first refused change would roll back the copies too.
    connection.commit()
    connection.set_authorizer(_refuse_writes_outside_memory)
    return connection


def _copy(path: Path, to: sqlite3.Connection) -> None:
    """Copy the library's file while no process opens or closes it; does nothing without one."""
    log, index = (path.with_name(f"{path.name}-{end}") for end in ("wal", "shm"))
    if not path.exists() or not path.stat().st_size:
        return
    if log.exists() and index.exists():
        # A process has it open, or was killed. SQLite's own locks protect this reader, which does not change the log's
        # index either.
        how = "readonly_shm=1"
    elif log.exists() and log.stat().st_size:
        raise PrivateSessionError(
            f"{path} was not closed cleanly, so opening it would write to it. Run `discover doctor` once, then start "
            "the private session."
        )
    else:
        how = "immutable=1"
    uri = f"{path.absolute().as_uri()}?mode=ro&{how}"
    with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=WAIT_SECONDS)) as connection:
        try:
            # Otherwise the backup waits for as long as another program locks the file.
            connection.execute("BEGIN")
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF in _OPENING and os.access(path, os.R_OK):
                raise BusyError(_OPENED) from error
            raise
        connection.backup(to)


def _shadow_in_memory(connection: sqlite3.Connection, table: str) -> None:
    """Copy `table` with its primary key and defaults into a temporary table of the same name."""
    row = connection.execute(
        "SELECT sql FROM main.sqlite_schema WHERE type = 'table' AND name = ?", (table,)
    ).fetchone()
    if row is None:
        (version,) = connection.execute("PRAGMA main.user_version").fetchone()
        if version < _SINCE.get(table, 0):
            # Whoever opens it refuses a library of an earlier version.
            return
        raise DamagedDataError(
            f"The library has no table {table}. Run `discover doctor` without --private first."
        )
    definition = str(row[0]).split(table, 1)[1]
    connection.execute(f"CREATE TEMP TABLE {table}{definition}")
    connection.execute(f"INSERT INTO temp.{table} SELECT * FROM main.{table}")  # noqa: S608 - names from SESSION_TABLES


def _refuse_writes_outside_memory(
    action: int, _first: str | None, _second: str | None, database: str | None, _trigger: str | None
) -> int:
    if action in _WRITES and database != "temp":
        return sqlite3.SQLITE_DENY
    if action in (sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH):
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK
