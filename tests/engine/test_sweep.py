"""The loss where rounding would show: tiny beside the confidences, or confidences far above the regularization."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from engine.model.als import AlternatingLeastSquares
from tests.engine.test_als import loss_over_all_cells, plays


@pytest.mark.parametrize(("alpha", "regularization"), [(1e3, 1e-2), (1e6, 1e-6), (1.0, 0.0)])
def test_a_loss_near_zero_is_exact_and_falls(alpha: float, regularization: float) -> None:
    matrix, losses = plays(40, 24), []
    model = AlternatingLeastSquares(
        factors=24,
        alpha=alpha,
        regularization=regularization,
        iterations=12,
        random_state=1,
        dtype=np.float64,
    )
    model.fit(matrix, callback=lambda _sweep, _seconds, loss: losses.append(loss))
    counted = loss_over_all_cells(
        matrix, model.user_factors, model.item_factors, alpha=alpha, regularization=regularization
    )
    confidences = matrix.nnz + alpha * float(matrix.sum())
    assert losses[-1] < 0.05 * confidences
    assert losses[-1] == pytest.approx(counted, rel=1e-6, abs=1e-9 * confidences)
    assert all(after <= before + 1e-9 * confidences for before, after in pairwise(losses))


@pytest.mark.parametrize("regularization", [1e-12, 1e-6, 1e-3])
def test_single_precision_factors_take_huge_counts(regularization: float) -> None:
    matrix, losses = plays(40, 24) * np.float32(1e5), []
    model = AlternatingLeastSquares(
        factors=16, alpha=100.0, regularization=regularization, iterations=10, random_state=0
    )
    model.fit(matrix, callback=lambda _sweep, _seconds, loss: losses.append(loss))
    assert model.item_factors.dtype == np.float32
    assert np.isfinite(model.item_factors).all()
    assert all(0 <= after <= before * (1 + 1e-5) for before, after in pairwise(losses))
