"""What in the data folder is not as it was written: each file by name, with what helps."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.community.whole import damaged_packs
from engine.errors import DamagedDataError, DiscoverError, library_trouble
from engine.paths import Folders, what_is_wrong
from engine.store.backups import sound

# Files that are worked out anew where they are gone.
_WORKED_OUT = ("hindsight", "mixes", "state")


@dataclass(frozen=True, slots=True)
class Damage:
    """A `path` that is damaged, and in a sentence how it shows and what helps; `worked_out`: to delete it is enough."""

    path: Path
    said: str
    worked_out: bool = False


def damage(folders: Folders, connection: sqlite3.Connection | None = None) -> list[Damage]:
    """All that is damaged: of the library, where it is open, then of models and packs, then of what is worked out."""
    return [*damage_of_data(folders, connection), *_of_small_files(folders)]


def damage_of_data(folders: Folders, connection: sqlite3.Connection | None) -> Iterator[Damage]:
    """What is damaged of what every answer stands on: the library, models, packs."""
    if connection is not None and (why := sound(connection)) != "ok":
        damaged = sqlite3.DatabaseError(why)
        damaged.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        yield Damage(folders.database, str(library_trouble(damaged, folders.database)))
    yield from _of_models(folders)
    yield from (Damage(folder, said) for folder, said in damaged_packs(folders))


def _of_models(folders: Folders) -> Iterator[Damage]:
    if not folders.models.is_dir():
        return
    from engine.training.artifact import POINTERS, current_manifest, damaged_files, train_command
    from engine.training.rebuilding import rebuildable

    for level, pointer in POINTERS.items():
        try:
            manifest = current_manifest(folders, level)
        except DamagedDataError as error:
            yield Damage(folders.models / pointer, str(error))
            continue
        if manifest is not None:
            folder = folders.models / manifest.id
            names = [name for _, name in damaged_files(folders, (level,))]
            mend = (
                "Have it built again from the model: discover doctor --repair."
                if rebuildable(names)
                else f"Train again: {train_command(level)}."
            )
            for name in names:
                said = f"{name} {what_is_wrong(folder / name)}. {mend}"
                yield Damage(folder / name, said)


def _of_small_files(folders: Folders) -> Iterator[Damage]:
    from engine.live.token import access
    from engine.push.credentials import credentials

    for name in _WORKED_OUT:
        path: Path = getattr(folders, name)
        try:
            whole = not path.exists() or isinstance(json.loads(path.read_bytes()), dict)
        except (OSError, ValueError, RecursionError):
            whole = False
        if not whole:
            yield Damage(path, f"{path} is damaged. Remove it: it is worked out anew.", worked_out=True)
    checks: tuple[tuple[Path, Callable[[Folders], Any]], ...] = (
        (folders.listening, access),
        (folders.servers, lambda of: credentials(of, "", "")),
    )
    for path, check in checks:
        try:
            check(folders)
        except DiscoverError as error:
            yield Damage(path, str(error))
