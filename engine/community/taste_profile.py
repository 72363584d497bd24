"""Rows of the Echo Nest Taste Profile: listener, song id and plays a line (`train_triplets.txt`), without a header.

Names are in `unique_tracks.txt` of the Million Song Dataset (`track<SEP>song<SEP>artist<SEP>title`), in the same folder
or archive. Without it songs are named by their ids, which match no library: a note says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from engine.community.files import DataFile
from engine.community.named_files import lines_of, named
from engine.community.rows import Gathering, Row, Rows, count_in
from engine.errors import UnreadableFileError

_NAMES = "unique_tracks.txt"
_TRIPLET = re.compile(r"[0-9a-f]{40}\tSO[0-9A-Z]{16}\t\d")


def _triplets(path: Path) -> list[DataFile]:
    found = []
    for file in named(path).values():
        try:
            if _TRIPLET.match(file.beginning(64).decode("utf-8", "replace")):
                found.append(file)
        except UnreadableFileError:
            continue
    return found


def _recognises(path: Path) -> bool:
    return bool(_triplets(path))


def _rows(path: Path, into: Gathering) -> Iterator[Row]:
    refuse = into.reading.refuse
    into.licence = "for research only"
    names_file = named(path, beside=[_NAMES]).get(_NAMES)
    names = _songs(names_file, into) if names_file is not None else None
    if names is None:
        into.notes.append(
            f"There is no {_NAMES} beside it: songs go by their ids, which no listening history knows. Put it there "
            "and add this again."
        )
    for file in _triplets(path):
        for line in lines_of(file, into.reading):
            cells = line.split("\t")
            if len(cells) != 3:
                refuse("not 3 columns")
            elif (plays := count_in(cells[2])) is None:
                refuse("no plays")
            else:
                song = cells[1]
                artist, title = (song, song) if names is None else names.get(song, ("", ""))
                if artist:
                    yield cells[0], artist, title, plays
                else:
                    refuse("song without a name")


def _songs(file: DataFile, into: Gathering) -> dict[str, tuple[str, str]]:
    """The artist and title of each song id; of several tracks of one song, the first's."""
    found: dict[str, tuple[str, str]] = {}
    for line in lines_of(file, into.reading):
        parts = line.split("<SEP>")
        if len(parts) == 4 and parts[2].strip() and parts[3].strip():
            found.setdefault(parts[1], (parts[2], parts[3]))
        else:
            into.reading.refuse("song without a name")
    return found


TASTE_PROFILE = Rows(
    "taste-profile",
    "Taste Profile triplets (train_triplets.txt, with unique_tracks.txt for names)",
    "tracks",
    _recognises,
    _rows,
    "has no line with a listener, a song and plays.",
)
