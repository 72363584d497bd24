"""Finds damaged files in the data folder, each with what to do."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.canonical_keys import Level
from engine.community.whole import damaged_packs
from engine.errors import (
    DamagedDataError,
    DiscoverError,
    corruption,
    disk_trouble,
    library_trouble,
    system_trouble,
)
from engine.paths import Folders, bytes_of, what_is_wrong
from engine.store.integrity import sound

# Files that are recomputed if missing.
_WORKED_OUT = ("hindsight", "mixes", "state")


@dataclass(frozen=True, slots=True)
class Damage:
    """A damaged `path`, with a sentence on the damage and what to do; `worked_out` if deleting it is enough.

    Of a model, its `level`, and whether it `follows` from files of the model that are whole.
    """

    path: Path
    said: str
    worked_out: bool = False
    level: Level | None = None
    follows: bool = False


def damage(folders: Folders, connection: sqlite3.Connection | None = None) -> list[Damage]:
    """All damage: of the library, if it is open, then of models and packs, then of derived files.

    What the disk or the system is in the way of looking at is among it, in words that advise no removing.
    """
    found: list[Damage] = []
    of_all = (
        _of_library(folders, connection),
        damage_of_models(folders),
        _of_packs(folders),
        damage_of_small_files(folders),
    )
    for damaged in of_all:
        try:
            for one in damaged:
                found.append(one)  # noqa: PERF402 - what was found before a disk fails stays
        except (OSError, sqlite3.Error) as error:
            if not (said := system_trouble(error, folders.root)):
                raise
            found.append(Damage(Path(getattr(error, "filename", None) or folders.root), said))
    return found


def damage_of_data(folders: Folders, connection: sqlite3.Connection | None) -> Iterator[Damage]:
    """Damage of the data everything depends on: the library, models, packs.

    Raises OSError and sqlite3.Error where the disk or the system is in the way.
    """
    yield from _of_library(folders, connection)
    yield from damage_of_models(folders)
    yield from _of_packs(folders)


def _of_library(folders: Folders, connection: sqlite3.Connection | None) -> Iterator[Damage]:
    if connection is not None and (why := sound(connection)) != "ok":
        yield Damage(folders.database, str(library_trouble(corruption(why), folders.database)))


def _of_packs(folders: Folders) -> Iterator[Damage]:
    return (Damage(folder, said) for folder, said in damaged_packs(folders))


def damage_of_models(folders: Folders) -> Iterator[Damage]:
    """Damage of the models in use, whose files are all read. Raises OSError."""
    if not folders.models.is_dir():
        return
    from engine.training.artifact import POINTERS, current_manifest, damaged_files
    from engine.training.mending import mend, rebuildable

    for level, pointer in POINTERS.items():
        try:
            manifest = current_manifest(folders, level)
        except DamagedDataError as error:
            yield Damage(folders.models / pointer, str(error), level=level)
            continue
        if manifest is not None:
            folder = folders.models / manifest.id
            names = [name for _, name in damaged_files(folders, (level,))]
            how = mend(manifest, names)
            for name in names:
                said = f"{name} {what_is_wrong(folder / name)}. {how}"
                yield Damage(folder / name, said, level=level, follows=rebuildable(names))


def damage_of_small_files(folders: Folders) -> Iterator[Damage]:
    """Damage of derived files and of those on players and servers, which are read in a moment."""
    from engine.live.token import access
    from engine.push.credentials import credentials

    for name in _WORKED_OUT:
        path: Path = getattr(folders, name)
        try:
            whole = isinstance(json.loads(bytes_of(path)), dict)
        except FileNotFoundError:
            continue
        except (OSError, ValueError, RecursionError) as error:
            if said := disk_trouble(error, path):
                yield Damage(path, said)
                continue
            whole = False
        if not whole:
            yield Damage(path, f"{path} is damaged. Remove it: it is recomputed.", worked_out=True)
    checks: tuple[tuple[Path, Callable[[Folders], Any]], ...] = (
        (folders.listening, access),
        (folders.servers, lambda of: credentials(of, "", "")),
    )
    for path, check in checks:
        try:
            check(folders)
        except DiscoverError as error:
            yield Damage(path, str(error))
