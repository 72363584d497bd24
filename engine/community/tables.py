"""Tables of community data and features as headers and cells: CSV, JSON Lines, Parquet, recognised by content.

Separators of CSV are commas, semicolons or tabs. What is nested in JSON Lines or Parquet is not a cell.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from decimal import Decimal
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any

import msgspec

from engine.community.bad_lines import UNREADABLE
from engine.community.files import DataFile, Peekable, files
from engine.community.reading import Reading
from engine.errors import UnreadableFileError
from engine.spreadsheet import is_before_table, is_guarded, unguarded

_MAX_FIELD = 131_072  # no name or genre list is longer; an unclosed quote is
_MAX_LINE = 1 << 22  # a matrix names all its artists in one
_SEPARATORS = re.compile(r"[\",;\t\r\n]")
_QUOTED_LINES = (
    20  # a quote that so many lines do not close is part of a name, as every lone one between tabs
)
TABLE_ENDINGS = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".parquet")
_PACKED = re.compile(r"\.(gz|zst)$")
MAX_BYTES = 4 << 30  # a table unpacked beyond this is a broken or hostile archive
_PARQUET = b"PAR1"
_BATCH = 16_384

Table = tuple[list[str], Iterator[list[str]]]


def tables(path: Path) -> list[DataFile]:
    """Each file at `path` that may be a table, in a stable order; a single file may have any name."""
    found = files(path)
    if path.is_file() and [file.name for file in found] == [path.name]:
        return found
    return [file for file in found if _PACKED.sub("", file.name.lower()).endswith(TABLE_ENDINGS)]


@contextmanager
def read_table(table: DataFile, reading: Reading | None = None) -> Iterator[Table]:
    """The header of a table and its other lines as cells, read one by one and reported to `reading`.

    Raises UnreadableFileError naming the table where it is damaged, and the line where that is not CSV.
    """
    if reading is not None:
        reading.enter(table.shown)
    with table.opened() as binary:
        start = binary.peek(1 << 18)
        if start.startswith(_PARQUET):
            with _of_parquet(table, binary, reading) as found:
                yield found
            return
        form = _of_json_lines if start.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"{") else _of_csv
        with as_text(binary, start) as text, form(table, text, reading) as found:
            yield found


@contextmanager
def _of_csv(table: DataFile, text: IO[str], reading: Reading | None) -> Iterator[Table]:
    lines = _lines(table.shown, text)
    first, before = next(lines, ""), 0
    while first and is_before_table(first):
        if reading is not None:
            reading.took(first)
        first, before = next(lines, ""), before + 1
    if reading is not None:
        reading.took(first)
    delimiter = max(",;\t", key=first.count)
    lines = _closed(lines, 0 if delimiter == "\t" else _QUOTED_LINES)
    # The limit is the whole process's: an importer may have raised it.
    csv.field_size_limit(_MAX_FIELD)
    reader = csv.reader([first], delimiter=delimiter)
    try:
        header = next(reader, [])
        reader, before = csv.reader(_reported(lines, reading), delimiter=delimiter), before + 1
        found = _readable(reader, reading)
        yield header, ([unguarded(cell) for cell in row] for row in found) if is_guarded(header) else found
    except csv.Error as error:
        raise UnreadableFileError(
            f"{table.shown}, line {before + reader.line_num}: {error}. Is it a CSV file?"
        ) from error


def _readable(rows: Iterator[list[str]], reading: Reading | None) -> Iterator[list[str]]:
    """The rows of a csv reader that it can read: after one it cannot, it goes on with the next line."""
    while True:
        try:
            yield from rows
            return
        except csv.Error:
            if reading is not None:
                reading.refuse("line with a field longer than any name")


@contextmanager
def as_text(binary: Peekable, start: bytes) -> Iterator[io.TextIOWrapper]:
    """Text by the byte-order mark, else UTF-8, else what Windows spreadsheets write (cp1252)."""
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    else:
        try:
            # Incremental, since the peeked part may end inside a character.
            codecs.getincrementaldecoder("utf-8")().decode(start)
            encoding = "utf-8-sig"
        except UnicodeDecodeError:
            encoding = "cp1252"
    text = io.TextIOWrapper(binary, encoding=encoding, errors="replace", newline="")
    try:
        yield text
    finally:
        text.detach()


def _lines(name: str, text: IO[str]) -> Iterator[str]:
    """The lines. One that no table has is passed over, so that no memory holds all of it: its beginning alone is there,
    without what separates cells, which makes it a single one that is longer than any.

    Raises UnreadableFileError for more than a table unpacks to.
    """
    size = 0
    while line := text.readline(_MAX_LINE):
        size += len(line)
        piece, whole = line, len(line)
        while len(piece) == _MAX_LINE and not piece.endswith(("\n", "\r")) and size <= MAX_BYTES:
            piece = text.readline(_MAX_LINE)
            size, whole = size + len(piece), whole + len(piece)
        if whole > _MAX_LINE:
            line = _SEPARATORS.sub(" ", line)
        if size > MAX_BYTES:
            raise UnreadableFileError(
                f"{name} unpacks to more than {MAX_BYTES >> 30} GiB. Is it a table of tracks?"
            )
        yield line


def _closed(lines: Iterator[str], ahead: int) -> Iterator[str]:
    """The lines, without the quotes of one in which one opens that none of so many lines `ahead` closes: it would take
    all up to the next such line into a name, and they would be lost without a word."""
    for line in lines:
        if not line.count('"') % 2:
            yield line
            continue
        behind = list[str]()
        for other in islice(lines, ahead):
            behind.append(other)
            if other.count('"') % 2:
                yield line
                break
        else:
            yield line.replace('"', "")
        yield from behind


def _reported(lines: Iterable[str], reading: Reading | None) -> Iterator[str]:
    for line in lines:
        if reading is not None:
            reading.took(line)
        yield line


@contextmanager
def _of_json_lines(table: DataFile, text: IO[str], reading: Reading | None) -> Iterator[Table]:
    """Objects as rows: the first one's keys are the header."""
    decode = msgspec.json.Decoder(dict[str, Any]).decode

    def objects() -> Iterator[dict[str, Any]]:
        for line in _reported(_lines(table.shown, text), reading):
            try:
                yield decode(line)
            except UNREADABLE:
                if line.strip() and reading is not None:
                    reading.refuse("line that is not JSON, or cut short")

    rows = objects()
    first = next(rows, {})
    header = list(first)
    yield header, ([_cell(row.get(key)) for key in header] for row in chain([first], rows) if row)


