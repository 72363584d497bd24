"""Splits plays into training and held-out parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.errors import InvalidDataError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


def leave_out(
    plays: csr_matrix, share: float = 0.2, seed: int = 0, listeners: int | None = None
) -> tuple[csr_matrix, csr_matrix]:
    """(train, test): a random `share` of each listener's items held out, at least one kept, at least one held.

    Listeners with a single item keep it; with more than `listeners` listeners only a random sample of that size has
    items held out. Same shape as `plays`, CSR. Raises InvalidDataError for a share outside 0 to 1.
    """
    if not 0 < share < 1:
        raise InvalidDataError(f"share is {share}; it must lie between 0 and 1.")
    rng = np.random.default_rng(seed)
    if listeners is None or plays.shape[0] <= listeners:
        return _parts(plays, _first_of_each_row(plays, rng.random(plays.nnz), share))
    rows = np.sort(rng.choice(plays.shape[0], listeners, replace=False))
    some = plays[rows]
    held = np.zeros(plays.nnz, dtype=bool)
    counts = np.diff(some.indptr)
    places = np.arange(some.nnz) + np.repeat(plays.indptr[rows] - some.indptr[:-1], counts)
    held[places] = _first_of_each_row(some, rng.random(some.nnz), share)
    return _parts(plays, held)


def _first_of_each_row(plays: csr_matrix, order: NDArray[np.float64], share: float) -> NDArray[np.bool_]:
    """Which stored plays are among the first `share` of their row in ascending `order` (nnz,)."""
    counts = np.diff(plays.indptr)
    held_per_row = np.where(counts > 1, np.clip(np.round(counts * share), 1, counts - 1), 0).astype(np.int64)
    rows = np.repeat(np.arange(plays.shape[0]), counts)
    place = np.arange(plays.nnz) - np.repeat(plays.indptr[:-1], counts)
    held = np.zeros(plays.nnz, dtype=bool)
    held[np.lexsort((order, rows))] = place < np.repeat(held_per_row, counts)
    return held


def _parts(plays: csr_matrix, held: NDArray[np.bool_]) -> tuple[csr_matrix, csr_matrix]:
    from scipy.sparse import csr_matrix

    before = np.concatenate(([0], np.cumsum(held, dtype=plays.indptr.dtype)))[plays.indptr]
    train, test = (
        csr_matrix((plays.data[chosen], plays.indices[chosen], starts), shape=plays.shape)
        for chosen, starts in ((~held, plays.indptr - before), (held, before))
    )
    return train, test
