"""Installs a model from a file: writes a model folder as training does, building the trees here."""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np

from engine.canonical_keys import item_key
from engine.community.catalog import write_catalog
from engine.errors import CancelledError, DamagedDataError
from engine.model.fold_in import ItemFactors
from engine.paths import Folders, digest_of
from engine.privacy import Door
from engine.progress import Cancelled, StageReport
from engine.training.artifact import (
    FORMAT,
    current_manifest,
    damaged_files,
    write_arrays,
    write_index,
    write_manifest,
    write_neighbours,
)
from engine.training.in_use import clear_away, new_id, switch_to
from engine.training.interactions import numbered_artists
from engine.training.manifest import ModelManifest, Origin
from engine.training.model_file import validation_of
from engine.training.read_model_file import Content, read_model_file
from engine.training.search_names import write_search


def add_model(
    door: Door,
    path: Path,
    *,
    name: str,
    sha256: str = "",
    report: StageReport | None = None,
    cancelled: Cancelled | None = None,
) -> ModelManifest:
    """Install the model in a file and use it for its level; `name` is the file's name or address, `sha256` its expected
    digest, if known.

    The previous model is kept (`engine.training.in_use.switch_back`). If the model in use came from the same file, and
    is whole, nothing changes, so that `switch_back` still finds the previous one. Raises UnreadableFileError for
    anything that is not a complete model, CancelledError, PrivateSessionError in a private session.
    """
    door.require_writable("add a model")
    report = report or (lambda *_: None)
    content = read_model_file(
        path,
        sha256=sha256,
        progress=lambda done, total: report("reading model", done, total),
        cancelled=cancelled,
    )
    if (in_use := _whole_one(door.folders, content)) is not None:
        clear_away(door)
        return in_use
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    model_id = new_id(door.folders, content.sha256, now)
    origin = Origin(
        name=name,
        sha256=content.sha256,
        bytes=content.bytes,
        added=now.date().isoformat(),
        checked=bool(sha256),
    )
    with door.new_folder(door.folders.models / model_id) as folder:
        digests = _write_items(folder, content, report, cancelled)
        index, index_digests = write_index(
            folder,
            content.factors,
            # The file has no listeners: items replace them for calibration.
            np.empty((0, content.about.factors), dtype=np.float32),
            content.about.seed,
            lambda done, total: report("index", done, total),
            cancelled,
        )
        manifest = _manifest(model_id, content, origin, index, digests | index_digests)
        write_manifest(folder, manifest)
    switch_to(door, model_id, manifest.level)
    return manifest


def _whole_one(folders: Folders, content: Content) -> ModelManifest | None:
    """The model in use, if it came from the same file and is whole."""
    level = content.about.level
    try:
        in_use = current_manifest(folders, level)
        same = in_use is not None and in_use.origin is not None and in_use.origin.sha256 == content.sha256
        return in_use if same and not damaged_files(folders, (level,)) else None
    except DamagedDataError:
        return None


def _write_items(
    folder: Path, content: Content, report: StageReport, cancelled: Cancelled | None
) -> dict[str, str]:
    """Write the items' data, recomputing what the file does not contain; returns digests by file."""
    steps = 3

    def done(step: int) -> None:
        report("names", step, steps)
        if cancelled is not None and cancelled():
            raise CancelledError("Stopped. Your model is unchanged.")

    done(0)
    about, names = content.about, content.names
    artists = numbered_artists(map(item_key, names)) if about.level == "tracks" else None
    gram = ItemFactors(content.factors, about.regularization).gram
    digests = write_arrays(folder, content.factors, gram, content.listeners, artists)
    if content.neighbours is not None and content.listens is not None and content.hubness is not None:
        digests |= write_neighbours(folder, content.neighbours, content.listens, content.hubness)
    done(1)
    counts = zip(names, content.listeners.tolist(), content.plays.tolist(), strict=True)
    write_catalog(folder / "catalog.sqlite", counts, content.tags)
    digests["catalog.sqlite"] = digest_of(folder / "catalog.sqlite")
    done(2)
    digests |= write_search(folder, names, content.listeners, artists)
    done(3)
    return digests


def _manifest(
    model_id: str, content: Content, origin: Origin, index: dict[str, object], digests: dict[str, str]
) -> ModelManifest:
    about = content.about
    return ModelManifest(
        format=FORMAT,
        id=model_id,
        level=about.level,
        solo=False,
        packs=list(about.packs),
        built_from=about.built_from,
        trained=about.trained,
        listeners=about.listeners,
        items=about.items,
        interactions=about.interactions,
        factors=about.factors,
        iterations=about.iterations,
        seed=about.seed,
        confidence=about.confidence,
        regularization=about.regularization,
        frequency_exponent=about.frequency_exponent,
        ensemble=about.ensemble,
        loss=list(about.loss),
        seconds=about.seconds,
        tuned={"searched": about.searched},
        validation=validation_of(about.quality),
        index=index,
        digests=digests,
        source=about.source,
        collected=about.collected,
        origin=origin,
    )
