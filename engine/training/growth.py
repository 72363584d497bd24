"""Growth: adds items of newer data to a model by fold-in, until the next training.

The newer data's listeners are folded into the items' factors, then the new items into theirs; the listeners are not
kept. The grown model is a folder like any other: more items, one catalog, one set of factors. It keeps its index, and
new items are searched exactly beside the trees (`engine.index.Index.add`), so that ranking is independent of growth.
Related artists use the new items' listeners at once. New items get neighbour weights from the newer data
(`engine.model.neighbour_fit.joining`); weights from new items to the others come with the next training.

How much may join before training again is suggested is `REBUILD`, a twentieth of what listeners play: on HetRec's
Last.fm (nDCG@20 of 40 factors on held-out plays beside a fit that knew all artists, mean of three draws) with artists
of 5, 10, 20 and 40 % of the pairs folded in it is .3, .4, .8 and 2.2 % lower, and not found at all they would cost 2.4,
6, 13 and 27 %. Within the noise of the draws, then, at a twentieth. Without neighbours of what joined hardly anybody
is recommended it (MODEL.md).
"""

from __future__ import annotations

import datetime
import hashlib
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from engine.community.catalog import add_to_catalog
from engine.errors import CancelledError
from engine.model.fold_in_rows import fold_in_rows
from engine.model.item_priors import SCARCE, artist_means, leaning
from engine.model.neighbour_fit import RIDGE, joining
from engine.model.neighbours import Neighbours
from engine.model.similarity import Listens, listens_of
from engine.paths import digest_of
from engine.privacy import Door
from engine.progress import Cancelled, CountReport, Share, part_of
from engine.training.artifact import Model, linked, write_arrays, write_manifest, write_neighbours
from engine.training.in_use import clear_away, new_id, switch_to
from engine.training.interactions import numbered_artists
from engine.training.manifest import Growth, ModelManifest
from engine.training.mending import train_command
from engine.training.search_names import write_more_search
from engine.wording import percent

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# Of the newer data's pairs so many with items that were folded in, beyond which training again is suggested.
REBUILD = 0.05
# How many parts of the whole are reported.
SHARES = 1_000


def much_joined(manifest: ModelManifest) -> str:
    """That more joined a model since it was trained than should stay so, in sentences; else empty."""
    growth = manifest.growth
    if growth is None or growth.share < REBUILD:
        return ""
    return (
        f"{percent(growth.share)} of what the newest data's listeners play is of {manifest.level} no training saw. "
        f"Train again: {train_command(manifest.level)}."
    )


