"""Daily growth: what newer data knows and a model does not joins it by fold-in, until the next training.

The newer data's listeners are folded into the items' factors, then the new items into theirs; the listeners are not
kept. The grown model is a folder like any other: more items, one catalog, one set of factors. Its index is the one it
had, and what came since is searched exactly beside the trees (`engine.index.Index.add`), so that nothing that ranks
knows of growth. New items have no neighbours until the next training.

How much may join before training again is suggested is `REBUILD`, a twentieth of what listeners play: on HetRec's
Last.fm (nDCG@20 of 40 factors on held-out plays beside a fit that knew all artists, mean of three draws) with artists
of 5, 10, 20 and 40 % of the pairs folded in it is .3, .4, .8 and 2.2 % lower, and not found at all they would cost 2.4,
6, 13 and 27 %. Within the noise of the draws, then, at a twentieth; but the neighbours, a third of the ensemble, say
nothing of what joined, so it should not become much more.
"""

from __future__ import annotations

import datetime
import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec
import numpy as np

from engine.canonical_keys import item_key
from engine.community.catalog import write_catalog
from engine.errors import CancelledError
from engine.model.fold_in import ItemFactors
from engine.model.fold_in_rows import fold_in_rows
from engine.model.neighbours import Neighbours
from engine.model.similarity import Listens
from engine.paths import digest_of
from engine.privacy import Door
from engine.training.artifact import (
    Growth,
    Model,
    ModelManifest,
    train_command,
    write_arrays,
    write_manifest,
    write_neighbours,
    write_search,
)
from engine.training.in_use import switch_to
from engine.training.interactions import numbered_artists
from engine.wording import percent

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# Of the newer data's pairs so many with items that were folded in, beyond which training again is suggested.
REBUILD = 0.05

Cells = TypeVar("Cells", Neighbours, Listens)
Progress = Callable[[int, int], None]
Cancelled = Callable[[], bool]


def much_joined(manifest: ModelManifest) -> str:
    """That more joined a model since it was trained than should stay so, in sentences; else empty."""
    growth = manifest.growth
    if growth is None or growth.share < REBUILD:
        return ""
    return (
        f"{percent(growth.share)} of what the newest data's listeners play is of {manifest.level} no training saw. "
        f"Train again: {train_command(manifest.level)}."
    )


