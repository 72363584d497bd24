"""Byte streams in UTF-8, whatever they were written in."""

from __future__ import annotations

import codecs
from typing import IO

# The name of the error handler for bytes that are no UTF-8.
OTHER_BYTES = "as_cp1252"


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    """What is no UTF-8 was most likely written by Windows."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
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
