"""Putting a backup in the place of the library, which is backed up first: that is undone as it was done.

A library that opens takes the rows of the backup in one transaction, beside whoever reads it. One that is damaged goes
among the backups as it is, and a copy of the backup takes its name.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from engine.errors import (
    BusyError,
    DamagedDataError,
    DiscoverError,
    NothingYetError,
    is_undecodable,
    library_trouble,
)
from engine.paths import Folders
from engine.privacy import Door
from engine.privacy.atomic import fsync
from engine.privacy.presence import WAIT_SECONDS, Presence, Role, wait_a_moment
from engine.progress import StageReport
from engine.store.backups import (
    DAMAGED,
    RESTORE,
    Backup,
    chosen,
    copied,
    make,
    new_name,
    opened,
    rows_in,
    sound,
)
from engine.store.database import open_library
from engine.store.salvage import TOLD, Salvage, salvage
from engine.store.schema import migrate

_OPEN = (
    "Another discover has this library open. Close it (the app, or discover listen), then try again: what it still "
    "writes would be lost."
)


@dataclass(frozen=True, slots=True)
class Restored:
    """The backup that is the library now, and what was there before: a backup, or the name of the damaged file; null
    where there was nothing."""

    backup: Backup
    before: str | None
    was_damaged: bool


def restore(door: Door, name: str = "") -> Restored:
    """Make a backup the library again, the newest that is whole where no name is given.

    Raises NothingYetError where there is none of that name, DamagedDataError where it is not whole, BusyError while
    another program writes, PrivateSessionError in a private session.
    """
    door.require_writable("restore a backup")
    # No session is opened here, which would see to it.
    with contextlib.suppress(OSError):
        door.settle()
    backup = chosen(door.folders, name)
    if not name and backup.why == RESTORE and _is_the_library(door, backup):
        # A restore that was killed kept what there was, and went no further: what is wanted lies before it.
        with contextlib.suppress(NothingYetError):
            backup = chosen(door.folders, besides=backup)
    with opened(backup) as source:
        try:
            library = open_library(door)
        except DamagedDataError:
            return Restored(backup, exchanged(door, source), was_damaged=True)
        with contextlib.closing(library):
            whole = sound(library) == "ok"
            if whole:
                before = make(door, library, RESTORE)
                try:
                    copied(source, library)
                    migrate(library)
                except sqlite3.DatabaseError as error:
                    raise library_trouble(error, door.folders.database) from error
                return Restored(backup, before.name if before else None, was_damaged=False)
        return Restored(backup, exchanged(door, source), was_damaged=True)


def _is_the_library(door: Door, backup: Backup) -> bool:
    """Whether a backup holds what the library does, row for row."""
    with contextlib.suppress(DamagedDataError, sqlite3.DatabaseError), contextlib.ExitStack() as both:
        library = both.enter_context(contextlib.closing(open_library(door)))
        copy = both.enter_context(opened(backup))
        tables = "SELECT name, sql FROM sqlite_schema WHERE type = 'table' ORDER BY name"
        names = library.execute(tables).fetchall()
        return names == copy.execute(tables).fetchall() and all(
            mine == theirs
            for name, _ in names
            for mine, theirs in zip_longest(
                library.execute(f'SELECT * FROM "{name}"'),  # noqa: S608 - from the schema
                copy.execute(f'SELECT * FROM "{name}"'),  # noqa: S608 - the same
            )
        )
    return False


def repaired(door: Door, report: StageReport) -> tuple[str, Salvage | Backup] | None:
    """Put in the place of a damaged library the rows of it that can be read, or where it holds more the last backup
    that is whole: the name of the damaged file, which is kept, and what took its place; null where there is neither.

    Raises BusyError while another process has the library open, DiscoverError where the disk is in the way.
    """
    database = door.folders.database
    with _alone(door), door.scratch_folder() as folder:
        copy, rows = folder / "damaged.sqlite", folder / database.name
        # Whoever opens it folds its log in: the damaged file itself stays as it is.
        for end in ("", "-wal"):
            if (part := _beside(database, end)).exists():
                shutil.copyfile(part, _beside(copy, end))
        found = salvage(copy, rows, report)
        backup = _last_whole(door.folders)
        if backup is not None and (found is None or rows_in(backup, TOLD) > found.total):
            with opened(backup) as source:
                return _exchanged(door, source, folder), backup
        if found is None:
            return None
        with contextlib.closing(sqlite3.connect(rows)) as anew:
            return _exchanged(door, anew, folder), found


def _last_whole(folders: Folders) -> Backup | None:
    try:
        return chosen(folders)
    except NothingYetError:
        return None


def checked(connection: sqlite3.Connection) -> str:
    """`ok`, or what SQLite finds, of indexes too, or which text is not UTF-8."""
    if (found := sound(connection)) != "ok":
        return found
    found = str(connection.execute("PRAGMA main.integrity_check(1)").fetchone()[0])
    tables = connection.execute("SELECT name FROM main.sqlite_schema WHERE type = 'table'").fetchall()
    try:
        for (table,) in tables if found == "ok" else ():
            for _ in connection.execute(f'SELECT * FROM main."{table}"'):  # noqa: S608 - from the schema
                pass
    except sqlite3.OperationalError as error:
        if not is_undecodable(error):
            raise
        return str(error)
    return found


@contextlib.contextmanager
def _alone(door: Door) -> Iterator[None]:
    """Let no other process open the library, nor have it open, while the block runs: what it wrote would be lost with
    the file. Raises BusyError."""
    here = Presence(door.folders)
    with contextlib.closing(here), here.without(Role.OPENS, Role.READS, _OPEN):
        until = time.monotonic() + WAIT_SECONDS
        while here.others(Role.HAS):
            if time.monotonic() >= until:
                raise BusyError(_OPEN)
            wait_a_moment()
        yield


def exchanged(door: Door, source: sqlite3.Connection) -> str:
    """Put a copy of `source` in the place of the damaged library, which goes among the backups; returns its name.

    Raises BusyError while another process has the library open.
    """
    with _alone(door), door.scratch_folder() as folder:
        return _exchanged(door, source, folder)


def _exchanged(door: Door, source: sqlite3.Connection, folder: Path) -> str:
    database = door.folders.database
    copy = folder / f"new-{database.name}"
    with contextlib.closing(sqlite3.connect(copy)) as to:
        copy.chmod(0o600)
        to.execute("PRAGMA journal_mode = OFF")
        copied(source, to)
        # One of an earlier version becomes one of this.
        migrate(to)
    fsync(copy)
    aside = new_name(door, DAMAGED)
    for end in ("", "-wal"):
        if (part := _beside(database, end)).exists():
            _kept(part, _beside(aside, end))
    fsync(aside.parent)
    # Its log must not be folded into the other file.
    for end in ("-wal", "-shm"):
        door.remove(_beside(database, end))
    copy.replace(database)
    fsync(database.parent)
    return aside.stem


def _beside(path: Path, end: str) -> Path:
    return path.with_name(path.name + end)


def _kept(path: Path, to: Path) -> None:
    """Give a file a second name, or copy it where the disk has one name for a file."""
    try:
        os.link(path, to)
    except OSError as error:
        try:
            shutil.copyfile(path, to)
        except OSError:
            raise DiscoverError(f"{path} cannot be kept: {error.strerror}. Nothing was changed.") from error
    to.chmod(0o600)
