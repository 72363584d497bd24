"""Reads the databases of beets and Navidrome: files and their tags.

Paths are as that program sees them: beets' are relative to its `directory` since 2.10, and a server in a container sees
other folders than the person. Facts: beets 2.14, Navidrome's tables since 0.55."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from engine.audio.tags import Tags
from engine.audio.walk import NOT_UTF8, UNREADABLE_FILE, Found, LeftOut, is_gone, is_utf8
from engine.errors import UnreadableFileError, UsageError, reason
from engine.store.guarded import MAGIC, as_os_errors, bound, read_only_tables, select
from engine.store.music_files import Kind

NOT_THERE = "file that is not where the database says"
_COLUMNS: dict[Kind, tuple[str, set[str]]] = {
    "beets": ("items", {"path", "title", "artist", "length", "bpm", "mb_trackid"}),
    "navidrome": ("media_file", {"path", "title", "artist", "duration"}),
}


class Entry(NamedTuple):
    """A file as a database describes it."""

    found: Found
    tags: Tags


def kind_of(path: Path) -> Kind | None:
    """Which program wrote this database; null for any other file. Raises OSError."""
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            return None
    with _opened(path) as (_, tables):
        for kind, (table, columns) in _COLUMNS.items():
            if columns <= tables.get(table, frozenset()):
                return kind
    return None


def entries(
    path: Path, kind: Kind, music: str | None, left_out: LeftOut, unseen: set[str]
) -> Iterator[Entry]:
    """The files in a database that exist; `left_out` collects the others by reason, `unseen` those that could not be
    checked.

    `music` is the folder they are in on this machine. Raises UsageError if that is needed, or ambiguous for several
    libraries, and UnreadableFileError for a damaged database.
    """
    try:
        with _opened(path) as (database, tables):
            described = (
                _beets(database, tables, path, music)
                if kind == "beets"
                else _navidrome(database, tables, music)
            )
            for file, tags in described:
                if not is_utf8(file):
                    left_out.setdefault(NOT_UTF8, []).append(file)
                    continue
                try:
                    about = Path(file).stat()
                except (OSError, ValueError) as error:
                    gone = isinstance(error, OSError) and is_gone(error)
                    left_out.setdefault(NOT_THERE if gone else UNREADABLE_FILE, []).append(file)
                    if not gone:
                        unseen.add(file)
                else:
                    yield Entry(Found(file, about.st_size, about.st_mtime_ns), tags)
    except OSError as error:
        raise UnreadableFileError(f"{path} cannot be read ({reason(error)}).") from error


@contextmanager
def _opened(path: Path) -> Iterator[tuple[sqlite3.Connection, Mapping[str, frozenset[str]]]]:
    """A read-only connection to a database another program may have open, and its columns by table.

    Raises OSError if it is damaged.
    """
    with (
        as_os_errors(),
        # Not `immutable`: it may be written to meanwhile.
        closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=10)) as database,
    ):
        # Recent writes may be in the write-ahead log.
        log = path.with_name(f"{path.name}-wal")
        bound(database, path.stat().st_size + (log.stat().st_size if log.exists() else 0))
        yield database, read_only_tables(database)


def _beets(
    database: sqlite3.Connection, tables: Mapping[str, frozenset[str]], path: Path, music: str | None
) -> Iterator[tuple[str, Tags]]:
    below = music or _directory(path.with_name("config.yaml"))
    wanted = _those_there(
        ("path", "title", "artist", "album", "length", "bpm", "mb_trackid", "original_year", "year"),
        tables["items"],
    )
    for raw, *tags in select(database, "items", wanted, "ORDER BY id"):
        file = os.fsdecode(raw) if isinstance(raw, bytes) else str(raw)
        if not PurePosixPath(file).is_absolute():
            if below is None:
                raise UsageError(
                    f"{path} names files below the folder of beets' settings, which are not beside it. Say which "
                    "folder that is: --music DIR."
                )
            file = os.path.join(below, file)  # noqa: PTH118 - a name that is not UTF-8 stays as it is
        yield file, _tags(*tags)


def _directory(config: Path) -> str | None:
    """beets' music folder: the line `directory: …` of its settings."""
    try:
        with config.open(encoding="utf-8", errors="replace") as file:
            text = file.read(1 << 20)
    except OSError:
        return None
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key == "directory" and (value := value.strip()):
            quoted = value[0] in "'\""
            found = value[1:].partition(value[0])[0] if quoted else value.partition(" #")[0].rstrip()
            return os.path.expanduser(found)  # noqa: PTH111 - beets' own words
    return None


def _navidrome(
    database: sqlite3.Connection, tables: Mapping[str, frozenset[str]], music: str | None
) -> Iterator[tuple[str, Tags]]:
    columns = tables["media_file"]
    # Not a join, which could list every file under every library.
    roots = dict(database.execute("SELECT id, path FROM library")) if "library_id" in columns else {}
    if music and len(roots) > 1:
        raise UsageError(
            "This server has several libraries, which no single --music DIR holds. Add their folders."
        )
    wanted = _those_there(
        (
            *("library_id", "path", "title", "artist", "album", "duration", "bpm", "mbz_recording_id"),
            *("original_year", "year", "release_year"),
        ),
        columns,
    )
    there = "WHERE NOT missing" if "missing" in columns else ""
    for library, file, *tags in select(database, "media_file", wanted, f"{there} ORDER BY id"):
        at = str(file)
        if PurePosixPath(at).is_absolute():
            # From before servers had several libraries: absolute paths with an unknown prefix.
            at = at if music is None else at.lstrip("/")
        if not PurePosixPath(at).is_absolute():
            at = os.path.join(music or _text(roots.get(library)), at)  # noqa: PTH118 - as above
        yield at, _tags(*tags)


def _tags(
    title: object,
    artist: object,
    album: object,
    seconds: object,
    bpm: object,
    recording: object,
    *years: object,
) -> Tags:
    """Tags from a database row, in the order both queries select."""
    return Tags(
        _text(artist),
        _text(title),
        _text(album),
        _real(seconds),
        _real(bpm),
        _text(recording),
        tuple(map(_text, years)),
    )


def _those_there(names: Sequence[str], columns: frozenset[str]) -> list[str]:
    """Columns for a SELECT, with null for those the table does not have."""
    return [name if name in columns else "NULL" for name in names]


def _text(value: object) -> str:
    return str(value) if value is not None else ""


def _real(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
