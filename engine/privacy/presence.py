"""Who is at work in a data folder: known to every process, and written nowhere.

Each holds read locks on bytes of the folder itself, one byte a role, and asks the system whether another holds one: no
file is made, no time stamp changes, and however a process ends, its locks end with it. Before there is a folder the
deepest one above it serves. Locks of this kind (Linux, of an open file description) are not those SQLite uses, nor
lost when another descriptor is closed. Another system has none, and a network disk none of other machines: nobody is
seen there.
"""

from __future__ import annotations

import contextlib
import enum
import os
import struct
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from engine.errors import BusyError
from engine.paths import Folders

# Seconds that somebody is waited for.
WAIT_SECONDS = 2.0
_LOOK_SECONDS = 0.02
# `struct flock`: kind, from where, start, length, process.
_LOCK = struct.Struct("hhqqi4x")
# What waits; a test hears of it here.
pause: Callable[[float], None] = time.sleep


class Role(enum.IntEnum):
    """What somebody does in a data folder. READS and OPENS keep each other off, MODELS keeps off its own kind."""

    PRIVATE = 0  # is in a private session: no play is logged
    READS = 1  # copies the library's file as it lies there
    OPENS = 2  # opens that file to write, or closes it
    MODELS = 3  # makes a model, and clears away those before it
    LISTENS = 4  # takes plays in from players
    HAS = 5  # has the library's file open to write: no other file may take its name


class Presence:
    """What one open library, or one piece of work, says of itself to all others in a data folder."""

    def __init__(self, folders: Folders) -> None:
        self._root = Path(os.path.realpath(folders.root))
        # The folders above are shared by all in them: each data folder has bytes of its own, of which versions with
        # more roles use more.
        self._byte = zlib.crc32(os.fsencode(self._root)) * 64
        self._descriptor: int | None = None
        # The folder the descriptor is of.
        self._at = self._root

    def enter(self, role: Role) -> None:
        """Take on a role, beside whoever has it too."""
        if self._descriptor is None:
            self._at = next(folder for folder in (self._root, *self._root.parents) if folder.is_dir())
            with contextlib.suppress(OSError):
                self._descriptor = os.open(self._at, os.O_RDONLY)
        if self._descriptor is not None:
            _lock(self._descriptor, "F_OFD_SETLK", "F_RDLCK", self._byte + role)

    def leave(self, role: Role) -> None:
        """Lay a role down."""
        if self._descriptor is not None:
            _lock(self._descriptor, "F_OFD_SETLK", "F_UNLCK", self._byte + role)

    def close(self) -> None:
        """Lay every role down. Idempotent."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    __del__ = close

    def others(self, role: Role) -> bool:
        """Whether anybody else has a role, in this process or another."""
        for folder in (self._root, *self._root.parents):
            # Through the descriptor that holds it, a lock is not another's.
            own = self._descriptor if folder == self._at else None
            if _is_held(folder, self._byte + role, own):
                return True
        return False

    @contextlib.contextmanager
    def without(self, other: Role, role: Role, otherwise: str) -> Iterator[None]:
        """Have a role while the block runs, once nobody else has the `other`.

        Who comes says so first and looks then: of two, at least one sees the other. Two who step back for each other
        wait differently long. Raises BusyError, with what to say `otherwise`, when `WAIT_SECONDS` have passed.
        """
        until = time.monotonic() + WAIT_SECONDS
        while True:
            self.enter(role)
            if not self.others(other):
                break
            self.leave(role)
            if time.monotonic() >= until:
                raise BusyError(otherwise)
            wait_a_moment()
        try:
            yield
        finally:
            self.leave(role)


def wait_a_moment() -> None:
    """Wait until it is worth to look again."""
    pause(_LOOK_SECONDS * (1 + os.urandom(1)[0] / 255))


def private_session_on(folders: Folders) -> bool:
    """Whether a private session is on over a data folder, in any process: then no play may be logged into it.

    For who hears of plays, with the library open or not: it takes microseconds and touches nothing. Of a play that
    comes while the answer is yes say that it was taken, and drop it.
    """
    return Presence(folders).others(Role.PRIVATE)


def _is_held(folder: Path, byte: int, own: int | None) -> bool:
    """Whether a lock of another descriptor than `own` is on a byte: it would be in the way of one to write."""
    try:
        descriptor = os.open(folder, os.O_RDONLY) if own is None else own
    except OSError:
        return False  # it is not there, or not ours to look into
    try:
        return _lock(descriptor, "F_OFD_GETLK", "F_WRLCK", byte) not in (None, "F_UNLCK")
    finally:
        if own is None:
            os.close(descriptor)


def _lock(descriptor: int, command: str, kind: str, byte: int) -> str | None:
    """The kind of lock `fcntl` answers with; null where there are no such locks."""
    if sys.platform != "linux":
        return None
    import fcntl

    kinds = {name: getattr(fcntl, name) for name in ("F_RDLCK", "F_WRLCK", "F_UNLCK")}
    asked = _LOCK.pack(kinds[kind], os.SEEK_SET, byte, 1, 0)
    try:
        answer: int = _LOCK.unpack(fcntl.fcntl(descriptor, getattr(fcntl, command), asked))[0]
    except OSError:
        return None
    return next(name for name, number in kinds.items() if number == answer)
