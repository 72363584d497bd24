"""Baselines a model must beat: popularity, item neighbours by cosine, random walks, and a linear item model.

Each takes (listeners, items) CSR plays and gives a function from listener ids (b,) to scores (b, items) float32.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import InvalidDataError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

ScoresOf = Callable[[np.ndarray], np.ndarray]
# EASE inverts a double matrix of the smaller side, at most this: 0.5 GB.
EASE_LIMIT = 8_000
# Listeners whose cosines are summed at a time: 11 MB at 85,000 others.
_AT_ONCE = 32


def popularity(train: csr_matrix) -> ScoresOf:
    """Everyone gets the items with the most listeners."""
    counts = np.asarray(train.getnnz(axis=0), dtype=np.float32)
    return lambda listeners: np.tile(counts, (len(listeners), 1))


def item_cosine(train: csr_matrix, rows: csr_matrix | None = None, *, log: bool = False) -> ScoresOf:
    """An item's score is the sum of its cosines with the listener's items, on binary plays.

    With `log` both are weighted by log(1 + plays). With `rows` (others, items) the scored listeners are those of
    `rows`, and their plays are not part of the cosines.
    """
    counts = _log if log else _binary
    played = counts(train)
    own = played if rows is None else counts(rows)
    squares = np.asarray(played.multiply(played).sum(axis=0), dtype=np.float32).ravel()
    lengths = np.sqrt(np.where(squares > 0.0, squares, 1.0))
    per_length: np.ndarray = np.asarray(1.0 / lengths, dtype=np.float32)
    unit = played.multiply(per_length[None, :]).tocsr().astype(np.float32)
    items_of = unit.T.tocsr()

    # Without the items x items matrix; dense, since nearly every listener shares an item.
    def scores_of(listeners: np.ndarray) -> np.ndarray:
        scores = np.empty((len(listeners), train.shape[1]), dtype=np.float32)
        for first in range(0, len(listeners), _AT_ONCE):
            near = (own[listeners[first : first + _AT_ONCE]] @ items_of).toarray()
            scores[first : first + _AT_ONCE] = (items_of @ np.ascontiguousarray(near.T)).T
        return scores

    return scores_of


def rp3beta(train: csr_matrix, beta: float = 0.3) -> ScoresOf:
    """Probabilities of a random walk listener, item, listener, item, divided by the item's listeners to the power
    `beta`.

    Paudel, Christoffel, Newell, Bernstein 2017. beta 0 is P3, larger ones favour items with few listeners.
    """
    binary = _binary(train)
    per_listener = _per(np.diff(binary.indptr))
    listeners = np.asarray(binary.getnnz(axis=0), dtype=np.float32)
    onward = binary.multiply(per_listener[:, None]).tocsr().astype(np.float32)
    back = binary.multiply(_per(listeners)[None, :]).T.tocsr().astype(np.float32)
    damped = onward.multiply(_per(listeners**beta)[None, :]).tocsr().astype(np.float32)
    return lambda ids: ((onward[ids] @ back) @ damped).toarray()


def ease(train: csr_matrix, regularization: float = 120.0) -> ScoresOf:
    """EASE^R: the linear item-to-item model with a zero diagonal, in closed form, on binary plays.

    With P = (X'X + lambda I)^-1, B = I - P / diag(P) and scores are X B (Steck 2019). If there are fewer listeners than
    items, the same scores come from K = (XX' + lambda I)^-1, listeners by listeners: X P = K X and diag(P) = (1 -
    diag(X'KX)) / lambda. Raises InvalidDataError if both sides exceed EASE_LIMIT.
    """
    if not (np.isfinite(regularization) and regularization > 0):
        raise InvalidDataError(f"regularization is {regularization}; it must be finite and above 0.")
    if min(train.shape) > EASE_LIMIT:
        raise InvalidDataError(
            f"EASE would invert a matrix of {min(train.shape)} rows; {EASE_LIMIT} is the limit. Use rp3beta."
        )
    binary = _binary(train).astype(np.float64)
    if train.shape[0] < train.shape[1]:
        return _ease_by_listeners(binary, regularization)
    inverse = _inverse(binary.T @ binary, regularization)
    weights = (-inverse / np.diag(inverse)).astype(np.float32)
    np.fill_diagonal(weights, 0.0)
    return lambda listeners: np.asarray(binary[listeners].astype(np.float32) @ weights)


def _ease_by_listeners(binary: csr_matrix, regularization: float) -> ScoresOf:
    inverse = _inverse(binary @ binary.T, regularization)
    projected = np.asarray((binary.T @ inverse).T)
    diagonal = (1.0 - np.asarray(binary.multiply(projected).sum(axis=0)).ravel()) / regularization
    scaled = (projected / diagonal).astype(np.float32)
    return lambda listeners: np.asarray(binary[listeners].toarray() - scaled[listeners], dtype=np.float32)


def _inverse(products: Any, regularization: float) -> np.ndarray:
    """(products + lambda I)^-1, dense double."""
    dense = products.toarray()
    dense[np.diag_indices(len(dense))] += regularization
    return np.asarray(np.linalg.inv(dense))


def _binary(train: csr_matrix) -> csr_matrix:
    """1 where anything was played, float32."""
    binary = train.astype(np.float32)
    binary.data = np.ones_like(binary.data)
    return binary


def _log(train: csr_matrix) -> csr_matrix:
    """log(1 + plays), float32."""
    return train.astype(np.float32).log1p()


def _per(counts: np.ndarray) -> np.ndarray:
    """The inverse of each count; 0 for 0."""
    return np.asarray(1.0 / np.maximum(counts, 1.0), dtype=np.float32)
