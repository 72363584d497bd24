"""Text and CSV rows from byte streams: byte-order marks, UTF-16 and Windows code pages included."""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import IO, TYPE_CHECKING, cast

from engine.imports.encoding import OTHER_BYTES
from engine.spreadsheet import is_before_table

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_MAX_FIELD = 10_000_000
_STREAM_BUFFER = 1 << 18
# A title may hold a few line breaks.
_MAX_LINES = 50
# Of a longer line the rest is passed over: it is not a row of a table.
_MAX_LINE = 16 << 20
# `FALSE` in the languages in which spreadsheets save it, and what programs write for it or for nothing.
_NO = frozenset(map(str.casefold, (
    "", "false", "f", "no", "n", "0", "0.0", "0,0", "off", "public", "null", "(null)", r"\n", "nil", "none", "nan",
    "na", "<na>", "n/a", "#n/a", "#nv", "undefined", "-",
    "\u2013", "\u2014", "falsch", "nein", "faux", "non",
    "falso", "não", "onwaar", "nee", "falskt", "nej", "falsk", "usann", "nei", "epätosi", "ei", "fałsz", "nie",
    "nepravda", "ne", "hamis", "nem", "ложь", "нет", "хибність", "ні", "yanlış", "yanliş", "hayır", "hayir",
    "ψευδης", "ψευδής", "fals", "nu", "netačno", "netočno", "netiesa",
    "лъжа", "väär", "aplams", "假", "否", "偽", "いいえ", "거짓", "아니요",
)))  # fmt: skip
# What separates the cells of a table, the likeliest first.
DELIMITERS = (",", ";", "\t", "|")


class Again:
    """A stream rewound after its beginning, `start`, was read."""

    closed = False

    def __init__(self, stream: IO[bytes]) -> None:
        self.start = self._left = stream.read(1 << 16)
        self._rest = stream

    def readable(self) -> bool:
        return True

    def readinto(self, target: bytearray | memoryview) -> int:
        data = self._left[: len(target)] or self._rest.read(len(target))
        self._left = self._left[len(target) :]
        target[: len(data)] = data
        return len(data)

    def seekable(self) -> bool:
        return False

    def writable(self) -> bool:
        return False

    def close(self) -> None:
        """The one who opened it closes it."""

    def flush(self) -> None:
        """Nothing is written."""


class _Short(io.RawIOBase):
    """A stream without what lines have beyond `_MAX_LINE`."""

    def __init__(self, stream: IO[bytes] | Again) -> None:
        super().__init__()
        self._stream = cast(io.RawIOBase, stream)
        self._length = 0  # of the line under way

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        while True:
            count = self._stream.readinto(buffer) or 0
            data = bytes(memoryview(buffer)[:count])
            ended = max(data.rfind(b"\n"), data.rfind(b"\r"))
            too_long = self._length > _MAX_LINE
            self._length = self._length + count if ended < 0 else count - ended - 1
            if not too_long or not count:
                return count
            if ended >= 0:
                rest = data[min(at for at in (data.find(b"\n"), data.find(b"\r")) if at >= 0) :]
                memoryview(buffer)[: len(rest)] = rest
                return len(rest)


def open_text(stream: IO[bytes] | Again) -> io.TextIOWrapper:
    """Text by the byte-order mark, else UTF-8; bytes that are not UTF-8 are read as Windows code page 1252."""
    buffered = io.BufferedReader(_Short(stream), _STREAM_BUFFER)
    start = buffered.peek(4)[:2]
    encoding = "utf-16" if start in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    errors = "replace" if encoding == "utf-16" else OTHER_BYTES
    return io.TextIOWrapper(buffered, encoding=encoding, errors=errors, newline="")


def lines(stream: IO[bytes]) -> Iterator[str]:
    """Lines without their ends."""
    for line in open_text(stream):
        yield line.rstrip("\r\n")


def delimiter_of(line: str) -> str:
    """What separates the cells of a line, the likeliest of `DELIMITERS`."""
    return max(DELIMITERS, key=line.count)


