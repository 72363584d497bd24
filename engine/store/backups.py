"""Copies of the library, made before what changes much of it: an import, a forgetting, an upgrade, a restore.

Each is a complete library, made by SQLite's backup API while others may read or write, and gets its name only after
fsync. Their number and total size are limited. Forgetting applies to them too: each has the mark of the last forgetting
applied to it, and one whose mark differs from the library's is deleted.
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

from engine.errors import (
    BusyError,
    DamagedDataError,
    DiscoverError,
    NothingYetError,
    disk_trouble,
    reason,
    sentence,
)
from engine.paths import Folders, entries
from engine.privacy import Door
from engine.privacy.atomic import fsync
from engine.privacy.database_file import BUSY_SECONDS
from engine.store.forgetting import mark, unforgotten
from engine.store.integrity import sound
from engine.store.schema import STEPS, migrate
from engine.wording import day_in_words

# Maximum number and total bytes. The newest is kept whatever its size.
KEPT, MAX_BYTES = 5, 500 << 20
# So many are the latest; the others are the first of a day.
_LAST = 3
# The one trouble with a backup after which it is of no more use.
BROKEN = "damaged"
# Why it was made: before one of these operations, or as a copy of a damaged library.
IMPORT, FORGET, UPGRADE, RESTORE, DAMAGED = "import", "forget", "upgrade", "restore", "damaged"
_NAME = re.compile(
    rf"((?:19|2[01])\d{{6}}-\d{{6}})-({'|'.join((IMPORT, FORGET, UPGRADE, RESTORE, DAMAGED))})\.sqlite"
)
_STAMP = "%Y%m%d-%H%M%S"
# File time stamps lag the system clock by less than this, in nanoseconds.
_CLOCK_NS = 20_000_000
# Tables with the person's data; a library without rows in them is not backed up.
_OWN = ("listens", "skips", "feedback", "rules", "playlists")


@dataclass(frozen=True, slots=True)
class Backup:
    """One copy: its file, when it was `made` (seconds since 1970 UTC), before what operation, and its size."""

    path: Path
    made: int
    why: str
    bytes: int

    @property
    def name(self) -> str:
        """The name that `discover backup restore` takes."""
        return self.path.stem


def backups(folders: Folders) -> list[Backup]:
    """The existing copies, newest first. Raises OSError where they cannot be listed: that is not having none."""
    found = []
    for path in entries(folders.backups):
        named = _NAME.fullmatch(path.name)
        with contextlib.suppress(FileNotFoundError, ValueError):
            # A pipe of that name would never be read to its end; a folder is listed as not readable.
            if named is not None and (path.is_file() or path.is_dir()):
                made = datetime.strptime(named[1], _STAMP).replace(tzinfo=UTC)
                found.append(Backup(path, int(made.timestamp()), named[2], path.stat().st_size))
    return sorted(found, key=lambda backup: backup.path.name, reverse=True)


def offer(folders: Folders) -> str:
    """A sentence on the newest copy, for a library without plays: its file may have been lost; empty without a copy."""
    newest = None
    with contextlib.suppress(OSError):
        newest = next(iter(backups(folders)), None)
    if newest is None:
        return ""
    day = day_in_words(datetime.fromtimestamp(newest.made).date())
    return f"There is a backup of your library from {day}: discover backup restore."


def back_up(door: Door, connection: sqlite3.Connection, why: str) -> str:
    """Copy the library before it is changed, unless it is empty or was not changed since the last copy.

    Returns why there is no copy, in sentences, for the person to be told: the operation goes on without one. Empty if
    there is one, or nothing to copy, and in a private session, which changes nothing.
    """
    if door.private:
        return ""
    try:
        make(door, connection, why)
    except (OSError, sqlite3.Error, DiscoverError) as error:
        return f"This {why} went ahead without a backup of the library. {_why_none(door.folders, error)}"
    return ""


def _why_none(folders: Folders, error: BaseException) -> str:
    """Why a copy could not be made, and what to do for the next one."""
    # The cause says why a folder cannot be created; of a copy that gets no name there the system names the copy.
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    if isinstance(cause, OSError) and cause.errno:
        cause = OSError(cause.errno, cause.strerror)
    said = str(cause) if isinstance(cause, DiscoverError) else disk_trouble(cause, folders.backups)
    # What was to be done is done.
    return said.replace(", then try again", " before the next") or sentence(
        f"{folders.backups}: {reason(cause)}"
    )


def make(door: Door, connection: sqlite3.Connection, why: str) -> Backup | None:
    """A copy of the library, or the last one if nothing changed since; null if the library is empty.

    Raises DiscoverError if the disk is full, OSError, sqlite3.Error.
    """
    folders = door.folders
    if not any(connection.execute(f"SELECT 1 FROM main.{table} LIMIT 1").fetchone() for table in _OWN):  # noqa: S608 - fixed names
        return None
    there = [one for one in backups(folders) if one.why != DAMAGED]
    written = _written(folders)
    if there and written == there[0].path.stat().st_mtime_ns:
        return there[0]
    # What is written meanwhile, or at the same time by the clock, makes another copy; so does a clock that was set.
    settled = written < time.time_ns() - _CLOCK_NS
    # An older library has no marks; forgetting upgrades it first.
    marked = connection.execute("PRAGMA main.user_version").fetchone()[0] == len(STEPS)
    since = mark(connection) if marked else ""
    with door.scratch_folder() as folder:
        copy = folder / folders.database.name
        if shutil.disk_usage(folder).free < 2 * folders.database.stat().st_size:
            raise DiscoverError("The disk has no room for a backup. Make room, then try again.")
        with _new(copy) as to:
            copied(connection, to)
        fsync(copy)
        if settled:
            os.utime(copy, ns=(written, written))
        with unforgotten(connection, since) if marked else contextlib.nullcontext():
            path = _put(door, copy, why)
    _rotate(door)
    return next((one for one in backups(folders) if one.path == path), None)


def _written(folders: Folders) -> int:
    """When the library was last written to, in nanoseconds."""
    log = folders.database.with_name(f"{folders.database.name}-wal")
    times = [0]
    for path in (folders.database, log):
        # Who closes the library last deletes the log.
        with contextlib.suppress(FileNotFoundError):
            status = path.stat()
            times += [status.st_mtime_ns] * bool(status.st_size)
    return max(times)


@contextlib.contextmanager
def _new(path: Path) -> Iterator[sqlite3.Connection]:
    """A new database, readable by its owner only, and not synced: it has no final name yet."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with contextlib.closing(sqlite3.connect(path)) as to:
        to.execute("PRAGMA journal_mode = OFF")
        to.execute("PRAGMA synchronous = OFF")
        yield to


