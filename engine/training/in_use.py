"""Which model of a level is in use, and the one before it: kept to go back to, and to be compared with.

A pointer is a small file in `models` that names a folder; it is replaced by one atomic rename.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from engine.canonical_keys import Level
from engine.community.offers import newer_of, ways_to_add
from engine.errors import NothingYetError
from engine.paths import Folders
from engine.privacy import Door
from engine.training.artifact import (
    POINTERS,
    Model,
    ModelManifest,
    current_manifest,
    open_folder,
    read_manifest,
    train_command,
)

# What ends the name of the pointer to the model before.
_BEFORE = "-before"
_NONE_BEFORE = "There is no model of {level} from before the one in use. Train another: {command}."


def switch_to(door: Door, model_id: str, level: Level = "artists") -> None:
    """Make a model the one of its level in use and keep the one before it, then delete those that are neither."""
    models = door.folders.models
    pointer, before = models / POINTERS[level], models / f"{POINTERS[level]}{_BEFORE}"
    old = _named_by(pointer)
    if old != model_id:
        door.write_file(before, old.encode())
    door.write_file(pointer, model_id.encode())
    kept = {_named_by(path) for path in pointers(models)}
    for folder in models.iterdir():
        # What another is writing has a name with a dot.
        if folder.is_dir() and folder.name not in kept and not folder.name.startswith("."):
            door.remove(folder)


def switch_back(door: Door, level: Level = "artists") -> ModelManifest | None:
    """Exchange the model of a level in use with the one before it, and give that; null where there was none then.

    Raises NothingYetError where none is kept.
    """
    models = door.folders.models
    pointer, before = models / POINTERS[level], models / f"{POINTERS[level]}{_BEFORE}"
    old, new = _named_by(pointer), _named_by(before)
    if not before.exists() or (new and not (models / new).is_dir()):
        raise NothingYetError(_NONE_BEFORE.format(level=level, command=train_command(level)))
    # Should it end between the two, both name the same one, and nothing is lost.
    if new:
        door.write_file(pointer, new.encode())
    else:
        door.remove(pointer)
    door.write_file(before, old.encode())
    return current_manifest(door.folders, level)


def open_model_before(folders: Folders, level: Level = "artists") -> Model:
    """Open the model of a level that was in use before the one there is.

    Raises NothingYetError where none is kept, DamagedDataError when its files are.
    """
    folder = _folder_before(folders, level)
    if folder is None:
        raise NothingYetError(_NONE_BEFORE.format(level=level, command=train_command(level)))
    return open_folder(folder, read_manifest(folder))


def has_before(folders: Folders, level: Level = "artists") -> bool:
    """Whether there was a model of a level before the one in use, and it is kept."""
    return _folder_before(folders, level) is not None


def _folder_before(folders: Folders, level: Level) -> Path | None:
    name = _named_by(folders.models / f"{POINTERS[level]}{_BEFORE}")
    return folders.models / name if name and (folders.models / name).is_dir() else None


def kept_models(folders: Folders) -> list[tuple[Path, ModelManifest, bool]]:
    """Folder and manifest of every model that is in use (true) or kept as the one before (false).

    Raises DamagedDataError when one cannot be read.
    """
    found: dict[str, tuple[Path, ModelManifest, bool]] = {}
    for pointer in pointers(folders.models):
        name = _named_by(pointer)
        if name and name not in found and (folders.models / name).is_dir():
            folder = folders.models / name
            found[name] = folder, read_manifest(folder), not pointer.name.endswith(_BEFORE)
    return list(found.values())


def pointers(models: Path) -> list[Path]:
    """The files that name a model in use, or the one before it."""
    names = (name + end for name in POINTERS.values() for end in ("", _BEFORE))
    return [models / name for name in names if (models / name).is_file()]


def _named_by(pointer: Path) -> str:
    """The folder a pointer names; empty where there is no pointer, or none that can be read."""
    try:
        return pointer.read_text().strip()
    except (OSError, ValueError):
        return ""


def removed_packs(manifest: ModelManifest, installed: Collection[str]) -> str:
    """What it means that packs a model was trained on are not among those of its level that are there, in sentences.

    Empty where none is missing, and of a model that was added from a file: it came without.
    """
    if manifest.origin is not None:
        return ""
    gone = " and ".join(name for name in manifest.packs if name not in installed)
    if not gone:
        return ""
    downloaded = newer_of(manifest.source, manifest.level)
    again = ways_to_add(manifest.level) if downloaded else "discover community add PATH"
    then = (
        f"Train again on what is there: {train_command(manifest.level)}."
        if installed
        # Trained now it would know the person's own listening only.
        else f"Add that again before you train: {again}."
    )
    return (
        f"The model of {manifest.level} was trained on {gone}, since removed: it recommends as before. {then}"
    )
