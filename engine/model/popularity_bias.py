"""Leaning a ranking towards popular or obscure items by a dial, and what that costs."""

from __future__ import annotations

from collections.abc import Sequence

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
    return leant(scores, np.log1p(listeners), bias)


def leant(scores: NDArray[np.float64], known_by: NDArray[np.float64], bias: float) -> NDArray[np.float64]:
    """`scores` (..., n) plus `bias` of how well `known_by` (..., n) candidates are, in any unit."""
    spread = known_by.std(axis=-1, keepdims=True)
    unit = np.divide(
        known_by - known_by.mean(axis=-1, keepdims=True),
        spread,
        out=np.zeros_like(known_by),
        where=spread > 0,
    )
    return np.asarray(scores + bias * REACH * scores.std(axis=-1, keepdims=True) * unit)


def cost_of(measured: Sequence[Sequence[float]], bias: float) -> float | None:
    """The share of what would have been found that a dial at `bias` loses, below 0 where it finds more.

    `measured` has (place of the dial, hits there beside those at 0) by rising place (`engine.training.dial_cost`), and
    is empty where nothing was; null then, and at 0.
    """
    if not measured or bias == 0.0:
        return None
    places, hits = zip(*measured, strict=True)
    return float(1.0 - np.interp(bias, places, hits))
