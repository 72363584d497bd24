"""Converts byte streams to UTF-8."""

from __future__ import annotations

import codecs
import io
import re
from contextvars import ContextVar
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# The name of the error handler for bytes that are not UTF-8.
OTHER_BYTES = "as_cp1252"
# The note on a file with such bytes.
GUESSED = (
    "not UTF-8, so it was read as Windows-1252; if names look wrong, give its encoding with "
    "--encoding NAME, such as shift_jis or cp1251"
)
# Per thread, since imports in other threads count their own guesses.
_guessed: ContextVar[int] = ContextVar("guessed", default=0)
# Beginnings of binary files, and of those that declare their encoding.
_NO_TEXT = (b"PK", b"SQLite format 3\0", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"<?xml")
# What no text begins with.
_ODD = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffd]")


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    """Bytes that are not UTF-8 are most likely from Windows."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    _guessed.set(_guessed.get() + 1)
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error(OTHER_BYTES, _as_cp1252)


class _Transcoded:
    """UTF-16 bytes read as UTF-8."""

    def __init__(self, stream: IO[bytes], start: bytes) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-16")("replace")
        self._start = start

    def read(self, size: int = -1) -> bytes:
        data, self._start = self._start, b""
        while True:
            more = self._stream.read(size)
            text = self._decoder.decode(data + more, final=not more)
            if text or not more:
                return text.encode("utf-8", "replace")
            data = b""


class _Pushed:
    """A stream with some bytes put back in front."""

    def __init__(self, stream: IO[bytes], start: bytes) -> None:
        self._stream = stream
        self._start = start

    def read(self, size: int = -1) -> bytes:
        if self._start:
            data, self._start = self._start, b""
            return data + self._stream.read(max(0, size - len(data)) if size >= 0 else -1)
        return self._stream.read(size)


Readable = _Transcoded | _Pushed


def as_utf8(stream: IO[bytes]) -> Readable:
    """The stream without a byte-order mark, in UTF-8."""
    start = stream.read(3)
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return _Transcoded(stream, start)
    return _Pushed(stream, b"" if start == b"\xef\xbb\xbf" else start)


def all_of(stream: IO[bytes]) -> bytes:
    """All of the stream in UTF-8, without the NULs that some files begin with."""
    return as_utf8(stream).read().lstrip(b"\0 \t\r\n")


def guesses() -> int:
    """How often bytes that are not UTF-8 were taken for Windows code page 1252, since this thread began."""
    return _guessed.get()


def unmarked_utf16(start: bytes) -> str:
    """The form of UTF-16 that a file is in which begins so and has no byte-order mark; empty for any other.

    >>> unmarked_utf16("artist,track".encode("utf-16-be")), unmarked_utf16(b"artist,track")
    ('utf-16-be', '')
    """
    start = start[: min(256, len(start) // 2 * 2)]
    for name, low, high in (("utf-16-le", 0, 1), ("utf-16-be", 1, 0)):
        # Of such text most letters have a NUL beside them.
        nuls = start[high::2].count(0)
        text = start.decode(name, "replace") if nuls * 4 > len(start) and 0 not in start[low::2] else ""
        if len(text) > 4 and not _ODD.search(text):
            return name
    return ""


def is_encoding(name: str) -> bool:
    """Whether text may be written in this encoding."""
    try:
        return isinstance("".encode(name), bytes)
    except (LookupError, TypeError, ValueError):
        return False


class Recoded(io.RawIOBase):
    """The stream in UTF-8, decoded by the encoding the person named; binary files, and those that declare one, are
    unchanged."""

    def __init__(self, stream: IO[bytes], encoding: str) -> None:
        super().__init__()
        self._stream = stream
        self._left = stream.read(1 << 16)
        self._decoder = None
        if not self._left.startswith(_NO_TEXT) or self._left.startswith(codecs.BOM_UTF32_LE):
            self._decoder = codecs.getincrementaldecoder(encoding)("replace")
            self._left = self._decoder.decode(self._left).encode("utf-8", "replace")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        target = memoryview(buffer)
        while not self._left:
            data = self._stream.read(1 << 20)
            self._left = data
            if self._decoder:
                self._left = self._decoder.decode(data, final=not data).encode("utf-8", "replace")
            if not data:
                break
        given = self._left[: len(target)]
        self._left = self._left[len(target) :]
        target[: len(given)] = given
        return len(given)
