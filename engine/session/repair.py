"""Repairs damaged files from data that is there, and lists trainings that would repair the rest.

What must be downloaded or added again (a pack, an added model) is named by `damage`, with the command.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from engine.canonical_keys import Level, artist_key, joined_key, track_key
from engine.community.catalog import Catalog
from engine.community.packs import list_packs
from engine.errors import CancelledError, DamagedDataError, DiscoverError, UnreadableFileError, system_trouble
from engine.paths import Folders
from engine.privacy import Door
from engine.progress import SCANNING, Cancelled, StageReport
from engine.session.damage import Damage, damage_of_models, damage_of_small_files
from engine.store.backups import BROKEN, DAMAGED, Backup, backups, remove, trouble
from engine.store.database import open_library
from engine.store.indexed_rows import Nameless, Names
from engine.store.integrity import checked
from engine.store.restoring import repaired
from engine.store.salvage import MUSIC, SALVAGING, Salvage
from engine.wording import quantity

# The stages of a repair with their shares of the time; unnecessary ones are skipped.
REPAIRING: Mapping[str, float] = {SALVAGING: 3, **SCANNING, "index": 6}


def repair(
    door: Door, report: StageReport = lambda *_: None, cancelled: Cancelled = lambda: False
) -> list[str]:
    """Salvage the library or restore its last backup, read music files again if their tags were lost with it, rebuild a
    model's index, delete derived files and useless backups; returns what was done, in sentences.

    Trainings and downloads are left to the person. Raises PrivateSessionError in a private session, BusyError,
    CancelledError between two steps, DiscoverError for errors of the disk.
    """
    door.require_writable("repair anything")
    done: list[str] = []
    for step in (_library, _models, _rebuilt, _worked_out, _backups):
        with telling(done):
            done += step(door, report, cancelled)
        if cancelled():
            raise CancelledError("Stopped. " + (" ".join(done) or "Nothing was changed."))
    return done


@contextlib.contextmanager
def telling(done: Sequence[str]) -> Iterator[None]:
    """Whatever ends a repair, its message first says what was `done`: a restored library is not one to be silent of."""
    try:
        yield
    except DiscoverError as error:
        error.args = (" ".join((*done, str(error))),)
        raise
    except (OSError, sqlite3.Error) as error:
        if not (said := system_trouble(error)):
            raise
        raise DiscoverError(" ".join((*done, said))) from error


def _library(door: Door, report: StageReport, cancelled: Cancelled) -> Iterator[str]:
    if not door.folders.database.exists():
        return
    try:
        with contextlib.closing(open_library(door)) as connection:
            if checked(connection) == "ok":
                return
    except DamagedDataError:
        pass
    # If nothing can be read and there is no backup, the doctor says what helps.
    if done := repaired(door, report, partial(_names_in_catalogs, door.folders)):
        kept, by = done
        yield f"{_said_of(by)} The damaged one is kept as backups/{kept}.sqlite."
        if not isinstance(by, Salvage) or not by.lost.keys().isdisjoint(MUSIC):
            yield from _music(door, report, cancelled)


def _names_in_catalogs(folders: Folders, of: Nameless) -> Names:
    """The names that community data and models have for artists and tracks."""
    artists, tracks = list[tuple[str, str]](), list[tuple[str, str, str]]()
    keys = [*of.artists, *(joined_key(*pair) for pair in of.tracks)]
    for path in (*folders.packs.glob("*/catalog.sqlite"), *folders.models.glob("*/catalog.sqlite")):
        with (
            contextlib.suppress(DamagedDataError, sqlite3.Error, OSError),
            contextlib.closing(Catalog(path)) as catalog,
        ):
            for item in catalog.items([*catalog.ids_of(keys).values()]).values():
                # It may be called otherwise: one is found by a form of its name too.
                artist = artist_key(item.artist)
                artists.append((item.artist, artist))
                if item.track is not None:
                    tracks.append((item.track, artist, track_key(item.track)))
    return Names(artists, tracks)


def _music(door: Door, report: StageReport, cancelled: Cancelled) -> Iterator[str]:
    """Read the tags in the music folders again."""
    from engine.session import Session

    with Session(door.folders) as session:
        if not session.music.folders():
            return
        try:
            session.music.scan(report=report, cancelled=cancelled)
        except UnreadableFileError as error:
            yield f"{error} Then scan again: discover library scan."
        yield f"Your folders of music were scanned: {quantity(session.music.counts().files, 'files')}."


def _said_of(by: Salvage | Backup) -> str:
    if not isinstance(by, Salvage):
        return (
            f"The library was damaged: the backup {by.name} is restored. What came after it is not in it: import that "
            "again."
        )
    if not by.lost:
        return (
            "The library was damaged, in its indexes, its schema or in letters of a name (which show as \ufffd). It "
            "was rebuilt, and nothing was lost."
        )
    return (
        f"The library was damaged: {by.in_words()} could be read and are kept. Import again what is lost: nothing is "
        "doubled."
    )


def _models(door: Door, *_: object) -> Iterator[str]:
    """Use the only model of a level if by accident none is in use; delete files that belong to no model."""
    models = door.folders.models
    if not models.is_dir():
        return
    from engine.training.artifact import POINTERS, current_manifest
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
            whole = _that_can_be_read(models, level)
        if len(whole) == 1:
            door.write_file(models / name, whole[0].encode())
            yield f"models/{name} named no model: it names {whole[0]} now."


def _that_can_be_read(models: Path, level: Level) -> list[str]:
    """The models of a level with readable manifests, by folder."""
    from engine.training.artifact import read_manifest

    found = []
    for manifest in models.glob("[!.]*/manifest.json"):
        with contextlib.suppress(DamagedDataError):
            if read_manifest(manifest.parent).level == level:
                found.append(manifest.parent.name)
    return found


def _rebuilt(door: Door, report: StageReport, cancelled: Cancelled) -> Iterator[str]:
    """Recompute files of a model in use from its others."""
    if not door.folders.models.is_dir():
        return
    from engine.training.artifact import POINTERS, damaged_files
    from engine.training.rebuilding import rebuild

    for level in POINTERS:
        # Damage of the library, or other damage of the model, is reported by the doctor.
        try:
            if not damaged_files(door.folders, (level,)):
                continue
            opened = contextlib.closing(open_library(door))
        except DamagedDataError:
            continue
        with opened as connection, door.making_models():
            if names := rebuild(door, connection, level, report, cancelled):
                what = "index" if any(name.startswith("index/") for name in names) else names[0]
                yield f"The {what} of the model of {level} was damaged and is built again from the model."


def _worked_out(door: Door, *_: object) -> Iterator[str]:
    for one in damage_of_small_files(door.folders):
        if one.worked_out:
            door.remove(one.path)
            yield f"{one.path.name} was damaged and is deleted: it is recomputed."


def _backups(door: Door, *_: object) -> Iterator[str]:
    for backup in backups(door.folders):
        if backup.why != DAMAGED and trouble(backup) == BROKEN:
            remove(door, backup)
            yield f"The backup {backup.name} was damaged and is deleted."


def is_mended(folders: Folders, one: Damage) -> bool:
    """Whether `repair` repairs this: it leaves what needs a training or a download."""
    from engine.training.artifact import POINTERS

    if one.level is not None and one.path == folders.models / POINTERS[one.level]:
        return len(_that_can_be_read(folders.models, one.level)) == 1
    return one.worked_out or one.follows or one.path == folders.database


@dataclass(frozen=True, slots=True)
class Retraining:
    """A training that would repair or create the model of a level: `why` in a sentence; the `seconds` the last one took
    here and its number of `factors`, null if unknown."""

    level: Level
    why: str
    seconds: float | None = None
    factors: int | None = None

    def in_words(self) -> str:
        """The reason, the time it takes, and that nothing is at risk."""
        return f"{self.why} Training takes {self._long()}. What is there stays until then; stopping loses nothing."

    def _long(self) -> str:
        if self.seconds is None:
            return "a few minutes, longer where a pack is large"
        if self.seconds < 90:
            return f"about {quantity(max(1, round(self.seconds)), 'seconds')}, as the last time"
        return f"about {quantity(round(self.seconds / 60), 'minutes')}, as the last time"


def retrainings(folders: Folders, damage: Iterable[Damage] | None = None) -> list[Retraining]:
    """The trainings that repair what `repair` left, for levels whose data is here: without its pack a new model would
    know less. Models are read for `damage`, unless it was found before."""
    from engine.training.artifact import POINTERS, current_manifest

    damaged = list(damage_of_models(folders) if damage is None else damage)
    here = {pack.level for pack in list_packs(folders) if pack.kind == "community"}
    found = []
    for level in POINTERS:
        solo, seconds, factors = False, None, None
        try:
            manifest = current_manifest(folders, level) if folders.models.is_dir() else None
            if manifest is not None:
                bad = [one.path for one in damaged if one.level == level]
                if not bad:
                    continue
                solo, factors = manifest.solo, manifest.factors
                seconds = None if manifest.origin is not None else manifest.seconds
                why = f"The model of {level} is damaged ({bad[0].name})."
            else:
                why = f"There is no model of {level}."
        except DamagedDataError as error:
            why = f"The model of {level} is damaged: {str(error).split('. ')[0]}."
        if level in here or solo:
            found.append(Retraining(level, why, seconds, factors))
    return found
