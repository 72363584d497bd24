"""Leaning a ranking: nothing at 0, and further towards popular artists the further it is turned."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from engine.evaluation.metrics import top_items
from engine.model.lean import leaned
from engine.training.choose import _leaned, _popularity_term
from tests.engine.test_als import plays

CANDIDATES = st.lists(st.tuples(st.floats(-5, 5), st.integers(0, 100_000)), min_size=2, max_size=60)


@given(CANDIDATES, st.floats(-1, 1), st.floats(-1, 1), st.integers(1, 60))
@settings(deadline=None, max_examples=80, derandomize=True)
def test_turning_to_popular_never_lowers_the_lists_mean_popularity(
    candidates: list[tuple[float, int]], one: float, other: float, n: int
) -> None:
    scores, listeners = (np.array(column, dtype=np.float64) for column in zip(*candidates, strict=True))

    def mean_popularity(lean: float) -> float:
        best = np.argsort(-leaned(scores, listeners, lean), kind="stable")[:n]
        return float(np.log1p(listeners)[best].mean())

    low, high = sorted((one, other))
    assert mean_popularity(low) <= mean_popularity(high) + 1e-9
    np.testing.assert_array_equal(leaned(scores, listeners, 0.0), scores)


def test_candidates_known_to_equally_many_stay_as_they_are() -> None:
    scores = np.array([3.0, 1.0, 2.0])
    np.testing.assert_array_equal(leaned(scores, np.full(3, 7.0), 1.0), scores)


def test_in_training_known_items_stay_out_whatever_the_lean() -> None:
    train = plays(30, 20)
    scores = np.random.default_rng(0).normal(size=(30, 20)).astype(np.float32)
    counts = np.asarray(train.getnnz(axis=0), dtype=np.float64)
    for lean in (-0.2, 0.0, 0.2):
        top = top_items(
            lambda ids, lean=lean: _leaned(scores[ids].copy(), train[ids], counts, lean),
            train,
            np.arange(30),
            5,
        )
        known = train.toarray() > 0
        assert not any(known[row, item] for row, items in enumerate(top) for item in items if item >= 0)
        if lean == 0.0:
            np.testing.assert_array_equal(
                top, top_items(lambda ids: scores[ids].copy(), train, np.arange(30), 5)
            )


def test_the_term_is_kept_where_popularity_is_all_there_is_and_not_where_scores_know_better() -> None:
    rng = np.random.default_rng(1)
    held = (rng.random((60, 40)) < np.linspace(0.9, 0.02, 40)).astype(np.float32)
    first = csr_matrix(held * (rng.random(held.shape) < 0.5))
    rest = csr_matrix(held - first.toarray())
    noise = rng.normal(size=held.shape).astype(np.float32)
    found = _popularity_term(lambda ids: noise[ids].copy(), first, rest, rng.permutation(60))
    assert found["kept"] == found["lean"] == 0.2
    assert found["with"] > found["without"]
    knowing = held + 0.01 * noise
    assert _popularity_term(lambda ids: knowing[ids].copy(), first, rest, rng.permutation(60))["kept"] == 0.0
