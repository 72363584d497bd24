"""Measures of a ranking: recall@k and nDCG@k on held-out items, over listeners in batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# Listeners scored at a time: at 130,000 items a batch is about 130 MB of float32.
_BATCH = 256


def evaluate(
    scores_of: Callable[[np.ndarray], np.ndarray],
    train: csr_matrix,
    test: csr_matrix,
    k: int = 20,
    listeners: np.ndarray | None = None,
) -> dict[str, float]:
    """Mean recall@k and nDCG@k over the listeners with held-out items.

    `scores_of` takes listener ids (b,) and gives scores (b, items), which may be overwritten; items in `train`
    are never recommended. Recall divides by min(k, held out); nDCG's ideal has every held-out item on top.
    """
    ids = np.flatnonzero(np.diff(test.indptr)) if listeners is None else listeners
    gains = 1.0 / np.log2(np.arange(2, k + 2))
    ideal = np.concatenate(([0.0], np.cumsum(gains)))
    recall, ndcg = np.empty(len(ids)), np.empty(len(ids))
    for start in range(0, len(ids), _BATCH):
        batch = ids[start : start + _BATCH]
        hits = _hits(scores_of(batch), train[batch], test[batch], k)
        held = np.minimum(np.diff(test.indptr)[batch], k)
        recall[start : start + len(batch)] = hits.sum(axis=1) / held
        ndcg[start : start + len(batch)] = (hits @ gains[: hits.shape[1]]) / ideal[held]
    return {f"recall@{k}": float(recall.mean()), f"ndcg@{k}": float(ndcg.mean())}


def _hits(scores: np.ndarray, train: csr_matrix, test: csr_matrix, k: int) -> np.ndarray:
    """(b, k) bool: whether the item at each place of the top k was held out."""
    rows = np.repeat(np.arange(len(scores)), np.diff(train.indptr))
    scores[rows, train.indices] = -np.inf
    k = min(k, scores.shape[1])
    top = np.argpartition(-scores, k - 1, axis=1)[:, :k]
    by_score = np.argsort(-np.take_along_axis(scores, top, axis=1), axis=1, kind="stable")
    top = np.take_along_axis(top, by_score, axis=1)
    held = np.zeros(scores.shape, dtype=bool)
    held[np.repeat(np.arange(len(scores)), np.diff(test.indptr)), test.indices] = True
    return np.take_along_axis(held, top, axis=1)
