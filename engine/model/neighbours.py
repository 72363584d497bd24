"""Neighbours: what the listeners who play what you play also play, item to item and in closed form.

Two linear item models in one shape. Below `EASE_LISTENERS` listeners it is EASE^R (Steck 2019) on dampened counts,
by its exact dual: with a ridge d_i that grows with an item's listeners, Z = X D^-1/2 and K = (Z Z' + I)^-1, the score
of item i for plays x is z_i' K Z (D^-1/2 x) / (d_i^-1/2 (1 - z_i' K z_i)), and no item speaks for itself. Above it is
RP3beta (Paudel, Christoffel, Newell, Bernstein 2017), a walk item, listener, item, over a sample of the listeners.
Either way a score is a sum over the person's items, so that each one's part in it is exact; NumPy only at use.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.errors import InvalidDataError

if TYPE_CHECKING:
    from scipy.sparse import csc_matrix, csr_matrix

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]
# EASE keeps a float32 matrix of listeners by listeners: 64 MB at this many.
EASE_LISTENERS = 4_000
# The walk needs no more of them: who plays an item is known well enough from a sample.
WALK_LISTENERS = 10_000
# The items' ridge at mean popularity, and its growth with an item's listeners: good on HetRec (benchmark `quality`).
RIDGE, RIDGE_GROWTH = 30.0, 0.5
BETA = 0.3
# The person's items whose parts are worked out at a time: 20 MB at 10,000 listeners.
_AT_ONCE = 512
# Of so few items the parts are summed cell by cell: sooner done than filling those matrices.
_FEW = 4


class Gathered(NamedTuple):
    """Cells of items `ids` (m,): `counts` (m,) of each, and of all in order their `listeners` and `values`."""

    ids: Ids
    counts: Ids
    listeners: NDArray[np.integer]
    values: NDArray[np.float32]


class Neighbours(msgspec.Struct, frozen=True):
    """The model: arrays, for `np.save`.

    Items are columns of a sparse matrix Z of listeners: `starts` (items + 1,) int64, `listeners` (nnz,) int32,
    `values` (nnz,) float32. `kernel` is (n, n) or, diagonal, (n,) float32. `scales` (3, items) float32: what a play
    is multiplied by, what a score is, and what an item would say for itself.
    """

    starts: NDArray[np.int64]
    listeners: NDArray[np.int32]
    values: NDArray[np.float32]
    kernel: NDArray[np.float32]
    scales: NDArray[np.float32]

    @property
    def items(self) -> int:
        """How many items there are."""
        return len(self.starts) - 1

    @property
    def name(self) -> str:
        """Which of the two forms this is."""
        return "EASE^R" if self.kernel.ndim == 2 else "RP3beta"

    def cells(self, ids: Ids) -> tuple[Ids, Ids]:
        """(which of `ids`, place in `listeners` and `values`) of every stored cell of these items, in order."""
        counts = self.starts[ids + 1] - self.starts[ids]
        which = np.repeat(np.arange(len(ids)), counts)
        ends = np.cumsum(counts)
        places = np.arange(len(which)) + np.repeat(self.starts[ids] - (ends - counts), counts)
        return which, places

    def gather(self, ids: Ids | None = None) -> Gathered:
        """The stored cells of these items, or of all: what scoring the same items again and again needs."""
        if ids is None:
            return Gathered(np.arange(self.items), np.diff(self.starts), self.listeners, self.values)
        _, places = self.cells(ids)
        counts = self.starts[ids + 1] - self.starts[ids]
        # As wide as an index is: else every look-up would widen them again.
        return Gathered(ids, counts, self.listeners[places].astype(np.intp), self.values[places])

    def columns(self, ids: Ids) -> NDArray[np.float32]:
        """Z' of these items, dense: (m, n) float32."""
        which, places = self.cells(ids)
        dense = np.zeros((len(ids), self.kernel.shape[0]), dtype=np.float32)
        dense[which, self.listeners[places]] = self.values[places]
        return dense

    def fold_in(self, ids: Ids, plays: Floats) -> FoldedNeighbours:
        """The listener who played items `ids` (n,), each once, `plays` (n,) times.

        Raises InvalidDataError for ids out of range and plays that are negative or not finite.
        """
        ids, plays = np.asarray(ids, dtype=np.int64), np.asarray(plays, dtype=np.float64)
        if ids.shape != plays.shape or (len(ids) and (ids.min() < 0 or ids.max() >= self.items)):
            raise InvalidDataError(f"item ids go from 0 to {self.items - 1}, each with its plays.")
        if not (np.isfinite(plays).all() and (plays >= 0).all()):
            raise InvalidDataError("plays must be finite and at least 0.")
        return FoldedNeighbours(self, ids, np.log1p(plays))


