"""The one door to every write in the data folder.

Everything this program keeps goes through a `Door`. In a private session the door holds no writable handle:
the database is opened read-only, files are refused, and what the person does (likes, hides, playlists) lives
in temporary tables in memory that shadow the real ones and vanish with the session. There is no second way
to write that could forget to ask.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from engine.errors import DamagedDataError, DiscoverError, PrivateSessionError, disk_trouble
from engine.paths import Folders, why_not_read

# Tables a person changes by using the app. In a private session each is copied to a temporary table of the
# same name: SQLite resolves temporary names first, so the same statements act on the copy.
SESSION_TABLES = ("feedback", "rules", "playlists", "playlist_tracks")

# When SQLite waits for the disk: with a write-ahead log this loses nothing but the last changes to a power cut.
SYNCHRONOUS = "NORMAL"

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


class Door:
    """Opens the database and writes files under `folders.root`, or refuses to when `private`."""

    def __init__(self, folders: Folders, *, private: bool = False) -> None:
        self.folders = folders
        self.private = private

    # -- the database ---------------------------------------------------------------------------------

    def connect(self) -> sqlite3.Connection:
        """Open the library's database file.

        Normally read-write in WAL mode. In a private session read-only and immutable (a plain read-only reader
        of a WAL database would still touch its `-shm` file), with an authorizer that refuses any write outside
        the in-memory temporary tables. A private session over no library yet gets an empty one in memory.

        Raises DamagedDataError when the file is not a database, PrivateSessionError when it was left with an
        unfinished write-ahead log, which only an ordinary session may fold in.
        """
        return self._connect_private() if self.private else self._connect_writable()

    def _connect_writable(self) -> sqlite3.Connection:
        self.make_folder(self.folders.root)
        path = self.folders.database
        try:
            if not path.exists():
                # Created by hand first so that it is never, even for a moment, readable by others.
                os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            elif not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
                raise PermissionError(errno.EROFS, "it is read-only")
        except OSError as error:
            raise DiscoverError(
                f"Cannot write to {path.parent}: {error.strerror}. Choose another folder with "
                "--data-dir, or use --private, which writes nothing."
            ) from error
        connection = sqlite3.connect(path, check_same_thread=False, timeout=10)
        try:
            connection.execute(f"PRAGMA synchronous = {SYNCHRONOUS}")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("PRAGMA temp_store = MEMORY")
        except sqlite3.DatabaseError as error:
            connection.close()
            if trouble := disk_trouble(error):
                raise DiscoverError(trouble) from error
            raise DamagedDataError(
                f"{path} is not a readable database ({error}). Restore it from a backup, or move it "
                "away to start again."
            ) from error
        return connection

    def _connect_private(self) -> sqlite3.Connection:
        path = self.folders.database
        if not path.exists() or path.stat().st_size == 0:
            return sqlite3.connect(":memory:", check_same_thread=False)
        log = path.with_name(path.name + "-wal")
        if log.exists() and log.stat().st_size > 0:
            raise PrivateSessionError(
                f"{path} is in use elsewhere or was not closed cleanly, so opening it would write to "
                "it. Close the other discover, or run `discover doctor` once, then start the private session."
            )
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
        )
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA foreign_keys = ON")
        for table in SESSION_TABLES:
            _shadow_in_memory(connection, table)
        # Else the first change that is refused would roll the copies back with it.
        connection.commit()
        connection.set_authorizer(_refuse_writes_outside_memory)
        return connection

    # -- files ----------------------------------------------------------------------------------------

    def make_folder(self, path: Path) -> None:
        """Create a folder, and those above it, that only its owner can enter (0700)."""
        self.require_writable(f"create {path}")
        try:
            # `parents=True` would give the mode to the last one alone.
            for folder in (*reversed(path.parents), path):
                if not folder.is_dir():
                    folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise DiscoverError(
                f"Cannot create the folder {path}: {error.strerror}. Choose another with --data-dir."
            ) from error

    def write_file(self, path: Path, data: bytes) -> None:
        """Write a whole file atomically (temporary name, fsync, rename), readable by its owner alone (0600)."""
        self.require_writable(f"write {path}")
        self.make_folder(path.parent)
        write_atomically(path, data, mode=0o600)

    @contextlib.contextmanager
    def new_folder(self, path: Path) -> Iterator[Path]:
        """A temporary folder beside `path` that becomes `path` when the block ends well, and is gone otherwise.

        Every file in it is fsynced before the rename, so after a crash there is the whole folder or none.
        An existing `path` is replaced.
        """
        self.require_writable(f"create {path}")
        self.make_folder(path.parent)
        partial = Path(tempfile.mkdtemp(prefix=f".{path.name}-", suffix=".partial", dir=path.parent))
        with _becoming(partial, path):
            yield partial
            for file in sorted(partial.rglob("*")):
                file.chmod(0o700 if file.is_dir() else 0o600)

    @contextlib.contextmanager
    def scratch_folder(self) -> Iterator[Path]:
        """A folder for files that are gone when the block ends, however it ends."""
        self.require_writable("keep a file for a while")
        self.make_folder(self.folders.root)
        with tempfile.TemporaryDirectory(prefix=".scratch-", dir=self.folders.root) as folder:
            yield Path(folder)

    def remove(self, path: Path) -> None:
        """Delete a file or a whole folder; nothing happens when it is not there."""
        self.require_writable(f"remove {path}")
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

    def rename(self, path: Path, to: Path) -> None:
        """Give a file or folder of ours another name in the same folder, in one step."""
        self.require_writable(f"rename {path}")
        path.rename(to)
        _fsync(path.parent)

    def export(self, path: Path, data: bytes) -> None:
        """Write a file the person named, outside the data folder. Allowed in a private session.

        Raises DiscoverError when it cannot be written or would land in the data folder.
        """
        if path.resolve().is_relative_to(self.folders.root.resolve()):
            raise DiscoverError(f"{path} is inside the data folder. Export to another folder.")
        # In the place of a device or pipe a file would be put.
        if (why := why_not_read(path)).endswith("not a file"):
            raise DiscoverError(f"{path} {why}. Choose another place.")
        try:
            write_atomically(path, data, mode=None)
        except OSError as error:
            raise DiscoverError(f"Cannot write {path}: {error.strerror}. Choose another place.") from error

    @contextlib.contextmanager
    def export_folder(self, path: Path) -> Iterator[Path]:
        """`new_folder` where the person named it, outside the data folder, as readable as their other files.

        Allowed in a private session. Raises DiscoverError when it cannot be written, would land in the data folder, or
        is there with anything in it.
        """
        if path.resolve().is_relative_to(self.folders.root.resolve()):
            raise DiscoverError(f"{path} is inside the data folder. Export to another folder.")
        try:
            if path.exists() and not (path.is_dir() and not any(path.iterdir())):
                raise DiscoverError(f"{path} is there already. Name a new folder, or remove it first.")
            partial = path.with_name(f".{path.name}-{os.urandom(8).hex()}.partial")
            partial.mkdir(parents=True)
            with _becoming(partial, path):
                yield partial
        except OSError as error:
            reason = error.strerror or error
            raise DiscoverError(f"Cannot write {path}: {reason}. Choose another place.") from error

    def require_writable(self, what: str) -> None:
        """Raise PrivateSessionError in a private session. `what` completes "A private session is on: cannot …"."""
        if self.private:
            raise PrivateSessionError(f"Can't {what} in a private session. End it first.")


def write_atomically(path: Path, data: bytes, *, mode: int | None) -> None:
    """Replace `path` by `data` in one step: a reader sees the old file or the new one, never a part.

    `mode` None keeps the permissions of an existing file, or the person's default for a new one.
    """
    if mode is None and path.exists():
        mode = path.stat().st_mode & 0o777
    partial = path.with_name(f".{path.name}-{os.urandom(8).hex()}")
    try:
        # The system takes the person's umask from 0666, as for any new file: to read it one would have to change it.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(partial, flags, 0o666 if mode is None else 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            partial.chmod(mode)
        partial.replace(path)
        _fsync(path.parent)
    finally:
        partial.unlink(missing_ok=True)


@contextlib.contextmanager
def _becoming(partial: Path, path: Path) -> Iterator[None]:
    """Puts what was written into `partial` at `path` when the block ends well; `partial` is gone either way."""
    try:
        yield
        for file in sorted(partial.rglob("*")):
            _fsync(file)
        if path.exists():
            old = path.with_name(f".{path.name}.old")
            shutil.rmtree(old, ignore_errors=True)
            path.rename(old)
            partial.rename(path)
            shutil.rmtree(old)
        else:
            partial.rename(path)
        _fsync(path.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _shadow_in_memory(connection: sqlite3.Connection, table: str) -> None:
    """Copy `table` with its primary key and defaults into a temporary table of the same name."""
    row = connection.execute(
        "SELECT sql FROM main.sqlite_schema WHERE type = 'table' AND name = ?", (table,)
    ).fetchone()
    if row is None:
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
