"""Files of published sets, found by their names at a path, and their lines."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from engine.community.files import DataFile, file_at, files
from engine.community.reading import Reading
from engine.errors import UnreadableFileError

_PACKED = (".gz", ".zst")


def named(path: Path, beside: Sequence[str] = ()) -> dict[str, DataFile]:
    """The files at `path` by their names, without the ending of what packs them; of two of one name the first.

    What is called so (`beside`) in the folder of a file or archive comes with it. Nothing where nothing can be read.
    """
    try:
        # Only files directly in a folder: one that has several sets in subfolders is not a set itself.
        if path.is_dir():
            found = [file_at(file, file.name) for file in sorted(path.iterdir()) if file.is_file()]
        else:
            found = files(path)
    except (UnreadableFileError, OSError):
        return {}
    if path.is_file():
        places = (path.with_name(name + packed) for name in beside for packed in ("", *_PACKED))
        found = [*found, *(file_at(place, place.name) for place in places if place.is_file())]
    there: dict[str, DataFile] = {}
    for file in found:
        there.setdefault(file.name.removesuffix(".gz").removesuffix(".zst"), file)
    return there


def lines_of(file: DataFile, reading: Reading, encoding: str = "utf-8") -> Iterator[str]:
    """The lines of a file, without their ends, reported to `reading`. What cannot be decoded is marked."""
    reading.enter(file.shown)
    took = reading.took
    with file.opened() as binary:
        for line in io.TextIOWrapper(binary, encoding, errors="replace", newline="\n"):
            took(line)
            yield line.rstrip("\r\n").lstrip("\ufeff")
