"""Measures against cases worked out by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from engine.errors import InvalidDataError
from engine.evaluation.metrics import NOTHING, best_items, evaluate, top_items
from engine.evaluation.variety import coverage, diversity, hubness, novelty, variety


def always(scores: list[list[float]]) -> Callable[[np.ndarray], np.ndarray]:
    return lambda listeners: np.array(scores, dtype=np.float32)[listeners]


def plays(cells: list[list[int]]) -> csr_matrix:
    return csr_matrix(np.array(cells, dtype=np.float32))


def test_one_list_by_hand() -> None:
    train = plays([[0, 0, 0, 1, 0, 0]])
    test = plays([[1, 0, 1, 0, 0, 1]])
    # The order is 3 (known), 1, 0, 4, 2, 5: hits at places 2 and 4 of the new ones; 5 is the fifth.
    measured = evaluate(always([[4, 5, 2, 9, 3, 1]]), train, test, k=4)
    ideal = 1 + 1 / np.log2(3) + 1 / np.log2(4)
    assert measured["recall@4"] == pytest.approx(2 / 3)
    assert measured["ndcg@4"] == pytest.approx((1 / np.log2(3) + 1 / np.log2(5)) / ideal)
    assert measured["map@4"] == pytest.approx((1 / 2 + 2 / 4) / 3)


def test_a_perfect_list_measures_one_even_where_more_is_held_out_than_fits() -> None:
    test = plays([[1, 1, 1, 0]])
    measured = evaluate(always([[4, 3, 2, 1]]), plays([[0, 0, 0, 1]]), test, k=2)
    assert list(measured.values()) == pytest.approx([1, 1, 1])


def test_k_beyond_the_catalog_lists_what_there_is() -> None:
    train, test = plays([[1, 0, 0]]), plays([[0, 0, 1]])
    scores = always([[3, 2, 1]])
    np.testing.assert_array_equal(
        top_items(scores, train, np.array([0]), k=5), [[1, 2, NOTHING, NOTHING, NOTHING]]
    )
    measured = evaluate(scores, train, test, k=5)
    assert measured == pytest.approx({"recall@5": 1.0, "ndcg@5": 1 / np.log2(3), "map@5": 0.5})


def test_only_listeners_with_held_out_items_count() -> None:
    train = plays([[0, 0, 1], [0, 0, 1], [0, 0, 1]])
    test = plays([[1, 0, 0], [0, 0, 0], [0, 1, 0]])
    scores = always([[2, 1, 0]] * 3)
    assert evaluate(scores, train, test, k=1)["recall@1"] == 0.5
    assert evaluate(scores, train, test, k=1, listeners=np.array([0, 1]))["recall@1"] == 1.0
    with pytest.raises(InvalidDataError, match="held-out"):
        evaluate(scores, train, test, k=1, listeners=np.array([1]))


def test_a_train_part_of_another_shape_is_refused() -> None:
    with pytest.raises(InvalidDataError, match="match"):
        evaluate(always([[1, 0]]), plays([[0, 1]]), plays([[1, 0, 0]]))


def test_scores_by_batch_are_scores_at_once() -> None:
    rng = np.random.default_rng(0)
    table = rng.random((700, 30))
    train = csr_matrix(rng.random((700, 30)) < 0.1).astype(np.float32)
    top = top_items(always(table.tolist()), train, np.arange(700), k=6)
    table = table.astype(np.float32)
    table[train.toarray() > 0] = -1
    np.testing.assert_array_equal(top, np.argsort(-table, axis=1, kind="stable")[:, :6])


@settings(deadline=None, max_examples=50, derandomize=True)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=25), st.integers(1, 8))
def test_equal_scores_come_by_ascending_id(scores: list[int], k: int) -> None:
    top = top_items(always([scores]), csr_matrix((1, len(scores))), np.array([0]), k)[0]  # type: ignore[list-item]  # a list stands for the array
    expected = sorted(range(len(scores)), key=lambda item: (-scores[item], item))[:k]
    assert top[top != NOTHING].tolist() == expected


@pytest.mark.parametrize(("items", "k"), [(1, 3), (7, 7), (50, 8), (997, 20), (2000, 1)])
def test_the_best_are_those_of_a_full_sort(items: int, k: int) -> None:
    rng = np.random.default_rng(items)
    scores = rng.integers(0, 40, (9, items)).astype(np.float32)
    scores[rng.random(scores.shape) < np.linspace(0, 1, 9)[:, None]] = -np.inf
    expected = np.full((9, k), NOTHING)
    for row, order in enumerate(np.argsort(-scores, axis=1, kind="stable")):
        above = order[scores[row, order] > -np.inf][:k]
        expected[row, : len(above)] = above
    np.testing.assert_array_equal(best_items(scores, k), expected)


def test_coverage_is_of_the_items_somebody_played() -> None:
    train = plays([[1, 1, 1, 1, 0]])
    assert coverage(np.array([[0, 1], [1, NOTHING]]), train) == 0.5
    assert coverage(np.array([[4, 4]]), train) == 0.0


def test_novelty_is_self_information_in_bits() -> None:
    train = plays([[1, 1, 0], [1, 0, 0], [1, 0, 0], [1, 0, 0]])
    # 4 of 4 listeners, 1 of 4, nobody (counted as one): 0, 2 and 2 bits.
    assert novelty(np.array([[0, 1, 2, NOTHING]]), train) == pytest.approx(4 / 3)


def test_diversity_is_the_mean_of_one_minus_cosine_over_pairs() -> None:
    train = plays([[1, 1, 0, 0], [1, 1, 0, 1], [0, 0, 1, 1]])
    # Items 0 and 1 have the same listeners; 0 and 2 none in common; cos(0, 3) = 1/2, cos(2, 3) = 1/sqrt 2.
    assert diversity(np.array([[0, 1]]), train) == pytest.approx(0.0, abs=1e-6)
    assert diversity(np.array([[0, 2]]), train) == pytest.approx(1.0)
    expected = 1 - (0 + 1 / 2 + 1 / np.sqrt(2)) / 3
    assert diversity(np.array([[0, 2, 3]]), train) == pytest.approx(expected)
    # Means over lists; a list of one item has no pair.
    assert diversity(np.array([[0, 1], [0, 2], [0, NOTHING]]), train) == pytest.approx(0.5)


def test_hubness_is_the_skewness_of_how_often_an_item_is_near() -> None:
    rng = np.random.default_rng(0)
    scattered = rng.normal(size=(300, 3))
    similarity = scattered @ scattered.T / np.outer(*[np.linalg.norm(scattered, axis=1)] * 2)
    np.fill_diagonal(similarity, -np.inf)
    named = np.bincount(np.argsort(-similarity, axis=1)[:, :10].ravel(), minlength=300)
    off = named - named.mean()
    assert hubness(scattered) == pytest.approx((off**3).mean() / off.std() ** 3, abs=1e-6)
    # A crowd far from one another, each near to the few in their middle.
    hubs = np.concatenate([rng.normal(size=(290, 40)) + 1.0, np.full((10, 40), 1.0)])
    assert hubness(hubs) > 4 > hubness(scattered)
    assert hubness(scattered[:5]) == 0.0


def test_empty_lists_vary_in_nothing() -> None:
    empty = np.full((2, 3), NOTHING)
    assert variety(empty, plays([[1, 1], [0, 1]])) == {"coverage": 0.0, "novelty": 0.0, "diversity": 0.0}
