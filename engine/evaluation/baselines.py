"""What a model must beat. Each takes the training plays and returns scores for batches of its listeners.

All of them see only who played what, not how often. Scores are (listeners, items) and may be overwritten.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import InvalidDataError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

ScoresOf = Callable[[np.ndarray], np.ndarray]
# EASE inverts a matrix of this side at most: 8,000 listeners take 0.5 GB and about 10 s.
EASE_LISTENERS = 8_000


def popularity(train: csr_matrix) -> ScoresOf:
    """Everyone gets the items with the most listeners."""
    counts = np.asarray(train.getnnz(axis=0), dtype=np.float32)
    return lambda listeners: np.tile(counts, (len(listeners), 1))


def item_cosine(train: csr_matrix) -> ScoresOf:
    """An item scores the sum of its cosines with the listener's items."""
    played = _played(train)
    per_length = 1.0 / np.sqrt(_at_least_one(played, axis=0))
    unit = played.multiply(per_length).tocsr().astype(np.float32)
    listeners_of = unit.T.tocsr()
    # (their items) x (items x listeners) x (listeners x items): never the items x items matrix itself.
    return lambda listeners: ((played[listeners] @ listeners_of) @ unit).toarray()


def rp3beta(train: csr_matrix, beta: float = 0.3) -> ScoresOf:
    """Random walks of three steps from the listener, divided by popularity to the `beta` (Paudel et al. 2017)."""
    played = _played(train)
    item_listeners = _at_least_one(played, axis=0)
    from_listener = played.multiply(1.0 / _at_least_one(played, axis=1)[:, None]).tocsr().astype(np.float32)
    from_item = played.multiply(1.0 / item_listeners).T.tocsr().astype(np.float32)
    damped = (item_listeners**-beta).astype(np.float32)
    return lambda listeners: ((from_listener[listeners] @ from_item) @ from_listener).toarray() * damped


def ease(train: csr_matrix, regularization: float = 120.0) -> ScoresOf:
    """EASE^R (Steck 2019), exact, by its dual: an inverse of side listeners instead of items.

    K = (X X' + lambda I)^-1, diag P = (1 - diag X'KX) / lambda, scores X - K X / diag P. Raises InvalidDataError
    above EASE_LISTENERS listeners, where the inverse no longer pays.
    """
    if train.shape[0] > EASE_LISTENERS:
        raise InvalidDataError(f"EASE is kept to {EASE_LISTENERS} listeners; there are {train.shape[0]}.")
    played = _played(train)
    kernel = (played @ played.T).toarray().astype(np.float64)
    kernel[np.diag_indices(len(kernel))] += regularization
    kernel = np.linalg.inv(kernel).astype(np.float32)
    within = np.zeros(played.shape[1])
    for first in range(0, len(kernel), 512):
        part = slice(first, first + 512)
        within += np.asarray(played[part].multiply(kernel[part] @ played).sum(axis=0)).ravel()
    diagonal = ((1.0 - within) / regularization).astype(np.float32)
    return lambda listeners: played[listeners].toarray() - (kernel[listeners] @ played) / diagonal


def _played(train: csr_matrix) -> csr_matrix:
    """The matrix with 1 for every stored play."""
    played = train.astype(np.float32)
    played.data = np.ones_like(played.data)
    return played


def _at_least_one(played: csr_matrix, axis: int) -> np.ndarray:
    return np.maximum(np.asarray(played.getnnz(axis=axis), dtype=np.float32), 1.0)
