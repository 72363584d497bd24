"""An import's report by file: every row read is kept, a duplicate, or dropped for a reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from engine.wording import quantity

if TYPE_CHECKING:
    from engine.job_messages import Imported, ImportedFile, ImportTotals

# The note on a file of which nothing else is known.
UNKNOWN = "not a listening history"


@dataclass
class FileReport:
    """One file. `read` = `kept` + `duplicates` + the sum of `dropped`, always.

    `root` is the path given that it was found under. `format` is None for an unknown format. `first_at` gives
    for each reason the position (from 1) of the first row left out for it. `undated` of the kept have no usable date.
    `unread`: it, or a part of it, could not be read. `on_disk` is the file it is or is in. `note` is a sentence for the
    person: what the file looks like, why it was not read, or that it was truncated.
    """

    path: str
    root: str = ""
    format: str | None = None
    read: int = 0
    kept: int = 0
    duplicates: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    first_at: dict[str, int] = field(default_factory=dict)
    undated: int = 0
    unread: bool = False
    note: str = ""
    on_disk: Path | None = None

    def drop(self, reason: str, row: int, count: int = 1) -> None:
        """Count rows left out, the first of them at `row`."""
        self.first_at.setdefault(reason, row)
        self.dropped[reason] = self.dropped.get(reason, 0) + count

    def as_dict(self) -> ImportedFile:
        """The keys of the command line's contract, then those of our own."""
        return {
            "path": self.path,
            "root": self.root,
            "format": self.format,
            "read": self.read,
            "kept": self.kept,
            "duplicates": self.duplicates,
            "dropped": dict(self.dropped),
            "first_at": dict(self.first_at),
            "undated": self.undated,
            "unread": self.unread,
            "note": self.note,
        }


@dataclass
class Report:
    """All files. `first` and `last` are the kept listens' ends, seconds since 1970 UTC; `artists` and `tracks`
    count those with a kept listen. `cancelled` is True when the person stopped it: whole files only. `no_backup` says
    why the library was not backed up before, if it was not."""

    files: list[FileReport] = field(default_factory=list)
    first: int | None = None
    last: int | None = None
    artists: int = 0
    tracks: int = 0
    cancelled: bool = False
    no_backup: str = ""

    @property
    def totals(self) -> ImportTotals:
        """The sums over all files."""
        dropped: dict[str, int] = {}
        for file in self.files:
            for reason, count in file.dropped.items():
                dropped[reason] = dropped.get(reason, 0) + count
        return {
            "read": sum(file.read for file in self.files),
            "kept": sum(file.kept for file in self.files),
            "duplicates": sum(file.duplicates for file in self.files),
            "dropped": dropped,
        }

    def as_dict(self) -> Imported:
        """The keys of the command line's contract."""
        return {
            "files": [file.as_dict() for file in self.files],
            "totals": self.totals,
            "first": self.first,
            "last": self.last,
            "artists": self.artists,
            "tracks": self.tracks,
            "no_backup": self.no_backup,
        }


def imported_whole(files: int) -> str:
    """What is kept of an import that ended before its end, in a sentence."""
    if not files:
        return "Nothing was imported."
    return f"{quantity(files, 'files were', 'file was')} imported completely, none partly."
