"""What somebody who knows the `implicit` library expects of a model, on two groups of listeners with nothing in common.

Listener u of the even (odd) group played every even (odd) item but item u, which is therefore the one to recommend.
That library's tests store ones, which it takes as confidences of 1; here a confidence is 1 + alpha v, so these store 0.
"""

from __future__ import annotations

import copy
import pickle
import random
from itertools import pairwise

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from engine.model.als import AlternatingLeastSquares

WIDE, NARROW = 256, 50


def two_groups(size: int = NARROW) -> csr_matrix:
    group = np.arange(size) % 2
    plays = csr_matrix((group[:, None] == group[None, :]).astype(np.float64) - np.eye(size))
    plays.data[:] = 0
    return plays


def fitted(size: int = NARROW) -> tuple[AlternatingLeastSquares, csr_matrix]:
    model, plays = AlternatingLeastSquares(factors=8, regularization=0, random_state=23), two_groups(size)
    model.fit(plays, show_progress=False)
    return model, plays


@pytest.fixture(scope="module")
def narrow() -> tuple[AlternatingLeastSquares, csr_matrix]:
    return fitted()


@pytest.fixture(scope="module")
def wide() -> tuple[AlternatingLeastSquares, csr_matrix]:
    return fitted(WIDE)


def test_the_item_withheld_comes_first_alone_and_in_a_batch(narrow) -> None:
    model, plays = narrow
    everyone = np.arange(NARROW)
    ids, scores = model.recommend(everyone, plays, N=1)
    assert ids.shape == scores.shape == (NARROW, 1)
    np.testing.assert_array_equal(ids[:, 0], everyone)
    for listener in everyone:
        own, score = model.recommend(listener, plays[listener], N=1)
        assert own.tolist() == [listener]
        assert score == pytest.approx(scores[listener], rel=1e-5)
    np.testing.assert_array_equal(model.recommend([2, 3, 4], plays[[2, 3, 4]], N=1)[0][:, 0], [2, 3, 4])


def test_kept_items_match_in_a_batch_and_alone(narrow) -> None:
    model, plays = narrow
    ids, scores = model.recommend(np.arange(NARROW), plays, N=5, filter_already_liked_items=False)
    for listener in range(NARROW):
        own, score = model.recommend(listener, plays[listener], N=5, filter_already_liked_items=False)
        np.testing.assert_allclose(score, scores[listener], rtol=1e-4, atol=1e-6)
        assert set(own % 2) == {listener % 2} == set(ids[listener] % 2)


def test_more_than_there_is_and_a_filter_for_all(narrow) -> None:
    model, plays = narrow
    assert len(model.recommend(0, plays[0], N=10_000)[0]) <= NARROW
    assert 0 not in model.recommend(0, plays[0], N=1, filter_items=[0])[0]
    assert not (model.recommend(np.array([2, 3, 4]), plays[[2, 3, 4]], N=1, filter_items=[0])[0] == 0).any()


def test_a_listener_recalculated_gets_what_the_fit_gave_them(narrow) -> None:
    model, plays = narrow
    batch, batch_scores = model.recommend(np.arange(NARROW), plays, N=1, recalculate_user=True)
    for listener in range(NARROW):
        ids, scores = model.recommend(listener, plays[listener], N=1)
        # Whose id it is does not matter when the row is given.
        again, again_scores = model.recommend(0, plays[listener], N=1, recalculate_user=True)
        assert ids[0] == again[0] == batch[listener, 0]
        assert again_scores[0] == pytest.approx(scores[0], abs=1e-3)
        assert batch_scores[listener, 0] == pytest.approx(scores[0], abs=1e-3)


