"""The same factors in `implicit` and in ours: the same questions get the same answers."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from engine.model.als import AlternatingLeastSquares
from tests.support.factorizing import plays

peers = pytest.importorskip("implicit.cpu.als")

LISTENERS, ITEMS, ALPHA, LAMBDA = 50, 35, 2.0, 0.8
MATRIX = plays(LISTENERS, ITEMS, seed=9)
COLUMNS = MATRIX.T.tocsr()
Answer = tuple[np.ndarray, np.ndarray]


def theirs(matrix: csr_matrix) -> csr_matrix:
    """Values that give `implicit`, which takes alpha * v for the confidence, our 1 + alpha * v."""
    same = matrix.astype(np.float32)
    same.data = same.data + np.float32(1 / ALPHA)
    return same


@pytest.fixture(scope="module")
def models() -> tuple[AlternatingLeastSquares, Any]:
    ours = AlternatingLeastSquares(
        factors=6, regularization=LAMBDA, alpha=ALPHA, iterations=10, random_state=0
    )
    ours.fit(MATRIX)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        peer = peers.AlternatingLeastSquares(factors=6, regularization=LAMBDA, alpha=ALPHA, num_threads=1)
    peer.user_factors, peer.item_factors = ours.user_factors.copy(), ours.item_factors.copy()
    return ours, peer


def close(ours: Answer, peer: Answer, rtol: float = 1e-4) -> None:
    np.testing.assert_array_equal(ours[0], peer[0])
    assert ours[1].shape == peer[1].shape
    np.testing.assert_allclose(ours[1], peer[1], rtol=rtol, atol=1e-5)


USERS = np.array([4, 0, 49, 4])
# Each takes a model and the matrix as that model counts.
QUESTIONS: dict[str, Callable[[Any, csr_matrix], Answer]] = {
    "recommend": lambda model, m: model.recommend(3, m[3]),
    "recommend N": lambda model, m: model.recommend(3, m[3], N=4),
    "recommend several": lambda model, m: model.recommend(USERS, m[USERS], N=7),
    "recommend a list": lambda model, m: model.recommend([4, 9], m[[4, 9]]),
    "recommend played too": lambda model, m: model.recommend(3, m[3], filter_already_liked_items=False),
    "recommend without some": lambda model, m: model.recommend(3, m[3], filter_items=[1, 5, 8]),
    "recommend several without some": lambda model, m: model.recommend(USERS, m[USERS], filter_items=[2, 30]),
    "recommend some": lambda model, m: model.recommend(
        3, m[3], items=[1, 2, 9, 30], filter_already_liked_items=False
    ),
    "recommend recalculated": lambda model, m: model.recommend(3, m[7], recalculate_user=True),
    "recommend several recalculated": lambda model, m: model.recommend(
        USERS, m[[1, 2, 3, 4]], recalculate_user=True
    ),
    "similar items": lambda model, _: model.similar_items(5),
    "similar items several": lambda model, _: model.similar_items([5, 6, 7], N=3),
    "similar items without some": lambda model, _: model.similar_items(5, filter_items=[5, 8, 11]),
    "similar items of some": lambda model, _: model.similar_items(5, items=[0, 5, 8, 9], N=3),
    "similar items recalculated": lambda model, m: model.similar_items(
        5, N=4, recalculate_item=True, item_users=m.T.tocsr()[8]
    ),
    "similar users": lambda model, _: model.similar_users(5),
    "similar users several": lambda model, _: model.similar_users(USERS, N=3),
    "similar users without some": lambda model, _: model.similar_users(5, filter_users=[5, 8, 11]),
    "similar users of some": lambda model, _: model.similar_users(5, users=[0, 5, 8, 9], N=3),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_same_answer(models: tuple[AlternatingLeastSquares, Any], question: str) -> None:
    ours, peer = models
    ask = QUESTIONS[question]
    close(ask(ours, MATRIX), ask(peer, theirs(MATRIX)))


def test_filtered_items_come_last_with_the_same_score(models: tuple[AlternatingLeastSquares, Any]) -> None:
    """Past the catalog's end the library repeats item 0; ours ends."""
    ours, peer = models
    left = ITEMS - MATRIX[3].nnz
    mine, other = ours.recommend(3, MATRIX[3], N=999), peer.recommend(3, theirs(MATRIX)[3], N=999)
    close((mine[0][:left], mine[1][:left]), (other[0][:left], other[1][:left]))
    assert len(mine[0]) == ITEMS
    np.testing.assert_array_equal(mine[1][left:], other[1][left:ITEMS])


def test_the_same_row_is_recalculated(models: tuple[AlternatingLeastSquares, Any]) -> None:
    ours, peer = models
    for user in (0, 17):
        np.testing.assert_allclose(
            ours.recalculate_user(user, MATRIX[user]),
            peer.recalculate_user(user, theirs(MATRIX)[user]),
            rtol=1e-3,
            atol=1e-5,
        )
        np.testing.assert_allclose(
            ours.recalculate_item(user, COLUMNS[user]),
            peer.recalculate_item(user, theirs(COLUMNS)[user]),
            rtol=1e-3,
            atol=1e-5,
        )


def test_the_same_explanation(models: tuple[AlternatingLeastSquares, Any]) -> None:
    ours, peer = models
    mine = ours.explain(11, MATRIX, 4, N=5)
    other = peer.explain(11, theirs(MATRIX), 4, N=5)
    assert mine[0] == pytest.approx(other[0], rel=1e-4)
    assert [item for item, _ in mine[1]] == [item for item, _ in other[1]]
    np.testing.assert_allclose([part for _, part in mine[1]], [part for _, part in other[1]], rtol=1e-3)
