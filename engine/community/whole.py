"""Checks packs for damage, byte by byte if their manifests have digests."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from engine.community import packs
from engine.community.damaged import damaged_in_words
from engine.errors import disk_trouble, reason
from engine.paths import Folders, bytes_of, digest_of


def damaged_packs(folders: Folders) -> Iterator[tuple[Path, str]]:
    """A sentence on each pack that is not whole, and its folder; all of every pack is read."""
    read, unread = packs.read_packs(folders)
    for name, said in unread.items():
        yield folders.packs / name, said
    for pack in read:
        folder = folders.packs / pack.name
        try:
            why = _why_damaged(folder)
        except (OSError, sqlite3.Error) as error:
            yield folder, disk_trouble(error, folder)
            continue
        if why:
            yield folder, damaged_in_words(folder, why)


def _why_damaged(folder: Path) -> str:
    """Empty where nothing is. Raises OSError and sqlite3.Error where the disk or the system is in the way."""
    try:
        manifest = json.loads(bytes_of(folder / "manifest.json"))
        kind, digest = manifest["kind"], manifest["digest"]
        if kind == "community":
            from engine.community.pack import Pack

            pack = Pack(folder)
            if why := pack.why_damaged():
                return why
            pack.mbids()
            pack.matrix()
        else:
            (table,) = folder.glob("*.sqlite")
            if digest_of(table) != digest:
                return "its bytes are not those that were written"
        for database in folder.glob("*.sqlite"):
            uri = f"{database.absolute().as_uri()}?mode=ro&immutable=1"
            with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
                if (said := connection.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
                    return f"{database.name}: {said}"
                # One that was cut to nothing is a whole database to SQLite.
                if not connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
                    return f"{database.name} is empty"
    except Exception as error:  # noqa: BLE001 - whatever is in the way of reading it, unless it is the disk
        cause = error.__cause__ or error
        if isinstance(cause, OSError | sqlite3.Error) and disk_trouble(cause):
            raise cause from None
        return reason(cause)
    return ""