def test_neighbours_are_of_the_same_group_and_begin_with_oneself(wide) -> None:
    model, plays = wide
    some = np.arange(40)
    for similar in (model.similar_items, model.similar_users):
        ids, scores = similar(some, N=10)
        assert ids.shape == (40, 10)
        np.testing.assert_array_equal(ids[:, 0], some)
        np.testing.assert_allclose(scores[:, 0], 1.0, atol=1e-4)
        assert ((ids % 2) == (some % 2)[:, None]).all()
    np.testing.assert_array_equal(
        model.similar_items(7, N=10, item_users=plays.T.tocsr()[7])[0], model.similar_items(7, N=10)[0]
    )
    ids, _ = model.similar_items(some, N=10, recalculate_item=True, item_users=plays.T.tocsr()[some])
    np.testing.assert_array_equal(ids[:, 0], some)
    assert ((ids % 2) == (some % 2)[:, None]).all()


def test_neighbours_filtered_and_restricted(wide) -> None:
    model, _ = wide
    some, fives, ten = np.arange(40), np.arange(0, WIDE, 5), np.arange(10)
    for ids in (
        model.similar_items(some, N=10, filter_items=fives)[0],
        model.similar_users(some, N=10, filter_users=fives)[0],
    ):
        assert (ids % 5 != 0).all()
    for ids in (model.similar_items(some, N=10, items=ten)[0], model.similar_users(some, N=10, users=ten)[0]):
        assert all(set(row) == set(ten) for row in ids)


def test_an_item_and_a_listener_of_nothing_are_near_to_nobody() -> None:
    plays = two_groups()
    plays.data[:] = 1
    gone = np.isin(np.arange(NARROW), [42, 49])
    rows = np.repeat(np.arange(NARROW), np.diff(plays.indptr))
    plays.data[gone[rows] | gone[plays.indices]] = 0
    plays.eliminate_zeros()
    model = AlternatingLeastSquares(factors=8, regularization=0, random_state=23)
    model.fit(plays)
    assert not np.isin(model.similar_items(np.arange(40), N=10)[0], [42, 49]).any()


def test_selected_items_are_ranked_played_ones_last_and_wrong_ids_are_index_errors(narrow) -> None:
    model, plays = narrow
    ids, _ = model.recommend(0, plays[0], items=np.array([1, 2, 3, 4, 5, 6]), N=20)
    assert set(ids) == {1, 2, 3, 4, 5, 6}
    assert set(ids[3:]) == {2, 4, 6}
    chance = random.Random(0)
    for listener in range(NARROW):
        selected = chance.sample(range(NARROW), 10)
        ids, _ = model.recommend(listener, plays[listener], items=selected, filter_already_liked_items=False)
        assert set(ids) == set(selected)
        for wrong in ([-1, -3, -5], [51, 300, 200]):
            with pytest.raises(IndexError):
                model.recommend(listener, plays[listener], items=selected + wrong)
    thirds = np.arange(10) * 3
    batch, _ = model.recommend(np.arange(NARROW), plays, items=thirds)
    assert all(set(row) == set(thirds) for row in batch)


def test_another_sparse_form_or_another_number_of_rows_is_a_value_error(narrow) -> None:
    model, plays = narrow
    for wrong in (plays.tocsc(), plays.tocoo(), plays, plays[:3]):
        with pytest.raises(ValueError, match="user_items"):
            model.recommend(0, user_items=wrong)


def test_it_can_be_pickled_and_copied(narrow) -> None:
    model, plays = narrow
    for other in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        np.testing.assert_array_equal(other.recommend(3, plays[3])[0], model.recommend(3, plays[3])[0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.int64, np.uint8, np.bool_])
def test_counts_may_be_of_any_kind_of_number(dtype: type) -> None:
    plays = two_groups()
    plays.data[:] = 1
    model = AlternatingLeastSquares(factors=8, random_state=1, iterations=5)
    model.fit(plays.astype(dtype))
    wanted = AlternatingLeastSquares(factors=8, random_state=1, iterations=5)
    wanted.fit(plays)
    np.testing.assert_array_equal(model.item_factors, wanted.item_factors)


