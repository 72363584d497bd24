"""Whether this process may write caches: compiled modules and kernels are files too, though they say little."""

from __future__ import annotations

import sys

# One for the process, as Python's own flag is. That cannot stand for it: who runs Python with -B has kernels kept.
_kept = True


def keep_caches(on: bool) -> None:
    """Allow caches or, in a private session, forbid them in the whole process. Idempotent."""
    global _kept
    _kept = on
    # `--private` sets it too, before anything is imported: how Python was started says what it is without.
    sys.dont_write_bytecode = bool(sys.flags.dont_write_bytecode) or not on


def caches_kept() -> bool:
    """Whether caches may be written anywhere."""
    return _kept
