"""What a fitted model answers, beside plain NumPy over all items, and in the words of `implicit`."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from engine.errors import InvalidDataError
from engine.model.als import AlternatingLeastSquares
from engine.model.topk import FILTERED, largest
from tests.support.factorizing import plays

LISTENERS, ITEMS = 40, 30


@pytest.fixture(scope="module")
def matrix() -> csr_matrix:
    return plays(LISTENERS, ITEMS)


@pytest.fixture(scope="module")
def model(matrix: csr_matrix) -> AlternatingLeastSquares:
    fitted = AlternatingLeastSquares(factors=5, regularization=0.5, alpha=2.0, iterations=30, random_state=0)
    fitted.fit(matrix)
    return fitted


def best(scores: np.ndarray, count: int) -> list[int]:
    return np.argsort(-scores, kind="stable")[:count].tolist()


def exact_factors(
    fixed: np.ndarray, values: np.ndarray, *, alpha: float, regularization: float
) -> np.ndarray:
    """One row's factors from its dense values by its normal equations."""
    fixed, values = fixed.astype(np.float64), values.astype(np.float64)
    confidences = 1 + alpha * values
    system = fixed.T @ (fixed * confidences[:, None]) + regularization * np.eye(fixed.shape[1])
    return np.linalg.solve(system, fixed.T @ (confidences * (values > 0)))


def test_recommend_leaves_out_what_was_played(model: AlternatingLeastSquares, matrix: csr_matrix) -> None:
    for user in range(LISTENERS):
        ids, scores = model.recommend(user, matrix[user], N=6)
        own = model.item_factors @ model.user_factors[user]
        own[matrix[user].indices] = -np.inf
        assert ids.tolist() == best(own, 6)
        np.testing.assert_allclose(scores, own[ids], rtol=1e-5)
        assert ids.shape == scores.shape == (6,)


def test_recommend_for_several_is_recommend_for_each(
    model: AlternatingLeastSquares, matrix: csr_matrix
) -> None:
    users = np.array([7, 3, 3, 31])
    ids, scores = model.recommend(users, matrix[users], N=4)
    assert ids.shape == scores.shape == (4, 4)
    for place, user in enumerate(users):
        one = model.recommend(int(user), matrix[user], N=4)
        np.testing.assert_array_equal(ids[place], one[0])
        np.testing.assert_allclose(scores[place], one[1], rtol=1e-5)


def test_recommend_may_keep_what_was_played(model: AlternatingLeastSquares) -> None:
    ids, _ = model.recommend(2, None, N=5, filter_already_liked_items=False)
    assert ids.tolist() == best(model.item_factors @ model.user_factors[2], 5)


def test_recommend_leaves_out_and_restricts(model: AlternatingLeastSquares, matrix: csr_matrix) -> None:
    everything = model.recommend(0, matrix[0], N=ITEMS - matrix[0].nnz)[0].tolist()
    without = model.recommend(0, matrix[0], N=3, filter_items=everything[:2])[0].tolist()
    assert without == everything[2:5]
    chosen = sorted(everything[1:9:2])
    assert model.recommend(0, matrix[0], N=9, items=chosen)[0].tolist() == everything[1:9:2]
    played = int(matrix[0].indices[0])
    ids, scores = model.recommend(0, matrix[0], N=9, items=[*chosen, played])
    assert ids.tolist() == [*everything[1:9:2], played]
    assert scores[-1] == pytest.approx(FILTERED)
    with pytest.raises(InvalidDataError, match="not both"):
        model.recommend(0, matrix[0], items=chosen, filter_items=[1])


def test_filtered_items_fill_up_with_the_least_score(
    model: AlternatingLeastSquares, matrix: csr_matrix
) -> None:
    ids, scores = model.recommend(0, matrix[0], N=10_000)
    assert sorted(ids.tolist()) == list(range(ITEMS))
    played = matrix[0].nnz
    assert set(ids[-played:].tolist()) == set(matrix[0].indices.tolist())
    np.testing.assert_allclose(scores[-played:], FILTERED)


