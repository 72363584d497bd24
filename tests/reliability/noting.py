"""The app as the monkey runs it: `python -m tests.reliability.noting FOLDER …` is `python -m tuiapp …`, which notes
in the folder how its memory is divided, how many private sessions it began, where it is when SIGUSR1 asks, and where it
failed: a private session has no log.
"""

from __future__ import annotations

import ctypes
import faulthandler
import re
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import NamedTuple

from textual.worker import WorkerFailed

# Seconds between two notes of the memory.
_EVERY = 5.0
_MEMORY, _SESSIONS, _STACKS, _ERRORS = "memory", "private sessions", "stacks", "errors"


class Memory(NamedTuple):
    """Megabytes: resident, of that not of files, then of the heap of C what is in use and what is free, and thousands
    of the small blocks that Python has in use, which lie beside that heap."""

    resident: float
    anonymous: float
    used: float
    free: float
    blocks: float


class Notes:
    """What an app noted in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def memory(self) -> Memory | None:
        """Its memory, at most seconds ago; null before the first note."""
        try:
            return Memory(*map(float, (self._folder / _MEMORY).read_text().split()))
        except (OSError, ValueError, TypeError):
            return None

    def sessions(self) -> int:
        """How many private sessions were begun: counted before one is known to anybody."""
        try:
            return (self._folder / _SESSIONS).stat().st_size
        except OSError:
            return 0

    def stacks(self) -> str:
        """Where each thread was when SIGUSR1 asked, last."""
        return self._text(_STACKS)

    def errors(self) -> str:
        """The unexpected errors with their tracebacks."""
        return self._text(_ERRORS)

    def _text(self, name: str) -> str:
        try:
            return (self._folder / name).read_text()
        except OSError:
            return ""


class _Heap(ctypes.Structure):
    """`struct mallinfo2` of glibc, in bytes."""

    _fields_ = [
        ("arena", ctypes.c_size_t), ("ordblks", ctypes.c_size_t), ("smblks", ctypes.c_size_t),
        ("hblks", ctypes.c_size_t), ("hblkhd", ctypes.c_size_t), ("usmblks", ctypes.c_size_t),
        ("fsmblks", ctypes.c_size_t), ("uordblks", ctypes.c_size_t), ("fordblks", ctypes.c_size_t),
        ("keepcost", ctypes.c_size_t),
    ]  # fmt: skip


def measured() -> Memory:
    """The memory of this process."""
    status = Path("/proc/self/status").read_text()
    of = {name: int(kilobytes) / 1024 for name, kilobytes in re.findall(r"(\w+):\s+(\d+) kB", status)}
    heap = _Heap()
    if info := getattr(ctypes.CDLL(None), "mallinfo2", None):
        info.restype = _Heap
        heap = info()
    used, free = (heap.uordblks + heap.hblkhd) / 2**20, heap.fordblks / 2**20
    blocks = sys.getallocatedblocks() / 1000
    return Memory(*(round(one, 1) for one in (of["VmRSS"], of["RssAnon"], used, free, blocks)))


def _note_memory(folder: Path) -> None:
    while True:
        new = folder / f"{_MEMORY}.new"
        new.write_text(" ".join(map(str, measured())))
        new.replace(folder / _MEMORY)
        threading.Event().wait(_EVERY)


def _count_sessions(folder: Path) -> None:
    from engine.privacy.presence import Presence, Role

    enter = Presence.enter

    def counted(self: Presence, role: Role) -> None:
        if role == Role.PRIVATE:
            with (folder / _SESSIONS).open("ab") as file:
                file.write(b"+")
        enter(self, role)

    Presence.enter = counted  # type: ignore[method-assign]  # put in place of the app's own


def _note_errors(folder: Path) -> None:
    from tuiapp.app.crash import Failures

    take = Failures.take

    def noted(self: Failures, error: Exception) -> None:
        of = error.error if isinstance(error, WorkerFailed) else error
        with (folder / _ERRORS).open("a") as file:
            file.writelines(traceback.format_exception(of))
        take(self, error)

    Failures.take = noted  # type: ignore[method-assign]  # put in place of the app's own


def main() -> None:
    """Run the app."""
    folder = Path(sys.argv.pop(1))
    faulthandler.register(signal.SIGUSR1, (folder / _STACKS).open("w"), all_threads=True)
    threading.Thread(target=_note_memory, args=(folder,), daemon=True).start()
    _count_sessions(folder)
    _note_errors(folder)
    from tuiapp.__main__ import main as app

    app()


if __name__ == "__main__":
    main()
