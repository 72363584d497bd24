"""Checks of settings: each returns the value as used, or raises ValueError with what is expected."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection
from typing import Any


def player(value: Any) -> str:
    """A command that plays music, as typed in a shell."""
    # Late, with its patterns: most people have set no player, and the first paint would wait.
    import shlex

    from tuiapp.settings.player_lines import expected_instead

    if isinstance(value, str) and value.isprintable():
        try:
            words = shlex.split(value)
        except ValueError:
            raise ValueError("a command with matching quotes") from None
        if instead := expected_instead(words):
            raise ValueError(instead)
        if not value.strip() or any(name in value for name in ("{artist}", "{track}", "{query}")):
            return value.strip()
    raise ValueError("a command with {query}, or {artist} and {track}")


def service(services: Collection[str]) -> Callable[[Any], str]:
    """Where to search for music: one of the services, or one's own address."""

    def check(value: Any) -> str:
        if isinstance(value, str) and "://" in value:
            if value.startswith(("https://", "http://")) and "{query}" in value and value.isprintable():
                return value
            raise ValueError("an address that starts with https:// and contains {query}")
        return one_of(tuple(services), "a service, or an address with {query}")(value)

    return check


def stream(value: Any) -> str:
    """An address that mpv plays; a name is nowhere in it where it could be an address itself."""
    if isinstance(value, str) and value.isprintable():
        address = value.strip()
        if re.fullmatch(r"(|(ytdl://\w+:|https?://[^\s/{}]+/)[^{}]*\{(query|track)\}.*)", address):
            return address
    raise ValueError("ytdl://ytsearch:{query}, or an address that starts with https:// and contains {query}")


def contact(value: Any) -> str:
    """A contact: a page or mail address."""
    # It is sent in a request header, which is one line of ASCII.
    if isinstance(value, str) and value.isascii() and value.isprintable() and len(value) <= 100:
        return value.strip()
    raise ValueError("a page or a mail address, in ASCII and up to 100 letters")


def mpd(value: Any) -> str:
    """MPD's address."""
    # A host and port, or a socket's path, optionally after a password.
    if (
        isinstance(value, str)
        and value.isprintable()
        and re.fullmatch(r"(|off|(\S+@)?(/.+|\S+:\d{1,5})|@.+)", value)
    ):
        return value
    raise ValueError("host:port, the path of a socket, or off")


def server(value: Any) -> str:
    """The address of one's own server; checked further on use."""
    if isinstance(value, str) and value.isprintable() and re.fullmatch(r"(|https?://[^\s@?#]+)", value):
        return value
    raise ValueError("an address that begins with https://, without a name or password")


def one_of(choices: tuple[str, ...], what: str) -> Callable[[Any], str]:
    """One of a few values, ignoring case; `what` is for the error."""

    def check(value: Any) -> str:
        for choice in choices:
            if isinstance(value, str) and value.casefold() == choice.casefold():
                return choice
        from engine.canonical_keys import nearest

        close = nearest(value, choices, 1) if isinstance(value, str) else []
        raise ValueError(what + (f"; did you mean {close[0]}?" if close else f": {', '.join(choices)}"))

    return check


def at_least(least: int, kind: str, *, whole: bool = False, above: bool = False) -> Callable[[Any], Any]:
    """A number from `least` on, or above it."""

    def check(value: Any) -> int | float:
        number = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
        if (
            number
            and abs(value) <= 1e6
            and math.isfinite(value)
            and (value > least if above else value >= least)
        ):
            return int(value) if whole else value
        raise ValueError(f"{kind}, {f'more than {least}' if above else f'{least} or more'}")

    return check
