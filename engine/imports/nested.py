"""Lists of records inside JSON documents: found at a file's beginning, and read as if each were all of the file.

Exporters wrap their rows (`{"history": [...]}`, `{"page": 1, "items": [...]}`), in one document or in many.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from typing import IO, TYPE_CHECKING

from engine.archives import ARCHIVE_ERRORS
from engine.imports.encoding import as_utf8
from engine.imports.head import HEAD_BYTES, Head
from engine.imports.json_stream import whole_objects

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_CHUNK = 1 << 20
# The next bracket outside strings, and what is before it. Nothing is looked at twice.
_BRACKET = re.compile(rb'((?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+")*+)([\[\]{}])', re.DOTALL)
_KEY = re.compile(rb'"((?:[^"\\]++|\\.)*+)"\s*+:\s*+\Z', re.DOTALL)
# Between two brackets there is not more than this in any history.
_MAX_BETWEEN = 8 << 20
# Lists deeper than this are not looked for, nor more at the beginning of a file.
_MAX_DEPTH, _MAX_LISTS = 6, 20

# Of records that begin a file and are of no known kind, so many are passed over, in so many bytes.
_MAX_PASSED, _MAX_PASSED_BYTES = 8, 1 << 19

# The keys that lead to a list, None for an element of another list.
Way = tuple[bytes | None, ...]
# No way to a list: the records are documents that follow one another.
SEQUENCE: Way = (b"\0",)
_NEXT = re.compile(rb"\s*+,?+\s*+\{")


class _Place:
    """Where in a document one is."""

    def __init__(self) -> None:
        self._open: list[bytes] = []
        self._way: list[bytes | None] = []

    def take(self, before: bytes, bracket: bytes) -> None:
        """Go on to this bracket, with what is `before` it."""
        if bracket in b"[{":
            if self._open:
                key = _KEY.search(before) if self._open[-1] == b"{" else None
                self._way.append(key[1] if key else None)
            self._open.append(bracket)
        else:
            del self._open[-1:], self._way[-1:]

    @property
    def way(self) -> Way:
        """The way to the bracket opened last."""
        return tuple(self._way)

    @property
    def in_list(self) -> bool:
        """Whether the bracket opened last is a list's, and one inside something."""
        return len(self._open) > 1 and self._open[-1] == b"["


def lists_of(head: Head) -> Iterator[tuple[Head, Way]]:
    """The beginnings of the lists of objects inside a document, with the way to each."""
    text = head.text.encode("utf-8", "replace") if head.json else b""
    place, seen, start, at = _Place(), set[Way](), 0, 0
    while (found := _BRACKET.match(text, at)) and len(seen) < _MAX_LISTS:
        at = found.end()
        if found[2] == b"{" and place.in_list and len(place.way) < _MAX_DEPTH and place.way not in seen:
            seen.add(place.way)
            yield Head(head.name, text[start:], inside=True), place.way
        place.take(found[1], found[2])
        start = at - 1 if found[2] == b"[" else start


def sequence_of(head: Head) -> Iterator[tuple[Head, Way]]:
    """The beginning of a list of the objects that follow one another in a file, each on lines of its own, as programs
    that filter JSON write them."""
    text = head.text.encode("utf-8", "replace") if head.json == "object" else b""
    depth = at = 0
    while found := _BRACKET.match(text, at):
        at = found.end()
        depth += 1 if found[2] in b"[{" else -1
        if depth <= 0:
            if _NEXT.match(text, at):
                yield Head(head.name, b"[" + text.lstrip()), SEQUENCE
            return


def later_records(head: Head) -> Iterator[Head]:
    """A list, or lines, as if begun at one of the next records: the first may be longer than a beginning, or of another
    kind, such as a line about the file. Those with the same keys are passed over."""
    data = _further(head) if head.json else b""
    # The keys of a line that is cut may be those of the others.
    seen = set[frozenset[str]]() if head.json == "object" else {head.keys}
    for start in islice(_starts(data, head), _MAX_PASSED):
        opened = b"[" if head.json == "array" else b""
        later = Head(head.name, opened + data[start : start + HEAD_BYTES])
        if later.json == (head.json if opened else "lines") and later.keys not in seen:
            seen.add(later.keys)
            yield later