def copied(source: sqlite3.Connection, to: sqlite3.Connection) -> None:
    """Copy a whole database. Raises BusyError, where Python would wait for others without end."""
    until = time.monotonic() + BUSY_SECONDS

    def copying(status: int, _left: int, _pages: int) -> None:
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and time.monotonic() > until:
            raise BusyError(
                "The library is busy: another program is writing to it. Try again when it is done."
            )

    source.backup(to, progress=copying)


def _put(door: Door, copy: Path, why: str) -> Path:
    """Give a complete copy its name."""
    path = new_name(door, why)
    copy.replace(path)
    fsync(path.parent)
    return path


def new_name(door: Door, why: str) -> Path:
    """The path of a backup made now: the newest one's, also while or after the clock was wrong."""
    door.make_folder(door.folders.backups)
    moment = max([int(time.time()), *(one.made + 1 for one in backups(door.folders))])
    stamp = datetime.fromtimestamp(moment, UTC).strftime(_STAMP)
    return door.folders.backups / f"{stamp}-{why}.sqlite"


def _rotate(door: Door) -> None:
    """Delete surplus backups; the copy of a damaged library does not count."""
    there = backups(door.folders)
    copies = [one for one in there if one.why != DAMAGED]
    if too_many := surplus(copies):
        for backup in too_many if is_whole(copies[0]) else copies[:1]:
            remove(door, backup)
    for damaged in [one for one in there if one.why == DAMAGED][1:]:
        remove(door, damaged)


def surplus(there: Sequence[Backup]) -> list[Backup]:
    """Of backups, newest first, the surplus ones: the latest stay, and the first of each earlier day, since it is from
    before that day's changes."""
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
    """Delete one, with its log if it was damaged."""
    door.remove(backup.path)
    door.remove(backup.path.with_name(f"{backup.path.name}-wal"))


# -- what is in one ------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def opened(backup: Backup) -> Iterator[sqlite3.Connection]:
    """Open a backup read-only, without creating files beside it. Raises sqlite3.Error if it is not a database."""
    uri = f"{backup.path.absolute().as_uri()}?mode=ro&immutable=1"
    with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
        try:
            yield connection
        except UnicodeDecodeError as error:  # from a damaged name in SQLite's own message
            raise sqlite3.DatabaseError(str(error)) from error


def listens_in(backup: Backup) -> int | None:
    """The number of listens in a backup; null if it cannot be read."""
    try:
        with opened(backup) as connection:
            return int(connection.execute("SELECT count(*) FROM listens").fetchone()[0])
    except sqlite3.Error:
        return None


def rows_in(backup: Backup, tables: Iterable[str]) -> int:
    """The number of rows of these tables in a backup. Raises sqlite3.Error if it cannot be read."""
    with opened(backup) as connection:
        # An earlier version has fewer tables.
        there = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
        return sum(
            int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - the program's own
            for table in there.intersection(tables)
        )


def trouble(backup: Backup) -> str:
    """Why a backup cannot be restored, in words that follow "is"; empty if it can."""
    found = _trouble(backup)
    # To SQLite a page that the disk did not give is damage, after which a backup is deleted: it is looked at again.
    return _trouble(backup) if found == BROKEN else found


def _trouble(backup: Backup) -> str:
    try:
        with opened(backup) as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version > len(STEPS):
                return "of a later version"
            return "" if version and sound(connection) == "ok" else BROKEN
    except (OSError, sqlite3.Error) as error:
        return "not readable" if disk_trouble(error, backup.path) else BROKEN


def is_whole(backup: Backup) -> bool:
    """Whether a backup can be restored."""
    return not trouble(backup)


def chosen(folders: Folders, name: str = "", *, besides: Backup | None = None) -> Backup:
    """The backup of this name; without a name the newest intact one, except `besides`. Raises NothingYetError,
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
    """Change a backup's contents, and rewrite the file so that nothing deleted remains. Raises sqlite3.Error,
    OSError."""
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
    """Delete the backups to which the forgetting with this mark was not applied; returns them."""
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
