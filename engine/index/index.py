"""An opened index: the best items for a listener, the nearest to an item, by whichever way measured best."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.errors import DamagedDataError, InvalidDataError, unreadable
from engine.index.annoy_trees import Trees, annoy_module, annoy_version, effort_for, open_trees
from engine.index.manifest import (
    MANIFEST_FILE,
    IndexManifest,
    Kind,
    Strategy,
    check_digest,
    check_size,
    manifest_from_json,
)
from engine.index.norm_scan import FACTORS_FILE, FILES, Anchor, NormOrder, open_norm_order
from engine.index.scores import (
    MIN_NORM,
    Floats,
    Ids,
    Result,
    checked_count,
    checked_factors,
    checked_query,
    cosines,
    excluded_ids,
    norms_of,
    products,
    ranked,
)
from engine.paths import bytes_of

# Rows compared with the caller's factors on opening: a retrained model differs in all of them.
_COMPARED_ROWS = 64


class Index:
    """Maximum inner product and cosine search over item factors, with items added later searched beside.

    Made by `open_index`. Ids are rows of the item factors; added items follow. Every score is exact.
    """

    def __init__(self, folder: Path, manifest: IndexManifest, items: NormOrder) -> None:
        self._folder = folder
        self._items = items
        self._opened: dict[Kind, Trees] = {}
        self._added: Floats = np.empty((0, manifest.factors), dtype=np.float32)
        self.manifest = manifest

    def __len__(self) -> int:
        return self.manifest.items + len(self._added)

    def best(
        self,
        query: ArrayLike,
        k: int,
        *,
        exclude: ArrayLike | None = None,
        strategy: Strategy | None = None,
        near: Anchor | None = None,
    ) -> Result:
        """The `k` items with the largest inner product with `query` (factors,): ids int64, scores float32.

        Descending, ties by ascending id; fewer where the catalog has no more. `exclude` is a mask (items,)
        bool or an array of ids. `strategy` None takes the one that measured best, "exact" misses nothing,
        "annoy" asks the trees. `near` is what `anchor` gave for queries like this one: the answer is the same, an
        exact one quicker. Raises InvalidDataError for a malformed query, DamagedDataError for damaged
        tree files.
        """
        vector, k = checked_query(query, self.manifest.factors), checked_count(k)
        excluded = excluded_ids(exclude, len(self))
        built = excluded[excluded < self.manifest.items]
        result = None
        if self._chosen("best", strategy, k + len(built)) == "annoy":
            result = self._trees("best").best(
                vector, k, built, self.manifest.figures_of("best", "annoy").search_k
            )
            if len(result[0]) < min(k, self.manifest.items - len(built)):
                result = None
        if result is None:
            result = (
                self._items.best(vector[None, :], k, built)[0]
                if near is None
                else self._items.best_near(vector, k, built, near)
            )
        if not len(self._added):
            return result
        beside = self._allowed_added(excluded)
        scores = products(self._added[beside], vector)
        return _merged(result, beside + self.manifest.items, scores, k)

    def anchor(self, queries: Sequence[ArrayLike]) -> Anchor:
        """A few `queries` (factors,) to ask others near."""
        return self._items.anchor(
            np.stack([checked_query(query, self.manifest.factors) for query in queries])
        )

    def nearest(
        self,
        item: int | ArrayLike,
        k: int,
        *,
        exclude: ArrayLike | None = None,
        strategy: Strategy | None = None,
    ) -> Result:
        """The `k` items most similar to an item id or a vector (factors,): ids int64, cosines float32.

        An item is never among its own neighbours. A zero vector points nowhere: it is near nothing, and
        nothing is near it. Otherwise as `best`.
        """
        k = checked_count(k)
        excluded = excluded_ids(exclude, len(self))
        if isinstance(item, (int, np.integer)):
            vector = self._vector(int(item)).astype(np.float64)
            excluded = np.union1d(excluded, [int(item)]).astype(np.int64)
        else:
            vector = checked_query(item, self.manifest.factors)
        if float(norms_of(vector[None, :])[0]) <= MIN_NORM:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        result = self._nearest_built(vector, k, excluded[excluded < self.manifest.items], strategy)
        if not len(self._added):
            return result
        beside = self._allowed_added(excluded)
        norms = norms_of(self._added[beside])
        beside, norms = beside[norms > MIN_NORM], norms[norms > MIN_NORM]
        scores = cosines(self._added[beside], norms, vector)
        return _merged(result, beside + self.manifest.items, scores, k)

    def add(self, vectors: ArrayLike) -> Ids:
        """Take in items (a, factors) folded in after the build, searched exactly beside it; gives their ids.

        They live in this object only, until the next build. Raises InvalidDataError for malformed vectors.
        """
        new = checked_factors(vectors)
        if new.shape[1] != self.manifest.factors:
            raise InvalidDataError(f"vectors must have {self.manifest.factors} factors, not {new.shape[1]}")
        first = len(self)
        self._added = np.concatenate((self._added, new))
        return np.arange(first, len(self), dtype=np.int64)

    def serving(self, kind: Kind) -> Strategy:
        """What answers `kind` where no strategy is named: the one that measured best, if it can be used here.

        Trees written by another version of annoy than the installed one are passed over for the exact scan.
        """
        chosen = self.manifest.serving(kind)
        return chosen if chosen == "exact" or annoy_version() == self.manifest.annoy else "exact"

    # -- within -----------------------------------------------------------------------------------------

    @cached_property
    def _serving(self) -> dict[Kind, Strategy]:
        return {"best": self.serving("best"), "nearest": self.serving("nearest")}

    def _trees(self, kind: Kind) -> Trees:
        """The trees for one kind of question, checked and mapped at the first."""
        if kind in self._opened:
            return self._opened[kind]
        manifest, installed = self.manifest, annoy_version()
        annoy_module()
        if installed != manifest.annoy:
            raise DamagedDataError(
                f"{self._folder}: its trees were built with annoy {manifest.annoy} and cannot be read by "
                f"{installed}; train the model again"
            )
        plans = [plan for plan in manifest.tree_files if plan.kind == kind]
        trees = open_trees(self._folder, self._items, plans, manifest.files, head=manifest.head)
        return self._opened.setdefault(kind, trees)

    def _chosen(self, kind: Kind, strategy: Strategy | None, depth: int) -> Strategy:
        """`strategy`, or the quicker one for a list that is `depth` deep, excluded items counted.

        Trees have no filter: they fetch what is excluded as well and take that much longer.
        """
        if strategy is None:
            if self._serving[kind] == "exact":
                return "exact"
            exact, trees = (self.manifest.figures_of(kind, name) for name in ("exact", "annoy"))
            return "annoy" if trees.ms * effort_for(depth) < exact.ms else "exact"
        if strategy not in ("exact", "annoy"):
            raise InvalidDataError(f"unknown search strategy “{strategy}”; there are “exact” and “annoy”")
        return strategy

    def _nearest_built(
        self, vector: NDArray[np.float64], k: int, excluded: Ids, strategy: Strategy | None
    ) -> Result:
        if self._chosen("nearest", strategy, k + len(excluded)) == "annoy":
            search_k = self.manifest.figures_of("nearest", "annoy").search_k
            result = self._trees("nearest").nearest(vector, k, excluded, search_k)
            if len(result[0]) >= min(k, self._items.with_direction - len(excluded)):
                return result
        return self._items.nearest(vector, k, excluded)

    def _vector(self, item: int) -> Floats:
        if not 0 <= item < len(self):
            raise InvalidDataError(f"item {item} is not in the index of {len(self)} items")
        built = self.manifest.items
        row: Floats = (
            self._items.factors[self._items.places[item]] if item < built else self._added[item - built]
        )
        return row

    def _allowed_added(self, excluded: Ids) -> Ids:
        """Rows of the added items that are not excluded."""
        return np.setdiff1d(np.arange(len(self._added)), excluded - self.manifest.items, assume_unique=True)


def _merged(result: Result, ids: Ids, scores: NDArray[np.float64], k: int) -> Result:
    if not len(ids):
        return result
    return ranked(np.concatenate((result[0], ids)), np.concatenate((result[1], scores)), k)


def open_index(folder: Path, item_factors: NDArray[np.float32]) -> Index:
    """Open the index in `folder`, built for `item_factors` (items, factors) float32, or for the first of them: the rest
    joined since, and is searched beside the trees (`Index.add`).

    Arrays are mapped, not read; trees are loaded by the first question they answer. Checked here: every
    file's size, the digests of the small files, and a sample of rows against `item_factors`. Raises
    DamagedDataError for missing, truncated or altered files and for another model's factors.
    """
    path = folder / MANIFEST_FILE
    try:
        data = bytes_of(path)
    except OSError as error:
        damaged = f"{path}: cannot be read ({error.strerror}); repair it: discover doctor --repair"
        raise unreadable(error, path, damaged) from error
    manifest = manifest_from_json(data, path)
    for name in FILES:
        check = check_size if name == FACTORS_FILE else check_digest
        if name not in manifest.files:
            raise DamagedDataError(f"{path}: names no {name}; repair it: discover doctor --repair")
        check(folder, name, manifest.files[name])
    for plan in manifest.tree_files:
        fits = 0 <= plan.start < plan.stop <= manifest.items
        if not fits or plan.dimension != manifest.factors + plan.augmented or plan.file not in manifest.files:
            raise DamagedDataError(
                f"{path}: does not describe {plan.file}; repair it: discover doctor --repair"
            )
        check_size(folder, plan.file, manifest.files[plan.file])
    shape = (manifest.items, manifest.factors)
    items = open_norm_order(folder, shape)
    _check_factors(folder, items, item_factors[: manifest.items], shape)
    index = Index(folder, manifest, items)
    if len(item_factors) > manifest.items:
        index.add(item_factors[manifest.items :])
    return index


def _check_factors(
    folder: Path, items: NormOrder, item_factors: NDArray[np.float32], shape: tuple[int, int]
) -> None:
    if item_factors.shape == shape:
        rows = np.unique(np.linspace(0, shape[0] - 1, _COMPARED_ROWS).astype(np.int64))
        theirs = np.ascontiguousarray(item_factors[rows], dtype=np.float32)
        if np.array_equal(theirs, items.factors[items.places[rows]]):
            return
    raise DamagedDataError(f"{folder}: this index was built for other factors; train the model again")