class FoldedNeighbours:
    """One listener among the neighbours. Made by `Neighbours.fold_in`; `own` are the cells of items `ids`."""

    def __init__(self, model: Neighbours, ids: Ids, weights: Floats, own: Gathered | None = None) -> None:
        self._model = model
        self.ids = ids
        self._weights = weights
        self._own = own if own is not None else model.gather(ids)

    def gather(self, ids: Ids) -> Gathered:
        """The cells of items `ids` that say anything for this listener, however often the own items are played.

        On a walk those are the cells of listeners who play any of the own items.
        """
        cells = self._model.gather(ids)
        if self._model.kernel.ndim == 2:
            return cells
        reached = np.zeros(self._model.kernel.shape[0], dtype=bool)
        reached[self._own.listeners] = True
        kept = reached[cells.listeners]
        before = np.concatenate(([0], np.cumsum(kept)))
        ends = np.cumsum(cells.counts)
        counts = before[ends] - before[ends - cells.counts]
        return Gathered(ids, counts, cells.listeners[kept], cells.values[kept])

    def replayed(self, plays: Floats) -> FoldedNeighbours:
        """The listener of the same items played `plays` (n,) times."""
        return FoldedNeighbours(self._model, self.ids, np.log1p(plays), self._own)

    @cached_property
    def _listeners(self) -> NDArray[np.float32]:
        """What each listener of the community says for this person: (n,)."""
        return self._through(self._own, self._weights)

    @cached_property
    def _order(self) -> Ids:
        return np.argsort(self.ids)

    def _through(self, own: Gathered, weights: Floats) -> NDArray[np.float32]:
        model = self._model
        said = np.repeat(weights * model.scales[0, own.ids], own.counts) * own.values
        summed = np.bincount(own.listeners, weights=said, minlength=model.kernel.shape[0]).astype(np.float32)
        return np.asarray(model.kernel @ summed if model.kernel.ndim == 2 else model.kernel * summed)

    def _scores_from(self, listeners: NDArray[np.float32], cells: Gathered) -> Floats:
        """What items hear from the listeners, before what they say for themselves is taken away: (m,)."""
        return np.asarray(_summed(listeners, cells) * self._model.scales[1, cells.ids])

    def scores(self, ids: Ids | Gathered | None = None) -> Floats:
        """Scores of items `ids` (m,), or of all: (m,) float64."""
        if not isinstance(ids, Gathered):
            ids = self._model.gather(None if ids is None else np.asarray(ids, dtype=np.int64))
        return self._scores_from(self._listeners, ids) - self._for_itself(ids.ids)

    def _for_itself(self, ids: Ids) -> Floats:
        if not len(self.ids):
            return np.zeros(len(ids))
        own = self.ids[self._order]
        place = np.minimum(np.searchsorted(own, ids), len(own) - 1)
        weights = np.where(own[place] == ids, self._weights[self._order[place]], 0.0)
        return np.asarray(weights * self._model.scales[2, ids])

    def part_of(self, index: int, ids: Ids | Gathered) -> Floats:
        """What the listener's item `ids[index]` adds to the scores of items `ids`: (m,)."""
        cells = ids if isinstance(ids, Gathered) else self._model.gather(ids)
        one = slice(index, index + 1)
        said = self._through(self._model.gather(self.ids[one]), self._weights[one])
        return np.where(cells.ids == self.ids[index], 0.0, self._scores_from(said, cells))

    def contributions(self, ids: Ids) -> Floats:
        """(m, n): what each of the listener's n items adds to the score of each item; rows sum to `scores`."""
        model = self._model
        ids = np.asarray(ids, dtype=np.int64)
        columns = model.columns(ids)
        columns = columns @ model.kernel if model.kernel.ndim == 2 else columns * model.kernel
        parts = np.empty((len(ids), len(self.ids)))
        if len(ids) <= _FEW:
            for row, listeners in zip(parts, columns, strict=True):
                row[:] = _summed(listeners, self._own) * (self._weights * model.scales[0, self.ids])
        else:
            for first in range(0, len(self.ids), _AT_ONCE):
                own = self.ids[first : first + _AT_ONCE]
                said = self._weights[first : first + _AT_ONCE] * model.scales[0, own]
                parts[:, first : first + _AT_ONCE] = (columns @ model.columns(own).T) * said
        parts *= model.scales[1, ids][:, None]
        parts[ids[:, None] == self.ids[None, :]] = 0.0
        return parts


