"""Builds an index folder: the norm order, the trees, and the figures that decide which of them serves."""

from __future__ import annotations

import hashlib
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.errors import CancelledError, InvalidDataError
from engine.index.annoy_trees import (
    METRIC,
    Trees,
    annoy_version,
    build_tree_files,
    head_size,
    open_trees,
    plan_trees,
)
from engine.index.calibrate import best_questions, calibrate, nearest_questions
from engine.index.manifest import (
    FORMAT,
    MANIFEST_FILE,
    Figures,
    IndexManifest,
    TreeFile,
    manifest_to_json,
    record_of,
)
from engine.index.norm_scan import FILES, NormOrder, write_norm_order
from engine.index.scores import Floats, Ids, checked_factors
from engine.progress import Cancelled, CountReport, Share, part_of

# More bring little: on 130,000 trained items and on random ones 10 to 80 trees changed the milliseconds at
# equal recall by less than their noise and tripled the bytes, so only `search_k` is tuned.
TREES = 10
_RELATED_QUERIES = 200
_STANDING_IN = 64
# How many parts of the whole are reported.
_STEPS = 1_000


def build_index(
    folder: Path,
    item_factors: ArrayLike,
    queries: ArrayLike,
    *,
    seed: int = 0,
    trees: int = TREES,
    progress: CountReport | None = None,
    cancelled: Cancelled | None = None,
) -> IndexManifest:
    """Build the index of `item_factors` (items, factors) float32 into the empty `folder` and measure it.

    `queries` (q, factors) are real listeners' vectors, a few hundred, on which the trees for Discover are tuned to a
    recall of 0.95 among the best 100; with none, items are used. Related items are tuned on items. The same factors,
    seed and version of annoy give the same bytes, except for the manifest, which holds times.

    Raises InvalidDataError for no items, NaN or infinite values or queries of another width; CancelledError;
    DiscoverError when annoy is not installed.
    """
    factors = checked_factors(item_factors)
    if not len(factors):
        raise InvalidDataError("there are no items to index; add a community pack or import a history first")
    asked = _checked_queries(queries, factors)
    at = _reported(progress, cancelled)
    started = perf_counter()
    items = write_norm_order(folder, factors)
    plans = plan_trees(items, trees)
    at(0.02)
    build_tree_files(folder, items, plans, seed, part_of(at, 0.02, 0.6))
    opened = open_trees(folder, items, plans, {}, head=head_size(len(factors)))
    figures = _measure(items, opened, plans, asked, seed, part_of(at, 0.6, 1.0))
    manifest = _manifest(folder, factors, seed, trees, plans, figures, perf_counter() - started)
    (folder / MANIFEST_FILE).write_bytes(manifest_to_json(manifest))
    return manifest


def _reported(progress: CountReport | None, cancelled: Cancelled | None) -> Share:
    """What counts how far it is. Raises CancelledError when asked to stop."""

    last = 0

    def at(share: float) -> None:
        nonlocal last
        if cancelled is not None and cancelled():
            raise CancelledError("building the index was cancelled; your previous model is unchanged")
        if progress is not None and round(share * _STEPS) > last:
            last = round(share * _STEPS)
            progress(last, _STEPS)

    return at


def _checked_queries(queries: ArrayLike, factors: Floats) -> NDArray[np.float64]:
    asked: Floats = np.asarray(queries, dtype=np.float32)
    if asked.size == 0:
        # Without queries items evenly spaced through the catalog are used.
        asked = factors[:: max(1, len(factors) // _STANDING_IN)]
    asked = checked_factors(asked)
    if asked.shape[1] != factors.shape[1]:
        raise InvalidDataError(f"queries have {asked.shape[1]} factors, the items {factors.shape[1]}")
    useful = asked[asked.any(axis=1)]
    return useful.astype(np.float64)


def _related_places(items: NormOrder, seed: int) -> Ids:
    """Places of a sample of items for queries of related artists: any with a direction, evenly drawn."""
    count = min(_RELATED_QUERIES, items.with_direction)
    return np.random.default_rng(seed).choice(items.with_direction, count, replace=False).astype(np.int64)


def _measure(
    items: NormOrder,
    opened: Trees,
    plans: list[TreeFile],
    queries: NDArray[np.float64],
    seed: int,
    progress: Share,
) -> list[Figures]:
    trees = plans[0].trees if plans else 0
    # Asked to look at every item of every tree, Annoy misses nothing.
    largest = max((plan.stop - plan.start for plan in plans), default=1) * max(1, trees)
    best = best_questions(items, opened, queries, largest)
    nearest = nearest_questions(items, opened, _related_places(items, seed), largest)
    return calibrate(best, trees, part_of(progress, 0.0, 0.5)) + calibrate(
        nearest, trees, part_of(progress, 0.5, 1.0)
    )


def _manifest(
    folder: Path,
    factors: Floats,
    seed: int,
    trees: int,
    plans: list[TreeFile],
    figures: list[Figures],
    seconds: float,
) -> IndexManifest:
    names = [*FILES, *(plan.file for plan in plans)]
    files = {name: record_of(folder / name) for name in names}
    discover = next(f for f in figures if f.kind == "best" and f.strategy == "annoy")
    return IndexManifest(
        format=FORMAT,
        items=len(factors),
        factors=factors.shape[1],
        seed=seed,
        annoy=annoy_version(),
        metric=METRIC,
        factors_sha256=hashlib.sha256(factors.data).hexdigest(),
        trees=trees,
        search_k=discover.search_k,
        recall=discover.recall,
        bytes=sum(record.bytes for record in files.values()),
        head=head_size(len(factors)),
        build_seconds=seconds,
        tree_files=plans,
        figures=figures,
        files=files,
    )
