"""Scans a music folder or a music database: reads new and changed files, forgets missing ones."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import TypeVar

from engine.audio.databases import entries
from engine.audio.tags import UNREADABLE, music_file, read_file
from engine.audio.walk import Found, LeftOut, audio_files
from engine.errors import CancelledError, UnreadableFileError, UsageError
from engine.paths import why_not_read
from engine.progress import Cancelled, StageReport
from engine.store.music_files import (
    AGAIN,
    MusicFile,
    MusicFolder,
    files_left_out,
    files_seen,
    files_without_year,
    music_folders,
    put_files,
    scan_ended,
)

LOOKING, READING = "looking for files", "reading tags"
_Item = TypeVar("_Item")
# Files saved at a time; a stopped scan continues after the last saved one.
_BATCH = 500


@dataclass(frozen=True, slots=True)
class ScanReport:
    """Result of a scan: usable files that are `new`, those `changed` and `gone`, and how many are unchanged. `left_out`
    lists files and folders that are not tracks, by reason."""

    new: int
    changed: int
    gone: int
    unchanged: int
    left_out: Mapping[str, Sequence[str]] = field(default_factory=dict, compare=False)


EMPTY = ScanReport(0, 0, 0, 0)


def scan(
    connection: sqlite3.Connection,
    folder: MusicFolder,
    report: StageReport | None = None,
    cancelled: Cancelled | None = None,
) -> ScanReport:
    """Update what is known of a folder.

    A file of the same size and time is not read again, except once for its year if an earlier version did not read
    that. Raises UnreadableFileError, with nothing changed, if the folder or all its known files are missing;
    CancelledError between batches.
    """
    if why := why_not_read(Path(folder.path)):
        raise UnreadableFileError(
            f"{folder.path} {why}. Nothing was changed: if it is on a drive, connect it; if it is gone, "
            f"remove it: discover library remove."
        )
    known = files_seen(connection, again=UNREADABLE)
    left_out: LeftOut = {}
    unseen: set[str] = set()
    found, read = _found(folder, left_out, unseen, report or _silent, cancelled or _never)
    if folder.kind == "folder":
        # A database has more than the file's tags.
        of_databases = {one.id for one in music_folders(connection) if one.kind != "folder"}
        found = [one for one in found if known.get(one.path, (0, 0, 0))[2] not in of_databases]
    before = [path for path, (_, _, of) in known.items() if of == folder.id]
    if before and not found:
        raise UnreadableFileError(
            f"None of the {len(before):,} files known in {folder.path} is there. Nothing was changed: if it is on a "
            "drive, connect it; if they are gone, remove it: discover library remove."
        )
    same = [one for one in found if known.get(one.path, (-1, -1, 0))[:2] == (one.size, one.modified)]
    still = 0
    for files in _read(_to_read(connection, folder, found, same), read, report, cancelled):
        put_files(connection, folder.id, files)
        still += sum(
            file.problem == UNREADABLE and known.get(file.path, (0, 0, 0))[0] == AGAIN for file in files
        )
    paths = {one.path for one in found}
    gone = [path for path in before if path not in paths and not _is_below(path, unseen)]
    scan_ended(
        connection,
        folder.id,
        gone=gone,
        moved=[one.path for one in same if known[one.path][2] != folder.id],
        left_out={reason: len(paths) for reason, paths in left_out.items()},
    )
    not_used = files_left_out(connection, folder.id)
    rest = {reason: [*left_out.get(reason, ()), *paths] for reason, paths in not_used.items()}
    added = {one.path for one in found} - known.keys()
    return ScanReport(
        len(added.difference(*not_used.values())),
        len(found) - len(same) - len(added) - still,
        len(gone),
        len(same) + still,
        {**left_out, **rest},
    )


def _to_read(
    connection: sqlite3.Connection, folder: MusicFolder, found: list[Found], same: list[Found]
) -> list[Found]:
    """Files that changed, or whose year was not read yet."""
    # A database's entries may change without the file, and are cheap to read.
    if folder.kind != "folder":
        return found
    unchanged, no_year = set(same), files_without_year(connection)
    return [one for one in found if one not in unchanged or one.path in no_year]


def _read(
    files: list[Found],
    read: Callable[[Found], MusicFile],
    report: StageReport | None,
    cancelled: Cancelled | None,
) -> Iterator[list[MusicFile]]:
    """The files' tags in batches; raises CancelledError between two of them."""
    done = 0
    for batch in _batches(files):
        if (cancelled or _never)():
            raise CancelledError(
                "Stopped; the files read so far are kept, and scanning again continues from there."
            )
        yield [read(one) for one in batch]
        done += len(batch)
        (report or _silent)(READING, done, len(files))


def _found(
    folder: MusicFolder, left_out: LeftOut, unseen: set[str], report: StageReport, cancelled: Cancelled
) -> tuple[list[Found], Callable[[Found], MusicFile]]:
    """Every file once, with the function that reads it."""
    found: dict[str, Found] = {}
    if folder.kind == "folder":
        for one in _reported(audio_files(folder.path, left_out, unseen), report, cancelled):
            found[one.path] = one
        return list(found.values()), lambda one: read_file(*one)
    tags = {}
    files = entries(Path(folder.path), folder.kind, folder.music, left_out, unseen)
    for entry in _reported(files, report, cancelled):
        found[entry.found.path], tags[entry.found.path] = entry
    return list(found.values()), lambda one: music_file(*one, tags[one.path])


def not_looked_at(folder: MusicFolder) -> LeftOut:
    """What of a folder could not be looked at, by reason, as it is now; empty where the folder itself cannot be."""
    left_out: LeftOut = {}
    if not why_not_read(Path(folder.path)):
        with contextlib.suppress(UnreadableFileError, UsageError):
            _found(folder, left_out, set(), _silent, _never)
    return left_out


def _is_below(path: str, unseen: set[str]) -> bool:
    """Whether a file or one of its folders could not be accessed."""
    return bool(unseen) and (
        path in unseen or any(str(folder) in unseen for folder in PurePath(path).parents)
    )


def _reported(items: Iterator[_Item], report: StageReport, cancelled: Cancelled) -> Iterator[_Item]:
    """The items, reporting progress and checking for cancellation on the way."""
    for count, item in enumerate(items, 1):
        if count % _BATCH == 0:
            if cancelled():
                raise CancelledError("Stopped. Nothing was changed.")
            report(LOOKING, count, 0)
        yield item


def _batches(found: list[Found]) -> Iterator[list[Found]]:
    return (found[start : start + _BATCH] for start in range(0, len(found), _BATCH))


def _silent(_stage: str, _done: int, _total: int) -> None: ...


def _never() -> bool:
    return False


def all_left_out(reports: Iterable[ScanReport]) -> dict[str, list[str]]:
    """What several scans left out, by reason."""
    found: dict[str, list[str]] = {}
    for report in reports:
        for reason, paths in report.left_out.items():
            found.setdefault(reason, []).extend(paths)
    return found
