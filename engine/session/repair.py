"""Mending what is damaged, where that costs nothing that is not there already: what else helps is said by `damage`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from engine.errors import DamagedDataError, NothingYetError
from engine.privacy import Door
from engine.session.damage import damage
from engine.store.backups import DAMAGED, backups, is_whole, remove
from engine.store.database import open_library
from engine.store.restoring import checked, rebuilt, restore


def repair(door: Door) -> list[str]:
    """Build the library's indexes anew or restore its last backup, delete what is worked out anew, and backups that are
    no use; says what was done, in sentences.

    What trains or downloads is left to the person. Raises PrivateSessionError in a private session, BusyError,
    DiscoverError where the disk is in the way.
    """
    door.require_writable("repair anything")
    return [*_library(door), *_models(door), *_worked_out(door), *_backups(door)]


def _library(door: Door) -> Iterator[str]:
    if not door.folders.database.exists():
        return
    try:
        with contextlib.closing(open_library(door)) as connection:
            if checked(connection) == "ok":
                return
            if kept := rebuilt(door, connection):
                yield (
                    "The library's indexes were damaged and are built anew; nothing of it is lost. The damaged one is "
                    f"kept as backups/{kept}.sqlite."
                )
                return
    except DamagedDataError:
        pass
    # Without a backup the doctor goes on to say what helps.
    with contextlib.suppress(NothingYetError):
        done = restore(door)
        yield (
            f"The library was damaged: the backup {done.backup.name} is restored. What came after it is not in it: "
            f"import that again. The damaged one is kept as backups/{done.before}.sqlite."
        )


def _models(door: Door) -> Iterator[str]:
    """Put the only model of a level there is in use, where none is by accident; delete what is none's any more."""
    models = door.folders.models
    if not models.is_dir():
        return
    from engine.training.artifact import POINTERS, current_manifest, read_manifest
    from engine.training.in_use import unused_models

    unused = unused_models(door.folders)
    for level, name in POINTERS.items():
        try:
            if current_manifest(door.folders, level) is not None:
                for folder, of in unused:
                    if of == level:
                        door.remove(folder)
                        yield f"models/{folder.name} was not in use and is deleted."
                continue
            whole = [folder.name for folder, of in unused if of == level][-1:]
        except DamagedDataError:
            whole = []
            for folder in models.glob("[!.]*/manifest.json"):
                with contextlib.suppress(DamagedDataError):
                    if read_manifest(folder.parent).level == level:
                        whole.append(folder.parent.name)
        if len(whole) == 1:
            door.write_file(models / name, whole[0].encode())
            yield f"models/{name} named no model: it names {whole[0]} now."


def _worked_out(door: Door) -> Iterator[str]:
    for one in damage(door.folders):
        if one.worked_out:
            door.remove(one.path)
            yield f"{one.path.name} was damaged and is deleted: it is worked out anew."


def _backups(door: Door) -> Iterator[str]:
    for backup in backups(door.folders):
        if backup.why != DAMAGED and not is_whole(backup):
            remove(door, backup)
            yield f"The backup {backup.name} was damaged and is deleted."
