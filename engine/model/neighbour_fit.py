"""Learns the neighbour model: for each item a ridge regression on at most 100 nearest items, in closed form.

Counts are dampened and divided by their mean: Z. Of an item i, S are the items with the largest z_s.z_i / sqrt((|z_s|^2
+ d_s) (|z_i|^2 + d_i)), those with at least two listeners in common first, and b_S = (Z_S'Z_S + D_S)^-1 Z_S'z_i, the
ridge d growing with an item's listeners. Products within S are those kept per item, about 200, and 0 otherwise: so the
fit takes one pass over each item's listeners, and its memory does not grow with them. Compiled (`neighbours.c`), on
all cores.

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
from engine.progress import Cancelled, Share, part_of, silent

if TYPE_CHECKING:
    from scipy.sparse import csc_matrix, csr_matrix

    from engine.model.parallel import Threads

Floats = NDArray[np.float64]
# Neighbours: the maximum per item, and the listeners in common of those that come first. A neighbour whose pivot falls
# below this share of its diagonal gets the weight 0.
NEAREST, MIN_TOGETHER, _PIVOT_FLOOR = 100, 2, 0.05
# The number of candidates collected before they are compared with the nearest kept; items are scanned in blocks.
_WAITING, _BLOCK = 1024, 64
# An item's ridge at mean popularity, and its growth with an item's listeners: chosen on HetRec (benchmark `quality`).
# The nearest items are always selected with this one.
RIDGE, RIDGE_GROWTH = 30.0, 0.5
# Products kept per item: as many as arrays of this size hold, within these bounds. 200 are 208 MB at 130,000 items. On
# HetRec (one split) 200 measure .281 alone, 400 .282, all .282.
KEPT_CELLS, MIN_KEPT, MAX_KEPT = 26_000_000, 200, 400
# Neighbours of an item that is added to a trained model (growth.py).
JOINING = 16
# Maximum number of progress reports, minimum work between two (a few hundredths of a second), and the parts that
# threads share in between.
_MAX_REPORTS, _WORK_PER_REPORT, _PARTS = 200, 1e6, 16


@dataclass(frozen=True)
class Products:
    """The products kept per item, the `NEAREST` first: `ids` and `products` (items, kept), their number `counts`
    (items,); each item's squared length (items,) `lengths` and its `listeners` (items,). Play counts were divided by
    their `mean`, of `pairs` pairs."""

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
        """Update the products for plays without the rows `less` and with the rows `more`, both (listeners, items).

        In place: do not use these again. The kept ids stay the same, so for few changed rows the result is that of
        `products_of`, in a fraction of the time. Raises CancelledError.
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
        work = _summed(np.diff(rows.indptr)[columns.indices], columns) + kept
        with _threads() as threads:
            rooms = [{"sums": np.zeros(items)} for _ in range(cores())]
            for bounds in _in_parts(work, progress, cancelled):
                threads.run(
                    "added", rooms, **_cells(rows, signed), kept=kept, times=again, bounds=bounds,
                    parts=len(bounds) - 1, ids=self.ids, products=self.products, counts=self.counts,
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
        """The model with this ridge, for all items, or only the weights `among` some. Raises CancelledError."""
        from engine.model.parallel import cores

        items, kept = self.ids.shape
        chosen = np.arange(items, dtype=np.int32) if among is None else among
        inputs = np.minimum(self.counts[chosen], NEAREST)
        diagonal = (self.lengths + _ridges(self.listeners, ridge)).astype(np.float32)
        with _threads() as threads:
            found = np.zeros((len(chosen), threads.rank), dtype=np.float32)
            rooms = _rooms(threads.rank, items, cores())
            for bounds in _in_parts(inputs.astype(np.float64) ** 2 + 1, progress, cancelled):
                threads.run(
                    "weights", rooms, ids=self.ids, products=self.products, counts=self.counts, kept=kept,
                    diagonal=diagonal, chosen=chosen, bounds=bounds, parts=len(bounds) - 1, weights=found,
                )  # fmt: skip
        incoming = _incoming(found, self.ids if among is None else self.ids[among], self.counts[chosen])
        del found
        return _by_source(incoming, chosen, items)


def build_neighbours(
    plays: csr_matrix,
    ridge: float = RIDGE,
    *,
    progress: Share = silent,
    cancelled: Cancelled | None = None,
) -> Neighbours:
    """The model of (listeners, items) CSR play counts.

    Raises CancelledError, and InvalidDataError without plays or for a count that is not finite.
    """
    products = products_of(plays, progress=part_of(progress, 0.0, 0.8), cancelled=cancelled)
    return products.neighbours(ridge, progress=part_of(progress, 0.8, 1.0), cancelled=cancelled)


def products_of(
    plays: csr_matrix, *, progress: Share = silent, cancelled: Cancelled | None = None
) -> Products:
    """The products of (listeners, items) CSR play counts, reusable for any ridge.

    Raises CancelledError, and InvalidDataError without plays or for a count that is not finite.
    """
    items = plays.shape[1]
    kept = min(max(KEPT_CELLS // max(1, items), MIN_KEPT), MAX_KEPT)
    return _nearest(_Damped.of(plays), np.arange(items, dtype=np.int32), kept, progress, cancelled)


def joining(
    plays: csr_matrix,
    among: NDArray[np.int32],
    ridge: float = RIDGE,
    *,
    progress: Share = silent,
    cancelled: Cancelled | None = None,
) -> Neighbours:
    """The weights `among` some items that few listeners of (listeners, items) CSR `plays` play: from `JOINING` items
    each, with Z_S'Z_S of the item's own listeners, so that no other item's products are needed.

    Raises as `products_of`.
    """
    from engine.model.parallel import cores

    damped = _Damped.of(plays)
    near = _nearest(damped, among, JOINING, part_of(progress, 0.0, 0.5), cancelled)
    rows, columns, (items, kept) = damped.rows, damped.columns, near.ids.shape
    diagonal = (near.lengths + _ridges(near.listeners, ridge)).astype(np.float32)
    with _threads() as threads:
        found = np.zeros((len(among), threads.rank), dtype=np.float32)
        rooms = _rooms(threads.rank, items, cores())
        for bounds in _in_parts(damped.work()[among], part_of(progress, 0.5, 1.0), cancelled):
            threads.run(
                "joining", rooms, **_cells(rows, columns), ids=near.ids, products=near.products, counts=near.counts,
                kept=kept, diagonal=diagonal, chosen=among, bounds=bounds, parts=len(bounds) - 1, weights=found,
            )  # fmt: skip
    return _by_source(_incoming(found, near.ids[among], near.counts[among]), among, items)


@dataclass(frozen=True)
class _Damped:
    """Z in both orders; counts were divided by their `mean`."""

    rows: csr_matrix
    columns: csc_matrix
    mean: float

    @classmethod
    def of(cls, plays: csr_matrix) -> _Damped:
        from scipy.sparse import csr_matrix

        if not plays.nnz:
            raise InvalidDataError("There are no plays to find neighbours in.")
        counts = np.log1p(plays.data).astype(np.float32, copy=False)
        if not np.isfinite(counts).all():
            raise InvalidDataError("The play counts are not finite, so nothing can be learned of neighbours.")
        mean = float(counts.mean(dtype=np.float64))
        counts /= mean
        rows = csr_matrix(
            (counts, plays.indices.astype(np.int32, copy=False), plays.indptr), shape=plays.shape
        )
        return cls(rows, rows.tocsc(), mean)

    def work(self) -> Floats:
        """The work per item: the items of all its listeners."""
        return _summed(np.diff(self.rows.indptr)[self.columns.indices], self.columns) + 1


def _nearest(
    damped: _Damped,
    among: NDArray[np.int32],
    kept: int,
    progress: Share,
    cancelled: Cancelled | None,
) -> Products:
    """The `kept` nearest products of each item `among` some; the others have none. Raises CancelledError."""
    from engine.model.parallel import cores

    rows, columns = damped.rows, damped.columns
    items = rows.shape[1]
    listeners = np.diff(columns.indptr).astype(np.float64)
    lengths = _summed(np.square(columns.data), columns)
    blocks = -(-items // _BLOCK)
    inverse = np.zeros(blocks * _BLOCK, dtype=np.float32)
    inverse[:items] = 1.0 / np.sqrt(lengths + _ridges(listeners, RIDGE))
    # The system allocates only pages that are written.
    ids, products = np.empty((items, kept), dtype=np.int32), np.empty((items, kept), dtype=np.float32)
    found = np.zeros(items, dtype=np.int32)
    with _threads() as threads:
        rooms: list[dict[str, NDArray[Any]]] = [
            {
                "sums": np.zeros(blocks * _BLOCK),
                "near": np.zeros(_WAITING + 2 * (blocks * _BLOCK + 1), dtype=np.int32),
                "scores": np.zeros(_WAITING + blocks, dtype=np.float32),
            }
            for _ in range(cores())
        ]
        for bounds in _in_parts(damped.work()[among], progress, cancelled):
            threads.run(
                "nearest", rooms, **_cells(rows, columns), items=items, inverse=inverse, kept=kept, chosen=among,
                bounds=bounds, parts=len(bounds) - 1, ids=ids, products=products, counts=found,
            )  # fmt: skip
    return Products(ids, products, found, lengths, listeners, damped.mean, rows.nnz)


def _incoming(
    found: NDArray[np.float32], ids: NDArray[np.int32], counts: NDArray[np.int32]
) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.int64]]:
    """The weights into each chosen item, as a CSR matrix: `found` (chosen, rank), from the second column on, for the
    first `counts` (chosen,) of the items `ids` (chosen, kept)."""
    most = min(NEAREST, ids.shape[1])
    inputs = np.minimum(counts, most)
    there = np.arange(most) < inputs[:, None]
    starts = np.concatenate(([0], np.cumsum(inputs, dtype=np.int64)))
    return found[:, 1 : most + 1][there], ids[:, :most][there], starts


def _by_source(
    incoming: tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.int64]],
    chosen: NDArray[np.int32],
    items: int,
) -> Neighbours:
    """The same weights by source item: a model whose targets are those `chosen`."""
    from scipy.sparse import csr_matrix

    by_source = csr_matrix(incoming, shape=(len(chosen), items)).tocsc()
    return Neighbours(by_source.indptr.astype(np.int64), chosen[by_source.indices], by_source.data)


