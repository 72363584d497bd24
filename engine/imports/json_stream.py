"""Reads JSON arrays and JSON lines of any length in batches of typed records, a piece at a time.

An unreadable record costs only itself, and a truncated file yields every record before the cut: both appear as `Broken`
in the record's place.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice
from typing import IO, Any, Generic, TypeVar, final, get_args, get_origin

import msgspec

from engine.imports.encoding import OTHER_BYTES, Readable, as_utf8
from engine.imports.head import STRING
from engine.imports.text import is_yes, normal, rows

T = TypeVar("T", bound=msgspec.Struct)

# Anything from 256 KiB to 4 MiB takes the same time; this keeps memory small.
_CHUNK = 1 << 20
# Rows of a table handed on at once.
_ROWS = 2000
# What decoding raises for a record that is broken, or nested deeper than any.
_UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)
# Without a place to cut in this many bytes, records are read one by one; no line is longer.
_MAX_PENDING = 32 << 20
_BEFORE_FIRST = re.compile(rb"^[\s\0]*\[?[\s]*")
_FIRST_KEY = re.compile(rb'\s*\{\s*("(?:[^"\\]++|\\.)*+")')
_TOKENS = re.compile(STRING.encode() + rb"|[{}]", re.DOTALL)
# A record is looked for in no more pieces than this.
_MAX_PIECES = 8
# Where an array ends that is the last value of its object.
_AFTER_LAST = re.compile(rb"\]\s*\}[\s}]*$")
_AROUND_RECORD = b", \t\r\n]"
_BETWEEN = re.compile(rb"\}\s*,\s*\{\s*$")
# A key, its colon and the bracket behind it.
_MAX_OPENING = 1000


@final
class Broken(msgspec.Struct, gc=False):
    """A record that cannot be read. `cut` is True when the file ends in the middle of it."""

    cut: bool = False


@cache
def _fields(row: type[msgspec.Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    """A record's fields, cached: determining them takes as long as reading a hundred records."""
    return msgspec.structs.fields(row)


