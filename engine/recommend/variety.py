"""Variety: a list whose artists are unlike each other, at the price of some score."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# So many candidates for each place of the list are compared: those further down would cost too much score.
CANDIDATES_EACH, MIN_CANDIDATES = 3, 100


def varied(
    factors: NDArray[np.float32], scores: NDArray[np.float64], variety: float, n: int
) -> NDArray[np.int64]:
    """Places 0..m-1 of candidates, best score first, in an order whose first `n` are varied; the rest as they were.

    `factors` (m, f), `scores` (m,) falling. Maximal marginal relevance (Carbonell, Goldstein 1998): the next is the
    one with the most of (1 - variety) * score - variety * its greatest cosine with those taken, scores scaled to
    0..1. At variety 0 nothing moves.
    """
    compared = min(len(scores), max(MIN_CANDIDATES, CANDIDATES_EACH * n))
    own = np.asarray(factors[:compared], dtype=np.float32)
    own = own / np.maximum(np.linalg.norm(own, axis=1, keepdims=True), np.float32(1e-12))
    reach = scores[0] - scores[compared - 1] if compared else 0.0
    merit = (
        (1.0 - variety) * (scores[:compared] - scores[compared - 1]) / reach
        if reach > 0
        else np.zeros(compared)
    )
    similarity = own @ own.T
    similarity *= np.float32(variety)
    merit = merit.astype(np.float32)
    nearest = np.full(compared, -variety, dtype=np.float32)
    value = np.empty(compared, dtype=np.float32)
    taken: list[int] = []
    # Turned while a key is held: nothing is allocated within.
    for _ in range(min(n, compared)):
        np.subtract(merit, nearest, out=value)
        best = int(value.argmax())
        taken.append(best)
        merit[best] = -np.inf
        np.maximum(nearest, similarity[best], out=nearest)
    left = np.isfinite(merit)
    rest = np.concatenate([np.flatnonzero(left), np.arange(compared, len(scores))])
    return np.concatenate([np.array(taken, dtype=np.int64), rest.astype(np.int64)])
