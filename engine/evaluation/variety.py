"""Metrics beyond accuracy: coverage of the catalog, novelty and diversity."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from engine.evaluation.metrics import NOTHING

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# Items compared with all others at a time.
_ROWS = 512


def variety(top: np.ndarray, train: csr_matrix) -> dict[str, float]:
    """Coverage, novelty and diversity of the lists `top` (listeners, k) of item ids, NOTHING where one is short."""
    return {
        "coverage": coverage(top, train),
        "novelty": novelty(top, train),
        "diversity": diversity(top, train),
    }


def coverage(top: np.ndarray, train: csr_matrix) -> float:
    """The share of the items somebody played that are in at least one list."""
    played = np.flatnonzero(train.getnnz(axis=0))
    return float(np.isin(played, top).mean()) if len(played) else 0.0


def novelty(top: np.ndarray, train: csr_matrix) -> float:
    """Mean self-information of the listed items in bits, -log2(listeners of the item / listeners).

    An item nobody played counts as having one listener. Zhou et al. 2010; Vargas, Castells 2011.
    """
    share = np.maximum(train.getnnz(axis=0), 1) / max(1, train.shape[0])
    listed = top[top != NOTHING]
    return float(-np.log2(share[listed]).mean()) if len(listed) else 0.0


def diversity(top: np.ndarray, train: csr_matrix) -> float:
    """Intra-list diversity: mean over lists of the mean of 1 - cosine over pairs of listed items.

    The cosine is between the sets of listeners of two items, so it is comparable between models. Lists of fewer than
    two items do not count. Ziegler et al. 2005.
    """
    from scipy.sparse import csr_matrix

    listeners_of = train.T.tocsr().astype(np.float32)
    counts = np.diff(listeners_of.indptr)
    listeners_of.data = np.repeat(1.0 / np.sqrt(np.maximum(counts, 1)), counts).astype(np.float32)
    rows, places = np.nonzero(top != NOTHING)
    listed = csr_matrix(
        (np.ones(len(rows), np.float32), (rows, top[rows, places])), (len(top), train.shape[1])
    )
    sizes = np.bincount(rows, minlength=len(top))
    # The squared norm of the sum of unit vectors is the sum of all pairs' cosines, including each vector with itself.
    together = listed @ listeners_of
    all_pairs = np.asarray(together.multiply(together).sum(axis=1)).ravel()
    themselves = np.asarray(listed @ (counts > 0).astype(np.float32)).ravel()
    several = sizes > 1
    if not several.any():
        return 0.0
    pairs = sizes[several] * (sizes[several] - 1)
    return float((1.0 - (all_pairs - themselves)[several] / pairs).mean())


def hubness(vectors: np.ndarray, k: int = 10) -> float:
    """How far few items dominate the lists of related items, by cosine of `vectors` (items, factors).

    Excludes zero vectors. Otherwise as `hubness_of`.
    """
    lengths = np.linalg.norm(vectors, axis=1)
    unit = (vectors[lengths > 0] / lengths[lengths > 0, None]).astype(np.float32)
    return hubness_of(lambda rows: unit[rows] @ unit.T, len(unit), k)


def hubness_of(similarity: Callable[[np.ndarray], np.ndarray], items: int, k: int = 10) -> float:
    """The skewness of how often each item is among the `k` most similar to another; `similarity` of rows (m,) is (m,
    items).

    0 if all occur equally often, about 1 for a mild bias, tens if hubs fill every list. Radovanovic, Nanopoulos,
    Ivanovic 2010.
    """
    named = np.zeros(items, dtype=np.int64)
    if items <= k:
        return 0.0
    for first in range(0, items, _ROWS):
        rows = np.arange(first, min(first + _ROWS, items))
        alike = similarity(rows)
        alike[np.arange(len(rows)), rows] = -np.inf
        nearest = np.argpartition(-alike, k - 1, axis=1)[:, :k]
        named += np.bincount(nearest.ravel(), minlength=items)
    off = named - named.mean()
    spread = float(off.std())
    return float((off**3).mean() / spread**3) if spread > 0 else 0.0
