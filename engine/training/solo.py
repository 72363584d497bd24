"""Solo mode's weights, fitted on the person's earlier sessions and checked on the latest.

Rows are sessions in time. From a session one item is hidden and looked for among all heard before, by the session's
other items, by how often and how lately each was played. One history is predicted best by what goes together,
another by plain popularity (figures in MODEL.md), so every member is tried alone beside the ensemble, and what
was best on the latest sessions is what ranks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.model.confidence import Confidence
from engine.model.ensemble import FACTORS_ALONE, MEMBERS, Members, blend_over
from engine.model.fold_in import ItemFactors
from engine.model.neighbour_fit import build_neighbours
from engine.progress import Share, part_of, silent
from engine.training.weigh import TrainingSet, Weighed, ascend, ndcg

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from engine.training.weigh import Fitted

# Weights are taught by the sessions between these shares of all, on members fitted before them, and checked on the
# rest.
TAUGHT_FROM, CHECKED_FROM = 0.6, 0.8
# So few sessions with two artists or more teach nothing that would hold.
MIN_SESSIONS = 15
HITS = 10
_DAY = 86_400


def weigh_sessions(
    plays: csr_matrix,
    times: NDArray[np.int64],
    fitted: Fitted,
    confidence: Confidence,
    *,
    seed: int,
    artists: NDArray[np.int32] | None = None,
    progress: Share = silent,
    cancelled: Callable[[], bool] | None = None,
) -> Weighed:
    """Weights for (sessions, items) play counts, sessions in time with their beginnings `times` in seconds.

    `artists` (items,) are those of tracks, by number.
    """
    taught_from, checked_from = (round(share * plays.shape[0]) for share in (TAUGHT_FROM, CHECKED_FROM))
    parts = ((taught_from, checked_from, 0.0), (checked_from, plays.shape[0], 0.4))
    teaching, checking = (
        _training_set(
            plays, times, first, end, fitted, confidence, seed, artists, part_of(progress, at, at + 0.4)
        )
        for first, end, at in parts
    )
    if teaching is None or checking is None:
        return Weighed(dict(FACTORS_ALONE), {})
    learned = ascend(teaching, np.random.default_rng(seed), cancelled, part_of(progress, 0.8, 1.0))
    alone = {
        name: np.eye(len(MEMBERS))[i]
        for i, name in enumerate(MEMBERS)
        if name != "artist" or artists is not None
    }
    quality = {name: ndcg(checking, weights) for name, weights in alone.items()}
    best = max(quality, key=lambda name: quality[name])
    together = ndcg(checking, learned)
    kept = together > quality[best]
    weights = learned if kept else alone[best]
    effect = {
        "sessions": len(checking.held),
        "members": {name: round(hit_rate(checking, weights), 4) for name, weights in alone.items()},
        "ensemble": round(hit_rate(checking, learned), 4),
        "kept": kept,
    }
    named = {
        name: round(float(value), 4) for name, value in zip(MEMBERS, weights, strict=True) if value != 0.0
    }
    return Weighed(named, effect)


def _training_set(
    plays: csr_matrix,
    times: NDArray[np.int64],
    first: int,
    end: int,
    fitted: Fitted,
    confidence: Confidence,
    seed: int,
    artists: NDArray[np.int32] | None,
    progress: Share,
) -> TrainingSet | None:
    """What sessions `first` to `end` say of members fitted on those before; null where too few say anything."""
    before = plays[:first]
    sessions_of = np.asarray(before.getnnz(axis=0), dtype=np.int32)
    if before.nnz == 0 or (sessions_of > 0).sum() <= HITS:
        return None
    factors, regularization, exponent = fitted(before, part_of(progress, 0.0, 0.2))
    items = ItemFactors(factors, regularization, frequency_exponent=exponent)
    near = build_neighbours(before)
    rng = np.random.default_rng(seed)
    last = np.full(plays.shape[1], -np.inf)
    rows: list[NDArray[np.float64]] = []
    hits: list[NDArray[np.bool_]] = []
    known = np.flatnonzero(sessions_of)
    for session in range(end):
        progress(0.2 + 0.8 * session / end)
        own = slice(plays.indptr[session], plays.indptr[session + 1])
        ids, counts = plays.indices[own].astype(np.int64), plays.data[own].astype(np.float64)
        there = sessions_of[ids] > 0
        if session >= first and there.sum() > 1:
            ids_there, counts_there = ids[there], counts[there]
            hidden = int(rng.integers(len(ids_there)))
            rest = np.delete(np.arange(len(ids_there)), hidden)
            age = np.maximum(0.0, times[session] - last) / _DAY
            members = Members(items, sessions_of, near, age, artists)
            folded = members.fold_in(ids_there[rest], confidence.of(counts_there[rest]), counts_there[rest])
            raw = folded.raw(known)
            parts = blend_over(raw, dict.fromkeys(MEMBERS, 1.0)).parts(raw)
            # What is playing already is not an answer.
            parts[np.isin(known, ids_there[rest]), :] = -1e6
            rows.append(parts)
            hits.append(known == ids_there[hidden])
        last[ids] = times[session]
    if len(rows) < MIN_SESSIONS:
        return None
    return TrainingSet(np.stack(rows).astype(np.float32), np.stack(hits), np.ones(len(rows), dtype=np.int64))


def hit_rate(training_set: TrainingSet, weights: NDArray[np.float64]) -> float:
    """How often what was hidden is among the first ten."""
    scores = training_set.members @ weights.astype(np.float32)
    hidden = scores[training_set.hits]
    return float(((scores > hidden[:, None]).sum(axis=1) < HITS).mean())
