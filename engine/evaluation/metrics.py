"""Ranking metrics: recall@k, nDCG@k and MAP@k on held-out items, over listeners in batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import InvalidDataError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# Listeners scored at a time: at 130,000 items their scores and order take 130 MB.
_BATCH = 64
# The id in a list where no item is left to recommend.
NOTHING = -1


def evaluate(
    scores_of: Callable[[np.ndarray], np.ndarray],
    train: csr_matrix,
    test: csr_matrix,
    k: int = 20,
    listeners: np.ndarray | None = None,
) -> dict[str, float]:
    """Mean recall@k, nDCG@k and MAP@k over the listeners with held-out items, or over `listeners`.

    `scores_of` takes listener ids (b,) and gives scores (b, items), which may be overwritten; items in `train` are
    never recommended. Raises InvalidDataError if nobody has a held-out item or the shapes differ.
    """
    if train.shape != test.shape:
        raise InvalidDataError(f"train is {train.shape} and test {test.shape}; they must match.")
    ids = np.flatnonzero(np.diff(test.indptr)) if listeners is None else listeners
    return accuracy(top_items(scores_of, train, ids, k), test, ids, k)


def counted(
    scores_of: Callable[[np.ndarray], np.ndarray], scored: Callable[[], None]
) -> Callable[..., np.ndarray]:
    """The same scores, with `scored` called for each listener."""

    def counting(listeners: np.ndarray) -> np.ndarray:
        scores = scores_of(listeners)
        for _ in listeners:
            scored()
        return scores

    return counting


def top_items(
    scores_of: Callable[[np.ndarray], np.ndarray], train: csr_matrix, listeners: np.ndarray, k: int = 20
) -> np.ndarray:
    """The k best new items of each listener, best first: (listeners, k) int64, NOTHING where none is left.

    Excludes items in `train`; ties are by ascending id.
    """
    top = np.full((len(listeners), k), NOTHING, dtype=np.int64)
    for start in range(0, len(listeners), _BATCH):
        batch = listeners[start : start + _BATCH]
        scores = scores_of(batch)
        known = train[batch]
        scores[np.repeat(np.arange(len(batch)), np.diff(known.indptr)), known.indices] = -np.inf
        top[start : start + len(batch)] = best_items(scores, k)
    return top


def accuracy(top: np.ndarray, test: csr_matrix, listeners: np.ndarray, k: int = 20) -> dict[str, float]:
    """recall@k, nDCG@k and MAP@k of the lists `top` (listeners, k), means over listeners with held-out items.

    Recall divides by min(k, held out), so that 1 is possible. nDCG's ideal list has the held-out items on top. MAP is
    the mean over listeners of the sum over hits of precision at the hit's rank, divided like recall. Raises
    InvalidDataError if nobody has a held-out item.
    """
    held = np.minimum(np.diff(test.indptr)[listeners], k)
    measured = held > 0
    if not measured.any():
        raise InvalidDataError("No listener has a held-out item to measure.")
    hits, held = hits_of(top[measured], test[listeners[measured]]), held[measured]
    places = np.arange(1, k + 1)
    gains = 1.0 / np.log2(places + 1)
    precision = hits * np.cumsum(hits, axis=1) / places
    return {
        f"recall@{k}": float((hits.sum(axis=1) / held).mean()),
        f"ndcg@{k}": float((hits @ gains / np.cumsum(gains)[held - 1]).mean()),
        f"map@{k}": float((precision.sum(axis=1) / held).mean()),
    }


def any_hit(top: np.ndarray, test: csr_matrix) -> np.ndarray:
    """(b,) bool: whether any item of each of the lists `top` (b, k) was held out in that row of `test` (b, items)."""
    return np.asarray(hits_of(top, test).any(axis=1))


def hits_of(top: np.ndarray, test: csr_matrix) -> np.ndarray:
    """Whether the item at each place of the lists `top` (b, k) was held out from that listener of (b, items) `test`."""
    rows = np.repeat(np.arange(len(top)), np.diff(test.indptr))
    held = np.sort(rows * np.int64(test.shape[1]) + test.indices)
    cells = np.arange(len(top))[:, None] * np.int64(test.shape[1]) + top
    at = np.minimum(np.searchsorted(held, cells), len(held) - 1)
    return np.asarray((held[at] == cells) & (top != NOTHING))


def best_items(scores: np.ndarray, k: int) -> np.ndarray:
    """Ids of the k best of each row of (b, items), best first, ties by ascending id: (b, k) int64, NOTHING where no
    more are above minus infinity.
    """
    items = scores.shape[1]
    # Adjacent columns form groups: the k-th highest of the groups' maxima is a lower bound for the k best, and most
    # groups stay below it. Partitioning all scores takes five times as long at 80,000 items.
    width = max(1, int((items / k) ** 0.5))
    groups = items // width
    highest = scores[:, : groups * width].reshape(len(scores), width, groups).max(axis=1)
    nth = groups - min(k, groups)
    floor = np.partition(highest, nth, axis=1)[:, nth]
    rows, group = np.nonzero(highest >= floor[:, None])
    beyond = np.arange(groups * width, items)
    ids = np.concatenate(((group[:, None] + groups * np.arange(width)).ravel(), np.tile(beyond, len(scores))))
    rows = np.concatenate((np.repeat(rows, width), np.repeat(np.arange(len(scores)), len(beyond))))
    found = scores[rows, ids]
    some = (found >= floor[rows]) & (found > -np.inf)
    rows, ids, found = rows[some], ids[some], found[some]
    order = np.lexsort((ids, -found, rows))
    rows, ids = rows[order], ids[order]
    place = np.arange(len(rows)) - np.searchsorted(rows, rows)
    first = place < k
    best = np.full((len(scores), k), NOTHING, dtype=np.int64)
    best[rows[first], place[first]] = ids[first]
    return best
