"""Artist affinity, for tracks: how much the listener plays the candidate's artist, relative to the artist's popularity.

A sum over the listener's own tracks of log(1 + plays), of those by the candidate's artist, over the square root of the
listeners of that artist's tracks: additive, so that each track has an exact share of a score.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def artist_worth(artists: NDArray[np.int32], listeners: NDArray[np.int32]) -> Floats:
    """The weight of a track of each artist, from the `artists` of items and their `listeners` (items,): (artists,)."""
    return np.asarray(1.0 / np.sqrt(1.0 + np.bincount(artists, weights=listeners)))


@dataclass(frozen=True)
class FoldedAffinity:
    """One listener: the artist number of each of their items, and log(1 + plays) times the artist's weight; both
    (n,)."""

    artists: NDArray[np.int32]
    counts: Floats

    @cached_property
    def _sums(self) -> tuple[NDArray[np.int32], Floats]:
        """The artists, ascending, and the sum of each."""
        artists, places = np.unique(self.artists, return_inverse=True)
        return artists, np.bincount(places, weights=self.counts, minlength=len(artists)).astype(np.float64)

    def scores(self, artists: NDArray[np.int32]) -> Floats:
        """The sums of the candidates' `artists` (m,): (m,), 0 for those never played."""
        own, sums = self._sums
        if not len(own):
            return np.zeros(len(artists))
        places = np.minimum(np.searchsorted(own, artists), len(own) - 1)
        return np.where(own[places] == artists, sums[places], 0.0)

    def contributions(self, artists: NDArray[np.int32]) -> Floats:
        """The part of each of the listener's n items: (m, n)."""
        return np.asarray((artists[:, None] == self.artists) * self.counts)

    def part_of(self, index: int, artists: NDArray[np.int32]) -> Floats:
        """The part of one of the listener's items: (m,)."""
        return np.asarray((artists == self.artists[index]) * self.counts[index])
