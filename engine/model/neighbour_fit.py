"""Learning the neighbours: each item from its nearest, in closed form, a ridge regression of at most 100 items.

Counts are dampened and divided by their mean: Z. Of an item i, S are the items with the largest
z_s.z_i / sqrt((|z_s|^2 + d_s) (|z_i|^2 + d_i)), those with at least two listeners in common before all others, and
b_S = (Z_S'Z_S + D_S)^-1 Z_S'z_i, the ridge d growing with an item's listeners. Products among S are taken from those
kept of each item, some 200, nought where they are not: so it is one pass over the listeners of every item, item by
item, and what it leaves does not grow with them. Compiled (`engine.model.neighbour_kernels`), on all cores.

The L2 form of SLIM restricted to nearest items (Ning, Karypis 2011; in full it is EASE^R, Steck 2019).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import CancelledError, InvalidDataError
from engine.model.neighbours import Neighbours
from engine.model.signatures import BLOCK, NEAREST, WAITING
from engine.progress import Cancelled, Share, part_of, silent

if TYPE_CHECKING:
    from scipy.sparse import csc_matrix, csr_matrix

    from engine.model.parallel import Threads

Floats = NDArray[np.float64]
# An item's ridge at mean popularity, and its growth with an item's listeners: good on HetRec (benchmark `quality`). The
# nearest are chosen under this one, whatever ridge weighs them.
RIDGE, RIDGE_GROWTH = 30.0, 0.5
# Products are kept of as many items as such arrays hold, within these bounds: 200 are 208 MB at 130,000 items. On
# HetRec (one split) 200 measure .281 alone, 400 .282, all .282.
KEPT_CELLS, MIN_KEPT, MAX_KEPT = 26_000_000, 200, 400
# How often the progress is reported, and the parts between two times that threads share.
_TOLD, _PARTS = 200, 16


@dataclass(frozen=True)
class Products:
    """Of each item those kept, the `NEAREST` first: their `ids` and `products` (items, kept), how many (items,)
    `counts`; each item's own product (items,) `lengths` and its `listeners` (items,). Counts were divided by their
    `mean`, of `pairs` pairs."""

    ids: NDArray[np.int32]
    products: NDArray[np.float32]
    counts: NDArray[np.int32]
    lengths: Floats
    listeners: Floats
    mean: float
    pairs: int

    def changed(
        self,
        less: csr_matrix,
        more: csr_matrix,
        *,
        progress: Share = silent,
        cancelled: Cancelled | None = None,
    ) -> Products:
        """Those of the plays these are of without the rows `less` and with the rows `more`, (listeners, items) both.

        In place: these are not to be used again. Which are kept stays as it was, so of few rows beside many it is what
        `products_of` would find, in a fraction of the time. Raises CancelledError.
        """
        from scipy.sparse import csr_matrix, vstack

        from engine.model.parallel import cores

        rows = csr_matrix(vstack((less, more)), dtype=np.float32)
        counts, sign = np.log1p(rows.data), np.where(np.arange(rows.nnz) < less.nnz, -1.0, 1.0)
        pairs = self.pairs + more.nnz - less.nnz
        mean = (self.mean * self.pairs + float(sign @ counts)) / pairs
        again = (self.mean / mean) ** 2
        rows.data = (counts / mean).astype(np.float32)
        signed = csr_matrix(
            (rows.data * sign.astype(np.float32), rows.indices, rows.indptr), rows.shape
        ).tocsc()
        (items, kept), columns = self.ids.shape, rows.tocsc()
        starts, row_starts = columns.indptr.astype(np.int64), rows.indptr.astype(np.int64)
        work = _summed(np.diff(rows.indptr)[columns.indices], columns) + kept
        with _threads() as threads:
            rooms = [[np.zeros(items)] for _ in range(cores())]
            for bounds in _in_parts(work, progress, cancelled):
                threads.run(
                    "added", starts, signed.indices, signed.data, row_starts, rows.indices, rows.data, rows.nnz,
                    rows.shape[0], items, kept, again, bounds, len(bounds) - 1, self.ids, self.products, self.counts,
                    rooms=rooms,
                )  # fmt: skip
        lengths = self.lengths * again + _summed(signed.data * columns.data, columns)
        listeners = self.listeners + _summed(np.sign(signed.data), columns)
        return replace(self, lengths=lengths, listeners=listeners, mean=mean, pairs=pairs)

    def neighbours(
        self,
        ridge: float = RIDGE,
        *,
        among: NDArray[np.int32] | None = None,
        progress: Share = silent,
        cancelled: Cancelled | None = None,
    ) -> Neighbours:
        """The model with this ridge, for all items or what is said `among` some. Raises CancelledError."""
        from scipy.sparse import csr_matrix

        from engine.model.parallel import cores

        items, kept = self.ids.shape
        chosen = np.arange(items, dtype=np.int32) if among is None else among
        hears_from = np.minimum(self.counts[chosen], NEAREST)
        diagonal = (self.lengths + _ridges(self.listeners, ridge)).astype(np.float32)
        with _threads() as threads:
            found = np.zeros((len(chosen), threads.rank), dtype=np.float32)
            rooms: list[list[NDArray[Any]]] = [
                [
                    np.zeros((threads.rank + 2, threads.rank), dtype=np.float32),
                    np.zeros(items, dtype=np.uint8),
                ]
                for _ in range(cores())
            ]
            for bounds in _in_parts(hears_from.astype(np.float64) ** 2 + 1, progress, cancelled):
                threads.run(
                    "weights", self.ids, self.products, self.counts, items, kept, diagonal, chosen, len(chosen), bounds,
                    len(bounds) - 1, found, rooms=rooms,
                )  # fmt: skip
        there = np.arange(NEAREST) < hears_from[:, None]
        speakers = self.ids[:, :NEAREST][there] if among is None else self.ids[chosen, :NEAREST][there]
        starts = np.concatenate(([0], np.cumsum(hears_from, dtype=np.int64)))
        # By item, what it hears; wanted is by item what it says.
        cells = (found[:, 1 : NEAREST + 1][there], speakers, starts)
        del found, there
        said = csr_matrix(cells, shape=(len(chosen), items)).tocsc()
        hearers = said.indices.astype(np.int32, copy=False)
        return Neighbours(
            said.indptr.astype(np.int64), hearers if among is None else chosen[hearers], said.data
        )


def build_neighbours(
    plays: csr_matrix,
    ridge: float = RIDGE,
    *,
    progress: Share = silent,
    cancelled: Cancelled | None = None,
) -> Neighbours:
    """The model of (listeners, items) CSR play counts.

    Raises InvalidDataError when nobody played anything or a count is not finite, CancelledError.
    """
    products = products_of(plays, progress=part_of(progress, 0.0, 0.8), cancelled=cancelled)
    return products.neighbours(ridge, progress=part_of(progress, 0.8, 1.0), cancelled=cancelled)


def products_of(
    plays: csr_matrix,
    *,
    among: NDArray[np.int32] | None = None,
    progress: Share = silent,
    cancelled: Cancelled | None = None,
) -> Products:
    """The products of (listeners, items) CSR play counts, which serve for any ridge: of all items, or of what it takes
    for the weights `among` some.

    Raises InvalidDataError when nobody played anything or a count is not finite, CancelledError.
    """
    from scipy.sparse import csr_matrix

    from engine.model.parallel import cores

    if not plays.nnz:
        raise InvalidDataError("There are no plays to find neighbours in.")
    counts = np.log1p(plays.data).astype(np.float32, copy=False)
    if not np.isfinite(counts).all():
        raise InvalidDataError("The play counts are not finite, so nothing can be learned of neighbours.")
    mean = float(counts.mean(dtype=np.float64))
    counts /= mean
    rows = csr_matrix((counts, plays.indices.astype(np.int32, copy=False), plays.indptr), shape=plays.shape)
    columns = rows.tocsc()
    items = plays.shape[1]
    listeners = np.diff(columns.indptr).astype(np.float64)
    lengths = _summed(np.square(columns.data), columns)
    blocks = -(-items // BLOCK)
    inverse = np.zeros(blocks * BLOCK, dtype=np.float32)
    inverse[:items] = 1.0 / np.sqrt(lengths + _ridges(listeners, RIDGE))
    kept = min(max(KEPT_CELLS // items, MIN_KEPT), MAX_KEPT)
    # Pages that no item fills are never taken.
    ids, products = np.empty((items, kept), dtype=np.int32), np.empty((items, kept), dtype=np.float32)
    found = np.zeros(items, dtype=np.int32)
    starts, row_starts = columns.indptr.astype(np.int64), rows.indptr.astype(np.int64)
    # An item costs a look at every item of every listener of its own.
    work = _summed(np.diff(rows.indptr)[columns.indices], columns) + 1
    with _threads() as threads:
        rooms: list[list[NDArray[Any]]] = [
            [
                np.zeros(blocks * BLOCK),
                np.zeros(WAITING + blocks, dtype=np.int32),
                np.zeros(WAITING + blocks, dtype=np.float32),
            ]
            for _ in range(cores())
        ]

        def look(chosen: NDArray[np.int32], share: Share) -> None:
            for bounds in _in_parts(work[chosen], share, cancelled):
                threads.run(
                    "nearest", starts, columns.indices, columns.data, row_starts, rows.indices, rows.data, rows.nnz,
                    rows.shape[0], items, inverse, kept, chosen, len(chosen), bounds, len(bounds) - 1, ids, products,
                    found, rooms=rooms,
                )  # fmt: skip

        if among is None:
            look(np.arange(items, dtype=np.int32), progress)
        else:
            look(among, part_of(progress, 0.0, 0.5))
            # Their nearest are weighed against each other.
            near = ids[among, :NEAREST][np.arange(NEAREST) < found[among][:, None]]
            look(np.setdiff1d(near, among), part_of(progress, 0.5, 1.0))
    return Products(ids, products, found, lengths, listeners, mean, plays.nnz)


def _summed(values: NDArray[np.generic], columns: csc_matrix) -> Floats:
    """Of each column the sum of `values`, one a stored cell: (columns,)."""
    sums, some = np.zeros(columns.shape[1]), np.flatnonzero(np.diff(columns.indptr))
    sums[some] = np.add.reduceat(values, columns.indptr[some], dtype=np.float64)
    return sums


def _ridges(listeners: Floats, ridge: float) -> Floats:
    """The ridge of each item, by its listeners: (items,)."""
    mean = listeners[listeners > 0].mean()
    return np.asarray(ridge * (np.maximum(listeners, 1.0) / mean) ** RIDGE_GROWTH)


def _threads() -> Threads:
    from engine.model.parallel import Threads, cores, padded

    return Threads("neighbours", padded(NEAREST), np.dtype(np.float32), cores())


def _in_parts(work: Floats, progress: Share, cancelled: Cancelled | None) -> Iterator[NDArray[np.int64]]:
    """Bounds of items to do next, in parts of about as much work, until all are done. Raises CancelledError."""
    done = np.concatenate(([0.0], np.cumsum(work)))
    cuts = np.searchsorted(done, np.linspace(0.0, done[-1], _TOLD * _PARTS + 1)).astype(np.int64)
    cuts[-1] = len(work)
    for turn in range(_TOLD):
        if cancelled is not None and cancelled():
            raise CancelledError("Training stopped. Your previous model is unchanged.")
        bounds = np.unique(cuts[turn * _PARTS : (turn + 1) * _PARTS + 1])
        if len(bounds) > 1:
            yield bounds
        progress((turn + 1) / _TOLD)
