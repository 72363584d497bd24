"""Similarity of two items: by factors and by shared listeners, corrected for hubs.

Half is the cosine of the factors, half the share of listeners in common, shrunk for small numbers. Items near to
everything (hubs) would fill every list, so a part of both items' mean similarity to their nearest is subtracted (as in
CSLS: Conneau, Lample, Ranzato, Denoyer, Jegou 2018), which also makes more pairs mutual. On HetRec, ten nearest,
against the cosine alone: held-out pairs played together .061 for .057, hubness .76 for .91, mutual .66 for .54; of an
item's own held-out companions .038 for .041 (items with three listeners or more, one split).

Lists are ordered by similarity times n / (n + 2), n the listeners of the listed item (`with_support`): two items with
the same single listener look identical, and would fill the lists of rarely played items. `tests.benchmarks.related`
measures that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.progress import Share, silent

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]
# A sample of this many listeners per item is enough.
LISTENERS = 10_000
TOGETHER, SHRINK = 0.5, 20.0
# With many listeners, two items with all listeners in common are as similar as two with the same direction.
_TOGETHER_SCALE = 2.0
HUBNESS_SHARE, NEAREST = 0.25, 10
# An item with this many listeners counts half as much as one with very many.
SUPPORT = 2.0
# Items the others are compared with to measure hubness; of a larger catalog a sample.
_COMPARED, _ROWS = 5_000, 512


class Listens(msgspec.Struct, frozen=True):
    """Which listeners play which items, for `np.save`: item i is played by `listeners` (cells,) int32 from `starts[i]`
    to `starts[i + 1]`; `starts` (items + 1,) int64."""

    ARRAYS: ClassVar[dict[str, str]] = {"starts": "starts", "listeners": "listeners"}
    starts: NDArray[np.int64]
    listeners: NDArray[np.int32]

    @property
    def count(self) -> int:
        """One more than the highest listener's number."""
        return int(self.listeners.max(initial=-1)) + 1

    def counts(self, ids: Ids) -> Ids:
        """The number of listeners of each of these items: (m,)."""
        return np.asarray(self.starts[ids + 1] - self.starts[ids])

    def of(self, ids: Ids) -> tuple[Ids, NDArray[np.int32]]:
        """(which of `ids`, listener) of every listen of these items, in order."""
        counts = self.counts(ids)
        which = np.repeat(np.arange(len(ids)), counts)
        places = np.arange(len(which)) + np.repeat(self.starts[ids] - (np.cumsum(counts) - counts), counts)
        return which, self.listeners[places]


def listens_of(plays: csr_matrix, seed: int = 0) -> Listens:
    """From (listeners, items) CSR play counts; of many listeners a sample."""
    rows = np.flatnonzero(np.diff(plays.indptr))
    if len(rows) > LISTENERS:
        rows = np.sort(np.random.default_rng(seed).permutation(rows)[:LISTENERS])
    columns = plays[rows].tocsc()
    return Listens(columns.indptr.astype(np.int64), columns.indices.astype(np.int32, copy=False))


@dataclass(frozen=True)
class ItemSimilarity:
    """Over item factors (items, f) float32; `listens` and `hubness` (items,) are null if not built."""

    factors: NDArray[np.float32]
    listens: Listens | None = None
    hubness: NDArray[np.float32] | None = None

    def of(self, item: int, ids: Ids) -> Floats:
        """Similarity of `item` to each of `ids`: (m,), symmetric, at most 1."""
        one = self.factors[item].astype(np.float64)
        many = self.factors[ids].astype(np.float64)
        lengths = np.linalg.norm(many, axis=1) * np.linalg.norm(one)
        cosines = np.divide(many @ one, lengths, out=np.zeros(len(ids)), where=lengths > 0)
        if self.listens is None:
            return np.asarray(np.minimum(cosines, 1.0))
        alike = (1.0 - TOGETHER) * cosines + TOGETHER * _TOGETHER_SCALE * self.together(item, ids)
        if self.hubness is not None:
            usual = float(self.hubness.mean())
            alike -= HUBNESS_SHARE * (self.hubness[ids] - usual) + HUBNESS_SHARE * (
                float(self.hubness[item]) - usual
            )
        return np.asarray(np.minimum(alike, 1.0))

    def together(self, item: int, ids: Ids) -> Floats:
        """Listeners in common over the geometric mean of both items' and a constant: (m,), below 1."""
        if self.listens is None:
            return np.zeros(len(ids))
        counts = self.listens.counts(ids) * float(self.listens.counts(np.array([item]))[0])
        return np.asarray(self.in_common(item, ids) / (np.sqrt(counts) + SHRINK))

    def in_common(self, item: int, ids: Ids) -> Ids:
        """How many of the sampled listeners play both `item` and each of `ids`: (m,), 0 if there is no sample."""
        if self.listens is None:
            return np.zeros(len(ids), dtype=np.int64)
        _, own = self.listens.of(np.array([item]))
        plays_it = np.zeros(self.listens.count, dtype=np.float32)
        plays_it[own] = 1.0
        which, listeners = self.listens.of(ids)
        common = np.bincount(which, weights=plays_it[listeners], minlength=len(ids))
        return np.asarray(common, dtype=np.int64)

    def most_together(self, item: int, count: int) -> Ids:
        """Ids of the `count` items with most listeners in common with `item`, itself left out."""
        if self.listens is None:
            return np.empty(0, dtype=np.int64)
        shared = self.together(item, np.arange(len(self.factors)))
        shared[item] = 0.0
        count = min(count, len(shared) - 1)
        best = np.argpartition(-shared, count)[:count]
        return np.asarray(best[shared[best] > 0])


def with_support(alike: Floats, listeners: NDArray[np.integer[Any]]) -> Floats:
    """Similarity (m,) for ordering a list: lower for items with few `listeners` (m,); negative values are unchanged."""
    return np.asarray(np.where(alike > 0, alike * listeners / (listeners + SUPPORT), alike))


def mean_similarity_to_nearest(
    factors: NDArray[np.float32], listens: Listens, seed: int = 0, progress: Share = silent
) -> NDArray[np.float32]:
    """Each item's mean similarity to its ten nearest: (items,) float32. SciPy, in training only."""
    from scipy.sparse import csc_matrix

    items = len(factors)
    unit = factors / np.maximum(np.linalg.norm(factors, axis=1, keepdims=True), 1e-12)
    sample = np.sort(np.random.default_rng(seed).permutation(items)[:_COMPARED])
    nearest = min(max(1, round(NEAREST * len(sample) / items)), max(1, len(sample) - 1))
    present = np.ones(len(listens.listeners), dtype=np.float32)
    played = csc_matrix((present, listens.listeners, listens.starts), shape=(listens.count, items))
    compared = played[:, sample]
    counts = np.diff(listens.starts).astype(np.float32)
    hubness = np.zeros(items, dtype=np.float32)
    for first in range(0, items, _ROWS):
        rows = np.arange(first, min(first + _ROWS, items))
        common = (played[:, rows].T @ compared).toarray()
        common /= np.sqrt(counts[rows, None] * counts[None, sample]) + SHRINK
        alike = (1.0 - TOGETHER) * (unit[rows] @ unit[sample].T) + TOGETHER * _TOGETHER_SCALE * common
        alike[rows[:, None] == sample[None, :]] = -np.inf
        best = -np.partition(-alike, nearest - 1, axis=1)[:, :nearest]
        hubness[rows] = np.where(np.isfinite(best), best, 0.0).mean(axis=1)
        progress((first + len(rows)) / items)
    return hubness
