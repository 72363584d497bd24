"""Splitting plays into what a model may see and what it must guess."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


def leave_out(plays: csr_matrix, share: float = 0.2, seed: int = 0) -> tuple[csr_matrix, csr_matrix]:
    """(train, test): a random `share` of each listener's items held out, at least one kept, at least one held.

    Listeners with a single item keep it. Same shape as `plays`, CSR.
    """
    from scipy.sparse import csr_matrix

    counts = np.diff(plays.indptr)
    held_per_row = np.where(counts > 1, np.clip(np.round(counts * share), 1, counts - 1), 0).astype(np.int64)
    rows = np.repeat(np.arange(plays.shape[0]), counts)
    # Random order within each row: the first `held_per_row` of it are held out.
    order = np.lexsort((np.random.default_rng(seed).random(plays.nnz), rows))
    place = np.arange(plays.nnz) - np.repeat(plays.indptr[:-1], counts)
    held = np.zeros(plays.nnz, dtype=bool)
    held[order] = place < np.repeat(held_per_row, counts)

    def part(chosen: np.ndarray) -> csr_matrix:
        return csr_matrix((plays.data[chosen], (rows[chosen], plays.indices[chosen])), shape=plays.shape)

    return part(~held), part(held)
