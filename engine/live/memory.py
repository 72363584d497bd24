"""What a process that is there all day gives back to the system."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any


@cache
def _trim() -> Any:
    """The C library's way to give back what is free, null where it has none (it is of glibc)."""
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None


def give_back_memory() -> None:
    """Give back what is free. By itself the C library keeps it: what a library's names took once, for good."""
    if (trim := _trim()) is not None:
        trim(0)
