"""Which processes use a data folder, and for what, without writing anything.

Each process holds read locks on bytes of the folder itself, one byte per role, and queries whether another holds one:
no file is created, no time stamp changes, and the locks end with the process. If the folder does not exist, its nearest
existing parent is used. Locks of this kind (Linux, of an open file description) are not those SQLite uses, nor lost
when another descriptor is closed. Other systems lack them, and a network disk does not show other machines' locks: no
other process is seen there.
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
from typing import NamedTuple

from engine.errors import BusyError
from engine.paths import Folders

# Seconds to wait for another process.
WAIT_SECONDS = 2.0
# Seconds without a look after which a private session may have begun and ended unseen: the process that looks was
# stopped.
UNSEEN_SECONDS = 30.0
_LOOK_SECONDS = 0.02
# `struct flock`: kind, from where, start, length, process.
_LOCK = struct.Struct("hhqqi4x")
# The bytes of roles each data folder has: versions with more roles use more.
_ROLES = 64
# Where numbers are shown, beyond all roles, and how many each data folder has.
_SHOWN, _NUMBERS = 1 << 40, 1 << 16
# A private session shows the second it began in, among these: from 2026 on for 34 years.
_MOMENTS, _SECONDS, _FIRST_SECOND = 1 << 62, 1 << 30, 1_767_225_600
# One whose begin cannot be seen is assumed to have begun this many seconds before.
_UNKNOWN = 86_400.0
# How to wait; tests replace it.
pause: Callable[[float], None] = time.sleep


class Role(enum.IntEnum):
    """What a process does in a data folder. READS and OPENS exclude each other, MODELS excludes itself."""

    PRIVATE = 0  # is in a private session: no play is logged
    READS = 1  # copies the library's file
    OPENS = 2  # opens that file to write, or closes it
    MODELS = 3  # writes a model, and deletes earlier ones
    LISTENS = 4  # takes plays in from players
    HAS = 5  # has the library's file open to write: it must not be replaced


class _Bytes(NamedTuple):
    """Where a data folder's bytes begin: of roles, numbers shown, and moments."""

    roles: int
    numbers: int
    moments: int


