"""What a model must beat: popularity, and item neighbours by cosine."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


def popularity(train: csr_matrix) -> Callable[[np.ndarray], np.ndarray]:
    """Everyone gets the items with the most listeners."""
    counts = np.asarray(train.getnnz(axis=0), dtype=np.float32)
    return lambda listeners: np.tile(counts, (len(listeners), 1))


def item_cosine(train: csr_matrix) -> Callable[[np.ndarray], np.ndarray]:
    """An item scores the sum of its cosines with the listener's items, on who played what at all."""
    binary = train.copy()
    binary.data = np.ones_like(binary.data)
    per_length = 1.0 / np.sqrt(np.maximum(np.asarray(binary.getnnz(axis=0), dtype=np.float32), 1.0))
    unit = binary.multiply(per_length).tocsr().astype(np.float32)
    listeners_of = unit.T.tocsr()
    # (their items) x (items x listeners) x (listeners x items): never the items x items matrix itself.
    return lambda listeners: ((binary[listeners] @ listeners_of) @ unit).toarray()