def test_wide_indices_order_and_duplicates_make_no_difference() -> None:
    plays = two_groups()
    plays.data[:] = np.random.default_rng(2).integers(1, 9, plays.nnz)
    wanted = AlternatingLeastSquares(factors=8, random_state=1, iterations=5)
    wanted.fit(plays)
    wide = plays.copy()
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    order = np.concatenate([np.arange(a, b)[::-1] for a, b in pairwise(plays.indptr)])
    backwards = csr_matrix((plays.data[order], plays.indices[order], plays.indptr), shape=plays.shape)
    doubled = csr_matrix(
        (np.repeat(plays.data / 2, 2), np.repeat(plays.indices, 2), plays.indptr * 2), shape=plays.shape
    )
    for same in (wide, backwards, doubled, plays.tocoo(), plays.tocsc()):
        model = AlternatingLeastSquares(factors=8, random_state=1, iterations=5)
        model.fit(same)
        np.testing.assert_allclose(model.item_factors, wanted.item_factors, rtol=1e-3, atol=1e-5)


def test_a_stored_zero_is_a_play_of_confidence_one() -> None:
    nothing, least = two_groups(), two_groups()
    least.data[:] = 1e-12
    models = [AlternatingLeastSquares(factors=8, random_state=1, iterations=5) for _ in range(2)]
    for model, plays in zip(models, (nothing, least), strict=True):
        model.fit(plays)
    np.testing.assert_allclose(models[0].item_factors, models[1].item_factors, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("use_native", [True, False])
@pytest.mark.parametrize("use_cg", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_enough_factors_rebuild_the_matrix(use_native: bool, use_cg: bool, dtype: type) -> None:
    rng = np.random.default_rng(4)
    played = (rng.random((7, 6)) < 0.5).astype(np.float64)
    played[np.arange(6), np.arange(6)] = 1
    model = AlternatingLeastSquares(
        factors=6, regularization=0, dtype=dtype, use_native=use_native, use_cg=use_cg, random_state=42
    )
    model.fit(csr_matrix(2 * played), show_progress=False)
    np.testing.assert_allclose(model.user_factors @ model.item_factors.T, played, atol=1e-4)


def test_hardly_any_plays_make_no_nan() -> None:
    few = csr_matrix(
        (np.ones(5, dtype=np.float32), ([3, 20, 20, 71, 99], [1, 1, 50, 98, 0])), shape=(100, 100)
    )
    for settings in ({"regularization": 10.0}, {"regularization": 0.01}, {"regularization": 0.0}):
        model = AlternatingLeastSquares(factors=8, iterations=10, random_state=23, **settings)
        model.fit(few)
        assert np.isfinite(model.item_factors).all()
        assert np.isfinite(model.user_factors).all()


def test_a_listeners_score_is_explained_by_what_they_played_and_nothing_else() -> None:
    rng = np.random.default_rng(10)
    plays = csr_matrix(rng.integers(0, 9, (6, 7)) * (rng.random((6, 7)) < 0.5)).astype(np.float32)
    assert 0 < plays[0].nnz < 7
    model = AlternatingLeastSquares(
        factors=4, regularization=20, use_cg=False, iterations=100, random_state=23
    )
    model.fit(plays)
    (best,), (score,) = model.recommend(0, plays[0], N=1, recalculate_user=True)
    explained, parts, weights = model.explain(0, plays, itemid=best)
    assert explained == pytest.approx(score, abs=1e-4)
    assert sum(part for _, part in parts) == pytest.approx(score, abs=1e-4)
    assert [part for _, part in parts] == sorted((part for _, part in parts), reverse=True)
    assert {item for item, _ in parts} == set(plays[0].indices)
    again, first_two, _ = model.explain(0, plays, itemid=best, user_weights=weights, N=2)
    assert again == pytest.approx(explained)
    assert first_two == parts[:2]


def test_the_librarys_own_evaluation_takes_it(narrow) -> None:
    evaluation = pytest.importorskip("implicit.evaluation")
    model, plays = narrow
    found = evaluation.precision_at_k(model, plays, csr_matrix(np.eye(NARROW)), K=1, show_progress=False)
    assert found == 1.0
