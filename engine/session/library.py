"""The open library, for one caller at a time: the base of every service."""

from __future__ import annotations

import contextlib
import enum
import functools
import os
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from engine.community import packs as community_packs
from engine.errors import (
    CancelledError,
    DamagedDataError,
    DamagedLibraryError,
    DiscoverError,
    NothingYetError,
    PrivateSessionError,
    corruption,
    disk_trouble,
    is_undecodable,
    library_trouble,
    reason,
    system_trouble,
)
from engine.paths import Folders
from engine.privacy import Door
from engine.privacy.atomic import broken_off
from engine.privacy.database_file import make_writable
from engine.stopping import stop_if_asked, until
from engine.store.backups import offer
from engine.store.database import open_library
from engine.store.forgetting import ALL, NOTHING, left_to_do, mark
from engine.store.integrity import checked, sound
from engine.store.private_changes import changes_in_words
from engine.wording import IMPORT

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound="Service")


# Steps of SQLite's machine between two looks whether a query is to be given up: some milliseconds.
_STEPS_A_LOOK = 200_000


class Change(enum.IntEnum):
    """What may have changed; each includes the ones above it."""

    TASTE = 1  # likes, blocks, rules, the half-life
    PLAYS = 2  # listens and counts
    EVERYTHING = 3  # models and packs too: another process wrote, or the library was reopened


