"""Whether this process may write caches: compiled modules and kernels are files too, though they say little."""

from __future__ import annotations

import sys

_kept = True
_bytecode = sys.dont_write_bytecode


def keep_caches(on: bool) -> None:
    """Allow caches or, in a private session, forbid them in the whole process. Idempotent."""
    global _kept
    _kept = on
    sys.dont_write_bytecode = _bytecode or not on


def caches_kept() -> bool:
    """Whether caches may be written anywhere."""
    return _kept
