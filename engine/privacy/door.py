"""The one door to every write in the data folder.

Everything this program keeps goes through a `Door`. In a private session the door holds no writable handle:
it works on a copy of the database in memory, files are refused, and what the person does (likes, hides, playlists)
lives in temporary tables that shadow the real ones and vanish with the session. There is no second way
to write that could forget to ask.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from engine.errors import DiscoverError, PrivateSessionError
from engine.paths import Folders, why_not_read
from engine.privacy.opening import open_private, open_to_write
from engine.privacy.presence import Presence, Role

_MODELS_MADE = (
    "Another discover is training in this library, or adding a model to it. Try again when it is done."
)


class Door:
    """Opens the database and writes files under `folders.root`, or refuses to when `private`."""

    def __init__(self, folders: Folders, *, private: bool = False, announced: bool = True) -> None:
        """A private session is known to other processes if `announced`: what merely looks around is not one."""
        self.folders = folders
        self.private = private
        self._announced = announced

    # -- the database ---------------------------------------------------------------------------------

    def connect(self) -> sqlite3.Connection:
        """Open the library's database file, as `engine.privacy.opening` says: to write, or a copy of it in memory.

        Raises BusyError, DamagedDataError, DiscoverError; PrivateSessionError for a file that only an ordinary session
        may mend.
        """
        if self.private:
            return open_private(self.folders, announced=self._announced)
        self.make_folder(self.folders.root)
        return open_to_write(self.folders)

    @contextlib.contextmanager
    def making_models(self) -> Iterator[None]:
        """Be the only one in the data folder who makes a model, or clears old ones away, while the block runs.

        Raises BusyError where another process is at it.
        """
        here = Presence(self.folders)
        try:
            with here.without(Role.MODELS, Role.MODELS, _MODELS_MADE):
                yield
        finally:
            here.close()

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
