"""Mending what is damaged, where that costs nothing that is not there already: what else helps is said by `damage`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from engine.errors import DamagedDataError
from engine.privacy import Door
from engine.progress import StageReport
from engine.session.damage import damage
from engine.store.backups import DAMAGED, Backup, backups, is_whole, remove
from engine.store.database import open_library
from engine.store.restoring import checked, repaired
from engine.store.salvage import Salvage


def repair(door: Door, report: StageReport = lambda *_: None) -> list[str]:
    """Keep what can be read of the library or restore its last backup, delete what is worked out anew, and backups that
    are no use; says what was done, in sentences.

    What trains or downloads is left to the person. Raises PrivateSessionError in a private session, BusyError,
    DiscoverError where the disk is in the way.
    """
    door.require_writable("repair anything")
    return [*_library(door, report), *_models(door), *_worked_out(door), *_backups(door)]


def _library(door: Door, report: StageReport) -> Iterator[str]:
    if not door.folders.database.exists():
        return
    try:
        with contextlib.closing(open_library(door)) as connection:
            if checked(connection) == "ok":
                return
    except DamagedDataError:
        pass
    # Where nothing of it can be read and there is no backup the doctor goes on to say what helps.
    if done := repaired(door, report):
        kept, by = done
        yield f"{_said_of(by)} The damaged one is kept as backups/{kept}.sqlite."


def _said_of(by: Salvage | Backup) -> str:
    if not isinstance(by, Salvage):
        return (
            f"The library was damaged: the backup {by.name} is restored. What came after it is not in it: import that "
            "again."
        )
    if not by.lost:
        return (
            "The library was damaged, in its indexes or in letters of a name (which show as \ufffd): it is built anew, "
            "and nothing of it is lost."
        )
    return (
        f"The library was damaged: {by.in_words()} could be read and are kept. Import again what is lost: nothing is "
        "doubled."
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