class Records(Generic[T]):
    """Decodes many records of one type; keys that are missing, null or of an odd type become the default."""

    def __init__(self, row: type[T]) -> None:
        self.row = row
        # A type that is known only when this runs.
        self._many = msgspec.json.Decoder(list[row])  # type: ignore[valid-type]
        self._one = msgspec.json.Decoder(row)

    def of_array(self, stream: IO[bytes], within: str | None = None) -> Iterator[list[T | Broken]]:
        """Batches of the records of one JSON array: the whole file, or the value of the first key `within` in it.

        A file without that key, or whose value is not an array, is one broken record.
        """
        source = as_utf8(stream)
        start = source.read(_CHUNK)
        if within is not None:
            opening = re.compile(rb'"' + re.escape(within.encode()) + rb'"\s*:\s*(?=\[)')
            seen = 0
            while (found := opening.search(start, seen)) is None:
                chunk = source.read(_CHUNK)
                if not chunk or len(start) > _MAX_PENDING:
                    yield [Broken()]
                    return
                seen = max(0, len(start) - _MAX_OPENING)
                start += chunk
            start = start[found.end() :]
        # Always begins with the bracket of an array; what follows are records not yet decoded.
        buffer = bytearray(b"[" + _BEFORE_FIRST.sub(b"", start, count=1))
        first = _FIRST_KEY.match(buffer, 1)
        key = bytes(first[1]) if first else b'"'
        while chunk := source.read(_CHUNK):
            seen = len(buffer)
            buffer += chunk
            batch = self._take_whole(buffer, key, seen)
            if batch:
                yield batch
        rest = bytes(buffer[1:])
        yield list(self._last_records(_array_alone(rest) if within is not None else rest, key))

    def of_lines(self, stream: IO[bytes]) -> Iterator[list[T | Broken]]:
        """Batches of the records of JSON lines; blank lines are not records."""
        source = as_utf8(stream)
        buffer = b""
        while chunk := source.read(_CHUNK):
            buffer += chunk
            end = buffer.rfind(b"\n") + 1
            yield self._lines(buffer[:end])
            buffer = buffer[end:]
            if len(buffer) > _MAX_PENDING:
                yield [Broken()]
                buffer = _behind_line(source)
        yield self._lines(buffer)

    def of_documents(self, data: bytes) -> Iterator[list[T | Broken]]:
        """The records of JSON objects that follow one another, on lines of their own or on many."""
        yield list(self._objects(data.strip(), cut=True))

    def of_table(
        self, stream: IO[bytes], columns: Mapping[str, str] | None = None
    ) -> Iterator[list[T | Broken]]:
        """Batches of the records of a CSV whose columns are named like the keys; empty cells are missing. `columns`
        are other names of a column, as `normal` writes them, and the key of each."""
        body = rows(stream)
        keys = {field.encode_name.lower(): field.encode_name for field in _fields(self.row)}
        keys |= columns or {}
        header = [keys.get(normal(cell), "") for cell in next(body, [])]
        while batch := list(islice(body, _ROWS)):
            yield [
                self._key_by_key(
                    {key: cell for key, cell in zip(header, row, strict=False) if key and cell.strip()}
                )
                for row in batch
            ]

    def _lines(self, data: bytes) -> list[T | Broken]:
        try:
            return list(self._one.decode_lines(data))
        except _UNREADABLE:
            return [self.one(line) for line in data.splitlines() if line.strip()]

    def _take_whole(self, buffer: bytearray, key: bytes, seen: int) -> list[T | Broken]:
        """Take the complete records from the buffer, cutting after what was `seen` before.

        A wrong cut fails to decode, since it leaves an open bracket or string. The comma after the last whole record
        becomes the array's end for as long as it is decoded, and then the beginning of the next: copying the buffer for
        each cut would cost as much as decoding.
        """
        place = len(buffer)
        for _ in range(4):
            place = buffer.rfind(key, max(0, seen - len(key)), place)
            between = _BETWEEN.search(buffer, max(0, place - 200), max(0, place))
            if between is None:
                continue
            comma = buffer.index(b",", between.start())
            buffer[comma] = ord("]")
            records: list[T | Broken] | None = None
            with memoryview(buffer) as view, contextlib.suppress(*_UNREADABLE):
                records = self._many.decode(view[: comma + 1])
            if records is None and len(buffer) > 2 * _CHUNK:
                records = list(self._one_by_one(bytes(buffer[1:comma]), key))
            if records is not None:
                del buffer[:comma]
                buffer[0] = ord("[")
                return records
            buffer[comma] = ord(",")
        return self._take_scanned(buffer) if len(buffer) > _MAX_PENDING else []

    def _take_scanned(self, buffer: bytearray) -> list[T | Broken]:
        """Take complete records found by counting brackets: slow, for arrays whose records begin in many ways.

        A buffer without a complete record is given up as one broken record.
        """
        end = 0
        records: list[T | Broken] = []
        for start, end in whole_objects(buffer, 1):
            records.append(self.one(bytes(buffer[start:end])))
        del buffer[1 : end if records else len(buffer)]
        if records and (comma := buffer.find(b",", 1)) > 0 and not buffer[1:comma].strip():
            del buffer[1 : comma + 1]
        return records or [Broken()]

    def _last_records(self, buffer: bytes, key: bytes) -> Iterator[T | Broken]:
        rest = buffer.strip()
        if not rest or rest == b"]":
            return
        try:
            yield from self._many.decode(b"[" + rest if rest.endswith(b"]") else b"[" + rest + b"]")
            if not rest.endswith(b"]"):
                yield Broken(cut=True)
        except _UNREADABLE:
            yield from self._one_by_one(rest, key, last=True)

    def _one_by_one(self, data: bytes, key: bytes, *, last: bool = False) -> Iterator[T | Broken]:
        """Each record on its own, cut where its first key begins.

        A piece that is not a record may have been cut inside one: it is tried together with those after it.
        """
        body = data.rstrip()
        ended = last and body.endswith(b"]")
        body = body.removesuffix(b"]").rstrip() if ended else body
        between = re.compile(rb"\}\s*,\s*(?=\{\s*" + re.escape(key) + rb")")
        edges = [0, *[found.end() for found in between.finditer(body)], len(body)]
        first, pieces = 0, len(edges) - 1
        while first < pieces:
            for after in range(first + 1, min(first + _MAX_PIECES, pieces) + 1):
                record = self.one(body[edges[first] : edges[after]].rstrip(b", \t\r\n"))
                if not isinstance(record, Broken):
                    yield record
                    first = after
                    break
            else:
                final = first == pieces - 1 and last
                yield from self._objects(body[edges[first] : edges[first + 1]], cut=final and not ended)
                first += 1

    def _objects(self, piece: bytes, *, cut: bool) -> Iterator[T | Broken]:
        """The whole objects in a piece that is not one record, and `Broken` for what is not one."""
        end = 0
        for start, after in whole_objects(piece):
            if piece[end:start].strip(_AROUND_RECORD):
                yield Broken()
            yield self.one(piece[start:after])
            end = after
        if not end or piece[end:].strip(_AROUND_RECORD):
            yield Broken(cut=cut)

    def one(self, piece: bytes) -> T | Broken:
        """One record, key by key when its types are not those expected."""
        try:
            return self._one.decode(piece)
        except _UNREADABLE:
            pass
        try:
            found = msgspec.json.decode(piece.decode("utf-8", OTHER_BYTES))
        except _UNREADABLE:
            return Broken()
        return self.of(found)

    def of(self, found: Any) -> T | Broken:
        """The record of what was decoded, key by key."""
        return self._key_by_key(found) if isinstance(found, dict) else Broken()

    def _key_by_key(self, found: dict[str, Any]) -> T:
        values: dict[str, Any] = {}
        for field in _fields(self.row):
            if field.encode_name not in found:
                continue
            value = found[field.encode_name]
            try:
                values[field.name] = msgspec.convert(value, field.type, strict=False)
            except msgspec.ValidationError:
                if bool in get_args(field.type):
                    values[field.name] = is_yes(str(value))
                elif get_origin(field.type) is list and isinstance(value, list):
                    values[field.name] = _good_ones(value, get_args(field.type)[0])
        return self.row(**values)


