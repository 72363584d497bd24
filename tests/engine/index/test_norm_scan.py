"""The pruned scan finds exactly what a scan of everything finds, on any norms, ties and exclusions."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.index import norm_scan
from engine.index.norm_scan import NormOrder, write_norm_order

SCALES = st.sampled_from([0.0, 1e-25, 1e-12, 1e-3, 1.0, 1.0, 3.0, 1e4, 1e12])


def ordered(vectors: np.ndarray) -> NormOrder:
    with tempfile.TemporaryDirectory() as folder:
        opened = write_norm_order(Path(folder), vectors)
        return NormOrder(
            *(np.array(part) for part in (opened.factors, opened.order, opened.places, opened.norms))
        )


def brute_force(vectors: np.ndarray, query: np.ndarray, k: int, excluded: np.ndarray) -> tuple:
    scores = (vectors.astype(np.float64) * query).sum(axis=1).astype(np.float32)
    ids = np.setdiff1d(np.arange(len(vectors)), excluded)
    best = ids[np.lexsort((ids, -scores[ids]))][:k]
    return best, scores[best]


@st.composite
def catalogues(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, int, np.ndarray]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    items, factors = draw(st.integers(1, 400)), draw(st.integers(1, 70))
    if draw(st.booleans()):
        vectors = rng.integers(-2, 3, size=(items, factors)).astype(np.float32)  # many exact ties
    else:
        vectors = rng.normal(size=(items, factors)).astype(np.float32)
    scales = np.array(draw(st.lists(SCALES, min_size=1, max_size=5)))
    vectors *= rng.choice(scales, size=(items, 1)).astype(np.float32)
    # Not so short that float32 scores would underflow into ties.
    query = rng.normal(size=factors) * draw(st.sampled_from([0.0, 1e-3, 1.0, 1e4]))
    excluded = np.flatnonzero(rng.random(items) < draw(st.sampled_from([0.0, 0.1, 0.9, 1.0])))
    return vectors, query, draw(st.integers(1, 450)), excluded


@settings(deadline=None, max_examples=150, derandomize=True)
@given(catalogues())
def test_pruned_scan_equals_brute_force(case: tuple[np.ndarray, np.ndarray, int, np.ndarray]) -> None:
    vectors, query, k, excluded = case
    with_small_blocks = norm_scan._FIRST_BLOCK
    norm_scan._FIRST_BLOCK = 8  # so that stopping and crossing blocks is what is tested
    try:
        ids, scores = ordered(vectors).best(query[None, :], k, excluded)[0]
    finally:
        norm_scan._FIRST_BLOCK = with_small_blocks
    expected = brute_force(vectors, query, k, excluded)
    np.testing.assert_array_equal(scores, expected[1])
    np.testing.assert_array_equal(ids, expected[0])


@settings(deadline=None, max_examples=50, derandomize=True)
@given(catalogues())
def test_batches_and_full_scans_agree(case: tuple[np.ndarray, np.ndarray, int, np.ndarray]) -> None:
    vectors, query, k, excluded = case
    items = ordered(vectors)
    queries = np.stack([query, -query, np.zeros_like(query), query[::-1]])
    together = items.best(queries, k, excluded)
    for one, found in zip(queries, together, strict=True):
        full = items.best(one[None, :], k, excluded, pruned=False)[0]
        np.testing.assert_array_equal(found[0], full[0])
        np.testing.assert_array_equal(found[1], full[1])


@settings(deadline=None, max_examples=150, derandomize=True)
@given(catalogues(), st.sampled_from([0.0, 1e-9, 1e-3, 0.1, 1.0, 3.0]), st.sampled_from([1.0, -1.0]))
def test_a_search_near_an_anchor_equals_brute_force(
    case: tuple[np.ndarray, np.ndarray, int, np.ndarray], away: float, sign: float
) -> None:
    vectors, query, k, excluded = case
    items = ordered(vectors)
    turned = sign * query + away * np.linalg.norm(query) * np.random.default_rng(k).normal(size=len(query))
    # One, or several that are far apart, alike, or the same.
    anchored = np.stack([query, query[::-1], query * (1 + 1e-9), query])[: 1 + k % 4]
    before = norm_scan._FIRST, norm_scan._WORTH
    norm_scan._WORTH = 1.0  # so that the bound is what is tested, however much it lets through
    try:
        for first in (before[0], 8):
            norm_scan._FIRST = first
            ids, scores = items.best_near(turned, k, excluded, items.anchor(anchored))
            expected = brute_force(vectors, turned, k, excluded)
            np.testing.assert_array_equal(scores, expected[1])
            np.testing.assert_array_equal(ids, expected[0])
    finally:
        norm_scan._FIRST, norm_scan._WORTH = before


def test_near_an_anchor_hardly_anything_is_looked_at(monkeypatch) -> None:
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(20_000, 16)).astype(np.float32)
    items, query = ordered(vectors), rng.normal(size=16)
    monkeypatch.setattr(NormOrder, "best", None)  # never the plain scan
    looked_at: list[int] = []
    exact = norm_scan.products
    monkeypatch.setattr(
        norm_scan, "products", lambda rows, query: (looked_at.append(len(rows)), exact(rows, query))[1]
    )
    turned = query + 0.01 * rng.normal(size=16)
    ids, _ = items.best_near(turned, 10, np.empty(0, dtype=np.int64), items.anchor(query[None, :]))
    np.testing.assert_array_equal(ids, brute_force(vectors, turned, 10, np.empty(0, dtype=np.int64))[0])
    assert looked_at[0] < 20


def test_the_scan_stops_early_where_norms_fall(monkeypatch) -> None:
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(40_000, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[1_000:] *= np.float32(1e-3)
    items = ordered(vectors)
    asked: list[tuple[int, int]] = []
    bounds = norm_scan._block_bounds
    monkeypatch.setattr(
        norm_scan, "_block_bounds", lambda end: (asked.append(pair) or pair for pair in bounds(end))
    )
    items.best(rng.normal(size=(1, 16)), 10, np.empty(0, dtype=np.int64))
    assert len(asked) == 2  # the second block is looked at only to see that it cannot win


def test_nearest_equals_brute_force_and_leaves_zero_vectors_out() -> None:
    rng = np.random.default_rng(2)
    vectors = (rng.normal(size=(500, 9)) * rng.lognormal(sigma=4, size=(500, 1))).astype(np.float32)
    vectors[100:120] = 0
    query = rng.normal(size=9)
    ids, cosines = ordered(vectors).nearest(query, 600, np.array([3]))
    wide = vectors.astype(np.float64)
    norms = np.linalg.norm(wide, axis=1)
    with np.errstate(invalid="ignore"):
        expected = wide @ query / norms / np.linalg.norm(query)
    assert len(ids) == 479
    assert not np.isin(ids, [3, *range(100, 120)]).any()
    np.testing.assert_allclose(cosines, expected[ids], atol=1e-7)
    assert (np.diff(cosines) <= 0).all()


def test_a_shorter_item_that_points_the_right_way_still_wins() -> None:
    """The bound must be the whole norm: the winner is just after a block of longer items that are slightly rotated."""
    turned = np.stack([np.full(3_000, 0.95), np.full(3_000, np.sqrt(1 - 0.95**2))], axis=1)
    straight = np.array([[0.951, 0.0]])
    items = ordered(np.concatenate((turned, straight)).astype(np.float32))
    query = np.array([[2.0, 0.0]])
    assert items.best(query, 1, np.empty(0, dtype=np.int64))[0][0].tolist() == [3_000]
