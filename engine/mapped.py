"""Arrays in files of this program's own, mapped and not read, and what is said where one is cut short meanwhile.

What is written here takes a file's name in one step, so what is mapped stays whole. Where another cuts it short (a disk
that fails, a folder that is synced, a hand), the system ends whoever reads on there by SIGBUS, of which Python tells
nobody. Here the file is named and the way out, and the app gives the terminal back.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

# Seconds in which the terminal is given back.
_IN_TIME = 3.0
# The files that are mapped, as large as they were then.
_files: dict[Path, int] = {}
# What ends the program with a sentence, given by who has more to tidy up; it comes back where it has not to.
_ways: list[Callable[[str], None]] = []
# What the system calls: it must not be collected.
_handler: Any = None


def mapped_array(path: Path) -> np.ndarray:
    """Map the array in a file, for reading alone. Raises ARRAY_ERRORS (`engine.errors`)."""
    import numpy as np  # an app that has mapped nothing yet waits for none of it

    array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    watch(path)
    return array


def watch(path: Path) -> None:
    """Name this file, which is mapped from now on, where it is cut short."""
    global _handler
    _files[path] = path.stat().st_size
    # The system is told once, and what Python has of its own cannot: it would run when the reading is over.
    if _handler is None and hasattr(signal, "SIGBUS"):
        import ctypes

        _handler = ctypes.CFUNCTYPE(None, ctypes.c_int)(_cut_short)
        ctypes.CDLL(None).signal(int(signal.SIGBUS), _handler)


def end_by(way: Callable[[str], None]) -> None:
    """Have the program ended this way, with what is to be said, where a mapped file is cut short."""
    _ways.append(way)


def _cut_short(_number: int) -> None:
    """Called in the thread that read on, which can never go on."""
    try:
        threading.Thread(target=_end, args=(_said(),), daemon=True).start()
        time.sleep(_IN_TIME)
    finally:
        os._exit(1)


def _said() -> str:
    bad = next((path for path, size in _files.items() if _size(path) < size), None)
    what = (
        f"{bad} was cut short while it was read"
        if bad is not None
        else "The disk failed under a file that was being read, or another program cut it short"
    )
    return f"error: discover had to stop: {what}. Nothing was lost. See what is damaged: discover doctor --repair"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _end(said: str) -> None:
    try:
        for way in reversed(_ways):
            way(said)
        print(said, file=sys.__stderr__, flush=True)
    finally:
        os._exit(1)