def rows(stream: IO[bytes] | Again, delimiter: str = "") -> Iterator[list[str]]:
    """CSV rows, separated as the first of them is if no `delimiter` is given; blank lines are not rows.

    A quote that is opened and not closed costs its own line, not those after it: a row of several lines that is
    not as wide as the first row, or not quoted as it should be, is taken line by line. Databases write a quote in a
    name as `\\"`.
    """
    # The limit is the whole process's: set where it is needed, since other readers need another.
    csv.field_size_limit(_MAX_FIELD)
    written = (line.replace("\0", "") for line in open_text(stream))
    first = next((line for line in written if not is_before_table(line)), "")
    delimiter = delimiter or delimiter_of(first)
    physical = _Lines(chain([first], written))
    width = 0
    reader = csv.reader(physical, delimiter=delimiter, skipinitialspace=True)
    while True:
        physical.taken.clear()
        try:
            row = next(reader)
        except StopIteration:
            return
        except (csv.Error, _TooLongError):
            row = []
        taken = physical.taken
        doubtful = not row or len(taken) > 1
        if (
            taken
            and (doubtful or '\\"' in taken[0])
            and (len(row) != (width or len(row)) or not _is_strict(taken, delimiter))
        ):
            escaped = _escaped(taken[0], delimiter)
            fits = bool(escaped) and len(escaped) == (width or len(escaped))
            if fits or doubtful:
                row = escaped if fits else taken[0].rstrip("\r\n").split(delimiter)
                physical.again.extendleft(reversed(taken[1:]))
                reader = csv.reader(physical, delimiter=delimiter, skipinitialspace=True)
        if len(row) == 1 and (not width or len(unquoted(row, delimiter)) == width):
            row = unquoted(row, delimiter)
        if row and (len(row) > 1 or row[0].strip()):
            # What is one cell is a line before the table.
            width = width or (len(row) if len(row) > 1 else 0)
            yield row


def _is_strict(taken: Sequence[str], delimiter: str) -> bool:
    """Whether lines are one row with every quote where it belongs."""
    try:
        return len(list(csv.reader(taken, delimiter=delimiter, skipinitialspace=True, strict=True))) == 1
    except csv.Error:
        return False


def _escaped(line: str, delimiter: str) -> list[str]:
    """The cells of a line whose quotes have a backslash before them; none where it is another."""
    try:
        return next(
            csv.reader([line], delimiter=delimiter, skipinitialspace=True, escapechar="\\", strict=True), []
        )
    except csv.Error:
        return []


def unquoted(cells: list[str], delimiter: str) -> list[str]:
    """The cells of a row that a spreadsheet with another separator had as a single one, and quoted as a whole.

    >>> unquoted(['1,"02 Mar 2024, 19:01",Burel'], ","), unquoted(["Burel"], ",")
    (['1', '02 Mar 2024, 19:01', 'Burel'], ['Burel'])
    """
    return (
        next(csv.reader(cells, delimiter=delimiter, skipinitialspace=True), []) if len(cells) == 1 else cells
    )


class _TooLongError(Exception):
    """No record has this many lines: a quote was not closed."""


class _Lines:
    """Lines for a csv reader; `taken` are those since it was emptied, `again` comes before the rest."""

    def __init__(self, source: Iterator[str]) -> None:
        self._source = source
        self.taken: list[str] = []
        self.again: deque[str] = deque()

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if len(self.taken) >= _MAX_LINES:
            raise _TooLongError
        line = self.again.popleft() if self.again else next(self._source)
        self.taken.append(line)
        return line


def is_yes(cell: str) -> bool:
    """Whether a cell that may be `TRUE` or `FALSE`, which spreadsheets save in their language, is not the latter, nor
    empty.

    >>> is_yes("True"), is_yes("WAHR"), is_yes("1.0"), is_yes("FALSCH"), is_yes("0"), is_yes("-"), is_yes("")
    (True, True, True, False, False, False, False)
    """
    return cell.strip().casefold() not in _NO


def normal(column: str) -> str:
    """A column's name as it is compared: lower case, stripped, straight apostrophes.

    >>> normal(" Artist Name ")
    'artist name'
    """
    return column.strip().lstrip("\ufeff").replace("\u2019", "'").strip().lower()


class Table:
    """Cells of one row by column name; missing columns and missing trailing cells are empty."""

    def __init__(self, header: Sequence[str]) -> None:
        self._places: dict[str, int] = {}
        for place, column in enumerate(header):
            self._places.setdefault(normal(column), place)
        self._row: Sequence[str] = ()

    def __contains__(self, column: str) -> bool:
        return column in self._places

    def name(self, place: int) -> str:
        """The column at this place, empty where it has none."""
        return next((column for column, there in self._places.items() if there == place), "")

    def at(self, row: Sequence[str]) -> Table:
        """Look at this row from now on."""
        self._row = row
        return self

    def __call__(self, *columns: str) -> str:
        """The first cell among these columns that is not empty."""
        for column in columns:
            place = self._places.get(column, -1)
            if 0 <= place < len(self._row):
                cell = self._row[place].strip()
                if cell:
                    return cell
        return ""
