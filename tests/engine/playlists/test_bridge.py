"""The way from one direction to another: at its waypoints, in the steps that are most alike, none twice."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from engine.playlists.bridge import CONTEXT, Way, along, waypoints
from engine.playlists.candidate import Candidate
from engine.playlists.contexts import Settings
from engine.playlists.objective import Objective, objective_of, question_of
from engine.playlists.pool import pool_of
from engine.playlists.sequence import Sequence, greedy, sequence


def at(*degrees: float) -> np.ndarray:
    turned = np.radians(degrees)
    return np.stack([np.cos(turned), np.sin(turned), np.zeros(len(turned))], axis=1)


def test_waypoints_are_even_on_the_arc() -> None:
    start, end = at(0, 90)
    assert waypoints(start, end, 2) == pytest.approx(at(30, 60))
    place, near = along(np.array([*at(45), [0.0, 0.0, 1.0], *at(-170)]), start, end)
    assert place[0] == pytest.approx(0.5)
    assert near == pytest.approx([1.0, 0.0, np.cos(np.radians(170))])


def steps(vectors: np.ndarray, start: np.ndarray, end: np.ndarray, places: int, seed: int = 0) -> Objective:
    """What a way of so many places asks of a track each of artists in these directions."""
    tracks = [
        Candidate(f"A{n}", "Song", f"a{n}", "song", None, None, None, 210.0, 1.0, True)
        for n in range(len(vectors))
    ]
    way = Way(start, end, {track.artist_key: vector for track, vector in zip(tracks, vectors, strict=True)})
    settings = Settings(minutes=3.5 * places, seed=seed)
    return objective_of(question_of(pool_of(tracks, seed), CONTEXT, settings, way=way), CONTEXT.artist_gap)


def unit(rng: np.random.Generator, *shape: int) -> np.ndarray:
    vectors = rng.normal(size=shape)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1)[:, None])


def along_the_way(found: Sequence, objective: Objective) -> list[str]:
    return [objective.pool.candidates[track].artist_key for track in found.order]


def test_opposite_and_equal_ends_have_a_way_of_finite_steps() -> None:
    for end in (180, 0):
        assert np.isfinite(waypoints(*at(0, end), 3)).all()
        asked = steps(at(20, 80, 140), *at(0, end), 3)
        found = sequence(asked)
        assert np.isfinite(found.objective)
        assert along_the_way(found, asked) == ["a0", "a1", "a2"][: len(found.order)]
        # If both ends are the same, what is far from them may be left out.
        assert end == 0 or len(found.order) == 3


def test_the_way_comes_near_the_best_of_all_ways_and_never_goes_back() -> None:
    """On pools small enough to try every way."""
    worse = []
    for seed in range(12):
        vectors = unit(np.random.default_rng(seed), 12, 4)
        start, end, pool = vectors[0], vectors[1], vectors[2:]
        asked = steps(pool, start, end, 4, seed)
        found = sequence(asked)
        every = np.array(list(itertools.permutations(range(len(asked.pool)), 4)))
        worse.append(asked.values(every).max() - found.objective)
        assert found.objective >= greedy(asked).objective
        place, _ = along(pool[[int(track.artist_key[1:]) for track in asked.pool.candidates]], start, end)
        assert (np.diff(place[list(found.order)]) >= 0).all()
        assert len(set(found.order)) == len(found.order) == 4
    assert np.median(worse) == pytest.approx(0.0, abs=1e-9)
    assert max(worse) < 0.05


def test_another_seed_may_go_another_way_and_the_same_the_same() -> None:
    pool = unit(np.random.default_rng(0), 300, 3)
    asked = [steps(pool, pool[0], pool[1], 6, seed) for seed in (0, 1, 2, 3, 0)]
    ways = [along_the_way(sequence(one), one) for one in asked]
    assert len(set(map(tuple, ways))) > 1
    assert ways[0] == ways[-1]
