"""Measures of rankings on held-out items: how right, how broad, how far from the obvious, how varied."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.errors import InvalidDataError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Ids = NDArray[np.int64]
# Listeners scored at a time: at 130,000 items a batch is about 130 MB of float32.
_BATCH = 256
# Lists whose variety is measured: the figure settles long before, and popular items make each one costly.
_VARIETY_LISTS = 500


def evaluate(
    scores_of: Callable[[np.ndarray], np.ndarray],
    train: csr_matrix,
    test: csr_matrix,
    k: int = 20,
    listeners: np.ndarray | None = None,
) -> dict[str, float]:
    """Means over the listeners with held-out items, or those of `listeners` that have some.

    `scores_of` takes listener ids (b,) and gives scores (b, items), which may be overwritten; items in `train`
    are never recommended. recall@k divides by min(k, held out); ndcg@k's ideal has every held-out item on top;
    map@k is the mean average precision; coverage the share of all items in any list; novelty the mean
    -log2(share of listeners) of what is listed, in bits; diversity one minus the mean cosine, by listeners, of
    two items of a list. Raises InvalidDataError when nobody has a held-out item or the shapes differ.
    """
    if train.shape != test.shape:
        raise InvalidDataError(f"train is {train.shape} and test {test.shape}; they must match.")
    ids = np.flatnonzero(np.diff(test.indptr))
    if listeners is not None:
        ids = np.intersect1d(ids, listeners)
    if not len(ids):
        raise InvalidDataError("Nobody has a held-out item to measure with.")
    lists, hits = [], []
    for start in range(0, len(ids), _BATCH):
        batch = ids[start : start + _BATCH]
        best, held = _best(scores_of(batch), train[batch], test[batch], k)
        lists.append(best)
        hits.append(held)
    listed, found = np.concatenate(lists), np.concatenate(hits)
    held_out = np.minimum(np.diff(test.indptr)[ids], k)
    measured = _accuracy(found, held_out, k)
    measured["coverage"] = len(np.unique(listed)) / train.shape[1]
    measured["novelty"] = _novelty(listed, train)
    measured["diversity"] = _diversity(listed, train)
    return measured


def _best(scores: np.ndarray, train: csr_matrix, test: csr_matrix, k: int) -> tuple[Ids, NDArray[np.bool_]]:
    """The items at the top k places (b, k), and whether each was held out."""
    rows = np.repeat(np.arange(len(scores)), np.diff(train.indptr))
    scores[rows, train.indices] = -np.inf
    k = min(k, scores.shape[1])
    top = np.argpartition(-scores, k - 1, axis=1)[:, :k]
    # Equal scores stand in the order of their ids, so that a list does not depend on the partition.
    top.sort(axis=1)
    by_score = np.argsort(-np.take_along_axis(scores, top, axis=1), axis=1, kind="stable")
    top = np.take_along_axis(top, by_score, axis=1)
    held = np.zeros(scores.shape, dtype=bool)
    held[np.repeat(np.arange(len(scores)), np.diff(test.indptr)), test.indices] = True
    return top, np.take_along_axis(held, top, axis=1)


def _accuracy(hits: NDArray[np.bool_], held_out: Ids, k: int) -> dict[str, float]:
    """recall@k, ndcg@k and map@k of hits (listeners, <= k) with `held_out` (listeners,) of at most k."""
    places = np.arange(1, hits.shape[1] + 1)
    gains = 1.0 / np.log2(np.arange(2, k + 2))
    ideal = np.concatenate(([0.0], np.cumsum(gains)))
    precision = np.cumsum(hits, axis=1) / places
    return {
        f"recall@{k}": float((hits.sum(axis=1) / held_out).mean()),
        f"ndcg@{k}": float(((hits @ gains[: hits.shape[1]]) / ideal[held_out]).mean()),
        f"map@{k}": float(((precision * hits).sum(axis=1) / held_out).mean()),
    }


def _novelty(listed: Ids, train: csr_matrix) -> float:
    listeners = np.maximum(np.bincount(train.indices, minlength=train.shape[1]), 1)
    return float(-np.log2(listeners[listed] / train.shape[0]).mean())


def _diversity(listed: Ids, train: csr_matrix) -> float:
    """One minus the mean cosine of pairs: the squared length of a list's summed unit vectors holds all pairs."""
    from scipy.sparse import csr_matrix, diags_array

    lists, k = listed[:_VARIETY_LISTS], listed.shape[1]
    if k < 2:
        return 0.0
    played = csr_matrix(
        (np.ones(train.nnz, dtype=np.float32), train.indices, train.indptr), shape=train.shape
    )
    lengths = np.sqrt(np.bincount(train.indices, minlength=train.shape[1]).astype(np.float32))
    unit = (diags_array(1.0 / np.maximum(lengths, 1.0)) @ played.T.tocsr()).tocsr()
    chosen = csr_matrix(
        (np.ones(lists.size, dtype=np.float32), lists.ravel(), np.arange(0, lists.size + 1, k)),
        shape=(len(lists), train.shape[1]),
    )
    sums = chosen @ unit
    squares = np.asarray(sums.multiply(sums).sum(axis=1)).ravel()
    own = (lengths[lists] > 0).sum(axis=1)
    return float(1.0 - ((squares - own) / (k * (k - 1))).mean())
