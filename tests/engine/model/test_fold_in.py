"""Folding a listener in: the dense solve, shares that sum, and what-if."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InvalidDataError
from engine.model.fold_in import ItemFactors


def item_factors(items: int = 60, factors: int = 7, seed: int = 0) -> np.ndarray:
    return (0.3 * np.random.default_rng(seed).normal(size=(items, factors))).astype(np.float32)


def dense_solve(factors: np.ndarray, ids: np.ndarray, confidences: np.ndarray, lam: float) -> np.ndarray:
    """(Y' C Y + lambda I)^-1 Y' C r with C and r over all items."""
    y = factors.astype(np.float64)
    all_confidences, wanted = np.ones(len(y)), np.zeros(len(y))
    all_confidences[ids], wanted[ids] = confidences, 1.0
    system = y.T @ (y * all_confidences[:, None]) + lam * np.eye(y.shape[1])
    return np.linalg.solve(system, y.T @ (all_confidences * wanted))


HISTORIES = st.lists(st.tuples(st.integers(0, 59), st.floats(1, 1e4)), max_size=30, unique_by=lambda c: c[0])


@settings(deadline=None, max_examples=50, derandomize=True)
@given(HISTORIES, st.sampled_from([0.01, 1.0, 50.0]), st.integers(0, 5))
def test_fold_in_is_the_dense_solve_and_its_shares_sum(
    history: list[tuple[int, float]], lam: float, seed: int
) -> None:
    factors = item_factors(seed=seed)
    ids = np.array([item for item, _ in history], dtype=np.int64)
    confidences = np.array([c for _, c in history])
    listener = ItemFactors(factors, lam).fold_in(ids, confidences)
    np.testing.assert_allclose(
        listener.vector, dense_solve(factors, ids, confidences, lam), rtol=1e-7, atol=1e-9
    )
    asked = np.array([0, 13, 59, *ids[:3]])
    scores = listener.scores(asked)
    np.testing.assert_allclose(listener.contributions(asked).sum(axis=1), scores, rtol=0, atol=1e-9)
    np.testing.assert_allclose(listener.scores()[asked], scores, rtol=1e-4, atol=1e-6)


@settings(deadline=None, max_examples=50, derandomize=True)
@given(HISTORIES.filter(len), st.sampled_from([0.01, 1.0, 50.0]), st.data())
def test_taking_an_item_away_is_never_having_played_it(
    history: list[tuple[int, float]], lam: float, data: st.DataObject
) -> None:
    factors = item_factors()
    ids = np.array([item for item, _ in history], dtype=np.int64)
    confidences = np.array([c for _, c in history])
    index = data.draw(st.integers(0, len(ids) - 1))
    away = ItemFactors(factors, lam).fold_in(ids, confidences).without(index)
    solved = dense_solve(factors, np.delete(ids, index), np.delete(confidences, index), lam)
    np.testing.assert_allclose(away, solved, rtol=0, atol=1e-6)


@pytest.mark.parametrize("confidence", [1e4, 1e6, 1e8, 1e12])
@pytest.mark.parametrize("lam", [1e-3, 1.0, 50.0])
@pytest.mark.parametrize("items", [5, 60, 2_000])
def test_a_huge_count_can_be_taken_away(confidence: float, lam: float, items: int) -> None:
    """More factors than items too: there the item alone holds its direction up."""
    factors = 3 * item_factors(items, 40)
    ids, confidences = np.arange(3), np.array([2.0, 3.0, confidence])
    away = ItemFactors(factors, lam).fold_in(ids, confidences).without(2)
    solved = dense_solve(factors, ids[:2], confidences[:2], lam)
    np.testing.assert_allclose(away, solved, rtol=0, atol=1e-6)


def test_nobody_has_the_zero_vector() -> None:
    listener = ItemFactors(item_factors(), 1.0).fold_in(np.zeros(0, dtype=np.int64), np.zeros(0))
    assert not listener.vector.any()
    assert listener.contributions(np.arange(3)).shape == (3, 0)


def test_a_given_gram_matrix_is_used_and_must_fit() -> None:
    factors = item_factors()
    gram = factors.T.astype(np.float64) @ factors
    ids, confidences = np.array([1, 2]), np.array([2.0, 3.0])
    given_gram = ItemFactors(factors, 1.0, gram).fold_in(ids, confidences).vector
    np.testing.assert_array_equal(given_gram, ItemFactors(factors, 1.0).fold_in(ids, confidences).vector)
    doubled = ItemFactors(factors, 1.0, 2 * gram).fold_in(ids, confidences).vector
    assert not np.allclose(doubled, given_gram)
    with pytest.raises(InvalidDataError, match="gram"):
        ItemFactors(factors, 1.0, gram[:-1])


@pytest.mark.parametrize(
    ("ids", "confidences"),
    [
        ([60], [2.0]),
        ([-1], [2.0]),
        ([3, 3], [2.0, 2.0]),
        ([3], [0.5]),
        ([3], [float("nan")]),
        ([3], [float("inf")]),
        ([3, 4], [2.0]),
        ([[3]], [[2.0]]),
    ],
)
def test_an_invalid_history_is_refused(ids: list[int], confidences: list[float]) -> None:
    with pytest.raises(InvalidDataError):
        ItemFactors(item_factors(), 1.0).fold_in(np.array(ids), np.array(confidences))


@pytest.mark.parametrize("regularization", [0.0, -1.0, float("nan"), float("inf")])
def test_an_invalid_regularization_is_refused(regularization: float) -> None:
    with pytest.raises(InvalidDataError, match="regularization"):
        ItemFactors(item_factors(), regularization)


def test_factors_in_one_dimension_are_refused() -> None:
    with pytest.raises(InvalidDataError, match="items, factors"):
        ItemFactors(np.zeros(4, dtype=np.float32), 1.0)


def test_folding_in_needs_numpy_alone() -> None:
    """Neither the kernels nor SciPy are loaded to recommend: the app starts without them."""
    ask = (
        "import sys, numpy, engine.model.fold_in as f;"
        "f.ItemFactors(numpy.ones((3, 2), 'float32'), 1.0).fold_in(numpy.array([1]), numpy.array([2.0])).contributions("
        "numpy.array([0]));"
        "print(*sorted(set(sys.modules) & {'engine.model.compiled', 'scipy'}))"
    )
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_with_an_exponent_lambda_grows_with_the_listeners_items() -> None:
    factors, ids, confidences = item_factors(), np.arange(16), np.full(16, 3.0)
    listener = ItemFactors(factors, 0.5, frequency_exponent=0.75).fold_in(ids, confidences)
    np.testing.assert_allclose(
        listener.vector, dense_solve(factors, ids, confidences, 0.5 * 16**0.75), rtol=1e-9, atol=1e-12
    )
    assert listener.contributions(np.arange(5)).sum(axis=1) == pytest.approx(listener.scores(np.arange(5)))


def test_an_item_is_folded_into_listeners_factors_as_a_model_recalculates_it() -> None:
    from scipy.sparse import csr_matrix

    from engine.model.als import AlternatingLeastSquares

    rng = np.random.default_rng(3)
    plays = csr_matrix(rng.poisson(0.6, (50, 30)).astype(np.float32))
    model = AlternatingLeastSquares(
        factors=8, regularization=2.0, alpha=3.0, random_state=1, frequency_exponent=0.5
    )
    model.fit(plays)
    row = plays.T.tocsr()[4]
    folded = ItemFactors(model.user_factors, 2.0, frequency_exponent=0.5).fold_in(
        row.indices.astype(np.int64), 1.0 + 3.0 * row.data
    )
    np.testing.assert_allclose(folded.vector, model.recalculate_item(4, row), rtol=1e-5, atol=1e-7)
