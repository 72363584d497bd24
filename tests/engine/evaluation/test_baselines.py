"""Baselines against their formulas in dense NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from engine.errors import InvalidDataError
from engine.evaluation import baselines
from engine.evaluation.baselines import ScoresOf, ease, item_cosine, popularity, rp3beta

EVERYBODY = np.arange(25)


def plays(listeners: int = 25, items: int = 14) -> csr_matrix:
    """Counts up to 9, with a listener who played nothing and an item nobody played."""
    rng = np.random.default_rng(4)
    counts = rng.integers(1, 10, size=(listeners, items)) * (rng.random((listeners, items)) < 0.3)
    counts[3], counts[:, 5] = 0, 0
    return csr_matrix(counts.astype(np.float32))


def binary(matrix: csr_matrix) -> np.ndarray:
    return (matrix.toarray() > 0).astype(np.float64)


def test_popularity_counts_listeners_not_plays() -> None:
    matrix = plays()
    scores = popularity(matrix)(np.array([0, 7]))
    np.testing.assert_array_equal(scores, [binary(matrix).sum(axis=0)] * 2)
    scores[:] = 0
    assert popularity(matrix)(np.array([0])).any()


@pytest.mark.parametrize("log", [False, True])
def test_item_cosine(log: bool) -> None:
    matrix = plays()
    played = np.log1p(matrix.toarray().astype(np.float64)) if log else binary(matrix)
    lengths = np.linalg.norm(played, axis=0)
    cosines = played.T @ played / np.outer(*[np.where(lengths > 0, lengths, 1)] * 2)
    np.testing.assert_allclose(item_cosine(matrix, log=log)(EVERYBODY), played @ cosines, rtol=1e-5)
    others = matrix[::-1][:4]
    found = item_cosine(matrix, others, log=log)(np.arange(4))
    np.testing.assert_allclose(found, played[::-1][:4] @ cosines, rtol=1e-5)


@pytest.mark.parametrize("beta", [0.0, 0.3, 1.0])
def test_rp3beta_is_three_steps_of_a_walk(beta: float) -> None:
    matrix = plays()
    played = binary(matrix)
    from_listeners = played / np.maximum(played.sum(axis=1, keepdims=True), 1)
    from_items = (played / np.maximum(played.sum(axis=0), 1)).T
    walks = from_listeners @ from_items @ from_listeners
    expected = walks / np.maximum(played.sum(axis=0) ** beta, 1)
    np.testing.assert_allclose(rp3beta(matrix, beta)(EVERYBODY), expected, rtol=1e-5)
    if beta == 0:
        np.testing.assert_allclose(walks.sum(axis=1)[played.any(axis=1)], 1)


@pytest.mark.parametrize("shape", [(25, 14), (25, 60)])
def test_ease_minimises_its_loss_with_a_zero_diagonal(shape: tuple[int, int]) -> None:
    """Column j of B is the ridge regression of item j on the other items (Steck 2019)."""
    matrix = plays(*shape)
    played = binary(matrix)
    weights = np.zeros((shape[1], shape[1]))
    for item in range(shape[1]):
        others = np.delete(np.arange(shape[1]), item)
        x = played[:, others]
        weights[others, item] = np.linalg.solve(x.T @ x + 3.0 * np.eye(len(others)), x.T @ played[:, item])
    np.testing.assert_allclose(ease(matrix, 3.0)(EVERYBODY), played @ weights, atol=1e-5)


def test_ease_refuses_what_it_cannot_invert(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines, "EASE_LIMIT", 13)
    with pytest.raises(InvalidDataError, match="rp3beta"):
        ease(plays())


@pytest.mark.parametrize("regularization", [0.0, -1.0, float("nan")])
def test_ease_refuses_a_regularization_that_is_none(regularization: float) -> None:
    with pytest.raises(InvalidDataError, match="regularization"):
        ease(plays(), regularization)


@pytest.mark.parametrize("baseline", [popularity, item_cosine, rp3beta, ease])
def test_scores_are_float32_and_finite_for_everybody(baseline: object) -> None:
    assert callable(baseline)
    scores: ScoresOf = baseline(plays())
    result = scores(EVERYBODY)
    assert result.shape == (25, 14)
    assert result.dtype == np.float32
    assert np.isfinite(result).all()
    assert scores(EVERYBODY[:0]).shape == (0, 14)