class Library:
    """Opens the library under `folders`; when `private` a copy of it, `announced` to other processes or not.

    `connection` and `door` belong to the current session: both change when a private session begins or ends, so callers
    must not store them. Services cache what they derive from the library, and `subscribe` to its changes.
    """

    def __init__(self, folders: Folders, *, private: bool = False, announced: bool = True) -> None:
        self.folders = folders
        self.door = Door(folders, private=private, announced=announced)
        self.private_since: float | None = time.monotonic() if private else None
        self._lock = threading.RLock()
        self._closed = False
        self._depth = 0
        self._subscribers: list[Callable[[Change], None]] = []
        _keep_bytecode(not private)
        # Packs taken out of use, by name, with what keeps others from deleting them.
        self.stashed: dict[str, int] = {}
        # Whether opening the library finished an interrupted forgetting.
        self.was_forgetting = False
        # What the person should know of how it was opened, in sentences.
        self.warnings: list[str] = []
        self.connection = self._open()
        self._seen = self._versions()

    def no_plays(self) -> NothingYetError:
        """What to raise if there are no plays at all."""
        return NothingYetError(f"No plays yet. {self.first_step}")

    @property
    def first_step(self) -> str:
        """What to do about an empty library: with the newest backup, as the file may have been lost."""
        return offer(self.folders) or IMPORT

    def _open(self) -> sqlite3.Connection:
        """Open the library, and clean up after killed processes."""
        connection = open_library(self.door, self.warnings.append)
        try:
            self._settle(connection)
            # Of the last forgetting: when the library was opened, and as seen last.
            self._mark = self.seen_mark = mark(connection)
        except BaseException as error:
            connection.close()
            if isinstance(error, sqlite3.DatabaseError):
                raise library_trouble(error, self.folders.database) from error
            raise
        return connection

    def _settle(self, connection: sqlite3.Connection) -> None:
        if self.private:
            if broken_off(self.folders.packs) or broken_off(self.folders.models):
                raise PrivateSessionError(
                    "discover was killed as it replaced a pack or a model, and a private session can't end that. Run "
                    "`discover doctor` once, then start the private session."
                )
        else:
            # What cannot be cleaned up now is tried again the next time.
            with contextlib.suppress(OSError):
                self.door.settle()
            if to_do := left_to_do(connection):
                from engine.session.forgetting import finish

                self.was_forgetting |= to_do == ALL
                with contextlib.suppress(OSError, sqlite3.Error), _not_waiting(connection):
                    finish(connection, self.door)

    @property
    def private(self) -> bool:
        """Whether a private session is on."""
        return self.door.private

    @contextlib.contextmanager
    def exclusive(self, stopped: Callable[[], bool] | None = None) -> Iterator[None]:
        """Lock the library against other threads, for several calls as one, given up once `stopped`.

        Raises CancelledError then, and once the library is closed; DiscoverError if the disk is full or denied, or
        another program locks the library; DamagedDataError for an unexpected error if the library, a model or a pack is
        damaged.
        """
        with self._lock:
            if self._closed:
                raise CancelledError("discover is closing.")
            self._depth += 1
            # Changes when a private session begins or ends.
            connection = self.connection
            if stopped is not None:
                connection.set_progress_handler(stopped, _STEPS_A_LOOK)
            try:
                with until(stopped):
                    stop_if_asked()
                    yield
            except DiscoverError:
                raise
            except Exception as error:
                if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
                    raise CancelledError("Stopped.") from error
                if isinstance(error, sqlite3.Error | OSError) and (trouble := disk_trouble(error)):
                    raise DiscoverError(trouble) from error
                # An inner caller may handle the error; the outermost one gets it explained.
                if self._depth == 1:
                    self._raise_of_damage(error)
                raise
            finally:
                self._depth -= 1
                if stopped is not None:
                    connection.set_progress_handler(None, 0)

    def _raise_of_damage(self, error: Exception) -> None:
        """Raise an error about the damage, if there is any, since that caused this one."""
        from engine.session.damage import damage_of_data

        try:
            found = next(damage_of_data(self.folders, self.connection), None)
        except (OSError, sqlite3.Error) as other:
            # An error of the disk while looking for damage is the cause.
            raise DiscoverError(system_trouble(other) or reason(other)) from error
        if found is not None:
            of_library = found.path == self.folders.database
            raise (DamagedLibraryError if of_library else DamagedDataError)(found.said) from error
        # SQLite's quick check does not compare indexes with their tables.
        corrupt = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_CORRUPT_INDEX)
        if getattr(error, "sqlite_errorcode", None) in corrupt or is_undecodable(error):
            if checked(self.connection) == "ok":
                # To SQLite a page that the disk did not give is damage.
                raise DiscoverError(
                    f"Something could not be read ({error}), and is whole as it is read again. Try again."
                ) from error
            raise library_trouble(error, self.folders.database) from error
        # An index that is not its table's may hold values of other kinds, which nothing here expects.
        if isinstance(error, TypeError | ValueError):
            said = str(self.connection.execute("PRAGMA main.integrity_check(1)").fetchone()[0])
            if said != "ok":
                raise library_trouble(corruption(said), self.folders.database) from error

    @contextlib.contextmanager
    def not_waiting(self) -> Iterator[None]:
        """`exclusive`, without waiting for other programs that write: BusyError at once."""
        with self.exclusive(), _not_waiting(self.connection):
            yield

    def subscribe(self, drop_cache: Callable[[Change], None]) -> None:
        """Have `drop_cache` called, under the lock, with each change from now on."""
        self._subscribers.append(drop_cache)

    def changed(self, change: Change) -> None:
        """Notify every cache of what may have changed."""
        with self._lock:
            for drop_cache in self._subscribers:
                drop_cache(change)

    def reread(self) -> None:
        """Another process wrote: drop all caches."""
        with self.exclusive():
            self._seen, self.seen_mark = self._versions(), mark(self.connection)
            self.changed(Change.EVERYTHING)

    def changed_elsewhere(self) -> bool:
        """Whether another process wrote since the last call; if so, all caches are dropped."""
        with self.exclusive():
            if self._seen == self._versions():
                return False
            self.reread()
            return True

    def _versions(self) -> tuple[int, ...]:
        """Values that change when another connection wrote to the database, a pack was added or removed, or a model
        came into use."""
        (version,) = self.connection.execute("PRAGMA main.data_version").fetchone()
        try:
            in_use = sorted(self.folders.models.glob("current*"))
        except OSError:
            # Deleted meanwhile, or unreadable: opening a model will report that.
            in_use = []
        return (version, *map(_written, (self.folders.packs, *in_use)))

    def close(self) -> None:
        """Close every file. Idempotent; later calls raise CancelledError."""
        with self._lock:
            if not self._closed:
                self.changed(Change.EVERYTHING)
                while self.stashed:
                    os.close(self.stashed.popitem()[1])
                if not self.private:
                    # What cannot be cleaned up now is tried again the next time.
                    with contextlib.suppress(OSError):
                        community_packs.drop_stashed_packs(self.door)
                self.connection.close()
                self._closed = True

    def set_private(self, on: bool) -> tuple[str, ...]:
        """Begin or end a private session; ending one returns sentences on what was discarded."""
        with self.exclusive():
            if on == self.private:
                return ()
            if not on and self.folders.database.exists():
                # Before the session's changes are lost for it.
                make_writable(self.folders.database)
            lost = () if on else changes_in_words(self.connection)
            self.changed(Change.EVERYTHING)
            self.connection.close()
            self.door = Door(self.folders, private=on)
            try:
                self.connection = self._open()
            except Exception:
                # Refused: the state is unchanged.
                self.door = Door(self.folders, private=not on)
                self.connection = self._open()
                raise
            _keep_bytecode(not on)
            self._seen = self._versions()
            self.private_since = time.monotonic() if on else None
            return lost

    def check(self) -> str:
        """`ok`, or what SQLite's own integrity check found."""
        with self.exclusive():
            return sound(self.connection)

    def orphans(self) -> int:
        """How many rows of the library refer to missing ones, such as a listen whose track is missing."""
        with self.exclusive():
            return len(self.connection.execute("PRAGMA main.foreign_key_check").fetchall())

    def write_state(self, state: bytes) -> None:
        """Store the app's state; does nothing in a private session, nor once something was forgotten elsewhere, since
        the state may name it."""
        if not self.private:
            # If it cannot be written, the app starts with an older state.
            with self.exclusive(), contextlib.suppress(OSError):
                self.keep_derived(self.folders.state, state, self._mark)

    def keep_derived(self, path: Path, data: bytes, since: str) -> None:
        """Write data derived from plays that were read when `since` was the mark of the last forgetting; deleted again
        if something was forgotten after that. The caller has the library locked."""
        if mark(self.connection) == since:
            self.door.write_file(path, data)
            # A forgetting after this check deletes it.
            if mark(self.connection) != since:
                self.door.remove(path)

    def forgetting_is_held_up(self) -> bool:
        """Whether forgotten bytes are still in a file: another program uses it, or it may not be written."""
        with self.exclusive():
            return left_to_do(self.connection) != NOTHING

    def forgotten_here(self) -> None:
        """Note that something was forgotten in this session: data derived from now on does not contain it."""
        self.was_forgetting = False
        self._mark = mark(self.connection)
        self.reread()