def _summed(listeners: NDArray[np.float32], cells: Gathered) -> Floats:
    """For each item the sum over its cells of what their listener says: (m,)."""
    said = np.take(listeners, cells.listeners)
    said *= cells.values
    sums, some = np.zeros(len(cells.ids)), np.flatnonzero(cells.counts)
    if len(some):
        starts = np.concatenate(([0], np.cumsum(cells.counts[some])[:-1]))
        sums[some] = np.add.reduceat(said, starts, dtype=np.float64)
    return sums


def build_neighbours(
    plays: csr_matrix, seed: int = 0, *, ridge: float = RIDGE, limit: int = EASE_LISTENERS
) -> Neighbours:
    """The model of (listeners, items) CSR play counts: EASE^R up to `limit` listeners with any plays, else RP3beta.

    Raises InvalidDataError when nobody played anything.
    """
    rows = np.flatnonzero(np.diff(plays.indptr))
    if not len(rows):
        raise InvalidDataError("There are no plays to find neighbours in.")
    if len(rows) > limit:
        rng = np.random.default_rng(seed)
        rows = np.sort(rng.permutation(rows)[:WALK_LISTENERS])
        return _walk(plays[rows])
    return _ease(plays[rows], ridge)


def _ease(plays: csr_matrix, ridge: float) -> Neighbours:
    counts = plays.astype(np.float64)
    counts.data = np.log1p(counts.data)
    counts.data /= counts.data.mean()
    listeners = np.asarray(plays.getnnz(axis=0), dtype=np.float64)
    mean = listeners[listeners > 0].mean()
    inward = 1.0 / np.sqrt(ridge * (np.maximum(listeners, 1.0) / mean) ** RIDGE_GROWTH)
    scaled = counts.multiply(inward[None, :]).tocsr()
    products = (scaled @ scaled.T).toarray().astype(np.float32)
    products[np.diag_indices(len(products))] += 1.0
    kernel = _inverse(products)
    columns = scaled.tocsc()
    own = _own_products(columns, kernel)
    outward = 1.0 / (inward * np.maximum(1.0 - own, 1e-6))
    return _arrays(columns, kernel, inward, outward, own)


def _walk(plays: csr_matrix) -> Neighbours:
    binary = plays.astype(np.float32)
    binary.data = np.ones_like(binary.data)
    listeners = np.maximum(np.asarray(plays.getnnz(axis=0), dtype=np.float64), 1.0)
    kernel = (1.0 / np.maximum(np.diff(plays.indptr), 1)).astype(np.float32)
    columns = binary.tocsc()
    own = np.asarray(columns.T @ kernel).ravel()
    return _arrays(columns, kernel, 1.0 / listeners, listeners**-BETA, own)


def _inverse(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """The inverse of a symmetric matrix whose eigenvalues begin at 1: single precision loses nothing that a ranking
    would show, and by Cholesky it takes a third of the time of a general one."""
    from scipy.linalg import lapack

    factor, failed = lapack.spotrf(matrix, lower=0, overwrite_a=1)
    upper, failed_too = lapack.spotri(factor, lower=0, overwrite_c=1)
    if failed or failed_too:
        raise InvalidDataError("the neighbours' equations have no solution; the play counts are not finite.")
    upper = np.triu(upper)
    return np.asarray(upper + np.triu(upper, 1).T, dtype=np.float32)


def _own_products(columns: csc_matrix, kernel: NDArray[np.float32]) -> Floats:
    """z_i' K z_i of every column: (items,)."""
    own = np.empty(columns.shape[1])
    for first in range(0, columns.shape[1], _AT_ONCE):
        part = columns[:, first : first + _AT_ONCE]
        own[first : first + part.shape[1]] = np.asarray(part.multiply(kernel @ part).sum(axis=0)).ravel()
    return own


def _arrays(
    columns: csc_matrix, kernel: NDArray[np.float32], inward: Floats, outward: Floats, own: Floats
) -> Neighbours:
    return Neighbours(
        starts=columns.indptr.astype(np.int64),
        listeners=columns.indices.astype(np.int32),
        values=columns.data.astype(np.float32),
        kernel=kernel,
        scales=np.stack([inward, outward, inward * outward * own]).astype(np.float32),
    )
