"""Guesses what a file of unknown format is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import islice

from engine.imports.deezer import SHEET, is_workbook
from engine.imports.encoding import GUESSED
from engine.imports.head import Head, share
from engine.imports.registry import formats
from engine.imports.stamps import is_moment
from engine.imports.table import NAMES, flat_of_first, propose

# Names that files of any kind have, and those among them that are one service's own.
_GENERIC = frozenset(name for names in NAMES.values() for name in names) - {"uts", "ms_played", "msplayed"} | {
    "data", "datecreated", "exported_at", "header", "itemname", "itemtype", "listens", "meta", "ts", "version",
}  # fmt: skip

# Advice for any table.
MAP_IT = "Say which columns hold what: --map artist=COLUMN,track=COLUMN,time=COLUMN"
NAME_THEM = "Add a first line that names its columns, such as artist,album,track,time"

# Columns that are named of a table, and rows and cells of one without names that are looked at.
_MAX_NAMED, _ROWS, _CELLS = 8, 5, 50
_WORD = re.compile(r"[^\W\d_]{2}")


# Signatures of unsupported archives and workbooks.
_PACKED = (
    (b"Rar!", "RAR"), (b"7z\xbc\xaf\x27\x1c", "7-Zip"), (b"\x28\xb5\x2f\xfd", "Zstandard"),
    (b"\x04\x22\x4d\x18", "LZ4"),
)  # fmt: skip
_WORKBOOKS, _IN_WORKBOOKS = (".xls", ".ods", ".numbers"), (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


def _nearness(marks: Sequence[str], found: frozenset[str] | set[str]) -> float:
    """Which part of a format's marks is there; 0 below half of them, or where none is of its own."""
    near = share(marks, found) if found & (set(marks) - _GENERIC) else 0.0
    return near if near >= 0.5 else 0.0


def first_of(columns: Sequence[str]) -> str:
    """The first of many columns, and how many more there are."""
    more = len(columns) - _MAX_NAMED
    return ", ".join(columns[:_MAX_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def guess(head: Head) -> str:
    """What an unknown file resembles most, in words; empty if nothing."""
    if head.is_database:
        return f"is not a database of a known program ({', '.join(sorted(head.tables)[:6]) or 'damaged'})"
    if is_workbook(head):
        return f"is a workbook with no {SHEET}; save its table of plays as CSV"
    if head.name.lower().endswith(_WORKBOOKS) and head.data.startswith(_IN_WORKBOOKS):
        return "is a workbook; save its table of plays as CSV"
    for start, kind in _PACKED:
        if head.data.startswith(start):
            return f"is packed as {kind}, which is not read; unpack it and import what was in it"
    if head.data.startswith(b"bplist"):
        return "is a property list, not that of a music library"
    if head.is_binary:
        return ""
    found = _guess_of_text(head)
    # Its columns may be known ones, by another encoding.
    return f"{found}; {GUESSED}" if found and head.is_guessed else found


def _guess_of_text(head: Head) -> str:
    """What a text resembles most; empty if nothing."""
    if "<lfm" in head.text[:2000]:
        return "is an answer of Last.fm without plays; user.getRecentTracks gives them"
    columns = head.columns()
    if not head.json and {"artist", "track"} <= set(propose(columns)):
        return f"is a table of {first_of(columns)}; no column is known to hold the time: --map time=COLUMN"
    found = head.inner_keys | set(columns)
    best = max(formats(), key=lambda one: _nearness(one.marks, found))
    if _nearness(best.marks, found) > 0:
        missing = [mark for mark in best.marks if mark not in found]
        why = f"lacks {', '.join(missing)}" if missing else "is laid out in another way"
        return f"looks like {best.title}, but {why}"
    cells = head.header
    if not head.json and cells:
        return f"is a table of {first_of(cells)}. {MAP_IT}"
    if not head.json and _is_nameless(head):
        return f"is a table without names of its columns. {NAME_THEM}"
    first = flat_of_first(head) if head.json in ("array", "lines") else {}
    if _has_plays(first.values()):
        return f"is a list of {first_of(list(first))}. {MAP_IT}"
    return ""


def _is_nameless(head: Head) -> bool:
    """Whether all of the first lines have as many cells, and as plays do a time and two texts."""
    rows = [head.columns_of_line(place) for place in range(min(_ROWS, len(head.lines) - 1 or 1))]
    return len({len(row) for row in rows}) == 1 and all(map(_has_plays, rows))


def _has_plays(cells: Iterable[str]) -> bool:
    """Whether one cell is a time of day and two others are words."""
    cells = list(islice(cells, _CELLS))
    times = [cell for cell in cells if is_moment(cell)]
    words = [cell for cell in cells if cell not in times and _WORD.search(cell)]
    return bool(times) and len(words) > 1