def _behind_line(source: Readable) -> bytes:
    """What was read after the end of the current line."""
    while chunk := source.read(_CHUNK):
        if end := chunk.find(b"\n") + 1:
            return chunk[end:]
    return b""


def whole_objects(data: bytes | bytearray, first: int = 0) -> Iterator[tuple[int, int]]:
    """Where the outermost objects in `data` from `first` on begin and end, by counting brackets outside strings."""
    depth = start = 0
    for token in _TOKENS.finditer(data, first):
        char = token[0][:1]
        if char == b"{":
            start = token.start() if depth == 0 else start
            depth += 1
        elif char == b"}" and depth:
            depth -= 1
            if depth == 0:
                yield start, token.end()


def _good_ones(values: list[Any], wanted: Any) -> list[Any]:
    """The values of a list that have the expected type: another one must not cost the others."""
    good = []
    for value in values:
        with contextlib.suppress(msgspec.ValidationError):
            good.append(msgspec.convert(value, wanted, strict=False))
    return good


def _array_alone(rest: bytes) -> bytes:
    """The last records of an array and its closing bracket, without what follows it in its object."""
    text = rest.decode("utf-8", OTHER_BYTES)
    try:
        _, end = json.JSONDecoder().raw_decode("[" + text)
    except (ValueError, RecursionError):
        return _AFTER_LAST.sub(b"]", rest)
    return text[: end - 1].encode()
