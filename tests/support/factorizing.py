"""Made-up play counts to factorize, and the loss worked out the long way."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix


def plays(listeners: int = 120, items: int = 80, seed: int = 0) -> csr_matrix:
    """Made-up counts with three tastes, so that there is something to learn."""
    rng = np.random.default_rng(seed)
    alike = (np.arange(listeners) % 3)[:, None] == (np.arange(items) % 3)[None, :]
    played = rng.random((listeners, items)) < np.where(alike, 0.4, 0.03)
    counts = np.where(played, 1.0 + rng.geometric(0.3, size=played.shape), 0.0)
    return csr_matrix(counts.astype(np.float32))


def loss_over_all_cells(
    matrix: csr_matrix, users: np.ndarray, items: np.ndarray, *, alpha: float, regularization: float
) -> float:
    """Hu, Koren, Volinsky 2008, equation 3, cell by cell."""
    values = matrix.toarray().astype(np.float64)
    users, items = users.astype(np.float64), items.astype(np.float64)
    error = (values > 0) - users @ items.T
    return float(
        np.sum((1 + alpha * values) * error**2) + regularization * (np.sum(users**2) + np.sum(items**2))
    )
