"""The beginning of a file, with the properties that formats are recognized by."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import IO

import msgspec

from engine.imports.database import Rows
from engine.imports.encoding import OTHER_BYTES
from engine.imports.text import delimiter_of, normal, unquoted
from engine.spreadsheet import is_before_table
from engine.store.guarded import MAGIC

HEAD_BYTES = 1 << 16
# A column's name is no longer than this.
_MAX_NAME = 40
# So many lines are looked at.
_LINES = 60

# A JSON string, or what is left of one that is not closed. Nothing of it is looked at twice.
STRING = r'"(?:[^"\\]++|\\(?:.|\Z))*+(?:"|\Z)'
_KEY = re.compile(rf"({STRING})(\s*+:)?|([\[{{])|([\]}}])", re.DOTALL)

# What an array begins with: what is in it, after any values that are no record.
_ARRAY = re.compile(
    rf"\[\s*+(?:(?:null|true|false|-?\d[\d.eE+-]*+|{STRING})\s*+,\s*+)*+(?:[\[{{\]]|\Z)", re.DOTALL
)


class Head:
    """The first 64 KiB of a file and its base name; `whole` opens all of it. `inside`: it is a list in a document."""

    def __init__(
        self,
        name: str,
        data: bytes,
        whole: Callable[[], IO[bytes]] | None = None,
        *,
        inside: bool = False,
    ) -> None:
        self.name = name
        self.data = data
        self.inside = inside
        self._whole = whole

    def open(self) -> IO[bytes]:
        """All of the file. Raises OSError where only its beginning is known."""
        if self._whole is None:
            raise OSError("only its beginning is known")
        return self._whole()

    @property
    def is_database(self) -> bool:
        """Whether this is a SQLite database."""
        return self.data.startswith(MAGIC)

    @cached_property
    def is_binary(self) -> bool:
        """Whether this is not text: more than one of fifty characters is a control."""
        start = self.text[:4096]
        odd = sum((char < " " and char not in "\t\r\n\f") or "\x7f" <= char < "\xa0" for char in start)
        return odd * 50 > len(start) + 50

    @cached_property
    def header(self) -> list[str]:
        """The first line where it names the columns of a table: words, as many as the next line has cells."""
        cells = self.columns(self.delimiter)
        words = all(cell and len(cell) <= _MAX_NAME and not cell[0].isdigit() for cell in cells)
        rows = [
            len(self.columns_of_line(place, self.delimiter)) for place in range(1, min(6, len(self.lines)))
        ]
        return cells if len(cells) > 2 and words and rows and rows[0] == len(cells) else []

    @cached_property
    def tables(self) -> frozenset[str]:
        """The tables of a SQLite database, in lower case; none of any other file."""
        if not self.is_database or self._whole is None:
            return frozenset()
        try:
            with self._whole() as stream:
                return frozenset(Rows(stream).tables)
        except OSError:
            return frozenset()

    @cached_property
    def _cells(self) -> dict[tuple[int, str], list[str]]:
        """Cells of lines, cached by number and delimiter, since every format reads the first ones."""
        return {}

    @cached_property
    def text(self) -> str:
        """Decoded as the readers do, without a byte-order mark."""
        if self.data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return self.data.decode("utf-16", "replace")
        return self.data.decode("utf-8", OTHER_BYTES).removeprefix("\ufeff")

    @cached_property
    def is_guessed(self) -> bool:
        """Whether bytes that are not UTF-8 were taken for Windows code page 1252; the last letter may be cut."""
        if self.data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return False
        try:
            codecs.getincrementaldecoder("utf-8")().decode(self.data)
        except UnicodeDecodeError:
            return True
        return False

    @cached_property
    def lines(self) -> list[str]:
        """The first lines, without what is before a table; the last may be cut."""
        found = self.text.splitlines()[:_LINES]
        return found[next((place for place, line in enumerate(found) if not is_before_table(line)), 0) :]

    @cached_property
    def json(self) -> str:
        """`array`, `object`, `lines` (one object a line), or empty."""
        start = self.text.lstrip(" \t\r\n\0")
        if start.startswith("["):
            return "array" if _ARRAY.match(start) else ""
        if self._first_line is not None:
            return "lines"
        return "object" if start.startswith("{") else ""

    @cached_property
    def _first_line(self) -> int | None:
        """Where the first of lines that are objects begins in the text: those before are records that cannot be read.
        Null if it is no file of such lines."""
        start = self.text.lstrip(" \t\r\n\0")
        first, *others = start.split("\n", _LINES)
        at = len(self.text) - len(start)
        if (lines := _objects_from(first, *others)) is not None:
            return at + lines
        if not first.startswith("{"):
            return None
        if any(map(str.strip, others)) and not "".join(others).lstrip().startswith("{"):
            return None
        # Within an object what comes before a line that begins with a brace ends with one of these.
        if first.rstrip().endswith((":", ",", "[", "{")):
            others = []
        for line in (first, *others):
            if _is_object(line):
                return at
            at += len(line) + 1
        return None

    @cached_property
    def keys(self) -> frozenset[str]:
        """The keys of the first JSON object, its own ones only."""
        return self._keys(1)

    @cached_property
    def inner_keys(self) -> frozenset[str]:
        """The keys of the first JSON object and of those one and two levels inside it."""
        return self._keys(3)

    def _keys(self, levels: int) -> frozenset[str]:
        found: set[str] = set()
        if "{" not in self.text:
            return frozenset()
        opened: list[str] = []
        depth = 0  # of objects
        for match in _KEY.finditer(self.text, self._first_line or 0 if self.json == "lines" else 0):
            string, colon, opening, closing = match.groups()
            if opening:
                opened.append(opening)
                depth += opening == "{"
            elif closing and opened:
                depth -= opened.pop() == "{"
                if not opened or (found and not depth):
                    break
            elif colon and 0 < depth <= levels:
                found.add(string[1:-1])
        return frozenset(found)

    def columns(self, delimiter: str = "") -> list[str]:
        """The first line as a CSV header, normalised."""
        return self.columns_of_line(0, delimiter)

    def columns_of_line(self, number: int, delimiter: str = "") -> list[str]:
        """A line as CSV cells, normalised, separated as the first line is if no `delimiter` is given; empty when there
        is no such line."""
        delimiter = delimiter or self.delimiter
        if (number, delimiter) not in self._cells:
            try:
                line = next(
                    csv.reader(self.lines[number : number + 1], delimiter=delimiter, skipinitialspace=True),
                    [],
                )
                line = unquoted(line, delimiter)
            except csv.Error:
                line = []
            self._cells[number, delimiter] = list(map(normal, line))
        return self._cells[number, delimiter]

    @cached_property
    def delimiter(self) -> str:
        """The likeliest of those of `DELIMITERS`."""
        return delimiter_of(self.lines[0] if self.lines else "")

    def has_columns(self, *columns: str) -> bool:
        """Whether the header holds all of these (as `normal` writes them)."""
        return set(columns) <= set(self.columns())

    def has_keys(self, *keys: str) -> bool:
        """Whether the first JSON object holds all of these."""
        return set(keys) <= self.keys


def _is_object(line: str) -> bool:
    if not line.startswith("{"):
        return False
    try:
        msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return False
    return True


def _objects_from(*lines: str) -> int | None:
    """Where the first whole object begins in lines of which two that follow one another are: in an object over several
    lines, or a text, there are no such two. Null where there are none here."""
    at, first, before = 0, None, False
    for line in lines:
        if line.strip():
            whole = _is_object(line.lstrip(" \t"))
            first = at if whole and first is None else first
            if whole and before:
                return first
            before = whole
        at += len(line) + 1
    return None


def share(wanted: Sequence[str], found: frozenset[str] | set[str]) -> float:
    """Which part of `wanted` is there: how near a file comes to a format."""
    return sum(word in found for word in wanted) / len(wanted)
