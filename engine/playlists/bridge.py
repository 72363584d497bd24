"""Bridges: a path from one artist to another in factor space, followed by a list over its time.

Each artist has a position along the arc between the two directions. A track is worth more the nearer its artist is to
the arc, and its position to the elapsed share of the list's time; a step costs its artists' dissimilarity, and none
goes back.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.playlists.contexts import Context, Weights
from engine.playlists.pool import Pool
from engine.playlists.profile import Floats

# Small weights of chance and of plays, beside the distance to the path.
CONTEXT = Context(
    name="bridge",
    title="Bridge",
    asks="steps of like artists",
    weights=Weights(appeal=0.6, transitions=3.0, new=0.0),
)
# Weight of the squared distance from the wanted position on the way, whose length is 1.
AWAY = 4.0


@dataclass(frozen=True)
class Way:
    """From one direction (f,) to another, and the directions of artists (by key) that may be on it: unit vectors."""

    start: Floats
    end: Floats
    directions: Mapping[str, Floats]

    def worth(self, pool: Pool, share: Floats) -> Floats:
        """The worth of a pool's tracks at shares (rows, 1) of the list's time: (rows, tracks)."""
        place, near = self._along(pool)
        return np.asarray(near - AWAY * (place - share) ** 2)

    def steps(self, pool: Pool) -> Floats:
        """The cost of a track (row) before another (column): infinite if that is not farther on."""
        vectors = self._vectors(pool)
        # By artist, which breaks ties, and so that no artist comes twice.
        order = np.lexsort((pool.artist, self._along(pool)[0]))
        rank = np.empty(len(pool), dtype=np.int64)
        rank[order] = np.cumsum(np.diff(pool.artist[order], prepend=-1) != 0)
        return np.where(rank[:, None] < rank, 1.0 - vectors @ vectors.T, np.inf)

    def ends(self, pool: Pool) -> tuple[Floats, Floats]:
        """The cost of each track as the first, and as the last."""
        vectors = self._vectors(pool)
        return 1.0 - vectors @ self.start, 1.0 - vectors @ self.end

    def _along(self, pool: Pool) -> tuple[Floats, Floats]:
        return along(self._vectors(pool), self.start, self.end)

    def _vectors(self, pool: Pool) -> Floats:
        found = [self.directions[track.artist_key] for track in pool.candidates]
        return np.array(found).reshape(-1, len(self.start))


def waypoints(start: Floats, end: Floats, between: int) -> Floats:
    """Unit vectors (between, f) evenly along the arc from `start` to `end`, without these."""
    return _points(start, end, np.arange(1, between + 1) / (between + 1))


def along(vectors: Floats, start: Floats, end: Floats) -> tuple[Floats, Floats]:
    """Where on the arc from `start` to `end` (f,) each of `vectors` (n, f) is, 0..1, and the cosine with that point.

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
