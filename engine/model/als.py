"""Implicit-feedback alternating least squares: the vocabulary of the `implicit` library, the loss of the source.

Minimises sum over all cells of c (r - x.y)^2 + lambda (sum |x|^2 + sum |y|^2) with r = 1 where a count is stored
and confidence c = 1 + alpha * v (Hu, Koren, Volinsky 2008; conjugate gradients after Takacs, Pilaszy, Tikk 2011).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.errors import CancelledError, InvalidDataError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Factors = NDArray[np.float32]
# One step while everything still moves, three once it settles: as good a loss in less time (ENGINE.md).
_EARLY_SWEEPS = 4


class AlternatingLeastSquares:
    """Fits listener and item factors to play counts. See the module for the loss."""

    def __init__(
        self,
        factors: int = 40,
        regularization: float = 10.0,
        alpha: float = 1.0,
        iterations: int = 20,
        random_state: int = 0,
        calculate_training_loss: bool = False,
        cg_steps: int = 3,
    ) -> None:
        if factors < 1 or iterations < 1:
            raise InvalidDataError(f"factors ({factors}) and iterations ({iterations}) must be at least 1.")
        if not (np.isfinite(regularization) and regularization > 0 and np.isfinite(alpha) and alpha > 0):
            raise InvalidDataError(f"regularization ({regularization}) and alpha ({alpha}) must be above 0.")
        self.factors = factors
        self.regularization = regularization
        self.alpha = alpha
        self.iterations = iterations
        self.random_state = random_state
        self.calculate_training_loss = calculate_training_loss
        self.cg_steps = cg_steps
        self.user_factors: Factors = np.empty((0, factors), dtype=np.float32)
        self.item_factors: Factors = np.empty((0, factors), dtype=np.float32)

    def fit(
        self,
        user_items: csr_matrix,
        show_progress: bool = False,  # noqa: ARG002 - the library's argument; progress is the callback's
        callback: Callable[[int, float, float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> None:
        """Fit to (users, items) CSR counts or their transform, finite and not negative.

        `callback` gets (sweep, seconds, loss) after each sweep. Raises InvalidDataError, CancelledError.
        """
        from engine.model.kernels import gram, observed_loss, solve_rows

        counts = _checked(user_items)
        turned = counts.T.tocsr()
        rng = np.random.default_rng(self.random_state)
        self.user_factors = np.zeros((counts.shape[0], self.factors), dtype=np.float32)
        self.item_factors = rng.normal(0, 0.01, (counts.shape[1], self.factors)).astype(np.float32)
        alpha = np.float32(self.alpha)
        for sweep in range(self.iterations):
            if cancelled is not None and cancelled():
                raise CancelledError("Training was stopped. The model in use is the one before.")
            began = time.monotonic()
            steps = 1 if sweep < min(_EARLY_SWEEPS, self.iterations - 3) else self.cg_steps
            for matrix, x, y in (
                (counts, self.user_factors, self.item_factors),
                (turned, self.item_factors, self.user_factors),
            ):
                system = gram(y) + self.regularization * np.eye(self.factors)
                solve_rows(
                    matrix.indptr, matrix.indices, matrix.data, x, y, system.astype(np.float32), alpha, steps
                )
            loss = 0.0
            if self.calculate_training_loss:
                observed = observed_loss(
                    counts.indptr, counts.indices, counts.data, self.user_factors, self.item_factors, alpha
                )
                loss = self._loss(observed)
            if callback is not None:
                callback(sweep, time.monotonic() - began, loss)

    def _loss(self, observed: float) -> float:
        """The exact loss: all cells at confidence 1 by the Gram trick, plus what the stored ones add."""
        from engine.model.kernels import gram

        everywhere = float(np.sum(gram(self.user_factors) * gram(self.item_factors)))
        squares = sum(float(np.vdot(f, f)) for f in (self.user_factors, self.item_factors))
        return observed + everywhere + self.regularization * squares


def _checked(user_items: csr_matrix) -> csr_matrix:
    from scipy.sparse import csr_matrix

    counts = csr_matrix(user_items, dtype=np.float32)
    if counts.nnz == 0:
        raise InvalidDataError("There is nothing to fit: the matrix holds no plays.")
    if not np.isfinite(counts.data).all() or (counts.data < 0).any():
        raise InvalidDataError("Counts must be finite and not negative.")
    return counts
