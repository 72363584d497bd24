"""Names from outside, made safe to show on a terminal. Standard library only: the command line uses it too."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

# Joiners spell words in some scripts, and signs before numbers are drawn; no other format character is. Of those, the
# ones that change the order of what is around them are shown, so that nothing can pose as something else.
_DRAWN = frozenset(
    "\u200c\u200d\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)
_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@lru_cache(maxsize=20_000)
def shown(text: str) -> str:
    """A name as it may be drawn: control characters, which a terminal would obey, become a visible mark; what is never
    seen, such as a soft hyphen or a blank without width, is left out."""
    return text if text.isprintable() else "".join(map(_drawn, text))


def _drawn(c: str) -> str:
    category = unicodedata.category(c)
    if category == "Cf" and c not in _REORDERING:
        return c if c in _DRAWN else ""
    return "\ufffd" if category in {"Cc", "Cf", "Cs", "Zl", "Zp"} else c
