"""What typed settings may be: each gives the value as it is used, or raises ValueError with what is expected."""

from __future__ import annotations

import re
from typing import Any


def player(value: Any) -> str:
    """A command that plays music, as it is typed in a shell."""
    import shlex

    if isinstance(value, str) and value.isprintable():
        try:
            shlex.split(value)
        except ValueError:
            raise ValueError("a command with matching quotes") from None
        if not value.strip() or any(name in value for name in ("{artist}", "{track}", "{query}")):
            return value.strip()
    raise ValueError("a command with {query}, or {artist} and {track}")


def contact(value: Any) -> str:
    """Where one can be written to."""
    # It goes into a header of a request, which holds one line of ASCII.
    if isinstance(value, str) and value.isascii() and value.isprintable() and len(value) <= 100:
        return value.strip()
    raise ValueError("a page or a mail address, in ASCII and up to 100 letters")


def mpd(value: Any) -> str:
    """Where MPD is."""
    # A host and port, or a socket's path, a password before it.
    if (
        isinstance(value, str)
        and value.isprintable()
        and re.fullmatch(r"(|off|(\S+@)?(/.+|\S+:\d{1,5})|@.+)", value)
    ):
        return value
    raise ValueError("host:port, the path of a socket, or off")