def numbered(model: Model, keys: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """The id in the model of each item (key), with new ones after its own, and which are new, in order."""
    every = model.catalog.all_keys()
    number = dict(zip(every, range(len(every)), strict=True))
    ids = np.fromiter(map(number.get, keys, repeat(-1)), dtype=np.int64, count=len(keys))
    new = np.flatnonzero(ids < 0)
    ids[new] = len(every) + np.arange(len(new))
    return ids, new


def folded_in(
    model: Model, plays: csr_matrix, ids: np.ndarray, new: np.ndarray, artists: np.ndarray | None
) -> np.ndarray:
    """The factors of the columns `new` of (listeners, columns) `plays`, (new, f) float32; `ids` as `numbered` has
    them. Scarce tracks lean on their artist as in a fit: `artists` (items,) of the model's items and the new ones."""
    from scipy.sparse import csr_matrix

    manifest = model.manifest
    counts = manifest.confidence.counted(plays)
    settings = {
        "alpha": manifest.confidence.alpha,
        "regularization": manifest.regularization,
        "frequency_exponent": manifest.frequency_exponent,
    }
    inside = (ids < manifest.items)[counts.indices]
    starts = np.concatenate(([0], np.cumsum(inside)))[counts.indptr]
    columns = ids[counts.indices[inside]].astype(np.int32)
    theirs = csr_matrix((counts.data[inside], columns, starts), shape=(counts.shape[0], manifest.items))
    listeners = fold_in_rows(theirs, np.asarray(model.factors.item_factors), **settings)
    joining = counts[:, new]
    found = fold_in_rows(joining.T.tocsr(), listeners, **settings)
    if artists is not None:
        had = joining.getnnz(axis=0)
        factors = np.concatenate((model.factors.item_factors, found))
        priors = artist_means(factors, np.concatenate((model.listeners, had)), artists)[manifest.items :]
        scarce = np.flatnonzero(had <= SCARCE)
        found[scarce] = leaning(joining[:, scarce], listeners, priors[scarce], **settings)
    return found


def grow(
    door: Door,
    model: Model,
    plays: csr_matrix,
    names: Sequence[str],
    keys: Sequence[str],
    *,
    collected: str = "",
    progress: CountReport | None = None,
    cancelled: Cancelled | None = None,
) -> ModelManifest:
    """Have what (listeners, items) `plays` of items called `names`, with different `keys`, know and a community model
    does not join it, and make that the one of its level in use; returns its manifest, the one it had where nothing is
    new.

    Raises CancelledError, PrivateSessionError in a private session.
    """
    door.require_writable("grow a model")

    def done(share: float) -> None:
        if progress is not None:
            progress(round(share * SHARES), SHARES)
        if cancelled is not None and cancelled():
            raise CancelledError("Stopped. Your model is unchanged.")

    done(0.0)
    ids, new = numbered(model, keys)
    growth = _growth(model, plays, ids, collected)
    if not len(new):
        clear_away(door)
        done(1.0)
        return model.manifest
    artists = None
    if model.artists is not None:
        artists = numbered_artists([*model.catalog.all_keys(), *(keys[column] for column in new.tolist())])
    added = folded_in(model, plays, ids, new, artists)
    done(0.1)
    today = datetime.datetime.now(datetime.UTC)
    base = model.manifest
    model_id = new_id(door.folders, hashlib.sha256(added.tobytes()).hexdigest(), today)
    with door.new_folder(door.folders.models / model_id) as folder:
        digests = _write(door, folder, model, added, artists, plays, ids, new, names, keys, done)
        manifest = msgspec.structs.replace(
            base,
            id=model_id,
            items=base.items + len(new),
            digests=digests,
            growth=msgspec.structs.replace(growth, items=growth.items + len(new)),
        )
        write_manifest(folder, manifest)
    switch_to(door, model_id, base.level, grown=True)
    done(1.0)
    return manifest


def _growth(model: Model, plays: csr_matrix, ids: np.ndarray, collected: str) -> Growth:
    """What this growth comes to with those before it: of the newest data every pair with an item no training saw."""
    before = model.manifest.growth
    trained = model.manifest.items - (before.items if before is not None else 0)
    pairs = int(np.count_nonzero((ids >= trained)[plays.indices]))
    return Growth(
        items=before.items if before is not None else 0,
        listeners=int(plays.shape[0]),
        share=pairs / max(1, plays.nnz),
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        collected=collected,
    )


def _write(
    door: Door,
    folder: Path,
    model: Model,
    added: np.ndarray,
    artists: np.ndarray | None,
    plays: csr_matrix,
    ids: np.ndarray,
    new: np.ndarray,
    names: Sequence[str],
    keys: Sequence[str],
    done: Share,
) -> dict[str, str]:
    """The files of the model with more items, those that stay as they were as links; digests by file."""
    more = plays[:, new]
    called, counts = [names[column] for column in new.tolist()], more.getnnz(axis=0).astype(np.int32)
    factors = np.concatenate((np.asarray(model.factors.item_factors), added))
    listeners = np.concatenate((model.listeners, counts))
    wide = added.astype(np.float64)
    gram = model.factors.gram + wide.T @ wide
    digests = write_arrays(folder, factors, gram, listeners, artists)
    totals = np.asarray(more.sum(axis=0)).ravel().astype(np.int64).tolist()
    joined = list(
        zip(called, [keys[column] for column in new.tolist()], counts.tolist(), totals, strict=True)
    )
    # The kernels hold no interpreter lock, so that names are taken down meanwhile.
    with ThreadPoolExecutor(1) as beside:
        named = beside.submit(_write_names, door, folder, model, joined, listeners, artists)
        digests |= _write_neighbours(folder, model, plays, ids, new, part_of(done, 0.1, 0.9))
        digests |= named.result()
    done(0.95)
    (folder / "index").mkdir()
    kept = [name for name in model.manifest.digests if name.startswith("index/")]
    return digests | linked(model, folder, kept)


def _write_names(
    door: Door,
    folder: Path,
    model: Model,
    joined: Sequence[tuple[str, str, int, int]],
    listeners: np.ndarray,
    artists: np.ndarray | None,
) -> dict[str, str]:
    """The catalog with the (name, key, listeners, plays) of what joined, and what finds all by name; digests."""
    catalog = folder / "catalog.sqlite"
    shutil.copyfile(model.folder / catalog.name, catalog)
    add_to_catalog(catalog, joined)
    # Artists are found by key: the key of a key is itself.
    called = [key if artists is None else name for name, key, *_ in joined]
    artist_names = None if artists is None else model.artist_names
    digests = {catalog.name: digest_of(catalog)} | write_more_search(
        folder, model.names, artist_names, called, listeners, artists
    )
    # The disk writes while the neighbours are worked out, which leaves it little for the end.
    door.make_safe(folder)
    return digests


def _write_neighbours(
    folder: Path, model: Model, plays: csr_matrix, ids: np.ndarray, new: np.ndarray, progress: Share
) -> dict[str, str]:
    """What is known of who else plays an item, where the model has that. Digests by file."""
    near, listens, hubness = model.members.neighbours, model.similarity.listens, model.similarity.hubness
    if near is None or listens is None or hubness is None:
        return {}
    items = model.manifest.items + len(new)
    ridge = model.manifest.validation.get("ensemble", {}).get("ridge", RIDGE)
    usual = np.full(len(new), hubness.mean(), dtype=np.float32)
    near = near.grown_by(weights_for(plays, ids, new, items, ridge, progress))
    assert near.joined is not None  # noqa: S101 - that it is grown by
    kept = linked(model, folder, [f"neighbours_{name}.npy" for name in near.ARRAYS])
    newer, crowded = newer_listens(listens, plays, ids, items), np.concatenate((hubness, usual))
    return kept | write_neighbours(folder, near.joined, newer, crowded, "joined")


def weights_for(
    plays: csr_matrix, ids: np.ndarray, new: np.ndarray, items: int, ridge: float, progress: Share
) -> Neighbours:
    """The neighbours of the columns `new` of (listeners, columns) `plays`, the columns being the items `ids` of `items`
    items."""
    found = joining(plays, new.astype(np.int32), ridge, progress=progress)
    sources = np.repeat(ids, np.diff(found.starts))
    order = np.argsort(sources, kind="stable")
    starts = np.concatenate(([0], np.cumsum(np.bincount(sources, minlength=items), dtype=np.int64)))
    targets = ids[found.targets[order]].astype(np.int32)
    return Neighbours(starts, targets, found.weights[order])


def newer_listens(listens: Listens, plays: csr_matrix, ids: np.ndarray, items: int) -> Listens:
    """Who listens to what of so many `items` by newer data, whose columns are the items `ids`; of what it does not
    have, as before."""
    newer = listens_of(plays)
    missing = np.ones(len(listens.starts) - 1, dtype=np.bool_)
    missing[ids[ids < len(missing)]] = False
    kept = np.flatnonzero(missing)
    which, before = listens.of(kept)
    cells = np.concatenate((np.repeat(ids, np.diff(newer.starts)), kept[which]))
    listeners = np.concatenate((newer.listeners, before + np.int32(newer.count)))
    starts = np.concatenate(([0], np.cumsum(np.bincount(cells, minlength=items), dtype=np.int64)))
    return Listens(starts, listeners[np.argsort(cells, kind="stable")])
