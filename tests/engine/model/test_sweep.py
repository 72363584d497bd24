"""The loss where rounding would show: tiny beside the confidences, or confidences far above the regularization."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from engine.model.als import AlternatingLeastSquares
from tests.support.factorizing import loss_over_all_cells, plays


@pytest.mark.parametrize(("alpha", "regularization"), [(1e3, 1e-2), (1e6, 1e-6), (1.0, 0.0)])
def test_a_loss_near_zero_is_exact_and_falls(alpha: float, regularization: float) -> None:
    matrix, losses = plays(40, 8), []
    model = AlternatingLeastSquares(
        factors=8,
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
        factors=8, alpha=100.0, regularization=regularization, iterations=10, random_state=0
    )
    model.fit(matrix, callback=lambda _sweep, _seconds, loss: losses.append(loss))
    assert model.item_factors.dtype == np.float32
    assert np.isfinite(model.item_factors).all()
    assert all(0 <= after <= before * (1 + 1e-5) for before, after in pairwise(losses))


def test_with_an_exponent_each_row_has_a_lambda_of_its_own() -> None:
    """The reported loss is the sum over all cells, and an exact sweep solves every item's own equations."""
    matrix, losses = plays(60, 40), []
    regularization, exponent, alpha = 0.4, 0.75, 2.0
    model = AlternatingLeastSquares(
        factors=6,
        alpha=alpha,
        regularization=regularization,
        iterations=8,
        random_state=1,
        use_cg=False,
        dtype=np.float64,
        frequency_exponent=exponent,
        momentum=False,
    )
    model.fit(matrix, callback=lambda _sweep, _seconds, loss: losses.append(loss))
    users, items = model.user_factors, model.item_factors
    lambdas = [regularization * matrix.getnnz(axis=axis) ** exponent for axis in (1, 0)]
    plain = loss_over_all_cells(matrix, users, items, alpha=alpha, regularization=0.0)
    penalty = lambdas[0] @ np.sum(users**2, axis=1) + lambdas[1] @ np.sum(items**2, axis=1)
    assert losses[-1] == pytest.approx(plain + penalty, rel=1e-9)
    assert all(after <= before * (1 + 1e-12) for before, after in pairwise(losses))
    values = matrix.toarray()
    for item in range(matrix.shape[1]):
        confidence = 1 + alpha * values[:, item]
        system = users.T @ (users * confidence[:, None]) + lambdas[1][item] * np.eye(6)
        wanted = np.linalg.solve(system, users.T @ (confidence * (values[:, item] > 0)))
        np.testing.assert_allclose(items[item], wanted, atol=1e-9)
    np.testing.assert_allclose(model.recalculate_item(0, matrix.T.tocsr()[0]), items[0], atol=1e-9)
