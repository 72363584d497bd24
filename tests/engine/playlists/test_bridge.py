"""The way from one direction to another: at its waypoints, in the steps that are most alike, none twice."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from engine.playlists import bridge
from engine.playlists.bridge import along, way, waypoints


def at(*degrees: float) -> np.ndarray:
    turned = np.radians(degrees)
    return np.stack([np.cos(turned), np.sin(turned), np.zeros(len(turned))], axis=1)


def test_waypoints_lie_evenly_on_the_arc() -> None:
    start, end = at(0, 90)
    assert waypoints(start, end, 2) == pytest.approx(at(30, 60))
    place, near = along(np.array([*at(45), [0.0, 0.0, 1.0], *at(-170)]), start, end)
    assert place[0] == pytest.approx(0.5)
    assert near == pytest.approx([1.0, 0.0, np.cos(np.radians(170))])


def test_opposite_and_equal_ends_have_a_way_of_finite_steps() -> None:
    for end in (180, 0):
        assert np.isfinite(waypoints(*at(0, end), 3)).all()
        assert sorted(way(at(20, 80, 140), *at(0, end), 3).tolist()) == [0, 1, 2]


def test_the_way_is_the_best_of_all_ways_that_never_go_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """On pools small enough to try every way."""
    monkeypatch.setattr(bridge, "CHANCE", 0.0)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        vectors = rng.normal(size=(14, 4))
        vectors /= np.linalg.norm(vectors, axis=1)[:, None]
        start, end, pool = vectors[0], vectors[1], vectors[2:]
        place, near = along(pool, start, end)

        def worth(order: tuple[int, ...], ends=(start, end), pool=pool, place=place, near=near) -> float:
            points = [ends[0], *pool[list(order)], ends[1]]
            away = ((place[list(order)] - np.arange(1, 5) / 5) ** 2).sum()
            return (
                near[list(order)].sum()
                + sum(a @ b for a, b in itertools.pairwise(points))
                - bridge.AWAY * away
            )

        found = tuple(way(pool, start, end, 4).tolist())
        best = max(itertools.combinations(np.argsort(place, kind="stable").tolist(), 4), key=worth)
        assert worth(found) == pytest.approx(worth(best))
        assert len(set(found)) == len(found) == 4


def test_another_seed_may_go_another_way_and_the_same_the_same() -> None:
    rng = np.random.default_rng(0)
    pool = rng.normal(size=(300, 5))
    pool /= np.linalg.norm(pool, axis=1)[:, None]
    ways = {tuple(way(pool, pool[0], pool[1], 6, seed).tolist()) for seed in range(6)}
    assert len(ways) > 1
    assert way(pool, pool[0], pool[1], 6, 3).tolist() == way(pool, pool[0], pool[1], 6, 3).tolist()
    assert len(way(np.empty((0, 5)), pool[0], pool[1], 6)) == 0
