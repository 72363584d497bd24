"""Restores a backup in place of the library, which is backed up first, so that restoring can be undone the same way.

If the library opens, its rows are replaced in one transaction, while others may read it. A damaged one is moved to the
backups, and replaced by a copy of the backup.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from engine.errors import (
    BusyError,
    DamagedDataError,
    DiscoverError,
    NothingYetError,
    disk_trouble,
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
)
from engine.store.database import open_library
from engine.store.indexed_rows import Nameless, Names, names_played
from engine.store.integrity import sound
from engine.store.salvage import OWN_TABLES, Salvage, salvage
from engine.store.schema import migrate

_OPEN = (
    "Another discover has this library open. Close it (the app, or discover listen), then try again: what it still "
    "writes would be lost."
)


@dataclass(frozen=True, slots=True)
class Restored:
    """The restored backup, and the previous library: a backup, or the name of the damaged file; null if there was
    none."""

    backup: Backup
    before: str | None
    was_damaged: bool


def restore(door: Door, name: str = "") -> Restored:
    """Restore a backup, without a name the newest intact one.

    Raises NothingYetError if there is none of that name, DamagedDataError if it is damaged, BusyError while another
    program writes, PrivateSessionError in a private session.
    """
    door.require_writable("restore a backup")
    # There is no open session, which would do this.
    with contextlib.suppress(OSError):
        door.settle()
    backup = chosen(door.folders, name)
    if not name and backup.why == RESTORE and _is_the_library(door, backup):
        # A restore that was killed had made this backup: the wanted one is older.
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
                try:
                    before = make(door, library, RESTORE)
                    copied(source, library)
                    migrate(library)
                except sqlite3.DatabaseError as error:
                    raise library_trouble(error, door.folders.database) from error
                return Restored(backup, before.name if before else None, was_damaged=False)
        return Restored(backup, exchanged(door, source), was_damaged=True)


def _is_the_library(door: Door, backup: Backup) -> bool:
    """Whether a backup equals the library, row by row."""
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


def repaired(
    door: Door,
    report: StageReport,
    elsewhere: Callable[[Nameless], Names] = lambda _: Names((), ()),
) -> tuple[str, Salvage | Backup] | None:
    """Replace a damaged library by its readable rows, or by the last intact backup if that has more. Names that only
    an index had are taken from a backup or `elsewhere`.

    Returns the name of the damaged file, which is kept, and what replaced it; null if there is neither. Raises
    BusyError while another process has the library open, DiscoverError for errors of the disk.
    """
    database = door.folders.database
    with _alone(door), door.scratch_folder() as folder:
        copy, rows = folder / "damaged.sqlite", folder / database.name
        # Opening merges the log: the damaged file itself is left alone.
        for end in ("", "-wal"):
            if (part := _beside(database, end)).exists():
                shutil.copyfile(part, _beside(copy, end))
        with _making(rows):
            found = salvage(copy, rows, report)
        backup = _last_whole(door.folders)
        if backup is not None and (found is None or rows_in(backup, OWN_TABLES) > found.total):
            with opened(backup) as source:
                return _exchanged(door, source, folder), backup
        if found is None:
            return None
        with contextlib.closing(sqlite3.connect(rows)) as rebuilt:
            if backup is not None:
                with contextlib.suppress(sqlite3.Error), opened(backup) as source:
                    found.nameless.name(rebuilt, names_played(source))
            found.nameless.name(rebuilt, elsewhere(found.nameless))
            return _exchanged(door, rebuilt, folder), found


def _last_whole(folders: Folders) -> Backup | None:
    try:
        return chosen(folders)
    except NothingYetError:
        return None


@contextlib.contextmanager
def _alone(door: Door) -> Iterator[None]:
    """Lock out other processes that open or have opened the library, while the block runs: their writes would be lost
    with the file. Raises BusyError."""
    here = Presence(door.folders)
    with contextlib.closing(here), here.without(Role.OPENS, Role.READS, _OPEN):
        until = time.monotonic() + WAIT_SECONDS
        while here.others(Role.HAS):
            if time.monotonic() >= until:
                raise BusyError(_OPEN)
            wait_a_moment()
        yield


def exchanged(door: Door, source: sqlite3.Connection) -> str:
    """Replace the damaged library by a copy of `source`, and move it to the backups; returns its name.

    Raises BusyError while another process has the library open.
    """
    with _alone(door), door.scratch_folder() as folder:
        return _exchanged(door, source, folder)


def _exchanged(door: Door, source: sqlite3.Connection, folder: Path) -> str:
    database = door.folders.database
    copy = folder / f"new-{database.name}"
    with _making(copy), contextlib.closing(sqlite3.connect(copy)) as to:
        copy.chmod(0o600)
        to.execute("PRAGMA journal_mode = OFF")
        copied(source, to)
        # A backup of an earlier version is upgraded.
        migrate(to)
    fsync(copy)
    kept = new_name(door, DAMAGED)
    for end in ("", "-wal"):
        if (part := _beside(database, end)).exists():
            _kept(part, _beside(kept, end))
    fsync(kept.parent)
    # Its log must not be merged into the other file.
    for end in ("-wal", "-shm"):
        door.remove(_beside(database, end))
    copy.replace(database)
    fsync(database.parent)
    return kept.stem


@contextlib.contextmanager
def _making(copy: Path) -> Iterator[None]:
    """Say of a new copy that fails as it is made what it is: the library is as it was."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        said = f"A copy of the library could not be made ({error}). Nothing was changed: try again."
        raise DiscoverError(disk_trouble(error, copy) or said) from error


def _beside(path: Path, end: str) -> Path:
    return path.with_name(path.name + end)


def _kept(path: Path, to: Path) -> None:
    """Hard-link a file, or copy it if the disk has no links."""
    try:
        os.link(path, to)
    except OSError as error:
        try:
            shutil.copyfile(path, to)
        except OSError:
            raise DiscoverError(f"{path} cannot be kept: {error.strerror}. Nothing was changed.") from error
    to.chmod(0o600)
