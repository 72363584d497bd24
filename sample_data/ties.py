"""Ties between artists: label mates, guests, side projects, support bands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sample_data import genres
from sample_data.catalog import ARTISTS, Catalog

# How much genre, place and chance decide who is tied to an artist; how the ties' strengths fall; what fame adds.
GENRE, PLACE, CHANCE = 1.5, 3.6, 0.6
MIN, MEAN, MAX = 3, 8.0, 40
FALL, FAME = 1.5, 0.9


@dataclass(frozen=True)
class Ties:
    """For each artist the rows of those it leads to, and the running sum of their odds, ending at 1."""

    rows: list[NDArray[np.int64]]
    odds: list[NDArray[np.float64]]

    def follow(self, artist: int, chance: float) -> int:
        """The artist that one leads to, for a `chance` in 0..1."""
        place = int(np.searchsorted(self.odds[artist], chance))
        return int(self.rows[artist][min(place, len(self.rows[artist]) - 1)])


def make_ties(rng: np.random.Generator, catalog: Catalog) -> Ties:
    """Return each artist's ties: few, to artists mostly but not always alike, the first far stronger than the last."""
    weights = catalog.genre_weights
    alike = GENRE * np.log(weights @ genres.closeness(0.9) @ weights.T + 0.003)
    alike += PLACE * catalog.positions @ catalog.positions.T
    rows: list[NDArray[np.int64]] = []
    odds: list[NDArray[np.float64]] = []
    for artist in range(ARTISTS):
        count = min(MAX, MIN + int(rng.geometric(1.0 / MEAN)))
        score = alike[artist] + CHANCE * rng.gumbel(size=ARTISTS)
        score[artist] = -np.inf
        tied = np.argsort(-score, kind="stable")[:count]
        strength = np.arange(1.0, count + 1.0) ** -FALL * np.exp(FAME * catalog.fame[tied])
        rows.append(tied)
        odds.append(np.cumsum(strength / strength.sum()))
    return Ties(rows, odds)
