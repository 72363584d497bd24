"""Returns free memory to the system, in a process that runs all day."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any


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
