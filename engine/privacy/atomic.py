"""Atomic writes of files and folders, and cleaning up what a killed process left.

Unfinished files have a name with a dot, and their writer holds a lock on them, which the system releases however the
process ends: so leftovers are distinguished from work in progress. Replacing a folder takes two renames, between which
neither folder has the name. The name `.NAME.new` marks the new one as complete, and the next reader (`settle`) finishes
the exchange.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Collection, Iterator
from pathlib import Path

# The person's own data: forgetting deletes it even while it is being written.
OWN = ".own.partial"
PARTIAL, NEW, OLD = ".partial", ".new", ".old"
# Only names of this form are ever deleted: a data folder may contain other things. Eight characters of the whole
# alphabet are an earlier version's.
_LEFT = re.compile(r"\.(?P<of>.+)-(?:[0-9a-f]{16}|[0-9a-f]{8}\.old|[0-9a-z_]{8}(?:(?:\.own)?\.partial)?)")
# What `write_atomically` and `held_folder` make of a name.
_ENDING = re.compile(r"-(?:[0-9a-f]{16}|[0-9a-f]{8}\.partial)$")
# Names of what this process has open.
_DESCRIPTOR = re.compile(r"/dev/(?P<name>std(?:in|out|err))|(?:/dev|/proc/self)/fd/(?P<number>[0-9]{1,9})")
# Seconds for which a new, empty file is kept: its writer may be about to lock it.
_YOUNG_SECONDS = 60


def write_atomically(path: Path, data: bytes, *, mode: int | None) -> None:
    """Replace `path` by `data` in one step: a reader sees the old file or the new one, never a part.

    `mode` None keeps the permissions of an existing file, or the person's default for a new one.
    """
    if mode is None and path.exists():
        mode = path.stat().st_mode & 0o777
    sweep(path)
    partial = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    try:
        # The system takes the person's umask from 0666, as for any new file: to read it one would have to change it.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(partial, flags, 0o666 if mode is None else 0o600), "wb") as file:
            _lock(file.fileno())
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            partial.chmod(mode)
        partial.replace(path)
        fsync(path.parent)
    finally:
        partial.unlink(missing_ok=True)


def write_through(path: Path, data: bytes) -> None:
    """Write to something other than a plain file: a device, a pipe, an inherited output.

    Raises OSError, for a pipe without a reader at once.
    """
    number = _inherited(path)
    if number is not None:
        # Where it is, and onward from there for whoever writes to it next.
        with os.fdopen(os.dup(number), "wb") as file:
            file.write(data)
        return
    # Append to what another process has open.
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK)
    with os.fdopen(handle, "wb") as file:
        os.set_blocking(handle, True)
        file.write(data)


def _inherited(path: Path) -> int | None:
    """The descriptor of a plain file that was open before, such as standard output's; None if `path` is none's name."""
    found = _DESCRIPTOR.fullmatch(str(path.absolute()))
    if found is None:
        return None
    number = int(found["number"] or ("stdin", "stdout", "stderr").index(found["name"]))
    try:
        status = os.fstat(number)
    except (OSError, OverflowError):
        return None
    return number if stat.S_ISREG(status.st_mode) else None


def is_plain(path: Path) -> bool:
    """Whether `path` is a plain file or does not exist: not a device, a pipe, or a name for an open file."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return False
    except OSError:
        return True
    place = path
    for _ in range(40):
        above = set(map(str, place.absolute().parents))
        # Below /dev/shm are files like any others, in memory.
        if {"/dev", "/proc"} & above and "/dev/shm" not in above:  # noqa: S108 - nothing is put there
            return False
        if not place.is_symlink():
            break
        place = place.parent / place.readlink()
    return True


def is_open_pipe(path: Path) -> bool:
    """Whether `path` is a name for an open pipe, such as standard output: a reader was there, unlike of a new one."""
    return stat.S_ISFIFO(path.stat().st_mode) and not Path(os.path.realpath(path)).exists()


@contextlib.contextmanager
def held_folder(beside: Path, of: str, suffix: str = "", mode: int = 0o700) -> Iterator[Path]:
    """A new folder in `beside` that will become, or serves, the one named `of`: locked while the block runs and deleted
    after it."""
    folder = beside / f".{of}-{secrets.token_hex(4)}{suffix}"
    folder.mkdir(mode=mode)
    handle = os.open(folder, os.O_RDONLY)
    try:
        _lock(handle)
        yield folder
    finally:
        os.close(handle)
        shutil.rmtree(folder, ignore_errors=True)


def make_safe(folder: Path, safe: set[tuple[int, int, int]]) -> None:
    """fsync every file in a folder, and the folders, but not what is `safe` already, which is noted there (inode, ns,
    bytes), nor links to files of folders that were made safe: each fsync waits for the disk, also of what is on it."""
    for file in sorted(folder.rglob("*")):
        status = file.stat()
        mark = status.st_ino, status.st_mtime_ns, status.st_size
        if stat.S_ISDIR(status.st_mode) or (status.st_nlink == 1 and mark not in safe):
            fsync(file)
            safe.add(mark)
    fsync(folder)