def test_recommend_recalculates_from_the_row_given(
    model: AlternatingLeastSquares, matrix: csr_matrix
) -> None:
    row = csr_matrix(([4.0, 2.0], ([0, 0], [1, 8])), shape=(1, ITEMS))
    exact = exact_factors(model.item_factors, row.toarray()[0], alpha=2.0, regularization=0.5)
    expected = model.item_factors.astype(np.float64) @ exact
    expected[[1, 8]] = -np.inf
    ids, scores = model.recommend(999, row, N=5, recalculate_user=True)
    assert ids.tolist() == best(expected, 5)
    np.testing.assert_allclose(scores, expected[ids], rtol=1e-4)


def test_rank_items_orders_the_selected(model: AlternatingLeastSquares, matrix: csr_matrix) -> None:
    selected = [4, 0, 17, 9]
    own = model.item_factors @ model.user_factors[5]
    ids, scores = model.rank_items(5, matrix[5], selected)
    assert ids.tolist() == sorted(selected, key=lambda item: -own[item])
    np.testing.assert_allclose(scores, own[ids], rtol=1e-5)


def cosines(factors: np.ndarray, row: int) -> np.ndarray:
    lengths = np.linalg.norm(factors, axis=1)
    return factors @ factors[row] / lengths / lengths[row]


def test_similar_items_and_users_are_nearest_by_cosine(model: AlternatingLeastSquares) -> None:
    for ask, factors in (
        (model.similar_items, model.item_factors),
        (model.similar_users, model.user_factors),
    ):
        expected = cosines(factors, 3)
        ids, scores = ask(3, N=7)
        assert ids.tolist() == best(expected, 7)
        assert ids[0] == 3
        np.testing.assert_allclose(scores, expected[ids], rtol=1e-4)
        several = ask(np.array([3, 9]), N=7)
        np.testing.assert_array_equal(several[0][0], ids)
        assert several[1].shape == (2, 7)


def test_similar_items_leave_out_and_restrict(model: AlternatingLeastSquares) -> None:
    order = best(cosines(model.item_factors, 3), ITEMS)
    assert model.similar_items(3, N=4, filter_items=order[:3])[0].tolist() == order[3:7]
    assert model.similar_items(3, N=9, items=sorted(order[2:6]))[0].tolist() == order[2:6]
    users = best(cosines(model.user_factors, 3), LISTENERS)
    assert model.similar_users(3, N=4, filter_users=users[:3])[0].tolist() == users[3:7]
    assert model.similar_users(3, N=9, users=sorted(users[2:6]))[0].tolist() == users[2:6]


def test_similar_items_recalculate_from_the_row_given(
    model: AlternatingLeastSquares, matrix: csr_matrix
) -> None:
    column = matrix.T.tocsr()[6]
    ids, _ = model.similar_items(6, N=3, recalculate_item=True, item_users=column)
    vector = exact_factors(model.user_factors, column.toarray()[0], alpha=2.0, regularization=0.5)
    lengths = np.linalg.norm(model.item_factors, axis=1)
    assert ids.tolist() == best(model.item_factors @ vector / lengths, 3)


