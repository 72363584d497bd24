"""What beets and Navidrome know of the files they keep, read from their databases.

A path in them is as that program sees it: beets names files below its own `directory` since 2.10, a server in a
container sees other folders than the person. Facts: beets 2.14, Navidrome's tables since 0.55.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from engine.audio.tags import Tags
from engine.audio.walk import NOT_UTF8, UNREADABLE_FILE, Found, is_utf8
from engine.errors import UnreadableFileError, UsageError
from engine.store.music_files import Kind

_MAGIC = b"SQLite format 3\x00"
NOT_THERE = "file that is not where the database says"
_DIRECTORY = re.compile(r"^directory:\s*(['\"]?)(?P<path>.+?)\1\s*(?:#.*)?$", re.MULTILINE)
_COLUMNS = {
    "beets": ("items", {"path", "title", "artist", "length", "bpm", "mb_trackid"}),
    "navidrome": ("media_file", {"path", "title", "artist", "duration"}),
}


class Entry(NamedTuple):
    """A file as a database describes it."""

    found: Found
    tags: Tags


def kind_of(path: Path) -> Kind | None:
    """Which program's database a file is; null for any other file. Raises OSError."""
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            return None
    with _open(path) as database:
        for kind, (table, columns) in _COLUMNS.items():
            there = {row[1] for row in database.execute("SELECT * FROM pragma_table_info(?)", (table,))}
            if columns <= there:
                return "beets" if kind == "beets" else "navidrome"
    return None


def entries(path: Path, kind: Kind, music: str | None, left_out: Counter[str]) -> Iterator[Entry]:
    """The files a database names that are there; `left_out` counts the others by reason.

    `music` is the folder they lie in here. Raises UsageError where that is needed, or is not known for several
    libraries, UnreadableFileError for a damaged database.
    """
    try:
        with _open(path) as database:
            described = _beets(database, path, music) if kind == "beets" else _navidrome(database, music)
            for file, tags in described:
                if not is_utf8(file):
                    left_out[NOT_UTF8] += 1
                    continue
                try:
                    about = Path(file).stat()
                except (FileNotFoundError, NotADirectoryError):
                    left_out[NOT_THERE] += 1
                except (OSError, ValueError):
                    left_out[UNREADABLE_FILE] += 1
                else:
                    yield Entry(Found(file, about.st_size, about.st_mtime_ns), tags)
    except sqlite3.Error as error:
        raise UnreadableFileError(f"{path} cannot be read as a database ({error}).") from error


class _open:  # noqa: N801 - used as the function it stands for
    """A database another program may have open, for reading."""

    def __init__(self, path: Path) -> None:
        # Never immutable: it may be written meanwhile.
        self._database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=10)

    def __enter__(self) -> sqlite3.Connection:
        return self._database

    def __exit__(self, *_: object) -> None:
        self._database.close()


def _beets(database: sqlite3.Connection, path: Path, music: str | None) -> Iterator[tuple[str, Tags]]:
    database.text_factory = lambda raw: raw.decode("utf-8", "replace")
    below = music or _directory(path.with_name("config.yaml"))
    for raw, title, artist, album, seconds, bpm, recording in database.execute(
        "SELECT path, title, artist, album, length, bpm, mb_trackid FROM items ORDER BY id"
    ):
        file = os.fsdecode(raw) if isinstance(raw, bytes) else str(raw)
        if not PurePosixPath(file).is_absolute():
            if below is None:
                raise UsageError(
                    f"{path} names files below the folder of beets' settings, which are not beside it. Say which "
                    "folder that is: --music DIR."
                )
            file = os.path.join(below, file)  # noqa: PTH118 - a name that is not UTF-8 stays as it is
        yield (
            file,
            Tags(_text(artist), _text(title), _text(album), _real(seconds), _real(bpm), _text(recording)),
        )


def _directory(config: Path) -> str | None:
    """Where beets keeps its music, as its settings say: a line `directory: …`."""
    try:
        text = config.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    found = _DIRECTORY.search(text[: 1 << 20])
    return os.path.expanduser(found["path"]) if found else None  # noqa: PTH111 - beets' own words


def _navidrome(database: sqlite3.Connection, music: str | None) -> Iterator[tuple[str, Tags]]:
    database.text_factory = lambda raw: raw.decode("utf-8", "replace")
    columns = {row[1] for row in database.execute("PRAGMA table_info(media_file)")}
    several = "library_id" in columns
    if music and several and database.execute("SELECT count(*) FROM library").fetchone()[0] > 1:
        raise UsageError(
            "This server has several libraries, which no single --music DIR holds. Add their folders."
        )
    wanted = ", ".join(
        f"f.{name}" if name in columns else "NULL"
        for name in ("path", "title", "artist", "album", "duration", "bpm", "mbz_recording_id")
    )
    library = (
        "LEFT JOIN library AS l ON l.id = f.library_id"
        if several
        else "CROSS JOIN (SELECT NULL AS path) AS l"
    )
    there = "WHERE NOT f.missing" if "missing" in columns else ""
    for root, file, title, artist, album, seconds, bpm, recording in database.execute(
        f"SELECT l.path, {wanted} FROM media_file AS f {library} {there} ORDER BY f.id"  # noqa: S608 - fixed names
    ):
        at = str(file)
        if PurePosixPath(at).is_absolute():
            # Of before servers had several libraries: whole paths, whose beginning is not known.
            at = at if music is None else at.lstrip("/")
        if not PurePosixPath(at).is_absolute():
            at = os.path.join(music or _text(root), at)  # noqa: PTH118 - as above
        yield (
            at,
            Tags(_text(artist), _text(title), _text(album), _real(seconds), _real(bpm), _text(recording)),
        )


def _text(value: object) -> str:
    return str(value) if value is not None else ""


def _real(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
