"""Work in a process of its own that is stopped at each system call by which it would change what is on the disk, or
look at what is there.

Linux's seccomp hands such a call to the parent before it takes place: it lets the call be, fails it, or kills the
process there. Nothing is traced, compiled or preloaded, and threads and children are seen too.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import platform
import select
import signal
import socket
import struct
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

KILL = -1
# Told a call, what is to become of it: KILL, an error number, or null for nothing. Of `Call` only what lies in the
# folder asked about is told.
Decide = Callable[["Call"], int | None]


@dataclass(frozen=True, slots=True)
class Call:
    """The `number`th call, from 1 on, by its name, and the file or folder that it is about."""

    number: int
    name: str
    path: str


@dataclass
class Ended:
    """How a process ended: its exit code (that of a signal negative), the calls it made, and what it said."""

    code: int = 0
    calls: list[Call] = field(default_factory=list)
    out: str = ""
    err: str = ""

    @property
    def killed(self) -> bool:
        """Whether it was killed."""
        return self.code == -signal.SIGKILL


# By name: the call's number on x86-64 and on arm64, and how it names its file: by a descriptor, the first of its
# arguments or the one it copies to, by a path, or by a path in a folder.
_FILE, _PATH, _IN, _OPEN, _OPEN_IN, _TO = "file", "path", "in", "open", "open in", "to"
_CALLS: dict[str, tuple[int, int, str]] = {
    "write": (1, 64, _FILE), "pwrite": (18, 68, _FILE), "writev": (20, 66, _FILE), "pwritev": (296, 70, _FILE),
    "sendfile": (40, 71, _FILE), "copy_file_range": (326, 285, _TO), "fallocate": (285, 47, _FILE),
    "ftruncate": (77, 46, _FILE), "truncate": (76, 45, _PATH), "fsync": (74, 82, _FILE), "fdatasync": (75, 83, _FILE),
    "fchmod": (91, 52, _FILE), "fchmodat": (268, 53, _IN), "mkdirat": (258, 34, _IN), "unlinkat": (263, 35, _IN),
    "renameat": (264, 38, _IN), "renameat2": (316, 276, _IN), "linkat": (265, 37, _IN), "symlinkat": (266, 36, _IN),
    "openat": (257, 56, _OPEN_IN),
}  # fmt: skip
_OLD_CALLS = {
    "open": (2, _OPEN), "creat": (85, _PATH), "rename": (82, _PATH), "mkdir": (83, _PATH), "rmdir": (84, _PATH),
    "link": (86, _PATH), "unlink": (87, _PATH), "symlink": (88, _PATH), "chmod": (90, _PATH),
}  # fmt: skip
_X86 = platform.machine() == "x86_64"
_NAMED = {(x86 if _X86 else arm): (name, how) for name, (x86, arm, how) in _CALLS.items()}
if _X86:
    _NAMED |= {number: (name, how) for name, (number, how) in _OLD_CALLS.items()}
_READS: dict[str, tuple[int, int, str]] = {
    "read": (0, 63, _FILE), "pread": (17, 67, _FILE), "readv": (19, 65, _FILE), "preadv": (295, 69, _FILE),
    "getdents": (217, 61, _FILE), "fstat": (5, 80, _FILE), "newfstatat": (262, 79, _IN), "statx": (332, 291, _IN),
    "openat": (257, 56, _IN),
}  # fmt: skip
_OLD_READS = {"open": (2, _PATH), "stat": (4, _PATH), "lstat": (6, _PATH)}
_READ_BY = {(x86 if _X86 else arm): (name, how) for name, (x86, arm, how) in _READS.items()}
if _X86:
    _READ_BY |= {number: (name, how) for name, (number, how) in _OLD_READS.items()}
_SECCOMP = 317 if _X86 else 277
_NO_NEW_PRIVILEGES, _SET_FILTER, _NEW_LISTENER = 38, 1, 8
_LOAD, _JUMP_IF_EQUAL, _JUMP_IF_ANY, _RETURN = 0x20, 0x15, 0x45, 0x06
# Of an argument of a call, where its lower half is: of both systems, the first.
_ARGUMENTS, _WIDE = 16, 8
_ALLOW, _ASK = 0x7FFF0000, 0x7FC00000
_RECEIVE, _SEND, _CONTINUE = 0xC0502100, 0xC0182101, 1
_NOTICE = struct.Struct("QIIiIQ6Q")
_ANSWER = struct.Struct("QqiI")
_HERE = -100
_TO_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT
# By which argument each says how it opens a file.
_OPENS = {_OPEN: 1, _OPEN_IN: 2}
# A process that takes longer hangs.
_PATIENCE = 120.0


def available() -> bool:
    """Whether this system can do it."""
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"):
        return False
    try:
        return run(lambda: 0, Path("/nonexistent"), lambda _: None).code == 0
    except OSError:
        return False


def run(
    work: Callable[[], int],
    root: Path,
    decide: Decide | None = None,
    *,
    kill_after: float | None = None,
    reads: bool = False,
) -> Ended:
    """Run `work` in a child until its end, whose exit code is what it returns; `decide`, if there is one, is asked
    about each call that would change something in `root`, or with `reads` about each that looks at something there. It
    is killed `kill_after` so many seconds.

    Raises OSError where the system cannot do it, TimeoutError where the child hangs.
    """
    ours, theirs = socket.socketpair()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, ours, theirs:
        child = os.fork()
        if child == 0:
            calls = None if decide is None else _READ_BY if reads else _NAMED
            _be_the_child(work, theirs, out.fileno(), err.fileno(), calls)
        theirs.close()
        _, handles, _, _ = socket.recv_fds(ours, 1, 1)
        ended = Ended()
        try:
            if decide is not None and not handles:
                raise OSError("No process may be watched by seccomp here.")
            watch = _Watch(child, root, decide or (lambda _: None), ended, _READ_BY if reads else _NAMED)
            watch.until_the_end(handles, kill_after)
        finally:
            for handle in handles:
                os.close(handle)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
            ended.code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        for file, name in ((out, "out"), (err, "err")):
            file.seek(0)
            setattr(ended, name, file.read().decode(errors="replace"))
        return ended


def _be_the_child(
    work: Callable[[], int], to: socket.socket, out: int, err: int, calls: dict[int, tuple[str, str]] | None
) -> None:
    code = 70
    try:
        os.setsid()
        os.dup2(out, 1)
        os.dup2(err, 2)
        sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
        handles = [handle for handle in ([] if calls is None else [_filter(calls)]) if handle >= 0]
        socket.send_fds(to, [b"+"], handles)
        for handle in handles:
            os.close(handle)
        if handles or calls is None:
            code = work()
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # noqa: BLE001 - whatever it is, the child ends here and says so
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(code)


def _filter(calls: dict[int, tuple[str, str]]) -> int:
    """Ask the parent about every one of these calls from now on: a handle, below 0 where it cannot be. Of those that
    open a file only what could change one is asked about, as each question costs the child two changes of process."""
    plain = [number for number, (_, how) in calls.items() if how not in _OPENS]
    opens = {number: _OPENS[how] for number, (_, how) in calls.items() if how in _OPENS}
    allow, ask = (1 + len(plain) + 3 * len(opens) + end for end in (0, 1))
    lines = [struct.pack("HBBI", _LOAD, 0, 0, 0)]
    for number in plain:
        lines.append(struct.pack("HBBI", _JUMP_IF_EQUAL, ask - len(lines) - 1, 0, number))
    for number, argument in opens.items():
        lines.append(struct.pack("HBBI", _JUMP_IF_EQUAL, 0, 2, number))
        lines.append(struct.pack("HBBI", _LOAD, 0, 0, _ARGUMENTS + _WIDE * argument))
        here = len(lines) + 1
        lines.append(struct.pack("HBBI", _JUMP_IF_ANY, ask - here, allow - here, _TO_WRITE))
    lines += [struct.pack("HBBI", _RETURN, 0, 0, what) for what in (_ALLOW, _ASK)]
    text = ctypes.create_string_buffer(b"".join(lines))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(lines), ctypes.addressof(text)))
    system = ctypes.CDLL(None)
    system.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    return int(system.syscall(_SECCOMP, _SET_FILTER, _NEW_LISTENER, program))


@dataclass
class _Watch:
    """Answers a child's questions, about these `calls`, in this folder."""

    child: int
    root: Path
    decide: Decide
    ended: Ended
    calls: dict[int, tuple[str, str]]

    def __post_init__(self) -> None:
        self._inside = f"{os.path.realpath(self.root)}/"

    def until_the_end(self, handles: list[int], kill_after: float | None) -> None:
        """Answer until the child is no more."""
        life = os.pidfd_open(self.child)
        began = time.monotonic()
        poll = select.poll()
        poll.register(life, select.POLLIN)
        for handle in handles:
            poll.register(handle, select.POLLIN)
        try:
            while True:
                left = (_PATIENCE if kill_after is None else kill_after) - (time.monotonic() - began)
                ready = dict(poll.poll(max(0.0, left * 1000)))
                if life in ready:
                    return
                if not ready and kill_after is None:
                    raise TimeoutError(f"It hangs after {len(self.ended.calls)} calls.")
                if not ready:
                    os.killpg(self.child, signal.SIGKILL)
                    return
                if not all(self._answer(handle) for handle in ready):
                    return
        finally:
            os.close(life)

    def _answer(self, handle: int) -> bool:
        """Whether the child is to live on."""
        notice = bytearray(_NOTICE.size)
        try:
            fcntl.ioctl(handle, _RECEIVE, notice)
        except OSError:
            return True  # who asked is gone
        of, process, _, number, _, _, *arguments = _NOTICE.unpack(notice)
        name, how = self.calls[number]
        answer = 0
        path = _path(process, how, arguments)
        if path.startswith(self._inside):
            self.ended.calls.append(Call(len(self.ended.calls) + 1, name, path))
            answer = self.decide(self.ended.calls[-1]) or 0
            if answer == KILL:
                os.killpg(self.child, signal.SIGKILL)
                # Until it is gone there is nothing more to hear, and the system would say so again and again.
                return False
        with contextlib.suppress(OSError):
            fcntl.ioctl(handle, _SEND, _ANSWER.pack(of, 0, -answer, 0 if answer else _CONTINUE))
        return True


def _path(process: int, how: str, arguments: list[int]) -> str:
    """The file a call is about; empty where it changes nothing or the file has no name."""
    try:
        if how in (_FILE, _TO):
            return os.readlink(f"/proc/{process}/fd/{arguments[2 if how == _TO else 0] & 0xFFFFFFFF}")
        within = how in (_IN, _OPEN_IN)
        with open(f"/proc/{process}/mem", "rb", buffering=0) as memory:
            memory.seek(arguments[1 if within else 0])
            path = memory.read(4096).split(b"\0")[0].decode(errors="surrogateescape")
        if path.startswith("/") or not within:
            return path
        folder = ctypes.c_int32(arguments[0] & 0xFFFFFFFF).value
        return os.readlink(f"/proc/{process}/{'cwd' if folder == _HERE else f'fd/{folder}'}") + f"/{path}"
    except OSError:
        return ""
