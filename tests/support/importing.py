"""What the import tests share: a library of their own and made-up export files."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

from engine.imports.report import Report
from engine.imports.run import import_paths
from engine.paths import Folders
from engine.privacy import Door
from engine.store.database import open_library

SONG, OTHER = ("Café Tundra", "Harbour Lights"), ("Ida & the Oaks", "Tin Roof")
START = 1_709_406_060  # 2024-03-02T19:01:00Z


_MADE = tempfile.TemporaryDirectory(prefix="libraries-of-tests-")


@cache
def _made() -> Path:
    """A new library, made once a process: its upgrades from the first version on take four fifths of opening it."""
    folders = Folders(Path(_MADE.name))
    open_library(Door(folders)).close()
    return folders.database


def library(folder: Path) -> sqlite3.Connection:
    """The library below `folder`, a new one if there is none."""
    door = Door(Folders(folder / "data"))
    if not door.folders.database.exists():
        door.make_folder(door.folders.root)
        shutil.copy(_made(), door.folders.database)
    return open_library(door)


def write(folder: Path, name: str, content: str | bytes | list[Any] | dict[str, Any]) -> Path:
    """A file; lists and dicts become JSON."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, (list, dict)):
        content = json.dumps(content, ensure_ascii=False)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def write_zip(folder: Path, name: str, members: dict[str, str | bytes]) -> Path:
    """A zip archive."""
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in members.items():
            archive.writestr(member, data)
    return path


def spotify(end: int, ms: int, song: tuple[str, str] = SONG, **keys: Any) -> dict[str, Any]:
    """A row of the extended streaming history."""
    from datetime import UTC, datetime

    return {
        "ts": datetime.fromtimestamp(end, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "platform": "ios",
        "ms_played": ms,
        "ip_addr": "192.0.2.7",
        "master_metadata_track_name": song[1],
        "master_metadata_album_artist_name": song[0],
        "master_metadata_album_album_name": "Slow Ferry",
        "spotify_track_uri": f"spotify:track:{abs(hash(song)) % 10**20:022d}",
        "spotify_episode_uri": None,
        "reason_end": "trackdone",
        "skipped": False,
        "incognito_mode": False,
        **keys,
    }


def lastfm(*plays: tuple[int, tuple[str, str]]) -> str:
    """A Last.fm table with seconds."""
    lines = ["uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid"]
    lines += [f'"{at}","","{song[0]}","","","","{song[1]}",""' for at, song in plays]
    return "\n".join(lines) + "\n"


def check(report: Report) -> Report:
    """Every row is accounted for, in each file and in all."""
    for file in report.files:
        assert file.read == file.kept + file.duplicates + sum(file.dropped.values()), file
        assert set(file.first_at) == set(file.dropped)
        assert all(1 <= row <= file.read for row in file.first_at.values())
    totals = report.as_dict()["totals"]
    assert totals["read"] == totals["kept"] + totals["duplicates"] + sum(totals["dropped"].values())
    return report


def bring(connection: sqlite3.Connection, *paths: Path, **options: Any) -> Report:
    """Import and check the sums, and what every listen must have."""
    report = check(import_paths(connection, list(paths), **options))
    # What has a date says by what clock.
    assert not connection.execute(
        "SELECT count(*) FROM listens WHERE (started_at IS NULL) <> (precision IS NULL)"
    ).fetchone()[0]
    return report


def listens(connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
    """(start, artist, title, ms played, source) of all listens by time."""
    return connection.execute(
        "SELECT l.started_at, a.name, t.title, l.ms_played, l.source FROM listens l JOIN tracks t ON t.id = l.track_id "
        "JOIN artists a ON a.id = t.artist_id ORDER BY l.started_at, l.id"
    ).fetchall()


def one(db: sqlite3.Connection, path: Path, **options: Any) -> Any:
    """The report on a single file that was imported."""
    report = bring(db, path, **options)
    assert len(report.files) == 1
    return report.files[0]


def starts(db: sqlite3.Connection) -> list[tuple[int | None, str, str]]:
    """(start, artist, title) of all listens by time."""
    return [row[:3] for row in listens(db)]
