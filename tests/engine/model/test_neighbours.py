"""Neighbours: the closed form is EASE^R's, the walk is RP3beta's, and every part of a score is accounted for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from engine.errors import InvalidDataError
from engine.evaluation.baselines import rp3beta
from engine.model.neighbours import RIDGE, RIDGE_GROWTH, build_neighbours
from tests.support.factorizing import plays


def by_the_book(train: csr_matrix) -> np.ndarray:
    """B of EASE^R with one ridge an item, from the items' own matrix: (items, items), diagonal nought."""
    counts = np.log1p(train.toarray().astype(np.float64))
    counts /= counts[counts > 0].mean()
    listeners = (counts > 0).sum(axis=0)
    ridge = RIDGE * (np.maximum(listeners, 1) / listeners[listeners > 0].mean()) ** RIDGE_GROWTH
    inverse = np.linalg.inv(counts.T @ counts + np.diag(ridge))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    return weights


def test_scores_are_those_of_the_primal_closed_form() -> None:
    train = plays(30, 20)
    model, weights = build_neighbours(train), by_the_book(train)
    assert model.name == "EASE^R"
    for ids, times in (([1, 4, 7], [3.0, 1.0, 20.0]), ([0], [1.0]), ([], [])):
        person = np.zeros(20)
        person[ids] = np.log1p(times)
        folded = model.fold_in(np.array(ids, dtype=np.int64), np.array(times))
        np.testing.assert_allclose(folded.scores(), person @ weights, atol=2e-5)


def test_above_the_limit_it_is_the_random_walk_that_nothing_takes_back_to_itself() -> None:
    train = plays(30, 20)
    model = build_neighbours(train, limit=10)
    assert model.name == "RP3beta"
    row = train[3]
    ours = model.fold_in(row.indices.astype(np.int64), np.full(row.nnz, np.e - 1)).scores()
    theirs = rp3beta(train)(np.array([3]))[0] * row.nnz
    new = np.setdiff1d(np.arange(20), row.indices)
    # The person is a listener of their own; the walk is the same apart from where it starts.
    assert np.argsort(-ours[new])[:5].tolist() == np.argsort(-theirs[new])[:5].tolist()


@settings(deadline=None, max_examples=25, derandomize=True)
@given(
    st.lists(st.integers(0, 19), unique=True, min_size=1, max_size=20),
    st.integers(0, 1000),
    st.sampled_from([4000, 10]),
)
def test_contributions_sum_to_scores_and_no_item_speaks_for_itself(ids, seed, limit) -> None:
    model = build_neighbours(plays(30, 20), limit=limit)
    own = np.array(ids, dtype=np.int64)
    folded = model.fold_in(own, np.random.default_rng(seed).integers(1, 200, len(ids)).astype(float))
    every = np.arange(20)
    parts = folded.contributions(every)
    # Of a few items they are summed another way.
    np.testing.assert_allclose(folded.contributions(every[:2]), parts[:2], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(parts.sum(axis=1), folded.scores(), atol=1e-4)
    np.testing.assert_allclose(parts[own, np.arange(len(own))], 0.0)
    np.testing.assert_allclose(folded.part_of(0, every), parts[:, 0], atol=1e-4)


def test_impossible_listeners_are_refused() -> None:
    model = build_neighbours(plays(30, 20))
    for ids, times in (([20], [1.0]), ([1, 2], [1.0]), ([1], [-1.0]), ([1], [np.nan])):
        with pytest.raises(InvalidDataError):
            model.fold_in(np.array(ids), np.array(times))
    with pytest.raises(InvalidDataError):
        build_neighbours(csr_matrix((3, 3)))