@contextlib.contextmanager
def _not_waiting(connection: sqlite3.Connection) -> Iterator[None]:
    """Do not wait for other programs while the block runs: others wait for it."""
    (before,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        yield
    finally:
        connection.execute(f"PRAGMA busy_timeout = {before}")


def _written(path: Path) -> int:
    """When a file or folder changed last, in nanoseconds; 0 if it does not exist."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _keep_bytecode(on: bool) -> None:
    """Let Python write compiled modules or, in a private session, forbid it. Idempotent."""
    # `--private` sets it too, before anything is imported: the default is how Python was started.
    sys.dont_write_bytecode = bool(sys.flags.dont_write_bytecode) or not on


class Service:
    """A service over a library. Its cache, if any, is emptied by `drop_cache`."""

    def __init__(self, library: Library) -> None:
        self.library = library
        library.subscribe(self.drop_cache)

    def drop_cache(self, change: Change, /) -> None:
        """Drop what depends on what has changed. Does nothing in a service without a cache."""


def synchronized(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """One call at a time: the connection and the caches are shared by the app's worker threads."""

    @functools.wraps(method)
    def locked(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self.library.exclusive():
            return method(self, *args, **kwargs)

    return locked


def making_models(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """Lock out other processes that write models, since unused ones are deleted afterwards.

    Raises BusyError if another one is.
    """

    @functools.wraps(method)
    def locked(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self.library.door.making_models():
            return method(self, *args, **kwargs)

    return locked