def _starts(data: bytes, head: Head) -> Iterator[int]:
    """Where the records after the first begin."""
    if head.json == "array":
        yield from islice((start for start, _ in whole_objects(data)), 1, None)
        return
    # An object on several lines is one document.
    at = data.find(b"\n") if head.json == "lines" or "\n" not in head.text.strip() else -1
    while at >= 0:
        if data.startswith(b"{", at + 1):
            yield at + 1
        at = data.find(b"\n", at + 1)


def _further(head: Head) -> bytes:
    """The beginning of a JSON file in UTF-8, and more of it where that is known and there is more."""
    if len(head.data) < HEAD_BYTES or head.data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return head.text.encode("utf-8", "replace")
    with suppress(*ARCHIVE_ERRORS), head.open() as stream:
        # What the beginning was made of may be in another encoding.
        if stream.read(len(head.data)) == head.data:
            return (head.data + stream.read(_MAX_PASSED_BYTES)).removeprefix(codecs.BOM_UTF8)
    return head.text.encode("utf-8", "replace")


class _OneList(io.RawIOBase):
    """JSON rewritten as one list, in UTF-8, while it is read."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__()
        self._source = as_utf8(stream)
        self._depth = 0  # of the brackets open in what is taken, 0 outside of it
        self._any = self._ended = False
        self._rest = b""
        self._out = bytearray(b"[")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        target = memoryview(buffer)
        while not self._out and not self._ended:
            self._go_on()
        count = min(len(target), len(self._out))
        target[:count] = self._out[:count]
        del self._out[:count]
        return count

    def _go_on(self) -> None:
        """Take one more piece of the file."""
        chunk = self._source.read(_CHUNK)
        data, self._ended = self._rest + chunk, not chunk or len(self._rest) > _MAX_BETWEEN
        self._rest = data[self._rewrite(data) :]
        if self._ended and not self._depth:
            self._out += b"]"

    def _rewrite(self, data: bytes) -> int:
        """Put out what is taken of a piece; returns where the last bracket ends, from which on it is to come again."""
        raise NotImplementedError


class Unwrapped(_OneList):
    """A document's list at the end of `way` in UTF-8, and all beside it, as one list.

    Lists beside it are as deep, by other keys, and `accepts` says by a list's beginning whether it has such records. A
    document that is cut inside a list gives a list that is.
    """

    def __init__(self, stream: IO[bytes], way: Way, accepts: Callable[[Head], bool]) -> None:
        super().__init__(stream)
        self._accepts = accepts
        self._accepted = {way: True}
        self._elements = tuple(key is None for key in way)
        self._place = _Place()
        self._first = False

    def _rewrite(self, data: bytes) -> int:
        start = at = 0  # of what is taken, and behind the last bracket
        while found := _BRACKET.match(data, at):
            bracket = found[2]
            if self._depth:
                self._depth += 1 if bracket in b"[{" else -1
                if not self._depth:
                    self._place.take(b"", bracket)
                    self._take(data[start : found.end() - 1])
            else:
                if bracket == b"[" and len(data) - found.end() < HEAD_BYTES and not self._ended:
                    break
                self._place.take(found[1], bracket)
                start = found.end()
                self._first = bracket == b"[" and self._is_wanted(data[start - 1 : start + HEAD_BYTES])
                self._depth = int(self._first)
            at = found.end()
        if self._depth:
            end = len(data) if self._ended else at
            self._take(data[start:end])
        return at

    def _take(self, records: bytes) -> None:
        """Copy a part of a list, behind those before it."""
        if self._first and records.strip():
            self._out += b"," * self._any
            self._any, self._first = True, False
        self._out += records

    def _is_wanted(self, beginning: bytes) -> bool:
        """Whether the bracket taken last is that of a list to be taken."""
        way = self._place.way
        if not self._place.in_list or tuple(key is None for key in way) != self._elements:
            return False
        if way not in self._accepted:
            self._accepted[way] = self._accepts(Head("", beginning, inside=True))
        return self._accepted[way]


class Joined(_OneList):
    """Documents that follow one another, in UTF-8, as one list; one that is cut gives a list that is."""

    def _rewrite(self, data: bytes) -> int:
        start = at = 0
        while found := _BRACKET.match(data, at):
            at, opens = found.end(), found[2] in b"[{"
            if not self._depth and opens:
                # What is between documents is in none.
                self._out += b"," * self._any
                self._any, start = True, at - 1
            if self._depth or opens:
                self._depth += 1 if opens else -1
                self._out += b"" if self._depth else data[start:at]
        if self._depth:
            self._out += data[start : len(data) if self._ended else at]
        return at
