"""Exact maximum-inner-product search: items sorted by norm, scanned in blocks until no later item can win.

By Cauchy-Schwarz no item scores above |query| * |item|. With items in descending order of norm, the scan ends
at the first block whose largest norm cannot reach the k-th best score found so far (the length-based pruning
of Teflioudi, Gemulla, Mykytiuk, "LEMP", 2015). The blocks are multiplied in float32; every bound carries the
rounding error of that product, so the result is exactly the one a float64 scan of everything gives.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import ARRAY_ERRORS, DamagedDataError, reason, unreadable
from engine.index.scores import (
    EMPTY,
    MIN_NORM,
    Floats,
    Ids,
    Result,
    cosines,
    norms_of,
    products,
    ranked,
)
from engine.mapped import mapped_array

FACTORS_FILE = "sorted_factors.npy"
ORDER_FILE = "order.npy"
PLACES_FILE = "places.npy"
NORMS_FILE = "norms.npy"
FILES = (FACTORS_FILE, ORDER_FILE, PLACES_FILE, NORMS_FILE)

# The first block is small because popular (long) items often settle the list at once; later ones are large
# because each costs some ten microseconds of Python.
_FIRST_BLOCK = 2_048
_MAX_BLOCK = 32_768
# Approximate scores kept at a time in a batch: 64 MB.
_BATCH_SCORES = 16_000_000
# An anchor's first: enough for a list of a thousand with some excluded. Where more than this part of the catalog may
# be among the best, the plain scan is quicker.
_FIRST, _WORTH = 3_072, 0.3
# Stands in for products so small that single precision flushes them to zero.
_TINY = np.float32(1e-36)


@dataclass(frozen=True)
class NormOrder:
    """Items in descending order of norm, as memory maps.

    factors: (n, f) float32, row p is the item at place p; order: (n,) int64, place to id; places: (n,) int64,
    id to place; norms: (n,) float64, by place.
    """

    factors: Floats
    order: Ids
    places: Ids
    norms: NDArray[np.float64]

    @cached_property
    def with_direction(self) -> int:
        """How many items have a vector that is not zero; they come first."""
        return int(np.searchsorted(-self.norms, -MIN_NORM, side="right"))

    @cached_property
    def lengths(self) -> Floats:
        """The norms in single precision."""
        return self.norms.astype(np.float32)

    @cached_property
    def margins(self) -> Floats:
        """How far off a float32 product of each item (n,) with a unit query can be."""
        return self.lengths * self.rounding + _TINY

    @property
    def rounding(self) -> np.float32:
        """Rounding of a float32 sum of f products (Higham, section 3.1), doubled for the query's own."""
        return np.float32((2 * self.factors.shape[1] + 8) * np.finfo(np.float32).eps)

    # -- asking -----------------------------------------------------------------------------------------

    def best(
        self, queries: NDArray[np.float64], k: int, excluded: Ids, *, pruned: bool = True
    ) -> list[Result]:
        """For each of `queries` (q, f) the `k` items with the largest inner products, without `excluded` ids.

        `pruned=False` scans everything, for comparison.
        """
        if not k:
            return [EMPTY] * len(queries)
        results: list[Result] = []
        batch = max(1, _BATCH_SCORES // max(1, len(self.order)))
        for start in range(0, len(queries), batch):
            part = queries[start : start + batch]
            scan = _Scan(self, part, k, excluded, cosine=False, pruned=pruned)
            for row, query in enumerate(part):
                places = scan.candidates(row)
                results.append(ranked(self.order[places], products(self.factors[places], query), k))
        return results

    def anchor(self, queries: NDArray[np.float64]) -> Anchor:
        """What `best_near` needs of a few `queries` (q, f) to answer others like them, the first above all."""
        basis, _ = np.linalg.qr(queries.T)
        along = self.factors @ basis.astype(np.float32)
        # What rounding may have added to the products is taken off, so that the rest is never too short.
        lengths = np.maximum(self.lengths, _TINY)[:, None]
        share = np.maximum(np.abs(along) - self.margins[:, None], 0.0) / lengths
        across = self.lengths * np.sqrt(np.maximum(1.0 - (share * share).sum(axis=1), 0.0)) + self.margins
        count = min(_FIRST, len(along))
        towards = along @ (basis.T @ queries[0]).astype(np.float32)
        first = np.argpartition(-towards, count - 1)[:count]
        return Anchor(basis, along, across, first, self.factors[first])

    def best_near(self, query: NDArray[np.float64], k: int, excluded: Ids, anchor: Anchor) -> Result:
        """`best` for one `query` (f,), the quicker the nearer it is to what the anchor's queries span.

        With q of length 1, a its part within that and r the length of the rest, y.q is at most (y along).a + r (y
        across). Only what comes above the k-th best of the anchor's first by that is looked at.
        """
        length = float(norms_of(query[None, :])[0])
        allowed = np.ones(len(self.order), dtype=bool)
        allowed[self.places[excluded]] = False
        counted = allowed[anchor.first]
        if length <= MIN_NORM or not 0 < k <= np.count_nonzero(counted):
            return self.best(query[None, :], k, excluded)[0]
        unit = query / length
        within = anchor.basis.T @ unit
        rest = float(np.linalg.norm(unit - anchor.basis @ within)) * (1 + 1e-6)
        small = unit.astype(np.float32)
        lower = (anchor.vectors @ small - self.margins[anchor.first])[counted]
        floor = np.partition(lower, len(lower) - k)[len(lower) - k]
        upper = anchor.along @ within.astype(np.float32)
        upper += anchor.across * np.float32(rest)
        upper += np.float32(2 + len(within)) * self.margins
        places = np.flatnonzero(upper >= floor)
        if len(places) > _WORTH * len(upper):
            return self.best(query[None, :], k, excluded)[0]
        places = places[allowed[places]]
        places = places[self.factors[places] @ small + self.margins[places] >= floor]
        return ranked(self.order[places], products(self.factors[places], query), k)

    def nearest(self, query: NDArray[np.float64], k: int, excluded: Ids) -> Result:
        """The `k` items with the largest cosine to a non-zero `query` (f,), but no zero vectors."""
        if not k:
            return EMPTY
        scan = _Scan(self, query[None, :], k, excluded, cosine=True, pruned=False)
        places = scan.candidates(0)
        scores = cosines(self.factors[places], self.norms[places], query)
        return ranked(self.order[places], scores, k)


@dataclass(frozen=True)
class Anchor:
    """Directions that span a few queries, `basis` (f, q), with, by place, how far each item is `along` them (n, q)
    and, at most, `across` (n,); `first` are the places of those with the largest products with the first query, and
    `vectors` their factors."""

    basis: NDArray[np.float64]
    along: Floats
    across: Floats
    first: Ids
    vectors: Floats


class _Scan:
    """One pass over the blocks for a few queries: approximate scores, and the floor each must reach."""

    def __init__(
        self,
        items: NormOrder,
        queries: NDArray[np.float64],
        k: int,
        excluded: Ids,
        *,
        cosine: bool,
        pruned: bool,
    ) -> None:
        lengths = norms_of(queries)
        # Unit queries keep products in range and make the norm itself the bound. A zero query stays zero.
        unit = queries / np.where(lengths > 0, lengths, 1.0)[:, None]
        self._unit: Floats = unit.astype(np.float32)
        self._items = items
        self._k = k
        self._cosine = cosine
        self._floors = np.full(len(queries), -np.inf, dtype=np.float32)
        self._pools = [np.empty(0, dtype=np.float32)] * len(queries)
        self._blocks: list[tuple[int, Floats, Floats | np.float32]] = []
        self._run(np.sort(items.places[excluded]), pruned)

    def candidates(self, row: int) -> Ids:
        """Places (c,) of every item that may be among the best k of query `row`, ties included."""
        # Where fewer than k items were found there is no floor, and only excluded items stay out.
        floor = max(self._floors[row], np.finfo(np.float32).min)
        found = [
            start + np.flatnonzero(scores[row] + margin >= floor) for start, scores, margin in self._blocks
        ]
        return np.concatenate(found) if found else EMPTY[0]

    def _run(self, skipped: Ids, pruned: bool) -> None:
        items = self._items
        end = items.with_direction if self._cosine else len(items.order)
        for start, stop in _block_bounds(end):
            if pruned and (items.lengths[start] + items.margins[start] < self._floors).all():
                break
            scores = self._unit @ items.factors[start:stop].T
            margin = items.rounding if self._cosine else items.margins[start:stop]
            if self._cosine:
                scores /= items.lengths[start:stop]
            if len(skipped):
                inside = skipped[np.searchsorted(skipped, start) : np.searchsorted(skipped, stop)]
                scores[:, inside - start] = -np.inf
            self._raise_floors(scores - margin)
            self._blocks.append((start, scores, margin))

    def _raise_floors(self, lower: Floats) -> None:
        """Lift each query's floor to the k-th largest of the lower bounds seen so far."""
        for row, bounds in enumerate(lower):
            pool = np.concatenate((self._pools[row], bounds[bounds > self._floors[row]]))
            if len(pool) >= self._k:
                pool = np.partition(pool, len(pool) - self._k)[len(pool) - self._k :]
                self._floors[row] = pool[0]
            self._pools[row] = pool


def _block_bounds(end: int) -> Iterator[tuple[int, int]]:
    start, size = 0, _FIRST_BLOCK
    while start < end:
        yield start, min(start + size, end)
        start += size
        size = min(2 * size, _MAX_BLOCK)


# -- files ------------------------------------------------------------------------------------------------


def write_norm_order(folder: Path, factors: Floats) -> NormOrder:
    """Sort `factors` (n, f) by norm, write the result into `folder` and open it."""
    norms = norms_of(factors)
    order = np.argsort(-norms, kind="stable").astype(np.int64)
    places = np.empty_like(order)
    places[order] = np.arange(len(order))
    np.save(folder / FACTORS_FILE, factors[order])
    np.save(folder / ORDER_FILE, order)
    np.save(folder / PLACES_FILE, places)
    np.save(folder / NORMS_FILE, norms[order])
    return open_norm_order(folder, factors.shape)


def open_norm_order(folder: Path, shape: tuple[int, ...]) -> NormOrder:
    """Map the files of `write_norm_order`; only order and places are read.

    Raises DamagedDataError when one is missing, truncated, not of `shape` (items, factors), or leads outside.
    """
    return NormOrder(
        factors=_mapped(folder / FACTORS_FILE, shape, np.float32),
        order=_places(folder / ORDER_FILE, shape[0]),
        places=_places(folder / PLACES_FILE, shape[0]),
        norms=_mapped(folder / NORMS_FILE, shape[:1], np.float64),
    )


def _places(path: Path, items: int) -> Ids:
    found: Ids = _mapped(path, (items,), np.int64)
    if items and not (found.min() >= 0 and found.max() < items):
        raise DamagedDataError(f"{path}: names items that are not there; repair it: discover doctor --repair")
    return found


def _mapped(path: Path, shape: tuple[int, ...], dtype: type[np.generic]) -> Any:
    try:
        array = mapped_array(path)
    except ARRAY_ERRORS as error:
        raise unreadable(
            error, path, f"{path}: cannot be read ({reason(error)}); repair it: discover doctor --repair"
        ) from error
    if array.shape != shape or array.dtype != dtype:
        raise DamagedDataError(
            f"{path}: holds {array.shape} {array.dtype} where {shape} {np.dtype(dtype)} was expected; "
            "train the model again"
        )
    return np.asarray(array)
