"""Copies of the library, made before what changes much of it: an import, a forgetting, an upgrade, a restore.

Each is a whole library by itself, made by SQLite's backup API beside whoever reads or writes, and there under its name
only when the disk has it. They are few, and of few bytes together. What is forgotten is forgotten in them too: each
holds the mark of the last forgetting that went through it, and one without that of the library is deleted.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from engine.errors import BusyError, DamagedDataError, DiscoverError, NothingYetError, disk_trouble
from engine.paths import Folders
from engine.privacy import Door
from engine.privacy.atomic import fsync
from engine.privacy.database_file import BUSY_SECONDS
from engine.store.forgetting import mark, unforgotten
from engine.store.schema import STEPS, migrate

# At most so many, of so many bytes together; the newest is kept whatever its size.
KEPT, MAX_BYTES = 5, 500 << 20
# So many of them are the last ones, the others the first of a day each.
_LAST = 3
# What it was made before, or that it is what was damaged when another took its place.
IMPORT, FORGET, UPGRADE, RESTORE, DAMAGED = "import", "forget", "upgrade", "restore", "damaged"
_NAME = re.compile(rf"(\d{{8}}-\d{{6}})-({'|'.join((IMPORT, FORGET, UPGRADE, RESTORE, DAMAGED))})\.sqlite")
_STAMP = "%Y%m%d-%H%M%S"
# The clock of files is behind that of the system by less than this: nanoseconds.
_CLOCK_NS = 20_000_000
# Tables that hold anything of the person's; a library without rows in them is worth no copy.
_OWN = ("listens", "skips", "feedback", "rules", "playlists")


@dataclass(frozen=True, slots=True)
class Backup:
    """One copy: its file, when it was `made` (seconds since 1970 UTC), before what, and its size."""

    path: Path
    made: int
    why: str
    bytes: int

    @property
    def name(self) -> str:
        """What `discover backup restore` takes."""
        return self.path.stem


def backups(folders: Folders) -> list[Backup]:
    """The copies there are, the newest first."""
    found = []
    with contextlib.suppress(OSError):
        for path in folders.backups.iterdir():
            named = _NAME.fullmatch(path.name)
            with contextlib.suppress(OSError, ValueError):
                if named is not None:
                    made = datetime.strptime(named[1], _STAMP).replace(tzinfo=UTC)
                    found.append(Backup(path, int(made.timestamp()), named[2], path.stat().st_size))
    return sorted(found, key=lambda backup: backup.path.name, reverse=True)


def back_up(door: Door, connection: sqlite3.Connection, why: str) -> Backup | None:
    """Copy the library before it is changed, unless it is empty or was not changed since the last copy.

    What comes next goes on without one where the disk has no room for it, another program holds it up, or a private
    session is on: null.
    """
    if door.private:
        return None
    try:
        return make(door, connection, why)
    except (OSError, sqlite3.Error, DiscoverError):
        return None


def make(door: Door, connection: sqlite3.Connection, why: str) -> Backup | None:
    """A copy of the library, or the last one where nothing changed since; null where the library is empty.

    Raises DiscoverError where the disk has no room, OSError, sqlite3.Error.
    """
    folders = door.folders
    if not any(connection.execute(f"SELECT 1 FROM main.{table} LIMIT 1").fetchone() for table in _OWN):  # noqa: S608
        return None
    there = [one for one in backups(folders) if one.why != DAMAGED]
    if there and _written(folders) < there[0].path.stat().st_mtime_ns:
        return there[0]
    begun = time.time_ns() - _CLOCK_NS
    # A library of before has no marks; who forgets brings it to this version first.
    marked = connection.execute("PRAGMA main.user_version").fetchone()[0] == len(STEPS)
    since = mark(connection) if marked else ""
    with door.scratch_folder() as folder:
        copy = folder / folders.database.name
        if shutil.disk_usage(folder).free < 2 * folders.database.stat().st_size:
            raise DiscoverError("The disk has no room for a backup. Make room, then try again.")
        with _new(copy) as to:
            copied(connection, to)
        fsync(copy)
        os.utime(copy, ns=(begun, begun))
        with unforgotten(connection, since) if marked else contextlib.nullcontext():
            path = _put(door, copy, why)
    _rotate(door)
    return Backup(path, int(time.time()), why, path.stat().st_size)


def _written(folders: Folders) -> int:
    """When the library was last written to, in nanoseconds."""
    log = folders.database.with_name(f"{folders.database.name}-wal")
    files = [path.stat() for path in (folders.database, log) if path.exists()]
    return max((status.st_mtime_ns for status in files if status.st_size), default=0)


@contextlib.contextmanager
def _new(path: Path) -> Iterator[sqlite3.Connection]:
    """A database that is not there yet, its owner's alone, and not waited for: it has no name of its own yet."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with contextlib.closing(sqlite3.connect(path)) as to:
        to.execute("PRAGMA journal_mode = OFF")
        to.execute("PRAGMA synchronous = OFF")
        yield to


def copied(source: sqlite3.Connection, to: sqlite3.Connection) -> None:
    """Copy a database whole. Python would wait for others without end: raises BusyError."""
    until = time.monotonic() + BUSY_SECONDS

    def copying(status: int, _left: int, _pages: int) -> None:
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and time.monotonic() > until:
            raise BusyError(
                "The library is busy: another program is writing to it. Try again when it is done."
            )

    source.backup(to, progress=copying)


def _put(door: Door, copy: Path, why: str) -> Path:
    """Give a copy that is whole its name, one nobody has: of the next second where there is one of this."""
    path = new_name(door, why)
    copy.replace(path)
    fsync(path.parent)
    return path


