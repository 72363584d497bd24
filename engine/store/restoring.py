"""Putting a backup in the place of the library, which is backed up first: that is undone as it was done.

A library that opens takes the rows of the backup in one transaction, beside whoever reads it. One that is damaged goes
among the backups as it is, and a copy of the backup takes its name.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from engine.errors import DamagedDataError, DiscoverError, disk_trouble, library_trouble
from engine.privacy import Door
from engine.privacy.atomic import fsync
from engine.privacy.presence import Presence, Role
from engine.store.backups import DAMAGED, RESTORE, Backup, chosen, copied, make, new_name, opened, sound
from engine.store.database import open_library
from engine.store.schema import migrate

_READ = "The library is busy: a private session is just reading it. Try again."


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
    backup = chosen(door.folders, name)
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


def rebuilt(door: Door, damaged: sqlite3.Connection) -> str | None:
    """Where every row of a damaged library can still be read, and its indexes alone cannot, put those rows in its place
    with indexes built anew: the name of the damaged file, which is kept; null where rows are lost.

    Raises DiscoverError where the disk is in the way, BusyError.
    """
    with door.scratch_folder() as folder:
        path = folder / "rows.sqlite"
        with contextlib.closing(sqlite3.connect(path)) as empty:
            migrate(empty)
        try:
            damaged.execute("ATTACH ? AS anew", (str(path),))
            tables = [
                row[0]
                for row in damaged.execute(
                    "SELECT name FROM anew.sqlite_schema WHERE type = 'table'"
                ).fetchall()
            ]
            damaged.execute("PRAGMA foreign_keys = OFF")
            with damaged:
                damaged.execute("BEGIN")
                for table in tables:
                    damaged.execute(f'DELETE FROM anew."{table}"')  # noqa: S608 - from the schema
                    # With a condition, or SQLite copies a table's indexes as they are.
                    rows = f'main."{table}" NOT INDEXED WHERE 1'
                    damaged.execute(f'INSERT INTO anew."{table}" SELECT * FROM {rows}')  # noqa: S608 - the same
            damaged.execute("DETACH anew")
            damaged.close()
        except sqlite3.DatabaseError as error:
            if disk_trouble(error):
                raise
            return None
        with contextlib.closing(sqlite3.connect(path)) as anew:
            if checked(anew) == "ok" and not anew.execute("PRAGMA foreign_key_check").fetchall():
                return exchanged(door, anew)
    return None


def checked(connection: sqlite3.Connection) -> str:
    """`ok`, or what SQLite finds, of indexes too."""
    if (found := sound(connection)) != "ok":
        return found
    return str(connection.execute("PRAGMA main.integrity_check(1)").fetchone()[0])


def exchanged(door: Door, source: sqlite3.Connection) -> str:
    """Put a copy of the backup in the place of the damaged file, which goes among the backups; returns its name."""
    database = door.folders.database
    here = Presence(door.folders)
    with contextlib.closing(here), door.scratch_folder() as folder:
        copy = folder / database.name
        with contextlib.closing(sqlite3.connect(copy)) as to:
            copy.chmod(0o600)
            copied(source, to)
        fsync(copy)
        with here.without(Role.READS, Role.OPENS, _READ):
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
    with contextlib.closing(open_library(door)):
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
