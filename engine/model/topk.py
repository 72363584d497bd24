"""The best of many scores: exact, in batches, NumPy only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# As in `implicit`, whose evaluation accepts no other.
Ids = NDArray[np.int32]
# A filtered item's score, as in `implicit`: it comes last, if fewer than N items are left.
FILTERED = -float(np.finfo(np.float32).max)
# Scores held at a time: 32 MB of float32.
_SCORES = 8_000_000


def lengths(rows: NDArray[Any], least: float = 1e-10) -> NDArray[Any]:
    """Euclidean lengths (n,) of `rows` (n, f), no shorter than `least`: the cosine of a row of zeros is then 0."""
    return np.asarray(np.maximum(np.sqrt(np.einsum("ij,ij->i", rows, rows)), least), dtype=rows.dtype)


def top_k(
    queries: NDArray[Any],
    factors: NDArray[Any],
    k: int,
    *,
    hidden: csr_matrix | None = None,
    hidden_ids: NDArray[np.int64] | None = None,
    divisors: NDArray[Any] | None = None,
) -> tuple[Ids, NDArray[Any]]:
    """The k rows of `factors` (n, f) with the largest product with each of `queries` (q, f), best first.

    `hidden` (q, n) holds rows hidden from one query, `hidden_ids` from all; `divisors` (n,) divides each row's
    scores. Returns ids (int32) and scores, both (q, min(k, n)); equal scores by ascending id.
    """
    k = min(k, len(factors))
    ids = np.empty((len(queries), k), dtype=np.int32)
    scores = np.empty((len(queries), k), dtype=queries.dtype)
    batch = max(1, _SCORES // max(1, len(factors)))
    for first in range(0, len(queries), batch):
        last = min(first + batch, len(queries))
        products = queries[first:last] @ factors.T
        if divisors is not None:
            products /= divisors
        if hidden is not None:
            rows = np.repeat(np.arange(last - first), np.diff(hidden.indptr[first : last + 1]))
            products[rows, hidden.indices[hidden.indptr[first] : hidden.indptr[last]]] = FILTERED
        if hidden_ids is not None:
            products[:, hidden_ids] = FILTERED
        ids[first:last], scores[first:last] = _best(products, k)
    return ids, scores


def largest(scores: NDArray[Any], k: int) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Columns and values of the k largest of each row of `scores` (m, n), descending, equal ones in order: (m, k).

    With a pass for each, so for few, at most n of them. Once all are -inf, the first column stands for any.
    """
    left, rows = scores.copy(), np.arange(len(scores))
    columns = np.empty((len(scores), k), dtype=np.int64)
    values = np.empty((len(scores), k), dtype=scores.dtype)
    for place in range(k):
        found = columns[:, place] = left.argmax(axis=1)
        values[:, place] = left[rows, found]
        left[rows, found] = -np.inf
    return columns, values


def _best(scores: NDArray[Any], k: int) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Ids and scores of each row's k best."""
    if 0 < k < scores.shape[1]:
        chosen = np.sort(np.argpartition(-scores, k - 1, axis=1)[:, :k], axis=1)
    else:
        chosen = np.broadcast_to(np.arange(k), (len(scores), k))
    found = np.take_along_axis(scores, chosen, axis=1)
    order = np.argsort(-found, axis=1, kind="stable")
    return np.take_along_axis(chosen, order, axis=1), np.take_along_axis(found, order, axis=1)
