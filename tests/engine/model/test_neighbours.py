"""Neighbours: the weights are the closed form's, of the nearest alone, and every part of a score is accounted for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix, vstack

from engine.errors import CancelledError, InvalidDataError
from engine.model import neighbour_fit
from engine.model.neighbour_fit import (
    JOINING,
    MIN_TOGETHER,
    NEAREST,
    RIDGE,
    RIDGE_GROWTH,
    build_neighbours,
    joining,
    products_of,
)
from engine.model.neighbours import Neighbours
from tests.support.factorizing import plays


def said(model: Neighbours) -> np.ndarray:
    """What each item (row) says for each (column)."""
    return csr_matrix((model.weights, model.targets, model.starts), (model.items, model.items)).toarray()


def by_the_book(train: csr_matrix, ridge: float, kept: int) -> np.ndarray:
    """The same in double precision, item by item: (items, items), what each row says for each column."""
    counts = np.log1p(train.toarray().astype(np.float64))
    counts /= counts[counts > 0].mean()
    played = (counts > 0).astype(np.float64)
    listeners, together = played.sum(axis=0), played.T @ played
    growth = (np.maximum(listeners, 1) / listeners[listeners > 0].mean()) ** RIDGE_GROWTH
    products = counts.T @ counts
    lengths = np.diag(products).copy()
    nearness = products / np.sqrt(np.outer(lengths + RIDGE * growth, lengths + RIDGE * growth))
    nearness = np.where(together >= MIN_TOGETHER, 1 + nearness, nearness)
    np.fill_diagonal(nearness, 0.0)
    order = [
        [other for other in np.argsort(-row, kind="stable")[:kept] if row[other] > 0] for row in nearness
    ]
    known = np.zeros(products.shape, dtype=bool)
    for item, others in enumerate(order):
        known[item, others] = known[others, item] = True
    weights = np.zeros(products.shape)
    for item, others in enumerate(order):
        near = others[:NEAREST]
        system = np.where(known[np.ix_(near, near)], products[np.ix_(near, near)], 0.0)
        system += np.diag((lengths + ridge * growth)[near])
        weights[near, item] = np.linalg.solve(system, products[near, item])
    return weights


def test_what_joins_is_weighed_by_its_own_listeners_alone() -> None:
    train, ridge = plays(160, 230), 30.0
    counts = np.log1p(train.toarray().astype(np.float64))
    counts /= counts[counts > 0].mean()
    played = (counts > 0).astype(np.float64)
    listeners, lengths = played.sum(axis=0), (counts**2).sum(axis=0)
    growth = (np.maximum(listeners, 1) / listeners[listeners > 0].mean()) ** RIDGE_GROWTH
    want = np.zeros((230, 230))
    some = np.array([3, 40, 229], dtype=np.int32)
    for item in some.tolist():
        products = counts.T @ counts[:, item]
        nearness = products / np.sqrt((lengths + RIDGE * growth) * (lengths[item] + RIDGE * growth[item]))
        nearness[played.T @ played[:, item] >= MIN_TOGETHER] += 1
        nearness[item] = 0.0
        near = np.argsort(-nearness, kind="stable")[:JOINING]
        own = counts[counts[:, item] > 0][:, near]
        system = own.T @ own
        system[np.diag_indices(JOINING)] = (lengths + ridge * growth)[near]
        want[near, item] = np.linalg.solve(system, products[near])
    found = joining(train, some, ridge)
    cells = csr_matrix((found.weights, found.targets, found.starts), want.shape).toarray()
    np.testing.assert_allclose(cells, want, atol=2e-6)
    assert np.count_nonzero(cells) == 3 * JOINING


@pytest.mark.parametrize("kept", [400, 150, 110])
@pytest.mark.parametrize("ridge", [10.0, 300.0])
def test_the_weights_are_those_of_the_closed_form_over_the_nearest(ridge, kept, monkeypatch) -> None:
    monkeypatch.setattr(neighbour_fit, "MIN_KEPT", kept)
    monkeypatch.setattr(neighbour_fit, "MAX_KEPT", kept)
    train = plays(160, 230)
    found = said(build_neighbours(train, ridge))
    np.testing.assert_allclose(found, by_the_book(train, ridge, kept), atol=2e-5)
    assert (np.count_nonzero(found, axis=0) <= NEAREST).all()
    assert not np.diag(found).any()


def test_those_with_two_listeners_in_common_come_before_all_others() -> None:
    """120 have one listener in common with item 0, who hardly plays anything else, and three have two."""
    rows = [[0, item] for item in range(1, 121)] + [[0, 121, 122, 123, *range(124, 150)]] * 2
    cells = [(row, item) for row, items in enumerate(rows) for item in items]
    listener, item = np.array(cells).T
    train = csr_matrix((np.ones(len(cells), dtype=np.float32), (listener, item)))
    heard = set(np.flatnonzero(said(build_neighbours(train))[:, 0]).tolist())
    assert len(heard) == NEAREST
    assert set(range(121, 150)) < heard


def test_where_what_is_not_kept_would_mislead_an_item_says_nothing(monkeypatch) -> None:
    """Copies of one item, of which too few products are kept for a system that can be solved."""
    monkeypatch.setattr(neighbour_fit, "MIN_KEPT", NEAREST)
    monkeypatch.setattr(neighbour_fit, "MAX_KEPT", NEAREST)
    rng = np.random.default_rng(0)
    alike = np.repeat(rng.random((300, 1)) < 0.5, 400, axis=1) & (rng.random((300, 400)) < 0.95)
    model = build_neighbours(csr_matrix(alike.astype(np.float32)), 0.01)
    assert np.isfinite(model.weights).all()
    assert np.abs(model.weights).max() < 5.0


def test_the_result_does_not_depend_on_the_number_of_threads(monkeypatch) -> None:
    train = plays(160, 230)
    many = build_neighbours(train)
    monkeypatch.setattr("engine.model.parallel.cores", lambda: 1)
    one = build_neighbours(train)
    assert all(np.array_equal(getattr(many, name), getattr(one, name)) for name in many.__struct_fields__)


def test_of_some_items_the_weights_are_those_they_have_among_all() -> None:
    products = products_of(plays(160, 230))
    some = np.array([3, 50, 229], dtype=np.int32)
    found, every = said(products.neighbours(30.0, among=some)), said(products.neighbours(30.0))
    np.testing.assert_array_equal(found[:, some], every[:, some])
    assert np.count_nonzero(found) == np.count_nonzero(every[:, some])


def test_products_of_some_listeners_become_those_of_others() -> None:
    """Ten leave, and five come back with half of what they played."""
    train = plays(160, 230)
    half = train[:5].copy()
    half.data[::2] = 0
    half.eliminate_zeros()
    found = products_of(train).changed(train[:10], half)
    want = products_of(csr_matrix(vstack((train[10:], half))))
    np.testing.assert_allclose(found.lengths, want.lengths, rtol=1e-5)
    np.testing.assert_array_equal(found.listeners, want.listeners)
    for item in range(230):
        there = {
            tuple(pair)
            for pair in zip(want.ids[item, : want.counts[item]], want.products[item], strict=False)
        }
        mine = dict(zip(found.ids[item, : found.counts[item]].tolist(), found.products[item], strict=False))
        assert all(mine[other] == pytest.approx(product, rel=1e-4) for other, product in there)


def test_it_reports_how_far_it_is_and_stops_when_asked(monkeypatch) -> None:
    monkeypatch.setattr(neighbour_fit, "_WORK_PER_REPORT", 100.0)
    reports: list[float] = []
    build_neighbours(plays(160, 230), progress=reports.append)
    assert reports == sorted(reports)
    assert reports[-1] == pytest.approx(1.0)
    assert len(reports) > 100
    with pytest.raises(CancelledError):
        build_neighbours(plays(30, 20), cancelled=lambda: True)


MODEL = build_neighbours(plays(30, 20))


@settings(deadline=None, max_examples=50, derandomize=True)
@given(st.lists(st.integers(0, 19), unique=True, max_size=20), st.integers(0, 1000))
def test_contributions_sum_to_scores_and_no_item_speaks_for_itself(ids, seed) -> None:
    own = np.array(ids, dtype=np.int64)
    times = np.random.default_rng(seed).integers(1, 200, len(ids)).astype(float)
    folded = MODEL.fold_in(own, times)
    every = np.arange(20)
    person = np.zeros(20)
    person[own] = np.log1p(times)
    np.testing.assert_allclose(folded.scores(), person @ said(MODEL), atol=1e-5)
    parts = folded.contributions(every)
    np.testing.assert_allclose(parts.sum(axis=1), folded.scores(), atol=1e-6)
    np.testing.assert_allclose(parts[own, np.arange(len(own))], 0.0)
    some = every[::-3]
    np.testing.assert_allclose(folded.scores(some), folded.scores()[some])
    replayed = folded.replayed(times * 2)
    np.testing.assert_allclose(
        replayed.scores(folded.gather(some)), MODEL.fold_in(own, times * 2).scores(some)
    )
    for place in range(len(own)):
        np.testing.assert_allclose(folded.part_of(place, every), parts[:, place])


def test_impossible_listeners_and_counts_are_refused() -> None:
    for ids, times in (([20], [1.0]), ([1, 2], [1.0]), ([1], [-1.0]), ([1], [np.nan])):
        with pytest.raises(InvalidDataError):
            MODEL.fold_in(np.array(ids), np.array(times))
    with pytest.raises(InvalidDataError, match="no plays"):
        build_neighbours(csr_matrix((3, 3)))
    with pytest.raises(InvalidDataError, match="finite"):
        build_neighbours(csr_matrix(np.array([[1.0, np.inf]])))
