"""The popularity dial: biases a ranking towards popular or obscure items, and what that costs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# At the dial's end one standard deviation of (log) listeners counts as this many standard deviations of the score.
REACH = 1.5


def with_popularity_bias(
    scores: NDArray[np.float64], listeners: NDArray[np.float64], bias: float
) -> NDArray[np.float64]:
    """`scores` (..., n) of candidates plus `bias`, -1 (obscure) to 1 (popular), of their `listeners` (..., n).

    Both are compared within the candidates along the last axis, so that a bias means the same for every listener.
    """
    return leant(scores, np.log1p(listeners), bias)


def leant(scores: NDArray[np.float64], known_by: NDArray[np.float64], bias: float) -> NDArray[np.float64]:
    """`scores` (..., n) plus `bias` times the popularity `known_by` (..., n) of candidates, in any unit."""
    spread = known_by.std(axis=-1, keepdims=True)
    unit = np.divide(
        known_by - known_by.mean(axis=-1, keepdims=True),
        spread,
        out=np.zeros_like(known_by),
        where=spread > 0,
    )
    return np.asarray(scores + bias * REACH * scores.std(axis=-1, keepdims=True) * unit)


def cost_of(measured: Sequence[Sequence[float]], bias: float) -> float | None:
    """The share of hits lost with the dial at `bias`, negative if it gains.

    `measured` has (dial position, hits relative to those at 0) by ascending position (`engine.training.dial_cost`),
    empty if not measured; null then, and at 0.
    """
    if not measured or bias == 0.0:
        return None
    places, hits = zip(*measured, strict=True)
    return float(1.0 - np.interp(bias, places, hits))
