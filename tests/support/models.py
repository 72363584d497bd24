"""A small model folder made by hand, for tests that need one but no training."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from engine.canonical_keys import Level, item_key, track_name
from engine.community.catalog import write_catalog
from engine.index import build_index
from engine.model.confidence import Confidence
from engine.model.ensemble import SOLO_WEIGHTS
from engine.model.fold_in import ItemFactors
from engine.model.neighbour_fit import build_neighbours
from engine.model.similarity import listens_of, mean_similarity_to_nearest
from engine.paths import Folders, digest_of
from engine.privacy import Door
from engine.training.artifact import FORMAT, write_arrays, write_manifest, write_neighbours
from engine.training.in_use import switch_to
from engine.training.interactions import numbered_artists
from engine.training.manifest import ModelManifest
from engine.training.search_names import write_search


def names(count: int) -> list[str]:
    """Made-up artist names, unique by key."""
    return [f"Artist {chr(65 + number % 26)}{number}" for number in range(count)]


# Those of `write_model`, where nothing else is asked.
ARTISTS = names(60)


def tracks(count: int) -> list[str]:
    """Made-up tracks as items are named, three of each of the artists of `names`."""
    return [track_name(artist, f"Song {number}") for artist in names(-(-count // 3)) for number in (1, 2, 3)][
        :count
    ]


def write_model(
    root: Path,
    *,
    level: Level = "artists",
    items: int = 60,
    factors: int = 6,
    seed: int = 0,
    solo: bool = False,
    called: list[str] | None = None,
    plays: csr_matrix | None = None,
    ensemble: dict[str, float] | None = None,
) -> Folders:
    """Write a model whose factors have three blocks of alike items and make it the one of its level in use.

    `called` are the items' names; made-up plain ones when there are none. With `plays` (listeners,
    items) the model has neighbours too, and ranks by `ensemble`.
    """
    folders, door = Folders(root), Door(Folders(root))
    called = called or (names(items) if level == "artists" else tracks(items))
    model_id = "made-by-hand" if level == "artists" else f"made-by-hand-{level}"
    parts = (model_id, level, items, factors, seed, solo, tuple(called), tuple((ensemble or {}).items()))
    with door.new_folder(folders.models / model_id) as folder:
        if plays is None:
            shutil.copytree(_made(*parts), folder, dirs_exist_ok=True)
        else:
            _write(folder, *parts, plays)
    switch_to(door, model_id, level)
    return folders


_MADE = tempfile.TemporaryDirectory(prefix="models-of-tests-")


@cache
def _made(*parts: Any) -> Path:
    """Where the model of these parts is, written once a process: its index is measured, a tenth of a second each."""
    folder = Path(tempfile.mkdtemp(dir=_MADE.name))
    _write(folder, *parts)
    return folder


def _write(
    folder: Path,
    model_id: str,
    level: Level,
    items: int,
    factors: int,
    seed: int,
    solo: bool,
    called: tuple[str, ...],
    ensemble: tuple[tuple[str, float], ...],
    plays: csr_matrix | None = None,
) -> None:
    rng = np.random.default_rng(seed)
    centres = 2.0 * np.eye(3, factors)
    block = np.arange(items) % 3
    vectors = (0.3 * centres[block] + 0.05 * rng.normal(size=(items, factors))).astype(np.float32)
    listeners = (1000 / (1 + np.arange(items))).astype(np.int32) + 1
    artists = numbered_artists(map(item_key, called)) if level == "tracks" else None
    digests = write_arrays(folder, vectors, ItemFactors(vectors, 0.1).gram, listeners, artists)
    if plays is not None:
        listens = listens_of(plays)
        hubness = mean_similarity_to_nearest(vectors, listens)
        digests |= write_neighbours(folder, build_neighbours(plays), listens, hubness)
    write_catalog(
        folder / "catalog.sqlite",
        ((name, int(listeners[i]), int(listeners[i]) * 3) for i, name in enumerate(called)),
    )
    digests["catalog.sqlite"] = digest_of(folder / "catalog.sqlite")
    digests |= write_search(folder, called, listeners, artists)
    (folder / "index").mkdir()
    index = build_index(folder / "index", vectors, vectors[rng.integers(items, size=20)], seed=seed)
    digests |= {f"index/{file.name}": digest_of(file) for file in sorted((folder / "index").iterdir())}
    write_manifest(
        folder,
        ModelManifest(
            format=FORMAT, id=model_id, level=level, solo=solo, packs=[] if solo else ["made up"],
            built_from="none", trained="2026-01-01T00:00:00+00:00", listeners=1000, items=items,
            interactions=5000, factors=factors, iterations=1, seed=seed,
            confidence=Confidence(transform="log", alpha=1.0), regularization=0.1, loss=[1.0], seconds=0.1,
            tuned={}, validation={},
            index={"trees": index.trees, "search_k": index.search_k, "recall": index.recall, "bytes": index.bytes},
            digests=digests, ensemble=dict(ensemble) or (dict(SOLO_WEIGHTS) if solo else {"factors": 1.0}),
        ),
    )  # fmt: skip
