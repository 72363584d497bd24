"""The one door to every write in the data folder.

All writes of this program go through a `Door`. In a private session it has no writable handle: it works on a copy of
the database in memory, refuses files, and what the person does (likes, hides, playlists) is kept in temporary tables
that shadow the real ones and vanish with the session. There is no other way to write that could forget to check.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from engine.errors import ClosedPipeError, DiscoverError, PrivateSessionError
from engine.paths import Folders
from engine.privacy.atomic import (
    OWN,
    PARTIAL,
    fsync,
    held_folder,
    is_open_pipe,
    is_plain,
    make_safe,
    put_in_place,
    settle,
    sweep,
    take_away,
    write_atomically,
    write_through,
)
from engine.privacy.database_file import open_private, open_to_write
from engine.privacy.presence import Presence, Role, private_session_on

# The name of temporary folders.
_SCRATCH = "scratch"
_MODELS_MADE = (
    "Another discover is training in this library, or adding a model to it. Try again when it is done."
)


class Door:
    """Opens the database and writes files under `folders.root`, or refuses to when `private`."""

    def __init__(self, folders: Folders, *, private: bool = False, announced: bool = True) -> None:
        """With `announced` other processes know of a private session; a caller that only inspects the library is not
        one."""
        self.folders = folders
        self.private = private
        self._announced = announced
        # Files of unfinished folders that were made safe.
        self._safe: set[tuple[int, int, int]] = set()

    # -- the database ---------------------------------------------------------------------------------

    def connect(self) -> sqlite3.Connection:
        """Open the library, as `engine.privacy.database_file` says: to write, or a copy in memory.

        Raises BusyError, DamagedDataError, DiscoverError; PrivateSessionError for a file that only an ordinary session
        may repair.
        """
        if self.private:
            return open_private(self.folders, announced=self._announced)
        self.make_folder(self.folders.root)
        return open_to_write(self.folders)

    @contextlib.contextmanager
    def making_models(self) -> Iterator[None]:
        """Lock the data folder against other processes that write or delete models, while the block runs.

        Raises BusyError if another one is.
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

    def write_config(self, data: bytes) -> None:
        """`write_file` for the settings; a link to settings kept elsewhere is followed."""
        path = self.folders.config
        if path.is_symlink():
            self.require_writable(f"write {path}")
            write_atomically(Path(os.path.realpath(path)), data, mode=None)
        else:
            self.write_file(path, data)

    @contextlib.contextmanager
    def new_folder(self, path: Path, *, own: bool = False) -> Iterator[Path]:
        """A temporary folder beside `path` that becomes `path` if the block succeeds, and is deleted otherwise.

        Every file in it is fsynced before the rename, so after a crash there is the whole folder or none. An existing
        `path` is replaced. `own` marks a folder that names what the person played: forgetting deletes it even if
        unfinished.
        """
        self.require_writable(f"create {path}")
        self.make_folder(path.parent)
        with held_folder(path.parent, path.name, OWN if own else PARTIAL) as partial:
            yield partial
            for file in sorted(partial.rglob("*")):
                file.chmod(0o700 if file.is_dir() else 0o600)
            make_safe(partial, self._safe)
            put_in_place(partial, path)
        self._safe.clear()

    def make_safe(self, folder: Path) -> None:
        """fsync what a `new_folder` holds so far, while the rest is worked out: at its end only that is left."""
        self.require_writable("write files")
        make_safe(folder, self._safe)

    @contextlib.contextmanager
    def scratch_folder(self) -> Iterator[Path]:
        """A temporary folder, deleted when the block ends."""
        self.require_writable("keep a file for a while")
        self.make_folder(self.folders.root)
        with held_folder(self.folders.root, _SCRATCH) as folder:
            yield folder

    def settle(self) -> None:
        """Clean up after a killed process: finish exchanges of folders, delete unfinished files."""
        self.require_writable("clear up")
        folders = self.folders
        files = {path.name for path in folders.files}
        settle(folders.root, {_SCRATCH, *files})
        for folder in (folders.packs, folders.models, folders.models / "unfinished", folders.downloads):
            settle(folder)

    def remove(self, path: Path) -> None:
        """Delete a file or a whole folder. Does nothing if it does not exist."""
        self.require_writable(f"remove {path}")
        take_away(path)

    def replace_folder(self, path: Path, by: Path) -> None:
        """Replace a folder of this program by another beside it."""
        self.require_writable(f"replace {path}")
        put_in_place(by, path)

    def rename(self, path: Path, to: Path) -> None:
        """Rename a file or folder of this program within its folder, atomically."""
        self.require_writable(f"rename {path}")
        path.rename(to)
        fsync(path.parent)

    def export(self, path: Path, data: bytes) -> None:
        """Write a file the person named, outside the data folder. Allowed in a private session.

        A plain file is replaced in one step; a link is followed, a device or a pipe is written to. Raises DiscoverError
        if it cannot be written or would be in the data folder, ClosedPipeError if its reader has left.
        """
        target = Path(os.path.realpath(path))
        if self._holds(target):
            raise DiscoverError(f"{path} is inside the data folder. Export to another folder.")
        try:
            if target.is_symlink():
                raise DiscoverError(f"{path} is a link that leads nowhere. Choose another place.")
            if is_plain(path):
                write_atomically(target, data, mode=None)
            else:
                # By its own name: its target may have none.
                write_through(path, data)
        except OSError as error:
            if error.errno == errno.EPIPE or (error.errno == errno.ENXIO and is_open_pipe(path)):
                raise ClosedPipeError(f"Not all of {path} was read.") from error
            reason = "nobody reads this pipe" if error.errno == errno.ENXIO else error.strerror
            raise DiscoverError(f"Cannot write {path}: {reason}. Choose another place.") from error

    @contextlib.contextmanager
    def export_folder(self, path: Path) -> Iterator[Path]:
        """`new_folder` at a path the person named, outside the data folder, with default permissions.

        Allowed in a private session. Raises DiscoverError if it cannot be written, would be in the data folder, or
        exists and is not empty.
        """
        if self._holds(path.resolve()):
            raise DiscoverError(f"{path} is inside the data folder. Export to another folder.")
        try:
            if path.exists() and not (path.is_dir() and not any(path.iterdir())):
                raise DiscoverError(f"{path} is there already. Name a new folder, or remove it first.")
            path.parent.mkdir(parents=True, exist_ok=True)
            sweep(path)
            with held_folder(path.parent, path.name, PARTIAL, mode=0o777) as partial:
                yield partial
                make_safe(partial, set())
                partial.rename(path)
                fsync(path.parent)
        except OSError as error:
            reason = error.strerror or error
            raise DiscoverError(f"Cannot write {path}: {reason}. Choose another place.") from error

    def _holds(self, path: Path) -> bool:
        """Whether a resolved path is in the data folder, which may be mounted at several, or spelled in capitals."""
        root = self.folders.root.resolve()
        return path.is_relative_to(root) or any(_is_same(folder, root) for folder in (path, *path.parents))

    def require_writable(self, what: str) -> None:
        """Raise PrivateSessionError in a private session: "Can't `what` in a private session"."""
        if self.private:
            raise PrivateSessionError(f"Can't {what} in a private session. End that session first.")

    def require_no_private_session(self, what: str) -> None:
        """Raise PrivateSessionError while a private session is on, here or in another process."""
        self.require_writable(what)
        if private_session_on(self.folders):
            raise PrivateSessionError(
                f"Can't {what} while a private session is on, in another window. End that session first."
            )


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False  # missing, or not accessible
