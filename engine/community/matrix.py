"""Rows of a matrix of listeners and artists, such as Last.fm's of Germany.

The header names the artists, a line begins with its listener, and each cell says whether they play that artist (1) or
not (0, or nothing).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from engine.community.files import DataFile
from engine.community.plays import ROLES
from engine.community.rows import Gathering, Row, Rows
from engine.community.tables import columns_of, read_table, tables
from engine.errors import UnreadableFileError

_LOOKED_AT = 20
# Of the first rows so many say yes or no alone: a damaged one costs itself.
_MIN_GOOD = 0.75
_MIN_COLUMNS = 3  # columns; two make any table of yes and no
_NO, _YES = frozenset(("", "0", "0.0")), frozenset(("1", "1.0"))


def _is_matrix(table: DataFile) -> bool:
    try:
        with read_table(table) as (header, rows):
            if len(header) < _MIN_COLUMNS or not _names_listeners(header[0]):
                return False
            first = [row for row in islice(rows, _LOOKED_AT) if row]
    except UnreadableFileError:
        return False
    good = [row[1:] for row in first if len(row) == len(header) and _is_yes_or_no(row[1:])]
    return len(good) >= _MIN_GOOD * len(first) and any(cell.strip() in _YES for row in good for cell in row)


def _is_yes_or_no(cells: Sequence[str]) -> bool:
    return all(cell in _YES or cell in _NO for cell in map(str.strip, cells))


def _names_listeners(heading: str) -> bool:
    return not heading.strip() or "listener" in columns_of([heading], ROLES)


def _recognises(path: Path) -> bool:
    try:
        return any(map(_is_matrix, tables(path)))
    except UnreadableFileError:
        return False


def _rows(path: Path, into: Gathering) -> Iterator[Row]:
    for table in filter(_is_matrix, tables(path)):
        with read_table(table, into.reading) as (header, rows):
            artists = header[1:]
            for cells in rows:
                if len(cells) == len(header):
                    yield from _of_listener(cells, artists, into)
                elif cells:
                    into.reading.refuse(f"not {len(header):,} columns")


def _of_listener(cells: Sequence[str], artists: Sequence[str], into: Gathering) -> Iterator[Row]:
    if not _is_yes_or_no(cells[1:]):
        into.reading.refuse("a cell that is neither 0 nor 1")
        return
    if not cells[0].strip():
        into.reading.refuse("no listener")
        return
    for artist, cell in zip(artists, cells[1:], strict=True):
        if cell.strip() in _YES:
            yield cells[0].strip(), artist, "", None


MATRIX = Rows(
    "matrix",
    "a matrix of listeners and artists (a table of 0 and 1 whose header names the artists)",
    "artists",
    _recognises,
    _rows,
    "has no line with a listener and a 1.",
)