@contextmanager
def _of_parquet(table: DataFile, binary: Peekable, reading: Reading | None) -> Iterator[Table]:
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise UnreadableFileError(
            f"{table.shown} is a Parquet file, which takes PyArrow to read: pip install 'discover-music[parquet]'."
        ) from error
    # Parquet is read from its end, and a tar archive cannot seek.
    if not binary.seekable():
        raise UnreadableFileError(
            f"{table.shown} is a Parquet file in a tar archive. Unpack it, and choose the folder."
        )
    try:
        file = ParquetFile(binary)
        if reading is not None:
            reading.enter(table.shown, "row")
        plain = [field.name for field in file.schema_arrow if not field.type.num_fields]

        def rows() -> Iterator[list[str]]:
            for batch in file.iter_batches(_BATCH, columns=plain):
                for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    cells = list(map(_cell, row))
                    if reading is not None:
                        reading.took(", ".join(cells))
                    yield cells

        yield plain, rows()
    except ArrowException as error:
        raise UnreadableFileError(f"{table.shown} is not a complete Parquet file: {error}.") from error


def columns_of(header: Sequence[str], roles: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Which column (from 0) plays which role, by its name: lower case, other characters as one `_`.

    Of a role's names earlier ones are preferred.

    >>> columns_of(["Artist", "Song Title"], {"artist": ("artist",), "track": ("title", "song_title")})
    {'artist': 0, 'track': 1}
    """
    places: dict[str, int] = {}
    for index, cell in enumerate(header):
        places.setdefault(re.sub(r"[^a-z0-9]+", "_", cell.lower()).strip("_"), index)
    columns: dict[str, int] = {}
    for role, names in roles.items():
        for name in names:
            if name in places and places[name] not in columns.values():
                columns[role] = places[name]
                break
    return columns


def cell_of(cells: Sequence[str], index: int) -> str:
    """A cell, without blanks around it; empty where the line is shorter."""
    return cells[index].replace("\x00", "").strip() if index < len(cells) else ""


def _cell(value: object) -> str:
    """A value as text, empty for what is none or too long for a name; bytes are text, else an id."""
    if isinstance(value, bytes):
        with suppress(UnicodeDecodeError):
            return _cell(value.decode())
        return _cell(value.hex())
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return ""
    text = str(value)
    return text if len(text) <= _MAX_FIELD else ""
