"""Rows of the HetRec 2011 Last.fm layout: tab-separated `artists.dat`, `user_artists.dat` and, where present, tags.

A folder or an archive with these files in it (PACKS.md). `artists.dat` is UTF-8 and `tags.dat` Latin-1 in the published
set.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from engine.community.files import DataFile
from engine.community.named_files import lines_of, named
from engine.community.rows import Gathering, Row, Rows, count_in
from engine.errors import UnreadableFileError

_REQUIRED = ("artists.dat", "user_artists.dat")
_YEAR = re.compile(r"(19|20)\d\d")


def _recognises(path: Path) -> bool:
    there = named(path)
    return all(name in there for name in _REQUIRED)


def _rows(path: Path, into: Gathering) -> Iterator[Row]:
    """Each listener's plays of an artist, then the tags of those artists, which show when it was collected, too."""
    there, refuse = named(path), into.reading.refuse
    for name in _REQUIRED:
        if name not in there:
            raise UnreadableFileError(f"{path} has no {name}. Choose the folder or zip that has it.")
    artists: dict[str, str] = {}
    for fields in _lines(there["artists.dat"], into):
        if len(fields) > 1 and fields[1].strip():
            artists[fields[0]] = fields[1]
        else:
            refuse("artist without a name")
    for fields in _lines(there["user_artists.dat"], into):
        plays = count_in(fields[2]) if len(fields) > 2 else None
        if plays is None:
            refuse("no plays")
        elif (artist := artists.get(fields[1])) is None:
            refuse("play of an unknown artist")
        else:
            yield fields[0], artist, "", plays
    if "tags.dat" in there and "user_taggedartists.dat" in there:
        _take_tags(there, artists, into)


def _take_tags(there: dict[str, DataFile], artists: dict[str, str], into: Gathering) -> None:
    words = {
        fields[0]: fields[1].strip()
        for fields in _lines(there["tags.dat"], into, "latin-1")
        if len(fields) > 1 and fields[1].strip()
    }
    for fields in _lines(there["user_taggedartists.dat"], into):
        artist, word = (artists.get(fields[1]), words.get(fields[2])) if len(fields) > 2 else (None, None)
        if artist is None or word is None or not into.tag(artist, "", word):
            into.dropped["tag of an unknown artist or word"] += 1
        if len(fields) > 5 and _YEAR.fullmatch(fields[5]):
            into.collected = max(into.collected, fields[5])


def _lines(file: DataFile, into: Gathering, encoding: str = "utf-8") -> Iterator[list[str]]:
    """Fields of every line after the header. Plain split: titles hold lone quotes."""
    for number, line in enumerate(lines_of(file, into.reading, encoding)):
        fields = line.split("\t")
        # Copies without the header line exist: a header is a first line whose first field is not a number.
        if number or fields[0].isdigit():
            yield fields


HETREC = Rows(
    "hetrec",
    "HetRec 2011 Last.fm layout",
    "artists",
    _recognises,
    _rows,
    "has no usable line in user_artists.dat (userID, artistID, weight).",
)