def new_name(door: Door, why: str) -> Path:
    """Where a backup of now goes."""
    door.make_folder(door.folders.backups)
    moment = int(time.time())
    taken = {one.made for one in backups(door.folders)}
    while moment in taken:
        moment += 1
    stamp = datetime.fromtimestamp(moment, UTC).strftime(_STAMP)
    return door.folders.backups / f"{stamp}-{why}.sqlite"


def _rotate(door: Door) -> None:
    """Delete what is one too many; the copy of a library that is damaged takes no other's place."""
    there = backups(door.folders)
    copies = [one for one in there if one.why != DAMAGED]
    if too_many := surplus(copies):
        for backup in too_many if is_whole(copies[0]) else copies[:1]:
            remove(door, backup)
    for damaged in [one for one in there if one.why == DAMAGED][1:]:
        remove(door, damaged)


def surplus(there: Sequence[Backup]) -> list[Backup]:
    """Of backups, the newest first, those that are one too many: the last ones stay, and of earlier days the first of
    each, since it is from before whatever was done that day."""
    last, earlier = list(there[:_LAST]), there[_LAST:]
    first_of_day = {backup.made // 86_400: backup for backup in earlier}
    wanted = [*last, *(backup for backup in earlier if first_of_day[backup.made // 86_400] is backup)][:KEPT]
    size = 0
    kept: list[Backup] = []
    for backup in wanted:
        size += backup.bytes
        if not kept or size <= MAX_BYTES:
            kept.append(backup)
    return [backup for backup in there if backup not in kept]


def remove(door: Door, backup: Backup) -> None:
    """Delete one, with the log of one that was damaged."""
    door.remove(backup.path)
    door.remove(backup.path.with_name(f"{backup.path.name}-wal"))


# -- what is in one ------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def opened(backup: Backup) -> Iterator[sqlite3.Connection]:
    """A backup, to read: nothing is written, beside it neither. Raises sqlite3.Error where it is not a database."""
    uri = f"{backup.path.absolute().as_uri()}?mode=ro&immutable=1"
    with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
        try:
            yield connection
        except UnicodeDecodeError as error:  # of a damaged name in SQLite's own message
            raise sqlite3.DatabaseError(str(error)) from error


def listens_in(backup: Backup) -> int | None:
    """How many listens a backup holds; null where it cannot be read."""
    try:
        with opened(backup) as connection:
            return int(connection.execute("SELECT count(*) FROM listens").fetchone()[0])
    except sqlite3.Error:
        return None


def rows_in(backup: Backup, tables: Iterable[str]) -> int:
    """How many rows of these tables a backup holds. Raises sqlite3.Error where it cannot be read."""
    with opened(backup) as connection:
        # One of an earlier version has fewer.
        there = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
        return sum(
            int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - the program's own
            for table in there.intersection(tables)
        )


def trouble(backup: Backup) -> str:
    """Why a backup cannot be restored, in words that follow "is"; empty where it can."""
    try:
        with opened(backup) as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version > len(STEPS):
                return "of a later version"
            return "" if version and sound(connection) == "ok" else "damaged"
    except sqlite3.Error:
        return "damaged"


def is_whole(backup: Backup) -> bool:
    """Whether a backup can be restored."""
    return not trouble(backup)


def sound(connection: sqlite3.Connection) -> str:
    """`ok`, or what SQLite's own check finds."""
    try:
        return str(connection.execute("PRAGMA main.quick_check(1)").fetchone()[0])
    except sqlite3.DatabaseError as error:
        if disk_trouble(error):
            raise
        return str(error)


def chosen(folders: Folders, name: str = "", *, besides: Backup | None = None) -> Backup:
    """The backup of a name; without one the newest that is whole, `besides` one. Raises NothingYetError,
    DamagedDataError."""
    there = [one for one in backups(folders) if one.why != DAMAGED]
    if not name:
        whole = next((one for one in there if one != besides and is_whole(one)), None)
        if whole is None:
            raise NothingYetError(
                "No backup of the library yet: one is made before each import, forget and upgrade."
            )
        return whole
    found = next((one for one in there if one.name == name or one.path.name == name), None)
    if found is None:
        raise NothingYetError(f"No backup “{name}”. List them: discover backup list.")
    if why := trouble(found):
        raise DamagedDataError(f"{found.path} is {why}. Restore another: discover backup list.")
    return found


# -- forgetting ----------------------------------------------------------------------------------------------------


def rewrite(door: Door, backup: Backup, change: Callable[[sqlite3.Connection], None]) -> None:
    """Change what a backup holds, and write it anew without what was there. Raises sqlite3.Error, OSError."""
    with door.scratch_folder() as folder:
        copy = folder / backup.path.name
        shutil.copyfile(backup.path, copy)
        copy.chmod(0o600)
        with contextlib.closing(sqlite3.connect(copy)) as connection:
            connection.execute("PRAGMA journal_mode = MEMORY")
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA temp_store = MEMORY")
            migrate(connection)
            change(connection)
            connection.execute("VACUUM")
        fsync(copy)
        shutil.copystat(backup.path, copy)
        copy.replace(backup.path)
        fsync(backup.path.parent)


def remove_unforgotten(door: Door, since: str) -> list[Path]:
    """Delete the backups through which the forgetting of this mark did not go; returns which."""
    gone = []
    for backup in backups(door.folders):
        try:
            with opened(backup) as connection:
                marked = mark(connection) == since
        except sqlite3.Error:
            marked = False
        if not marked:
            remove(door, backup)
            gone.append(backup.path)
    return gone
