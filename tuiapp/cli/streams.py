"""Standard output and error without control characters from names, paths or servers' replies.

Every command writes through these, so none can forget to escape.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from collections.abc import Iterator
from typing import ClassVar

from tuiapp.safe import shown

_LAID_OUT = re.compile(r"([\n\t])")


class Controls(str):
    """Control sequences of this program, never part of a name."""

    __slots__ = ()


ERASE_LINE = Controls("\r\x1b[K")


class SafeStream(io.TextIOWrapper):
    """A stream in which control characters other than line ends and tabs become a visible mark."""

    # The current streams, by their names in `sys`.
    there: ClassVar[dict[str, SafeStream]] = {}

    def __init__(self, before: io.TextIOWrapper, errors: str | None) -> None:
        """Replaces `before`, which is flushed."""
        super().__init__(
            before.buffer, before.encoding, errors, line_buffering=before.line_buffering, write_through=True
        )
        self.before = before

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self.before.isatty()

    def write(self, text: str) -> int:
        """Write text escaped; `Controls` unchanged."""
        if not (isinstance(text, Controls) or text.isprintable()):
            text = "".join(part if part in ("\n", "\t") else shown(part) for part in _LAID_OUT.split(text))
        return super().write(text)


@contextlib.contextmanager
def safe_streams() -> Iterator[None]:
    """Make standard output and error safe while the block runs, with a question mark for characters their encoding
    lacks (cp437, Latin-1)."""
    made: dict[str, SafeStream] = {}
    for name, errors in (("stdout", "replace"), ("stderr", None)):
        before = getattr(sys, name)
        if isinstance(before, io.TextIOWrapper) and not isinstance(before, SafeStream):
            before.flush()
            made[name] = SafeStream.there[name] = SafeStream(before, errors or before.errors)
            setattr(sys, name, made[name])
    try:
        yield
    finally:
        for name, safe in made.items():
            del SafeStream.there[name]
            # Click wraps it if the reader stops (head, a closed pager), until the program ends.
            if getattr(sys, name) is safe:
                setattr(sys, name, safe.before)
                _let_go(safe)


def _let_go(stream: SafeStream) -> None:
    """Leave the stream before it in its place. What it still could not write (a full disk), which was said, goes
    nowhere: Python would try again as it ends, and end with a code of its own."""
    try:
        stream.detach()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        stream.detach()


@contextlib.contextmanager
def streams_as_they_are() -> Iterator[None]:
    """Restore the original standard output and error while the block runs: for the app, which draws."""
    for name, safe in SafeStream.there.items():
        setattr(sys, name, safe.before)
    try:
        yield
    finally:
        for name, safe in SafeStream.there.items():
            setattr(sys, name, safe)
