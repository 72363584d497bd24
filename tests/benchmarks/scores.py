"""Scores of all items for each listener by the ensemble, as `engine.evaluation.metrics` takes them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from engine.evaluation.baselines import ScoresOf
from engine.model.confidence import Confidence
from engine.model.ensemble import Members, blend_over
from engine.training.weigh import MEASURED_CANDIDATES, candidates_of


def ensemble_scores(
    members: Members,
    confidence: Confidence,
    weights: dict[str, float],
    kept: csr_matrix,
) -> ScoresOf:
    """Scores of each listener's best candidates under these weights, minus infinity elsewhere; rows of `kept` are
    folded in as a person's plays are."""

    def scores_of(listeners: NDArray[np.int64]) -> NDArray[np.float32]:
        every = np.full((len(listeners), kept.shape[1]), -np.inf, dtype=np.float32)
        for place, row in enumerate(listeners.tolist()):
            own = slice(kept.indptr[row], kept.indptr[row + 1])
            ids, raw = candidates_of(
                members, confidence, kept.indices[own], kept.data[own], MEASURED_CANDIDATES
            )
            every[place, ids] = blend_over(raw, weights).scores(raw)
        return every

    return scores_of
