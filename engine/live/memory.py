"""Returns free memory to the system, in a process that runs all day."""

from __future__ import annotations

import ctypes
import gc
from functools import cache
from typing import Any

from engine.canonical_keys import forget_keys


@cache
def _trim() -> Any:
    """glibc's `malloc_trim`, null in other C libraries."""
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None


def give_back_memory() -> None:
    """Return free memory to the system, which the C library would keep."""
    if (trim := _trim()) is not None:
        trim(0)


def forget_and_give_back() -> None:
    """Return all memory that what was done took, in a small process that waits for more: it forgets names.

    Python sets thousands of tuples aside for later, each of which may keep a page: only a garbage collection frees
    them. All of it takes about ten milliseconds.
    """
    forget_keys()
    gc.collect()
    give_back_memory()
