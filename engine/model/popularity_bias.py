"""Leaning a ranking towards popular or obscure items: by hand with a dial, or as measured best in training."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# At the dial's end one standard deviation of (log) listeners weighs this many standard deviations of the score.
REACH = 1.5


def with_popularity_bias(
    scores: NDArray[np.float64], listeners: NDArray[np.float64], bias: float
) -> NDArray[np.float64]:
    """`scores` (..., n) of candidates plus `bias`, -1 (obscure) to 1 (popular), of their `listeners` (..., n).

    Both are compared within the candidates along the last axis, so that a lean means the same for every listener.
    """
    known_by = np.log1p(listeners)
    spread = known_by.std(axis=-1, keepdims=True)
    unit = np.divide(
        known_by - known_by.mean(axis=-1, keepdims=True),
        spread,
        out=np.zeros_like(known_by),
        where=spread > 0,
    )
    return np.asarray(scores + bias * REACH * scores.std(axis=-1, keepdims=True) * unit)
