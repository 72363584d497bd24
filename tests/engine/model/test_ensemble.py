"""The ensemble: parts that sum to the score two ways, weights that find what decides, answers that cannot break it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from engine.evaluation.metrics import evaluate
from engine.evaluation.splits import leave_out
from engine.model.als import AlternatingLeastSquares
from engine.model.confidence import Confidence
from engine.model.ensemble import MEMBERS, PERSONAL, Members, blend_over
from engine.model.fold_in import ItemFactors
from engine.model.neighbour_fit import build_neighbours, products_of
from engine.recommend.adapt import adapted
from engine.training.weigh import RIDGES, TrainingSet, ascend, best_ridge, ndcg, neighbour_scores, weigh
from tests.support.factorizing import plays

WEIGHTS = {"factors": 0.4, "closeness": 0.2, "neighbours": 0.2, "artist": 0.1, "popularity": -0.1}


@pytest.fixture(scope="module")
def members() -> Members:
    train = plays(30, 20)
    factors = np.random.default_rng(2).normal(scale=0.4, size=(20, 5)).astype(np.float32)
    return Members(
        ItemFactors(factors, 2.0),
        np.asarray(train.getnnz(axis=0), dtype=np.int32),
        build_neighbours(train),
        artists=np.arange(20, dtype=np.int32) // 3,
    )


@pytest.mark.parametrize("tracks", [True, False])
@settings(deadline=None, max_examples=25, derandomize=True)
@given(st.lists(st.integers(0, 19), unique=True, min_size=2, max_size=12), st.integers(0, 1000))
def test_a_score_is_the_sum_of_its_members_and_of_what_the_person_plays(members, tracks, ids, seed) -> None:
    members = members if tracks else replace(members, artists=None)
    own, rng = np.array(ids, dtype=np.int64), np.random.default_rng(seed)
    counts = rng.integers(1, 100, len(ids)).astype(float)
    folded = members.fold_in(own, 1.0 + np.log1p(counts), counts)
    every = np.setdiff1d(np.arange(20), own)
    raw = folded.raw(every)
    blend = blend_over(raw, WEIGHTS)
    parts = blend.parts(raw)
    np.testing.assert_allclose(parts.sum(axis=1), blend.scores(raw))
    by_artist = folded.contributions(every, blend).sum(axis=1)
    np.testing.assert_allclose(by_artist, parts[:, :PERSONAL].sum(axis=1), atol=1e-4)
    fewer = members.fold_in(own[1:], 1.0 + np.log1p(counts[1:]), counts[1:])
    (without,) = folded.without([0], every)
    np.testing.assert_allclose(without, fewer.raw(every), atol=1e-4)


def test_the_same_plays_say_more_of_an_artist_few_listen_to(members) -> None:
    listeners = np.bincount(members.artists, weights=members.listeners)
    own, candidates, played = np.array([0, 9]), np.array([1, 10]), np.array([4.0, 4.0])
    for folded in (
        members.fold_in(own, 1.0 + played, played),
        members.fold_in(own, 1.0 + played, 9 * played).replayed(1.0 + played, played),
    ):
        found = folded.raw(candidates)[:, MEMBERS.index("artist")]
        np.testing.assert_allclose(found, np.log(5.0) / np.sqrt(1.0 + listeners[[0, 3]]))


@pytest.mark.parametrize("nu", [0.0, 0.75])
def test_closeness_is_the_product_over_its_root_mean_square_among_listeners(nu) -> None:
    train, counts = plays(), Confidence(alpha=2.0)
    model = AlternatingLeastSquares(
        factors=8, regularization=2.0, alpha=2.0, frequency_exponent=nu, iterations=200, random_state=0
    )
    model.fit(counts.counted(train))
    listeners = np.asarray(train.getnnz(axis=0), dtype=np.int32)
    members = Members(ItemFactors(model.item_factors, 2.0, frequency_exponent=nu), listeners)
    own, every = np.arange(4), np.arange(4, 80)
    raw = members.fold_in(own, np.full(4, 3.0), np.ones(4)).raw(every)
    # A listener counts as the fit penalizes: by the power `nu` of their number of items.
    scores = model.user_factors.astype(float) @ model.item_factors[every].T.astype(float)
    weights = np.diff(train.indptr).astype(float) ** nu
    among = np.sqrt(np.average(scores**2, axis=0, weights=weights))
    ratio = raw[:, 0] / raw[:, 1] / among
    np.testing.assert_allclose(ratio, ratio.mean(), rtol=1e-2)


def test_factors_of_zero_are_close_to_nothing() -> None:
    members = Members(ItemFactors(np.zeros((5, 3), dtype=np.float32), 2.0), np.ones(5, dtype=np.int32))
    raw = members.fold_in(np.array([0]), np.array([2.0]), np.array([1.0])).raw(np.arange(1, 5))
    np.testing.assert_array_equal(raw[:, :2], 0.0)


def test_members_that_say_the_same_of_all_count_nothing() -> None:
    raw = np.column_stack([np.arange(5.0), *([np.ones(5), np.zeros(5)] * len(MEMBERS))[: len(MEMBERS) - 1]])
    scores = blend_over(raw, dict.fromkeys(MEMBERS, 1.0)).scores(raw)
    assert np.argsort(-scores).tolist() == [4, 3, 2, 1, 0]


def training_set(decides: int, seed: int = 0) -> TrainingSet:
    """Listeners for whom one member knows what was held out and the others know nothing."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(80, 60, len(MEMBERS))).astype(np.float32)
    hits = np.zeros((80, 60), dtype=bool)
    hits[:, :3] = True
    scores[:, :3, decides] += 2.0
    return TrainingSet(scores, hits, np.full(80, 3))


