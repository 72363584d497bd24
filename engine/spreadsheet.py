"""What spreadsheets do to a CSV: cells that one would run as formulas, escaped and read back, and lines before a table.

Standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

# Columns of the playlists this program writes, which TuneMyMusic and Soundiiz recognize.
PLAYLIST_COLUMNS = (
    "Track name",
    "Artist name",
    "Album",
    "Playlist name",
    "Type",
    "ISRC",
    "Spotify - id",
)
# One column more if tracks have reasons.
REASON = "Reason"
# The last column, of empty cells: whether names that begin like formulas are guarded. Earlier versions wrote none, and
# guarded all but the names of `csv-as-is`.
GUARDED, EXACT = "Guarded names", "Exact names"
# What begins a formula (OWASP, CSV Injection), full-width signs too. After any apostrophes, so that a name that itself
# begins with one is read back unchanged.
_FORMULA = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")

# A line for spreadsheets before a table, perhaps saved by one with as many cells as the table has.
_SEPARATOR = re.compile(r"\ufeff?\s*\"?sep=(?:.\"?|\"[^\w\s]\")?[,;\t|\s]*", re.IGNORECASE)


def guarded(cell: str) -> str:
    """The cell, with an apostrophe in front if a spreadsheet would take it for a formula.

    >>> guarded("=1+1"), guarded("'-Lark"), guarded("Moire")
    ("'=1+1", "''-Lark", 'Moire')
    """
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unguarded(cell: str) -> str:
    """The inverse of `guarded`.

    >>> unguarded("'=1+1"), unguarded("''-Lark"), unguarded("'Round Midnight")
    ('=1+1', "'-Lark", "'Round Midnight")
    """
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def is_own(header: Sequence[str]) -> bool:
    """Whether a table says that this program wrote it: each cell is one name, where services put several artists into
    one."""
    return bool({GUARDED.lower(), EXACT.lower()} & set(_columns(header)))


def is_guarded(header: Sequence[str]) -> bool:
    """Whether a table has guarded cells: it says so, or has the playlist columns of an earlier version."""
    there = _columns(header)
    earlier = [column.lower() for column in (*PLAYLIST_COLUMNS, REASON)]
    return GUARDED.lower() in there or there in (earlier, earlier[:-1])


def _columns(header: Sequence[str]) -> list[str]:
    return [cell.strip().lower() for cell in header]


def is_before_table(line: str) -> bool:
    """Whether a line is blank, or tells spreadsheets how the cells after it are separated.

    >>> is_before_table("sep=;"), is_before_table('"sep=,",,,'), is_before_table("separate,artist,track")
    (True, True, False)
    """
    return not line.strip() or _SEPARATOR.fullmatch(line) is not None
