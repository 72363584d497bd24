"""What makes one order of tracks better than another, for many orders at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.playlists.pool import Pool
from engine.playlists.profile import Floats, Line
from engine.playlists.tempo import tempo_credit, tempo_fit

Orders = NDArray[np.int64]

TEMPO_WEIGHT = 1.0
LENGTH_WEIGHT = 0.5  # a minute too long or short
NEW_WEIGHT = 1.5  # all of the list on the wrong side of new and known
FORBIDDEN = 10.0  # an artist too near itself, or a tempo beyond the tolerance, in the scale of a whole list


@dataclass(frozen=True)
class Objective:
    """The worth of playlists drawn from one pool; greater is better.

    The mean over the list's time of merit and tempo credit, less penalties for a wrong length, a wrong share
    of new music, an artist within `artist_gap` places of itself, and tempi beyond the tolerance. A list that
    is too short loses what its missing time could have earned. `length` is in seconds, `tolerance` and `new`
    are shares.
    """

    pool: Pool
    profile: Line
    length: float
    tolerance: float
    new: float
    artist_gap: int

    def values(self, orders: Orders) -> Floats:
        """The worth of each row of `orders`: shape (lists, places), numbers of tracks in the pool."""
        lists, places = orders.shape
        if places == 0:
            return np.full(lists, -LENGTH_WEIGHT * self.length / 60.0)
        seconds = self.pool.seconds[orders]
        end = np.cumsum(seconds, axis=1)
        credit = self.credit(orders, end - seconds / 2)
        worth = self.pool.merit[orders] + TEMPO_WEIGHT * credit
        total = (seconds * worth).sum(axis=1) / np.maximum(self.length, end[:, -1])
        wrong = (credit < 0).sum(axis=1) + self.too_near(orders)
        wanted = round(self.new * places)
        new = np.abs(self.pool.new[orders].sum(axis=1) - wanted) / places
        off = np.abs(end[:, -1] - self.length) / 60.0
        result: Floats = total - LENGTH_WEIGHT * off - NEW_WEIGHT * new - FORBIDDEN * wrong
        return result

    def value(self, order: list[int]) -> float:
        """The worth of one list."""
        return float(self.values(np.array([order], dtype=np.int64).reshape(1, -1))[0])

    def credit(self, orders: Orders, middle: Floats) -> Floats:
        """Tempo credit of tracks whose middle is `middle` seconds after the start; shapes as `orders`."""
        distance, _ = tempo_fit(self.pool.log_bpm[orders], self.profile.at_all(middle))
        return tempo_credit(distance, self.tolerance)

    def too_near(self, orders: Orders) -> NDArray[np.int64]:
        """How many pairs of tracks of one artist lie within `artist_gap` places, for each row."""
        artist = self.pool.artist[orders]
        found = np.zeros(len(orders), dtype=np.int64)
        for step in range(1, min(self.artist_gap, orders.shape[1] - 1) + 1):
            found += (artist[:, step:] == artist[:, :-step]).sum(axis=1)
        return found