def test_recalculating_is_the_exact_solve_on_both_sides(
    model: AlternatingLeastSquares, matrix: csr_matrix
) -> None:
    users = model.recalculate_user([4, 9], matrix[[4, 9]])
    items = model.recalculate_item([4, 9], matrix.T.tocsr()[[4, 9]])
    for place, row in enumerate((4, 9)):
        by_hand = exact_factors(model.item_factors, matrix[row].toarray()[0], alpha=2.0, regularization=0.5)
        np.testing.assert_allclose(users[place], by_hand, rtol=1e-4, atol=1e-6)
        by_hand = exact_factors(
            model.user_factors, matrix[:, [row]].toarray()[:, 0], alpha=2.0, regularization=0.5
        )
        np.testing.assert_allclose(items[place], by_hand, rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(model.recalculate_user(4, matrix[4]), users[0])
    assert not model.recalculate_user(0, csr_matrix((1, ITEMS))).any()


def test_partial_fits_change_and_add_rows(matrix: csr_matrix) -> None:
    model = AlternatingLeastSquares(factors=5, regularization=0.5, alpha=2.0, iterations=5, random_state=0)
    model.fit(matrix)
    before, rows = model.user_factors.copy(), matrix[[1, 2]]
    model.partial_fit_users([6, LISTENERS + 1], rows)
    assert model.user_factors.shape == (LISTENERS + 2, 5)
    np.testing.assert_array_equal(
        model.user_factors[[6, LISTENERS + 1]], model.recalculate_user([1, 2], rows)
    )
    np.testing.assert_array_equal(
        np.delete(model.user_factors[:LISTENERS], 6, axis=0), np.delete(before, 6, axis=0)
    )
    assert not model.user_factors[LISTENERS].any()
    columns = csr_matrix((np.ones(3), ([0, 0, 0], [0, 3, 6])), shape=(1, LISTENERS + 2))
    model.partial_fit_items([ITEMS], columns)
    assert model.item_factors.shape == (ITEMS + 1, 5)
    np.testing.assert_array_equal(model.item_factors[ITEMS], model.recalculate_item(ITEMS, columns))
    assert ITEMS in model.recommend(0, None, N=ITEMS + 1, filter_already_liked_items=False)[0]


def test_explain_sums_to_the_score_and_keeps_its_weights(
    model: AlternatingLeastSquares, matrix: csr_matrix
) -> None:
    item = int(model.recommend(8, matrix[8], N=1)[0][0])
    score, parts, weights = model.explain(8, matrix, item, N=100)
    exact = exact_factors(model.item_factors, matrix[8].toarray()[0], alpha=2.0, regularization=0.5)
    assert score == pytest.approx(float(model.item_factors[item] @ exact), rel=1e-5)
    assert sum(part for _, part in parts) == pytest.approx(score, abs=1e-9)
    assert {played for played, _ in parts} == set(matrix[8].indices.tolist())
    assert [part for _, part in parts] == sorted((part for _, part in parts), reverse=True)
    again = model.explain(8, matrix, item, user_weights=weights, N=2)
    assert again[1] == parts[:2]
    assert again[0] == pytest.approx(score, abs=1e-12)


@pytest.mark.parametrize("error", [InvalidDataError, IndexError, ValueError])
def test_ids_out_of_range_are_refused(
    model: AlternatingLeastSquares, matrix: csr_matrix, error: type[Exception]
) -> None:
    for ask in (
        lambda: model.recommend(LISTENERS, matrix[0]),
        lambda: model.recommend(-1, matrix[0]),
        lambda: model.recommend(0, matrix[0], items=[ITEMS]),
        lambda: model.recommend(0, matrix[0], filter_items=[-1]),
        lambda: model.rank_items(0, matrix[0], [ITEMS]),
        lambda: model.similar_items(ITEMS),
        lambda: model.similar_users(-1),
        lambda: model.explain(0, matrix, ITEMS),
        lambda: model.partial_fit_users([-1], matrix[0]),
    ):
        with pytest.raises(error):
            ask()


def test_what_does_not_fit_the_model_is_refused(model: AlternatingLeastSquares, matrix: csr_matrix) -> None:
    for ask in (
        lambda: model.recommend(0, matrix),
        lambda: model.recommend([0, 1], matrix[0]),
        lambda: model.recommend(0, None),
        lambda: model.recommend(0, csr_matrix((1, ITEMS + 1))),
        lambda: model.recommend(0.5, matrix[0]),
        lambda: model.recommend(0, csr_matrix(([np.nan], ([0], [0])), shape=(1, ITEMS))),
        lambda: model.recalculate_user([0, 1], matrix[0]),
        lambda: AlternatingLeastSquares().recommend(0, matrix[0]),
        lambda: AlternatingLeastSquares().similar_items(0),
    ):
        with pytest.raises(InvalidDataError):
            ask()


def test_the_largest_are_a_stable_sorts_first_and_finite_as_long_as_there_are_any() -> None:
    scores = np.random.default_rng(0).integers(0, 9, (200, 12)).astype(np.float64)
    scores[scores < 3] = -np.inf
    scores[0] = -np.inf
    given = scores.copy()
    columns, values = largest(scores, 8)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :8]
    assert np.array_equal(values, np.take_along_axis(scores, order, axis=1))
    assert np.array_equal(columns[values > -np.inf], order[values > -np.inf])
    assert np.array_equal(scores, given)