@pytest.mark.parametrize("decides", [0, 2, 3])
def test_the_weights_find_the_member_that_knows(decides) -> None:
    learned = ascend(training_set(decides), np.random.default_rng(0))
    assert int(np.argmax(learned)) == decides
    assert abs(np.abs(learned).sum() - 1.0) < 1e-9
    fresh = training_set(decides, seed=1)
    assert ndcg(fresh, learned) > ndcg(fresh, np.full(len(MEMBERS), 0.2))
    again = ascend(training_set(decides, seed=2), np.random.default_rng(3))
    assert np.abs(learned - again).max() < 0.25, "other listeners teach nearly the same"


def fitted(rows, _progress):
    """Factors that know nothing, so that the neighbours must decide."""
    return np.random.default_rng(5).normal(scale=0.3, size=(rows.shape[1], 4)).astype(np.float32), 5.0, 0.0


def camps(rows: csr_matrix, _progress: object) -> tuple[np.ndarray, float, float]:
    """Factors that know which of three camps an item is of, and not how popular it is."""
    return np.eye(3, dtype=np.float32)[np.arange(rows.shape[1]) % 3], 5.0, 0.0


def popular_camps() -> csr_matrix:
    """180 listeners of three camps, who play a camp's popular items most."""
    rng = np.random.default_rng(0)
    alike = (np.arange(180) % 3)[:, None] == (np.arange(60) % 3)[None, :]
    chance = 0.55 * np.exp(-np.arange(60) / 15) * np.where(alike, 1.6, 0.5) + 0.03 * alike
    return csr_matrix((rng.random((180, 60)) < chance).astype(np.float32))


def test_weights_are_learned_from_listeners_left_out_and_say_what_they_bring() -> None:
    found = weigh(popular_camps(), [camps], Confidence(), seed=0)
    assert found.effect["listeners"] > 60
    assert found.effect["kept"]
    assert found.effect["ensemble"] > max(found.effect["members"].values())
    assert {"factors", "neighbours", "popularity"} <= found.weights.keys()
    assert found.ridge in RIDGES
    few = weigh(plays(6, 60), [fitted], Confidence(), seed=0)
    assert few.weights == {"factors": 1.0}, "too few to learn from"


def test_where_the_best_member_is_as_good_as_all_together_it_ranks_alone() -> None:
    found = weigh(popular_camps(), [fitted], Confidence(), seed=0)
    members, together = found.effect["members"], found.effect["ensemble"]
    assert members["factors"] < together <= members["neighbours"]
    assert not found.effect["kept"]
    assert found.weights == {"neighbours": 1.0}


def test_another_fit_is_taken_where_what_ranks_with_it_gains_a_fiftieth() -> None:
    alone = [weigh(popular_camps(), [fit], Confidence(), seed=0) for fit in (fitted, camps)]
    both = weigh(popular_camps(), [fitted, camps], Confidence(), seed=0)
    assert both.by_fit == (alone[0].by_fit[0], alone[1].by_fit[0])
    assert both.by_fit[1] > 1.02 * both.by_fit[0]
    assert (both.fit, both.weights, both.effect) == (1, alone[1].weights, alone[1].effect)
    assert both.by_fit[1] == pytest.approx(both.effect["ensemble"], abs=1e-4)
    other = weigh(popular_camps(), [camps, fitted], Confidence(), seed=0)
    assert (other.fit, other.weights) == (0, alone[1].weights)


def test_the_ridge_is_the_one_that_finds_most() -> None:
    train = plays(90, 40)
    products = products_of(train[:60])
    chosen = best_ridge(products, train[60:], seed=0)
    assert chosen == best_ridge(products, train[60:], seed=0)
    kept, held = leave_out(train[60:], seed=0)
    found = {
        ridge: evaluate(neighbour_scores(products.neighbours(ridge), kept), kept, held)["ndcg@20"]
        for ridge in RIDGES
    }
    assert found[chosen] >= found[RIDGES[0]]
    assert found[chosen] == max(found.values()) or found[RIDGES[RIDGES.index(chosen) + 1]] <= found[chosen]


@settings(deadline=None, max_examples=50, derandomize=True)
@given(st.integers(0, 10_000), st.lists(st.sampled_from([1.0, 0.5, -1.0]), min_size=1, max_size=10))
def test_ten_clicks_cannot_break_the_weights(seed, answers) -> None:
    rows = np.random.default_rng(seed).normal(scale=5.0, size=(len(answers), len(MEMBERS)))
    moved = adapted(WEIGHTS, rows, answers)
    assert set(moved) == set(WEIGHTS), "what the community found useless stays out"
    assert all(abs(moved[name] - weight) < 0.35 for name, weight in WEIGHTS.items())


def test_answers_move_the_weights_the_way_they_point() -> None:
    obscure = np.zeros((40, len(MEMBERS)))
    obscure[:, MEMBERS.index("popularity")] = -1.0
    assert adapted(WEIGHTS, obscure, [1.0] * 40)["popularity"] < WEIGHTS["popularity"]
    assert adapted(WEIGHTS, obscure, [-1.0] * 40)["popularity"] > WEIGHTS["popularity"]
    assert adapted(WEIGHTS, np.zeros((3, len(MEMBERS))), [1.0] * 3) == pytest.approx(WEIGHTS)
