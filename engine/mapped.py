"""Memory-mapped arrays, and the error message when such a file is truncated while it is mapped.

This program replaces files by an atomic rename, so its own writes never truncate one. If something else does (a failing
disk, a synced folder, a person), the system kills the process with SIGBUS as it reads there, and Python shows nothing.
This module names the file and what to do, and lets the app restore the terminal first.
"""

from __future__ import annotations

import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

if TYPE_CHECKING:
    import numpy as np

# Seconds for restoring the terminal.
_IN_TIME = 3.0
# The mapped files, and their size when they were mapped.
_files: dict[Path, int] = {}
# Callbacks with the message, of callers that have something to tidy up before the process ends.
_ways: list[Callable[[str], None]] = []
# What the system calls, once it is set: it must not be collected.
_handlers: list[object] = []


def mapped_array(path: Path) -> np.ndarray:
    """The array in a file, memory-mapped read-only. Raises ARRAY_ERRORS (`engine.errors`)."""
    import numpy as np  # late: an app that maps nothing does not wait for it

    with path.open("rb") as file:
        shape, fortran_order, dtype = _header(file)
        whole = file.tell() + math.prod(shape) * dtype.itemsize
        if os.fstat(file.fileno()).st_size < whole:
            raise ValueError("it ends too early")
        order: Literal["F", "C"] = "F" if fortran_order else "C"
        array: np.ndarray = np.memmap(path, dtype, "r", file.tell(), shape, order)
    watch(path)
    return array


def _header(file: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, order and type of the array in a file. NumPy would divide by the size of an element, and die if that is 0;
    and its reader of headers expects the right types in them."""
    from numpy.lib import format as npy

    try:
        read = npy.read_array_header_1_0 if npy.read_magic(file) == (1, 0) else npy.read_array_header_2_0
        shape, fortran_order, dtype = read(file)
    except (TypeError, LookupError) as error:
        raise ValueError(f"its header says nothing of an array ({error})") from error
    if dtype.kind not in "biuf" or any(type(length) is not int or length < 0 for length in shape):
        raise ValueError(f"it holds {shape} of {dtype}")
    return shape, fortran_order, dtype


def watch(path: Path) -> None:
    """Report this file, which is about to be mapped, should it be truncated."""
    _files[path] = path.stat().st_size
    # Python's own handlers run between two instructions, and the one that reads never ends.
    if not _handlers and hasattr(signal, "SIGBUS"):
        import ctypes

        handler = ctypes.CFUNCTYPE(None, ctypes.c_int)(_cut_short)
        _handlers.append(handler)
        ctypes.CDLL(None).signal(int(signal.SIGBUS), handler)


def end_by(way: Callable[[str], None]) -> None:
    """Call `way` with the error message before the process ends because a mapped file was truncated."""
    _ways.append(way)


def _cut_short(_number: int) -> None:
    """The signal handler, in the thread that read, which cannot continue."""
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
