"""Tables of community data and features: found in files, archives and folders, and read as cells.

Files may be plain, `.gz`, or inside a `.zip`; folders are walked. Separators are commas, semicolons or tabs.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, cast

from engine.errors import CancelledError, UnreadableFileError

_LONGEST_FIELD = 131_072  # no name or genre list is longer; an unclosed quote is
TABLE_ENDINGS = (".csv", ".tsv", ".txt")
MAX_BYTES = 4 << 30  # a table unpacked beyond this is a broken or hostile archive

Opener = Callable[[], IO[bytes]]


class Reading:
    """How far the text at a path is read (characters, of the bytes there are), and whether to go on."""

    def __init__(
        self,
        path: Path,
        progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> None:
        self._progress, self._cancelled = progress, cancelled
        self._done, self._total = 0, size_of(path) if progress is not None else 0

    def took(self, text: str) -> None:
        """A line was read."""
        self._done += len(text)

    def look(self) -> None:
        """Tell how far it is. Raises CancelledError when asked to stop."""
        if self._cancelled is not None and self._cancelled():
            raise CancelledError("Stopped; no pack was added.")
        if self._progress is not None:
            self._progress(min(self._done, self._total), self._total)


def size_of(path: Path) -> int:
    """Bytes of all files there, unpacked; 0 for what cannot be read."""
    try:
        if path.is_dir():
            return sum(size_of(file) for file in path.rglob("*") if file.is_file())
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                return sum(member.file_size for member in archive.infolist())
        size = path.stat().st_size
        with path.open("rb") as file:
            if file.read(2) != b"\x1f\x8b":
                return size
            # The last four bytes of a gzip are the size of what is in it.
            file.seek(max(0, size - 4))
            return int.from_bytes(file.read(4), "little")
    except (OSError, zipfile.BadZipFile):
        return 0


def tables(path: Path) -> Iterator[tuple[str, Opener]]:
    """The name and a way to open each table at `path`, in a stable order."""
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.is_file() and file.name.lower().removesuffix(".gz").endswith(TABLE_ENDINGS):
                yield from tables(file)
        return
    if not path.is_file():
        raise UnreadableFileError(f"{path} does not exist. Choose a CSV file, a zip or a folder.")
    with path.open("rb") as opened:
        magic = opened.read(4)
    if magic[:2] == b"\x1f\x8b":
        yield path.name, lambda: cast(IO[bytes], gzip.open(path, "rb"))  # noqa: SIM115 - the reader closes it
    elif magic == b"PK\x03\x04":
        yield from _tables_in_zip(path)
    else:
        yield path.name, lambda: path.open("rb")


def _tables_in_zip(path: Path) -> Iterator[tuple[str, Opener]]:
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                hidden = member.filename.startswith("__MACOSX/") or member.is_dir()
                if not hidden and member.filename.lower().endswith(TABLE_ENDINGS):
                    yield f"{path.name}/{member.filename}", partial(archive.open, member)
    except zipfile.BadZipFile as error:
        raise UnreadableFileError(f"{path.name} is not a readable zip archive: {error}.") from error


@contextmanager
def _as_text(binary: IO[bytes]) -> Iterator[io.TextIOWrapper]:
    """Text by the byte-order mark, else UTF-8, else what Windows spreadsheets write (cp1252)."""
    # An open file, which typeshed does not hold for the raw stream it is read as.
    buffered = io.BufferedReader(binary, 1 << 18)  # type: ignore[type-var]
    start = buffered.peek(1 << 18)
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    else:
        try:
            # Incremental, since the peeked part may end inside a character.
            codecs.getincrementaldecoder("utf-8")().decode(start)
            encoding = "utf-8-sig"
        except UnicodeDecodeError:
            encoding = "cp1252"
    text = io.TextIOWrapper(buffered, encoding=encoding, errors="replace", newline="")
    try:
        yield text
    finally:
        text.detach()


@contextmanager
def opened_table(name: str, open_table: Opener) -> Iterator[IO[bytes]]:
    """The bytes of a table. Raises UnreadableFileError naming it where it is damaged."""
    try:
        with open_table() as binary:
            yield binary
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
        raise UnreadableFileError(f"{name} cannot be read: {error}. Is the file whole?") from error


@contextmanager
def read_table(
    name: str, open_table: Opener, reading: Reading | None = None
) -> Iterator[tuple[list[str], Iterator[list[str]]]]:
    """The header of a table and its other lines as cells, read one by one and told to `reading`.

    Raises UnreadableFileError naming the table where it is damaged, and the line where that is not CSV.
    """
    with opened_table(name, open_table) as binary, _as_text(binary) as text:
        first = text.readline(1 << 16)
        if reading is not None:
            reading.took(first)
        delimiter = max(",;\t", key=first.count)
        header = next(csv.reader([first], delimiter=delimiter), [])
        # The limit is the whole process's: an importer may have raised it.
        csv.field_size_limit(_LONGEST_FIELD)
        reader = csv.reader(_limited(name, text, reading), delimiter=delimiter)
        try:
            yield header, reader
        except csv.Error as error:
            raise UnreadableFileError(
                f"{name}, line {reader.line_num + 1}: {error}. Is it a CSV file?"
            ) from error


def _limited(name: str, lines: Sequence[str] | IO[str], reading: Reading | None) -> Iterator[str]:
    size = 0
    for line in lines:
        size += len(line)
        if reading is not None:
            reading.took(line)
        if size > MAX_BYTES:
            raise UnreadableFileError(
                f"{name} unpacks to more than {MAX_BYTES >> 30} GiB. Is it a table of tracks?"
            )
        yield line


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
