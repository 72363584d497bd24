"""Rows of the Audioscrobbler set of 2005: listener, artist and plays by ids in `user_artist_data.txt`.

`artist_data.txt` has the artists' names, and `artist_alias.txt` says of misspelled ones which artist is meant.

In a folder or an archive; the files of samples have longer names (`user_artist_data_small.txt`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from engine.community.files import DataFile
from engine.community.named_files import lines_of, named
from engine.community.rows import Gathering, Row, Rows, count_in
from engine.errors import UnreadableFileError

_PLAYS, _ARTISTS, _ALIASES = "user_artist_data", "artist_data", "artist_alias"


def _found(path: Path) -> dict[str, DataFile]:
    """The three files by the beginning of their names; a file alone brings the others of its folder."""
    there = named(path, beside=[f"{name}.txt" for name in (_PLAYS, _ARTISTS, _ALIASES)])
    return {
        begin: file
        for begin in (_PLAYS, _ARTISTS, _ALIASES)
        for name, file in reversed(there.items())
        if name.startswith(begin) and name.endswith(".txt")
    }


def _recognises(path: Path) -> bool:
    there = _found(path)
    if _PLAYS not in there or _ARTISTS not in there:
        return False
    try:
        first = there[_PLAYS].beginning(256).decode("utf-8", "replace").splitlines()[:1]
    except UnreadableFileError:
        return False
    return bool(first) and len(first[0].split()) == 3 and all(map(str.isdigit, first[0].split()))


def _rows(path: Path, into: Gathering) -> Iterator[Row]:
    refuse, there = into.reading.refuse, _found(path)
    for name in (_PLAYS, _ARTISTS):
        if name not in there:
            raise UnreadableFileError(f"{path} has no {name}.txt. Choose the folder or archive that has it.")
    aliases = _aliases(there[_ALIASES], into) if _ALIASES in there else {}
    names = _names(there[_ARTISTS], into)
    into.collected, into.licence = "2005", "CC BY-NC-SA 1.0"
    folded = 0
    for line in lines_of(there[_PLAYS], into.reading):
        cells = line.split()
        if len(cells) != 3:
            refuse("not 3 columns")
            continue
        listener, artist, count = cells
        if artist in aliases:
            artist = aliases[artist]
            folded += 1
        if (called := names.get(artist)) is None:
            refuse("play of an unknown artist")
        elif (plays := count_in(count)) is None:
            refuse("no plays")
        else:
            yield listener, called, "", plays
    if folded:
        into.notes.append(
            f"{folded:,} lines of misspelled artists count for the artist meant (artist_alias.txt)."
        )


def _names(file: DataFile, into: Gathering) -> dict[str, str]:
    """Names by id: separated by a tab, in broken lines by blanks or not at all."""
    found: dict[str, str] = {}
    for line in lines_of(file, into.reading):
        number, _, name = line.partition("\t")
        if number.strip().isdigit() and name.strip():
            found[number.strip()] = name
        else:
            into.reading.refuse("artist without a name")
    return found


def _aliases(file: DataFile, into: Gathering) -> dict[str, str]:
    """Of each misspelled artist's id that of the one meant, through all steps; who goes round in a circle stays."""
    found: dict[str, str] = {}
    for line in lines_of(file, into.reading):
        cells = line.split()
        if len(cells) == 2 and all(map(str.isdigit, cells)):
            found[cells[0]] = cells[1]
        else:
            into.reading.refuse("alias without an artist")
    for artist in found:
        met = {artist}
        while found[artist] in found and found[artist] not in met:
            met.add(found[artist])
            found[artist] = found[found[artist]]
    return {artist: meant for artist, meant in found.items() if meant not in found}


AUDIOSCROBBLER = Rows(
    "audioscrobbler",
    "Audioscrobbler 2005 (user_artist_data.txt, artist_data.txt, artist_alias.txt)",
    "artists",
    _recognises,
    _rows,
    "has no line in user_artist_data.txt with a listener, a known artist and plays.",
)
