"""The cost of the popularity dial: lost hits on held-out plays.

One protocol for every model, of some seconds: the listeners and held-out items of `engine.training.weigh`, with as many
candidates as for lists, ranked by the model's weights and then with the dial's bias. On HetRec (1,876 listeners, three
trainings): 1 % of the hits in 50 at -.1, 1 to 3 % at -.2, 3 to 5 % at -.3, 6 to 10 % at -.4. Of what people play later
it is more: real ones 1 to 2 % at -.1, 8 % at -.2, 19 % at -.4 (seven people, 48 cuts), made-up ones 2, 5, 9 and 16 %
(`tests.benchmarks.people`, seeds 0 to 2, 119 cuts). Hence the words on the screen: hidden favourites, not yours.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.model.ensemble import PERSONAL
from engine.model.popularity_bias import leant

# Hits are counted in so many.
LISTED = 50
# Where the dial is measured; between these its cost is interpolated.
PLACES = (-1.0, -0.8, -0.6, -0.4, -0.3, -0.2, -0.1, 0.0, 0.2, 0.4, 0.7, 1.0)
# Of fewer hits a share says little.
MIN_HITS = 200
# The first member's score where a listener has fewer candidates than others: last under any weights.
ABSENT = -1e6


def dial_cost(
    members: NDArray[np.float32], hits: NDArray[np.bool_], weights: NDArray[np.float64]
) -> list[list[float]]:
    """(place, hits beside those at 0) by rising place; empty where too little is found to say.

    Of listeners' members over candidates (l, c, members), which of these were held out (l, c), and the weights that
    rank (members,).
    """
    found = np.zeros(len(PLACES), dtype=np.int64)
    for candidates, held in zip(members, hits, strict=True):
        there = candidates[:, 0] > ABSENT / 2
        scores = (candidates[there] @ weights).astype(np.float64)
        known_by = candidates[there, PERSONAL].astype(np.float64)
        listed = min(LISTED, len(scores))
        for place, bias in enumerate(PLACES):
            best = np.argpartition(-leant(scores, known_by, bias), listed - 1)[:listed]
            found[place] += int(held[there][best].sum())
    plain = int(found[PLACES.index(0.0)])
    if plain < MIN_HITS:
        return []
    return [[place, round(float(number / plain), 4)] for place, number in zip(PLACES, found, strict=True)]
