"""What a data folder holds, so that two of them can be compared whatever the time is."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.training.in_use import folder_named_by

_HIDDEN = ("library.sqlite", "library.sqlite-wal", "library.sqlite-shm", "library.sqlite-journal")
# What a training that was killed left to go on from, and nothing else, may lie there until the next one.
UNFINISHED = "models/unfinished"
# Of manifests, what no two trainings have in common; and the file that says how fast an index was.
_OF_ITS_TIME = {"id", "trained", "seconds", "parts", "index"}
_TIMED = "index/index.json"
# A folder that is whole and takes another's place.
_WHOLE = re.compile(r"^(?P<in>(?:packs|models)/)\.(?P<of>.+)\.new(?P<inside>/.*)?$")
_POINTERS = ("current", "current-tracks", "current-before", "current-tracks-before")


@dataclass
class Kept:
    """The rows of each table, how often each is there; files by name with what is in them; `litter`, by name, what
    somebody who was killed was just writing; what is wrong with the library and with backups,
    by file."""

    rows: dict[str, Counter[str]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    litter: list[str] = field(default_factory=list, compare=False)
    damage: dict[str, str] = field(default_factory=dict)

    def difference(self, other: Kept) -> str:
        """Where two differ, in a few words."""
        tables = [name for name in self.rows | other.rows if self.rows.get(name) != other.rows.get(name)]
        files = [name for name in self.files | other.files if self.files.get(name) != other.files.get(name)]
        return f"{', '.join(tables)} {', '.join(sorted(files)[:3])} {self.damage or ''}".strip()


def kept(data: Path, without: Collection[str] = ("mark",)) -> Kept:
    """What there is in a data folder, which is not changed by looking; some columns are left out."""
    found = Kept()
    with tempfile.TemporaryDirectory(dir=data.parent.parent) as beside:
        for name in _HIDDEN:
            if (data / name).exists():
                shutil.copy2(data / name, beside)
        if (Path(beside) / _HIDDEN[0]).exists():
            try:
                with contextlib.closing(sqlite3.connect(Path(beside) / _HIDDEN[0])) as connection:
                    _rows(connection, found, without)
            except sqlite3.DatabaseError as error:
                found.damage[_HIDDEN[0]] = str(error)
    _files(data, found)
    return found


def files_kept(data: Path) -> Kept:
    """The same without the library's rows, which take longer to look at."""
    found = Kept()
    _files(data, found)
    return found


def below(folder: Path | str) -> Iterator[os.DirEntry[str]]:
    """All that lies in a folder and in those in it, each folder before what is in it, in the order of names."""
    with os.scandir(folder) as inside:
        entries = sorted(inside, key=lambda entry: entry.name)
    for entry in entries:
        yield entry
        if entry.is_dir(follow_symlinks=False):
            yield from below(entry.path)


def _rows(connection: sqlite3.Connection, found: Kept, without: Collection[str]) -> None:
    (whole,) = connection.execute("PRAGMA integrity_check").fetchone()
    orphans = connection.execute("PRAGMA foreign_key_check").fetchall()
    if whole != "ok" or orphans:
        found.damage[_HIDDEN[0]] = f"{whole}, {len(orphans)} orphans"
    connection.text_factory = bytes
    now = time.time()
    for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
        table = name.decode()
        columns = [row[1].decode() for row in connection.execute(f"PRAGMA table_info({table})")]
        chosen = [column for column in columns if column not in without]
        rows = connection.execute(f"SELECT {', '.join(chosen)} FROM {table}")
        # By name, without nulls: a column that an upgrade adds, with nothing in it yet, is no other row.
        found.rows[table] = Counter(
            repr(
                {
                    name: _timeless(value, now)
                    for name, value in zip(chosen, row, strict=True)
                    if value is not None
                }
            )
            for row in rows
        )


def _timeless(value: Any, now: float) -> Any:
    """A value, unless it is a time of today."""
    return "now" if isinstance(value, int) and abs(value - now) < 86_400 else value


def _files(data: Path, found: Kept) -> None:
    models = data / "models"
    roles: dict[str, str] = {}
    for pointer in _POINTERS:
        if name := folder_named_by(models / pointer):
            roles.setdefault(name, f"<{pointer}>")
    around = f"{data.parent}/"
    for entry in below(data.parent):
        name = entry.path.removeprefix(around).removeprefix("data/")
        if (new := _WHOLE.search(name)) and not (data / new["in"] / new["of"]).exists():
            # Whoever looks next gives it the name.
            name = f"{new['in']}{new['of']}{new['inside']}"
        parts = name.split("/")
        if any(part.startswith(".") for part in parts):
            found.litter.append(name)
        elif name.startswith("backups/"):
            # Of a command that is run again there is one more. A damaged library is kept there as it was.
            if "-damaged." not in name and (wrong := _damage(Path(entry.path))):
                found.damage[name] = wrong
        elif entry.is_file() and name not in _HIDDEN:
            if parts[0] == "models" and len(parts) > 2:
                parts[1] = roles.get(parts[1], parts[1] if parts[1] == "unfinished" else "<nobody's>")
            found.files["/".join(parts)] = _content(entry, roles)


def _damage(backup: Path) -> str:
    """What is wrong with a backup; empty where nothing is."""
    try:
        with contextlib.closing(
            sqlite3.connect(f"{backup.as_uri()}?mode=ro&immutable=1", uri=True)
        ) as connection:
            (whole,) = connection.execute("PRAGMA integrity_check").fetchone()
    except sqlite3.DatabaseError as error:
        whole = str(error)
    return "" if whole == "ok" else f"{backup.name}: {whole}"


def _content(file: os.DirEntry[str], roles: dict[str, str]) -> str:
    if file.name in _POINTERS:
        return roles.get(folder_named_by(Path(file.path)), "")
    with open(file.path, "rb", buffering=0) as opened:
        data = opened.read()
    if file.name == "manifest.json":
        with contextlib.suppress(ValueError):
            of = json.loads(data)
            of.get("digests", {}).pop(_TIMED, None)
            data = json.dumps({key: of[key] for key in of if key not in _OF_ITS_TIME}).encode()
    if file.path.endswith(_TIMED):
        data = b""
    return hashlib.sha256(data).hexdigest()[:16]