def new_columns(model: Model, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Of items by name the model's id of each, -1 where it does not know it, and which of them are new to it, in
    order, each key once."""
    known = {key: number for number, key in enumerate(model.catalog.all_keys())}
    ids, new, seen = np.full(len(names), -1, dtype=np.int64), [], set[str]()
    for column, name in enumerate(names):
        key = item_key(name)
        ids[column] = known.get(key, -1)
        if ids[column] < 0 and key not in seen:
            seen.add(key)
            new.append(column)
    return ids, np.array(new, dtype=np.int64)


def folded_in(model: Model, plays: csr_matrix, ids: np.ndarray, new: np.ndarray) -> np.ndarray:
    """The factors of the columns `new` of (listeners, columns) `plays`, (new, f) float32; `ids` as `new_columns` has
    them."""
    from scipy.sparse import csr_matrix

    manifest = model.manifest
    counts = manifest.confidence.counted(plays)
    settings = {
        "alpha": manifest.confidence.alpha,
        "regularization": manifest.regularization,
        "frequency_exponent": manifest.frequency_exponent,
    }
    known = ids >= 0
    inside = known[counts.indices]
    starts = np.concatenate(([0], np.cumsum(inside)))[counts.indptr]
    columns = ids[counts.indices[inside]].astype(np.int32)
    theirs = csr_matrix((counts.data[inside], columns, starts), shape=(counts.shape[0], manifest.items))
    listeners = fold_in_rows(theirs, np.asarray(model.factors.item_factors), **settings)
    return fold_in_rows(counts[:, new].T.tocsr(), listeners, **settings)


def grow(
    door: Door,
    model: Model,
    plays: csr_matrix,
    names: Sequence[str],
    *,
    collected: str = "",
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> ModelManifest:
    """Have what (listeners, items) `plays` of items called `names` know and a community model does not join it, and
    make that the one of its level in use; returns its manifest, the one it had where nothing is new.

    Raises CancelledError, PrivateSessionError in a private session.
    """
    door.require_writable("grow a model")
    steps = 4

    def done(step: int) -> None:
        if progress is not None:
            progress(step, steps)
        if cancelled is not None and cancelled():
            raise CancelledError("Stopped. Your model is as it was.")

    done(0)
    ids, new = new_columns(model, names)
    growth = _growth(model, plays, ids, collected)
    if not len(new):
        done(steps)
        return model.manifest
    added = folded_in(model, plays, ids, new)
    done(1)
    today = datetime.datetime.now(datetime.UTC)
    base = model.manifest
    model_id = f"{today:%Y%m%dT%H%M%S}-{hashlib.sha256(added.tobytes()).hexdigest()[:8]}"
    with door.new_folder(door.folders.models / model_id) as folder:
        digests = _write(
            folder, model, added, plays[:, new], [names[column] for column in new.tolist()], done
        )
        manifest = msgspec.structs.replace(
            base,
            id=model_id,
            items=base.items + len(new),
            digests=digests,
            growth=msgspec.structs.replace(growth, items=growth.items + len(new)),
        )
        write_manifest(folder, manifest)
    switch_to(door, model_id, base.level)
    done(steps)
    return manifest


def _growth(model: Model, plays: csr_matrix, ids: np.ndarray, collected: str) -> Growth:
    """What this growth comes to with those before it: of the newest data every pair with an item no training saw."""
    before = model.manifest.growth
    trained = model.manifest.items - (before.items if before is not None else 0)
    unseen = (ids < 0) | (ids >= trained)
    pairs = int(np.count_nonzero(unseen[plays.indices]))
    return Growth(
        items=before.items if before is not None else 0,
        listeners=int(plays.shape[0]),
        share=pairs / max(1, plays.nnz),
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        collected=collected,
    )


def _write(
    folder: Path,
    model: Model,
    added: np.ndarray,
    plays: csr_matrix,
    names: Sequence[str],
    done: Callable[[int], None],
) -> dict[str, str]:
    """The files of the model with more items; digests by file."""
    factors = np.concatenate((np.asarray(model.factors.item_factors), added))
    listeners = np.concatenate((model.listeners, plays.getnnz(axis=0).astype(np.int32)))
    every = [*model.catalog.all_names(), *names]
    totals = [*model.catalog.all_plays(), *np.asarray(plays.sum(axis=0)).ravel().astype(np.int64).tolist()]
    artists = numbered_artists(map(item_key, every)) if model.artists is not None else None
    gram = model.factors.gram + ItemFactors(added, model.manifest.regularization).gram
    digests = write_arrays(folder, factors, gram, listeners, artists)
    near, listens, hubness = model.members.neighbours, model.similarity.listens, model.similarity.hubness
    if near is not None and listens is not None and hubness is not None:
        usual = np.full(len(added), hubness.mean(), dtype=np.float32)
        digests |= write_neighbours(
            folder, _with_more(near, len(added)), _with_more(listens, len(added)),
            np.concatenate((hubness, usual)),
        )  # fmt: skip
    done(2)
    write_catalog(
        folder / "catalog.sqlite",
        zip(every, listeners.tolist(), totals, strict=True),
        model.catalog.all_tags(),
    )
    digests["catalog.sqlite"] = digest_of(folder / "catalog.sqlite")
    digests |= write_search(folder, every, listeners, artists)
    done(3)
    _share_folder(model.folder / "index", folder / "index")
    return digests | {name: sha for name, sha in model.manifest.digests.items() if name.startswith("index/")}


def _with_more(cells: Cells, count: int) -> Cells:
    """The same with `count` items more, of which nothing is known."""
    none = np.full(count, cells.starts[-1], dtype=cells.starts.dtype)
    return msgspec.structs.replace(cells, starts=np.concatenate((cells.starts, none)))


def _share_folder(source: Path, to: Path) -> None:
    """The same files again, which never change: as links where the disk has them."""
    to.mkdir()
    for file in source.iterdir():
        try:
            os.link(file, to / file.name)
        except OSError:
            shutil.copyfile(file, to / file.name)
