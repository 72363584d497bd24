"""The model in use for each level, and the previous one, kept for undo and comparison.

A pointer is a small file in `models` that names a folder; it is replaced by one atomic rename. Exchanging two pointers
is not atomic, so the pointer to the previous model first lists three models in order: the previous, the current, and
the new one. Whichever of them is in use, its previous model is the one listed before it, so a kill leaves the old or
the new state.
"""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Collection
from itertools import chain, count
from pathlib import Path

from engine.canonical_keys import Level
from engine.community.offers import newer_of, ways_to_add
from engine.errors import DamagedDataError, NothingYetError
from engine.paths import Folders, bytes_of
from engine.privacy import Door
from engine.privacy.presence import Presence, Role
from engine.training.artifact import (
    MANIFEST,
    POINTERS,
    WITHOUT_NEIGHBOURS,
    Model,
    current_manifest,
    open_folder,
    read_manifest,
)
from engine.training.manifest import ModelManifest
from engine.training.mending import train_command

# Suffix of the pointer to the previous model.
_BEFORE = "-before"
# Placeholder for no model.
_NONE = "-"
_NONE_BEFORE = "There is no model of {level} from before the one in use. Train another: {command}."


def new_id(folders: Folders, digest: str, at: datetime.datetime) -> str:
    """The name of a model that comes to be at a moment, of what has this digest.

    No other there has it: two that end in one second would be one, and the one before it gone.
    """
    name = f"{at:%Y%m%dT%H%M%S}-{digest[:8]}"
    names = chain([name], (f"{name}-{number}" for number in count(2)))
    return next(free for free in names if not (folders.models / free).exists())


def switch_to(door: Door, model_id: str, level: Level = "artists", *, grown: bool = False) -> None:
    """Use a model for its level, keep the previous one, and `clear_away` all others.

    The last backtest is deleted, unless the model is only `grown` by some items.
    """
    if folder_named_by(door.folders.models / POINTERS[level]) != model_id:
        _change(door, level, model_id, grown=grown)
    clear_away(door)


def clear_away(door: Door) -> None:
    """Delete the models that are neither in use nor the previous one."""
    models = door.folders.models
    kept = {folder_named_by(path) for path in pointers(models)}
    for folder in models.iterdir():
        # What another is writing has a name with a dot.
        if folder.is_dir() and folder.name not in kept and not folder.name.startswith("."):
            door.remove(folder)


def switch_back(door: Door, level: Level = "artists") -> ModelManifest | None:
    """Exchange the model in use with the previous one, and return that; null if there was none then.

    Raises NothingYetError if none is kept.
    """
    before = _before(door.folders.models, level)
    new = folder_named_by(before)
    if not before.exists() or (new and not (before.parent / new).is_dir()):
        raise NothingYetError(_NONE_BEFORE.format(level=level, command=train_command(level)))
    _change(door, level, new, grown=False)
    return current_manifest(door.folders, level)


def _change(door: Door, level: Level, new: str, *, grown: bool) -> None:
    """Have `new` in use, none where it is empty, and the one there is named as the one before it."""
    pointer, before = door.folders.models / POINTERS[level], _before(door.folders.models, level)
    old = folder_named_by(pointer)
    door.write_file(before, " ".join(name or _NONE for name in (folder_named_by(before), old, new)).encode())
    if level == "artists" and not grown:
        door.remove(door.folders.hindsight)
    if new:
        door.write_file(pointer, new.encode())
    else:
        door.remove(pointer)
    door.write_file(before, old.encode())


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
    name = folder_named_by(_before(folders.models, level))
    return folders.models / name if name and (folders.models / name).is_dir() else None


def kept_models(folders: Folders) -> list[tuple[Path, ModelManifest, bool]]:
    """Folder and manifest of every model that is in use (true) or kept as the one before (false).

    Raises DamagedDataError when one cannot be read.
    """
    found: dict[str, tuple[Path, ModelManifest, bool]] = {}
    for pointer in pointers(folders.models):
        name = folder_named_by(pointer)
        if name and name not in found and (folders.models / name).is_dir():
            folder = folders.models / name
            found[name] = folder, read_manifest(folder), not pointer.name.endswith(_BEFORE)
    return list(found.values())


def unused_models(folders: Folders) -> list[tuple[Path, Level]]:
    """Complete models that nothing names, the oldest first: their process was killed before they came into use. None
    while somebody makes one."""
    named = {folder_named_by(pointer) for pointer in pointers(folders.models)}
    found = []
    for path in sorted(folders.models.glob(f"[!.]*/{MANIFEST}")):
        if path.parent.name not in named:
            # One that cannot be read is of no use.
            with contextlib.suppress(DamagedDataError):
                found.append((path.parent, read_manifest(path.parent).level))
    return [] if Presence(folders).others(Role.MODELS) else found


def pointers(models: Path) -> list[Path]:
    """The files that name a model in use, or the one before it."""
    names = (name + end for name in POINTERS.values() for end in ("", _BEFORE))
    return [models / name for name in names if (models / name).is_file()]


def folder_named_by(pointer: Path) -> str:
    """The folder a pointer names; empty where there is no pointer, or none that can be read."""
    try:
        text = bytes_of(pointer).decode().strip()
    except (OSError, ValueError):
        return ""
    if not pointer.name.endswith(_BEFORE) or len(names := text.split()) < 2:
        return text
    # Models were changing places.
    names = [name if name != _NONE else "" for name in names]
    used = folder_named_by(pointer.with_name(pointer.name.removesuffix(_BEFORE)))
    return names[max(0, len(names) - 2 - names[::-1].index(used))] if used in names else names[-1]


def _before(models: Path, level: Level) -> Path:
    """The pointer to the model before the one of a level in use."""
    return models / f"{POINTERS[level]}{_BEFORE}"


def fewer_members(model: ModelManifest) -> str:
    """A sentence on a model that this version ranks by fewer members than its own did; empty for others."""
    if model.format != WITHOUT_NEIGHBOURS:
        return ""
    return (
        f"The model of {model.level} is of an earlier version, and ranks without neighbours here. Train again: "
        f"{train_command(model.level)}."
    )


def removed_packs(manifest: ModelManifest, installed: Collection[str], unread: Collection[str]) -> str:
    """What it means that packs a model was trained on are not among those of its level that are there, in sentences.

    Empty where none is missing, and of a model that was added from a file: it came without. What is the matter with
    packs that are there `unread` is said elsewhere.
    """
    if manifest.origin is not None:
        return ""
    said = f"The model of {manifest.level} was trained on"
    if kept := " and ".join(name for name in manifest.packs if name in unread):
        return f"{said} {kept}, which cannot be read now: it recommends as before."
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
    return f"{said} {gone}, since removed: it recommends as before. {then}"
