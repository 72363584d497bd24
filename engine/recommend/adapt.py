"""Adapts the ensemble's weights slightly to what the person did with recommendations.

A like or an open is evidence that the artist should have ranked above the usual candidate, a hide or a block below. The
weights are the most likely ones under a logistic model with a normal prior around those learned from the community
(Rasmussen, Williams 2006, section 3.3, uses the same approximation): the prior counts as a hundred answers, so that ten
clicks move them by less than a tenth and cannot break a list.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.model.ensemble import MEMBERS

Floats = NDArray[np.float64]
PRIOR = 100.0
# An open counts less than a like.
LIKED, OPENED, REFUSED = 1.0, 0.5, -1.0
_NEWTON_STEPS = 8
# Bounds the influence of an outlier, in standard deviations.
_MAX_SCORE = 3.0


def adapted(weights: dict[str, float], members: Floats, answers: Sequence[float]) -> dict[str, float]:
    """Weights after `answers` (n,) about artists whose members, in spreads from the usual candidate, are (n, 4).

    An answer's sign is yes or no, its size its weight, at most 1.
    """
    before = np.array([weights.get(name, 0.0) for name in MEMBERS])
    # A member with weight 0 for the community stays 0.
    counts = before != 0.0
    rows = np.clip(members[:, counts], -_MAX_SCORE, _MAX_SCORE) * np.sign(answers)[:, None]
    how_much = np.abs(np.asarray(answers, dtype=np.float64))
    moved = before[counts].copy()
    for _ in range(_NEWTON_STEPS):
        surprise = 1.0 / (1.0 + np.exp(rows @ moved))
        gradient = rows.T @ (how_much * surprise) - PRIOR * (moved - before[counts])
        curvature = (rows * (how_much * surprise * (1 - surprise))[:, None]).T @ rows
        moved += np.linalg.solve(curvature + PRIOR * np.eye(len(moved)), gradient)
    names = [name for name, used in zip(MEMBERS, counts, strict=True) if used]
    return dict(zip(names, moved.tolist(), strict=True))
