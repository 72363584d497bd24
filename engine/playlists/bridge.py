"""A way from one artist to another in steps of like artists: through waypoints between them in factor space.

Each artist lies at a place along the arc between the two directions. Of all ways that never go back along it the one is
taken whose steps are most alike, whose artists lie near the arc, and near the waypoints (Viterbi 1967).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]
# How many artists are looked at for each waypoint.
EACH = 30
# What it costs to be away from a waypoint, squared, the arc being 1 long; and how far chance moves an artist's worth.
AWAY, CHANCE = 4.0, 0.1


def waypoints(start: Floats, end: Floats, between: int) -> Floats:
    """Unit vectors (between, f) evenly along the arc from `start` to `end`, without these."""
    return _points(start, end, np.arange(1, between + 1) / (between + 1))


def along(vectors: Floats, start: Floats, end: Floats) -> tuple[Floats, Floats]:
    """Where on the arc from `start` to `end` (f,) each of `vectors` (n, f) lies, 0..1, and the cosine with that point.

    All are unit vectors.
    """
    across, angle = _arc(start, end)
    place = np.clip(np.arctan2(vectors @ across, vectors @ start) / angle, 0.0, 1.0)
    return place, np.einsum("nf,nf->n", vectors, _points(start, end, place))


def _points(start: Floats, end: Floats, place: Floats) -> Floats:
    across, angle = _arc(start, end)
    return np.asarray(np.cos(place * angle)[:, None] * start + np.sin(place * angle)[:, None] * across)


def _arc(start: Floats, end: Floats) -> tuple[Floats, float]:
    """The direction across `start` in which the arc sets out, and its angle. Of the many arcs between opposite sides
    one is taken."""
    across = end - (end @ start) * start
    if float(np.linalg.norm(across)) < 1e-9:
        other = np.roll(start, 1)
        across = other - (other @ start) * start
    length = max(float(np.linalg.norm(across)), 1e-9)
    return across / length, max(math.acos(float(np.clip(start @ end, -1.0, 1.0))), 1e-9)


def way(vectors: Floats, start: Floats, end: Floats, between: int, seed: int = 0) -> Ids:
    """Places in `vectors` (n, f) of `between` artists on the way from `start` to `end`, none twice; all of fewer."""
    place, near = along(vectors, start, end)
    near = near + CHANCE * (np.random.default_rng(seed).random(len(near)) - 0.5)
    between = min(between, len(vectors))
    if not between:
        return np.empty(0, dtype=np.int64)
    targets = np.arange(1, between + 1) / (between + 1)
    worth = near - AWAY * (place - targets[:, None]) ** 2
    some = np.unique(np.argsort(-worth, axis=1, kind="stable")[:, : max(EACH, between)])
    some = some[np.argsort(place[some], kind="stable")]
    worth, near_ones = worth[:, some], vectors[some]
    # From an artist to those farther along alone.
    step = np.where(
        np.triu(np.ones((len(some), len(some)), dtype=np.bool_), 1), near_ones @ near_ones.T, -np.inf
    )
    best = worth[0] + near_ones @ start
    came: list[Ids] = []
    for here in worth[1:]:
        reached = best[:, None] + step
        came.append(reached.argmax(axis=0))
        best = reached.max(axis=0) + here
    found = [int((best + near_ones @ end).argmax())]
    for back in reversed(came):
        found.append(int(back[found[-1]]))
    return np.asarray(some[found[::-1]])
