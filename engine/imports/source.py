"""A file of which the format is known, and its bytes as that format's readers take them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, cast

from engine.imports.ahead import Ahead
from engine.imports.encoding import Recoded, unmarked_utf16
from engine.imports.head import HEAD_BYTES, Head
from engine.imports.nested import SEQUENCE, Joined, Unwrapped, Way
from engine.imports.registry import Format
from engine.imports.walk import Member


@dataclass(frozen=True)
class Source:
    """A file and what it is.

    `known` is its SHA-256 where the same bytes were imported before and may be read otherwise now, else empty.
    `unmarked` is how it is written where only its bytes show that. `way` leads to its records where these are a list
    inside a JSON document.
    """

    member: Member
    format: Format
    known: str = ""
    unmarked: str = ""
    way: Way = ()

    def text(self, stream: Ahead, encoding: str | None) -> IO[bytes]:
        """All its bytes as the readers take them: in UTF-8 where it is known or the person said how it is written, and
        of a document the records alone."""
        text = _in_utf8(cast(IO[bytes], stream), encoding or self.unmarked)
        if self.way == SEQUENCE:
            return cast(IO[bytes], Joined(text))
        return cast(IO[bytes], Unwrapped(text, self.way, self.format.sniff)) if self.way else text


def head_of(member: Member, encoding: str | None) -> tuple[Head, str]:
    """The beginning of a file, and the form of UTF-16 without a mark that it is in. Raises `ARCHIVE_ERRORS`."""
    with member.open() as stream:
        data = _in_utf8(stream, encoding).read(HEAD_BYTES)
    unmarked = "" if encoding else unmarked_utf16(data)
    if unmarked:
        data = data.decode(unmarked, "replace").encode("utf-8", "replace")
    return Head(member.name, data, member.open), unmarked


def _in_utf8(stream: IO[bytes], encoding: str | None) -> IO[bytes]:
    # An `Ahead` is a raw stream: it has all that is asked of an open file, but not its type.
    return cast(IO[bytes], Recoded(stream, encoding)) if encoding else stream
