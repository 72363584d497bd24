"""Reads JSON arrays and JSON lines of any length in batches of typed records, a few megabytes at a time.

A record that cannot be read costs itself and nothing else, and a file that was cut off gives every record
before the cut: both show as `Broken` in the place of the record.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO, Any, Generic, TypeVar

import msgspec

from engine.imports.encoding import OTHER_BYTES, as_utf8

T = TypeVar("T", bound=msgspec.Struct)

_CHUNK = 2 << 20
# Without a place to cut in this much, records are taken one by one.
_MOST_PENDING = 32 << 20
_BEFORE_FIRST = re.compile(rb"^[\s]*\[?[\s]*")
_FIRST_KEY = re.compile(rb'^\s*\{\s*("(?:[^"\\]|\\.)*")')
_BETWEEN = re.compile(rb"\}\s*,\s*\{\s*$")


class Broken(msgspec.Struct, gc=False):
    """A record that cannot be read. `cut` is True when the file ends in the middle of it."""

    cut: bool = False


class Records(Generic[T]):
    """Decodes many records of one type; keys that are missing, null or of an odd type become the default."""

    def __init__(self, row: type[T]) -> None:
        self.row = row
        self._many = msgspec.json.Decoder(list[row])  # type: ignore[valid-type]
        self._one = msgspec.json.Decoder(row)

    def of_array(self, stream: IO[bytes]) -> Iterator[list[T | Broken]]:
        """Batches of the records of one JSON array. Bytes after the array are not looked at."""
        source = as_utf8(stream)
        buffer = _BEFORE_FIRST.sub(b"", source.read(_CHUNK), count=1)
        found = _FIRST_KEY.match(buffer)
        key = found[1] if found else b'"'
        while chunk := source.read(_CHUNK):
            buffer += chunk
            done, batch = self._whole_records(buffer, key)
            if done:
                buffer = buffer[done:]
                yield batch
        yield list(self._last_records(buffer, key))

    def of_lines(self, stream: IO[bytes]) -> Iterator[list[T | Broken]]:
        """Batches of the records of JSON lines; blank lines are not records."""
        source = as_utf8(stream)
        buffer = b""
        while chunk := source.read(_CHUNK):
            buffer += chunk
            end = buffer.rfind(b"\n") + 1
            yield self._lines(buffer[:end])
            buffer = buffer[end:]
        yield self._lines(buffer)

    def _lines(self, data: bytes) -> list[T | Broken]:
        try:
            return self._many.decode_lines(data)  # type: ignore[return-value]
        except (msgspec.DecodeError, UnicodeDecodeError):
            return [self.one(line) for line in data.splitlines() if line.strip()]

    def _whole_records(self, buffer: bytes, key: bytes) -> tuple[int, list[T | Broken]]:
        """How many bytes at the start hold whole records, and these. A wrong cut cannot decode: it leaves an
        open bracket or string."""
        place = len(buffer)
        for _ in range(4):
            place = buffer.rfind(key, 0, place)
            if place < 0:
                break
            between = _BETWEEN.search(buffer, max(0, place - 200), place)
            if between is None:
                continue
            cut = between.start() + 1
            try:
                records = self._many.decode(b"[" + buffer[:cut] + b"]")
            except (msgspec.DecodeError, UnicodeDecodeError):
                if len(buffer) < 2 * _CHUNK:
                    continue
                return between.end() - 1, list(self._one_by_one(buffer[:cut], key))
            return buffer.index(b"{", cut), records  # type: ignore[return-value]
        if len(buffer) > _MOST_PENDING:
            return len(buffer), list(self._one_by_one(buffer, key))
        return 0, []

    def _last_records(self, buffer: bytes, key: bytes) -> Iterator[T | Broken]:
        rest = buffer.strip()
        if not rest or rest == b"]":
            return
        try:
            yield from self._many.decode(b"[" + rest if rest.endswith(b"]") else b"[" + rest + b"]")
            if not rest.endswith(b"]"):
                yield Broken(cut=True)
        except (msgspec.DecodeError, UnicodeDecodeError):
            yield from self._one_by_one(rest, key, last=True)

    def _one_by_one(self, data: bytes, key: bytes, *, last: bool = False) -> Iterator[T | Broken]:
        """Each record on its own. A piece that is none may have been cut inside: it is tried with the next."""
        ended = data.rstrip().endswith(b"]") and last
        body = data.rstrip().removesuffix(b"]").rstrip() if ended else data.rstrip()
        cuts = [found.start() + 1 for found in re.finditer(rb"\}\s*,\s*(?=\{\s*" + re.escape(key) + rb")", body)]
        begin = 0
        tried: list[tuple[int, int]] = []
        for number, end in enumerate([*cuts, len(body)]):
            piece = body[begin:end].lstrip(b", \t\r\n")
            if not piece:
                continue
            record = self.one(piece)
            final = number == len(cuts)
            if isinstance(record, Broken) and final and last:
                record = Broken(cut=not ended)
            if not isinstance(record, Broken):
                tried.clear()
            elif tried and not isinstance(whole := self.one(body[tried[0][0] : end].lstrip(b", \t\r\n")), Broken):
                record = whole
                tried.clear()
            else:
                tried = [*tried[-6:], (begin, end)]
            yield record
            begin = end

    def one(self, piece: bytes) -> T | Broken:
        """One record, key by key when its types are not those expected."""
        try:
            return self._one.decode(piece)
        except (msgspec.DecodeError, UnicodeDecodeError):
            pass
        try:
            found = msgspec.json.decode(piece.decode("utf-8", OTHER_BYTES))
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return Broken()
        return self._key_by_key(found) if isinstance(found, dict) else Broken()

    def _key_by_key(self, found: dict[str, Any]) -> T:
        values: dict[str, Any] = {}
        for field in msgspec.structs.fields(self.row):
            if field.encode_name not in found:
                continue
            try:
                values[field.name] = msgspec.convert(found[field.encode_name], field.type, strict=False)
            except msgspec.ValidationError:
                continue
        return self.row(**values)