def _cells(rows: csr_matrix, columns: csc_matrix) -> dict[str, NDArray[Any]]:
    """The fields of the kernels for the non-zeros in both orders."""
    return {
        "starts": columns.indptr.astype(np.int64, copy=False),
        "listeners": columns.indices,
        "values": columns.data,
        "row_starts": rows.indptr.astype(np.int64, copy=False),
        "row_items": rows.indices,
        "row_values": rows.data,
    }


def _rooms(rank: int, items: int, threads: int) -> list[dict[str, NDArray[Any]]]:
    """Each thread's memory for an item's system: the system, and the row of each item in it."""
    return [
        {"room": np.zeros((rank + 2, rank), dtype=np.float32), "places": np.zeros(items, dtype=np.uint8)}
        for _ in range(threads)
    ]


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

    return Threads(
        "neighbours", padded(NEAREST), np.dtype(np.float32), cores(), NEAREST=NEAREST, MIN_TOGETHER=MIN_TOGETHER,
        PIVOT_FLOOR=_PIVOT_FLOOR, WAITING=_WAITING, BLOCK=_BLOCK,
    )  # fmt: skip


def _in_parts(work: Floats, progress: Share, cancelled: Cancelled | None) -> Iterator[NDArray[np.int64]]:
    """Yields bounds of the items to do next, in parts of about equal work, until all are done. Raises
    CancelledError."""
    done = np.concatenate(([0.0], np.cumsum(work)))
    reports = min(_MAX_REPORTS, 1 + int(done[-1] / _WORK_PER_REPORT))
    cuts = np.searchsorted(done, np.linspace(0.0, done[-1], reports * _PARTS + 1)).astype(np.int64)
    cuts[-1] = len(work)
    for report in range(reports):
        if cancelled is not None and cancelled():
            raise CancelledError("Training stopped. Your previous model is unchanged.")
        bounds = np.unique(cuts[report * _PARTS : (report + 1) * _PARTS + 1])
        if len(bounds) > 1:
            yield bounds
        progress((report + 1) / reports)