def put_in_place(folder: Path, path: Path) -> None:
    """Rename a complete folder beside `path` to it, replacing what is there. If killed at any step, `settle` finishes
    it."""
    with _alone_in(path.parent):
        # Finish an interrupted exchange first, or this one would get its name.
        _finish_exchanges(path.parent)
        folder.rename(path.with_name(f".{path.name}{NEW}"))
        _finish_exchanges(path.parent)
    fsync(path.parent)
    settle(path.parent)


def take_away(path: Path) -> None:
    """Delete a file or a folder atomically: if killed, the whole folder is there or none. Does nothing if it does not
    exist."""
    if path.is_dir() and not path.is_symlink() and not _LEFT.fullmatch(path.name):
        path = path.rename(_away(path))
    _delete(path)


def settle(folder: Path, known: Collection[str] | None = None) -> None:
    """Finish interrupted exchanges in a folder, and delete what a killed process left unfinished.

    In a folder that may contain other things, only what was to become one of the names `known`.
    """
    for path in leftovers(folder, known):
        _delete(path)


def sweep(path: Path) -> None:
    """Delete what a killed process left when writing the file or folder `path`."""
    with contextlib.suppress(OSError):
        for left in leftovers(path.parent, {path.name}):
            # Names that earlier versions used may be another program's here.
            if _ENDING.search(left.name):
                _delete(left)


def leftovers(folder: Path, known: Collection[str] | None = None) -> list[Path]:
    """Unfinished files without a writer; finishes interrupted exchanges first."""
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if entry.name.startswith(".")]
    if known is None and any(name.endswith((NEW, OLD)) for name in names):
        with _alone_in(folder):
            _finish_exchanges(folder)
        names = [path.name for path in folder.glob(".*")]
    found = []
    for name in names:
        of = _LEFT.fullmatch(name)
        if of is None or not (known is None or of["of"] in known):
            continue
        if name.endswith(OLD) or _is_left_over(folder / name):
            found.append(folder / name)
    return found


def broken_off(folder: Path) -> bool:
    """Whether a folder has an interrupted exchange, so that something in it cannot be found by name."""
    return any(not _name_of(new).exists() for new in folder.glob(f".*{NEW}"))


def _finish_exchanges(folder: Path) -> None:
    """Rename every complete new folder to its name. The caller holds the lock of `folder`."""
    for new in folder.glob(f".*{NEW}"):
        path, away = _name_of(new), None
        with contextlib.suppress(FileNotFoundError):
            away = path.rename(_away(path))
        try:
            new.rename(path)
        except OSError:
            # Until the rename succeeds, the old one stays at its name.
            if away is not None:
                away.rename(path)
            raise
    # Earlier versions moved the old one to this name until the new one was in place.
    for old in folder.glob(f".*{OLD}"):
        if not _LEFT.fullmatch(old.name):
            path = folder / old.name.removeprefix(".").removesuffix(OLD)
            old.rename(_away(path) if path.exists() else path)


def _name_of(new: Path) -> Path:
    """The final name of a complete new folder."""
    return new.with_name(new.name.removeprefix(".").removesuffix(NEW))


def _away(path: Path) -> Path:
    """A name for a folder that is about to be deleted."""
    return path.with_name(f".{path.name}-{secrets.token_hex(4)}{OLD}")


def _is_left_over(path: Path) -> bool:
    """Whether nobody writes it any more."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        status = os.fstat(handle)
        empty = not any(path.iterdir()) if path.is_dir() else not status.st_size
        return not empty or time.time() - status.st_mtime > _YOUNG_SECONDS
    # It has a writer, or the disk does not support locks.
    except OSError:
        return False
    finally:
        os.close(handle)


def _delete(path: Path) -> None:
    """Delete a file or folder of this program; another process may delete it at the same time."""
    if not path.is_dir() or path.is_symlink():
        path.unlink(missing_ok=True)
        return
    for last in (False, True):
        try:
            shutil.rmtree(path)
        except FileNotFoundError:
            # Another process deletes it too: try again for what is left.
            continue
        except OSError as error:
            # Another process added a file meanwhile.
            if last or error.errno != errno.ENOTEMPTY:
                raise
        else:
            return


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Lock a folder against other processes that exchange folders in it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        _lock(handle)
        yield
    finally:
        os.close(handle)


def _lock(handle: int) -> None:
    """Wait for the lock of a file or folder; does nothing on a disk without locks."""
    with contextlib.suppress(OSError):
        fcntl.flock(handle, fcntl.LOCK_EX)


def fsync(path: Path) -> None:
    """fsync a file, or the entries of a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