class Presence:
    """The roles of one open library, or one task, in a data folder."""

    def __init__(self, folders: Folders) -> None:
        self._root = Path(os.path.realpath(folders.root))
        self._descriptor: int | None = None
        # The folder the descriptor is of.
        self._at = self._root

    def _bytes(self, folder: Path) -> _Bytes:
        """This data folder's bytes of a folder, its own or a parent.

        A parent is shared: each data folder there has bytes of its own, by its path from there. Its own are the same
        whatever path leads to it, since it may be mounted at several.
        """
        within = os.fsencode(self._root.relative_to(folder)) if folder != self._root else b""
        mark = zlib.crc32(within)
        return _Bytes(mark * _ROLES, _SHOWN + mark * _NUMBERS, _MOMENTS + mark * _SECONDS)

    def enter(self, role: Role) -> None:
        """Take a role; others may have it too."""
        if self._descriptor is None:
            self._at = next(folder for folder in (self._root, *self._root.parents) if folder.is_dir())
            with contextlib.suppress(OSError):
                self._descriptor = os.open(self._at, os.O_RDONLY)
        if self._descriptor is not None:
            mine = self._bytes(self._at)
            _lock(self._descriptor, "F_OFD_SETLK", "F_RDLCK", mine.roles + role)
            if role == Role.PRIVATE:
                moment = min(max(int(time.time()) - _FIRST_SECOND, 0), _SECONDS - 1)
                _lock(self._descriptor, "F_OFD_SETLK", "F_RDLCK", mine.moments + moment)

    def leave(self, role: Role) -> None:
        """Give up a role."""
        if self._descriptor is not None:
            mine = self._bytes(self._at)
            _lock(self._descriptor, "F_OFD_SETLK", "F_UNLCK", mine.roles + role)
            if role == Role.PRIVATE:
                _lock(self._descriptor, "F_OFD_SETLK", "F_UNLCK", mine.moments, _SECONDS)

    def show(self, number: int) -> None:
        """Show other processes a number below 65,536, such as a port, until closed; a role must have been taken."""
        if self._descriptor is not None:
            _lock(self._descriptor, "F_OFD_SETLK", "F_RDLCK", self._bytes(self._at).numbers + number)

    def close(self) -> None:
        """Give up every role. Idempotent."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    __del__ = close

    def others(self, role: Role) -> bool:
        """Whether anybody else has a role, in this process or another."""
        return self._held(lambda its: its.roles + role, 1) is not None

    def shown(self) -> int | None:
        """The number somebody else shows; null without one."""
        return self._held(lambda its: its.numbers, _NUMBERS)

    def private_since(self) -> float | None:
        """When the first of the private sessions began that are on elsewhere, in seconds UTC; null if none is on."""
        first = None
        while first != 0 and (held := self._held(lambda its: its.moments, first or _SECONDS)) is not None:
            first = held
        if first is not None:
            return float(_FIRST_SECOND + first)
        # A disk may lock only the first of its bytes.
        return time.time() - _UNKNOWN if self.others(Role.PRIVATE) else None

    def _held(self, first: Callable[[_Bytes], int], length: int) -> int | None:
        """Which of a range of bytes somebody else holds, counted from its first."""
        for folder in (self._root, *self._root.parents):
            # A descriptor does not see its own locks.
            own = self._descriptor if folder == self._at else None
            byte = first(self._bytes(folder))
            if (held := _held(folder, byte, length, own)) is not None:
                return held - byte
        return None

    @contextlib.contextmanager
    def without(self, other: Role, role: Role, otherwise: str) -> Iterator[None]:
        """Hold a role while the block runs, once no other process has the role `other`.

        The role is taken before checking: of two processes, at least one sees the other. Two that both step back wait
        for different times. Raises BusyError with the message `otherwise` after `WAIT_SECONDS`.
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
    """Wait before checking again."""
    pause(_LOOK_SECONDS * (1 + os.urandom(1)[0] / 255))


def may_have_missed_one(seconds: float) -> bool:
    """Whether a private session may have been missed by who last looked that many seconds ago: not where another
    process's is never seen."""
    return sys.platform == "linux" and seconds > UNSEEN_SECONDS


def private_session_on(folders: Folders) -> bool:
    """Whether a private session is on over a data folder, in any process: then no play may be logged into it.

    For receivers of plays, with the library open or not: it takes microseconds and touches nothing. While it is on,
    accept a play and drop it.
    """
    return Presence(folders).others(Role.PRIVATE)


def private_since(folders: Folders) -> float | None:
    """`private_session_on`, and since when: seconds UTC, null if none is."""
    return Presence(folders).private_since()


def _held(folder: Path, byte: int, length: int, own: int | None) -> int | None:
    """The first byte of a range that another descriptor than `own` locks: it would block a write lock."""
    try:
        descriptor = os.open(folder, os.O_RDONLY) if own is None else own
    except OSError:
        return None  # missing, or not accessible
    try:
        return _lock(descriptor, "F_OFD_GETLK", "F_WRLCK", byte, length)
    finally:
        if own is None:
            os.close(descriptor)


def _lock(descriptor: int, command: str, kind: str, byte: int, length: int = 1) -> int | None:
    """The first locked byte `fcntl` returns; null without one, or if locks are not supported."""
    if sys.platform != "linux":
        return None
    import fcntl

    asked = _LOCK.pack(getattr(fcntl, kind), os.SEEK_SET, byte, length, 0)
    try:
        answer = _LOCK.unpack(fcntl.fcntl(descriptor, getattr(fcntl, command), asked))
    except OSError:
        return None
    # A range may begin in the middle of a longer lock.
    return None if answer[0] == fcntl.F_UNLCK else max(int(answer[2]), byte)
