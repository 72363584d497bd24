"""What mends a damaged file of a model, in words: each message names the way that helps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.canonical_keys import Level
from engine.community.catalog import Catalog
from engine.errors import DamagedDataError, reason, unreadable

if TYPE_CHECKING:
    from collections.abc import Collection

    from engine.training.manifest import ModelManifest

# Beginnings of the names of files that can be rebuilt from a model's others, those made together in one tuple.
INDEX, NAMES, GRAM = ("index/",), ("names_", "artists/"), ("gram.npy",)


def train_command(level: Level) -> str:
    """The command that trains a model of a level."""
    return "discover train" if level == "artists" else f"discover train --level {level}"


# Where nobody knows the level.
TRAIN_AGAIN = f"Train again: {train_command('artists')}, or for tracks: {train_command('tracks')}."


def rebuildable(names: Collection[str]) -> bool:
    """Whether all of these files of a model follow from its others."""
    return all(name.startswith((*INDEX, *NAMES, *GRAM)) for name in names)


def mend(manifest: ModelManifest, names: Collection[str]) -> str:
    """What mends these files of a model, in a sentence."""
    if rebuildable(names):
        return "Have it built again from the model: discover doctor --repair."
    if manifest.origin is not None:
        return f"Take the model again ({manifest.origin.name}): discover model add PATH."
    return f"Train again: {train_command(manifest.level)}."


def mend_pointer(level: Level) -> str:
    """What mends the file that names the model in use."""
    return f"Have it name the one that is there: discover doctor --repair. Or train again: {train_command(level)}."


def open_catalog(folder: Path, manifest: ModelManifest) -> Catalog:
    """The catalog of the model in a folder."""
    path = folder / "catalog.sqlite"

    def damaged(why: BaseException, _path: Path) -> DamagedDataError:
        return unreadable(why, path, f"{path} cannot be read ({reason(why)}). {mend(manifest, [path.name])}")

    return Catalog(path, damaged)
