"""Names from outside, made safe to show on a terminal. Standard library only: the command line uses it too."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

# Joiners and direction marks spell words in some scripts and are harmless; every other control is not.
_HARMLESS = frozenset("\u200c\u200d")


@lru_cache(maxsize=20_000)
def shown(text: str) -> str:
    """A name as it may be drawn: control characters, which a terminal would obey, become a visible mark."""
    if text.isprintable():
        return text
    return "".join(
        c if c in _HARMLESS or unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} else "\ufffd"
        for c in text
    )
