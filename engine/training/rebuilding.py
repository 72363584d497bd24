"""Rebuilds damaged files of a model in use that follow from its others.

The index, what finds items by name and the Gram matrix follow from the item factors and the catalog. Learned data does
not: that takes a training.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import msgspec
import numpy as np

from engine.canonical_keys import Level
from engine.mapped import mapped_array
from engine.model.fold_in import ItemFactors
from engine.paths import digest_of
from engine.privacy import Door
from engine.progress import Cancelled, StageReport
from engine.store.forgetting import mark, unforgotten
from engine.training.artifact import (
    Model,
    current_manifest,
    damaged_files,
    linked,
    open_folder,
    write_index,
    write_manifest,
)
from engine.training.manifest import ModelManifest
from engine.training.mending import GRAM, INDEX, NAMES, rebuildable
from engine.training.search_names import write_search

REBUILDING = "index"


def rebuild(
    door: Door,
    connection: sqlite3.Connection,
    level: Level,
    report: StageReport | None = None,
    cancelled: Cancelled | None = None,
) -> list[str]:
    """Rebuild the damaged files of the model in use of a level; returns which.

    Does nothing if none is damaged, or one that cannot be rebuilt. Raises DamagedDataError where the manifest is,
    ForgottenError, CancelledError; PrivateSessionError in a private session.
    """
    since = mark(connection)
    manifest = current_manifest(door.folders, level)
    bad = [name for _, name in damaged_files(door.folders, (level,))]
    if manifest is None or not bad or not rebuildable(bad):
        return []
    before = door.folders.models / manifest.id
    with contextlib.ExitStack() as landing, door.new_folder(before, own=manifest.solo) as folder:
        with contextlib.closing(open_folder(before, manifest)) as model:
            write_manifest(folder, _written(folder, model, bad, report, cancelled))
        if manifest.solo:
            landing.enter_context(unforgotten(connection, since))
    return bad


def _written(
    folder: Path, model: Model, bad: list[str], report: StageReport | None, cancelled: Cancelled | None
) -> ModelManifest:
    """All files of the model, those that are whole as links; its manifest."""
    manifest = model.manifest
    rebuilt = tuple(
        start
        for group in (INDEX, NAMES, GRAM)
        if any(name.startswith(group) for name in bad)
        for start in group
    )
    digests = linked(model, folder, [name for name in manifest.digests if not name.startswith(rebuilt)])
    factors = mapped_array(folder / "item_factors.npy")
    about = manifest.index
    if GRAM[0] in rebuilt:
        np.save(folder / GRAM[0], ItemFactors(factors, manifest.regularization).gram)
        digests[GRAM[0]] = digest_of(folder / GRAM[0])
    if NAMES[0] in rebuilt:
        digests |= write_search(folder, model.catalog.all_names(), model.listeners, model.artists)
    if INDEX[0] in rebuilt:
        joined = manifest.growth.items if manifest.growth is not None else 0
        about, files = write_index(
            folder,
            np.ascontiguousarray(factors[: manifest.items - joined]),
            # There are no plays here: items replace listeners.
            np.empty((0, manifest.factors), dtype=np.float32),
            manifest.seed,
            None if report is None else lambda done, total: report(REBUILDING, done, total),
            cancelled,
        )
        digests |= files
    return msgspec.structs.replace(manifest, index=about, digests=digests)
