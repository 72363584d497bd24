"""Measures solo mode on its task: the person's own sessions, replayed in order of time.

Before each session the rested items are ranked from earlier plays; those the session plays should be among the first
ten. The neighbours are refitted a few times on the sessions before. The weights in use
(`engine.model.ensemble.SOLO_WEIGHTS`) are compared with simple orders. They are fixed: MODEL.md has the effect of
learning them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import CancelledError
from engine.evaluation.metrics import NOTHING, accuracy, any_hit
from engine.model.ensemble import (
    MEMBERS,
    SOLO_RECENT,
    SOLO_RESTED,
    SOLO_WEIGHTS,
    blend_over,
    by_popularity,
    by_recency,
)
from engine.model.neighbour_fit import build_neighbours
from engine.model.neighbours import Neighbours
from engine.progress import Cancelled, Share, silent

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# The first share of the sessions only teaches; then the neighbours are fitted so often.
MEASURED_FROM, FITS = 0.3, 6
HITS = 10
HIT, NDCG = f"hit@{HITS}", f"ndcg@{HITS}"
# With fewer test sessions orders cannot be distinguished: the standard error of a hit rate of .3 is .07.
MIN_SESSIONS = 40
ORDERS: Mapping[str, Mapping[str, float]] = {
    "Discover": SOLO_WEIGHTS,
    "sessions and recency": {"popularity": 0.5, "recency": 0.5},
    "sessions": {"popularity": 1.0},
    "recency": {"recency": 1.0},
}
_DAY = 86_400


def measure_sessions(
    plays: csr_matrix,
    times: NDArray[np.int64],
    orders: Mapping[str, Mapping[str, float]] = ORDERS,
    *,
    progress: Share = silent,
    cancelled: Cancelled | None = None,
) -> dict[str, Any]:
    """How often `orders`, weights by member, have what a session goes back to among the first ten.

    `plays` are (sessions, items) counts, sessions in time with their beginnings `times` in seconds. `sessions` of the
    result are those asked, in which something was played that had rested, and may be `too_few` to tell by; of each
    order there are hit@10, nDCG@10 and `error`, the standard error of how much its hit@10 is above the first one's.
    Empty where no session was asked. Raises CancelledError.
    """
    from scipy.sparse import csr_matrix

    walk, count = _Walk(plays, times), plays.shape[0]
    first = max(1, round(MEASURED_FROM * count))
    fits = set(np.linspace(first, count, FITS, endpoint=False).astype(int).tolist())
    near: Neighbours | None = None
    tops: dict[str, list[NDArray[np.int64]]] = {name: [] for name in orders}
    played_again: list[NDArray[np.int64]] = []
    for session in range(first, count):
        if cancelled is not None and cancelled():
            raise CancelledError("Training stopped. Your previous model is unchanged.")
        progress((session - first) / (count - first))
        if near is None or session in fits:
            near = build_neighbours(plays[:session], cancelled=cancelled)
        walk.on_to(session)
        ids, again = walk.rested()
        if len(again):
            played_again.append(again)
            raw = walk.members(near, ids)
            for name, weights in orders.items():
                tops[name].append(_first(ids, blend_over(raw, dict(weights)).scores(raw)))
    if not played_again:
        return {}
    rows = np.repeat(np.arange(len(played_again)), [len(again) for again in played_again])
    held = csr_matrix(
        (np.ones(len(rows), dtype=np.float32), (rows, np.concatenate(played_again))),
        shape=(len(played_again), plays.shape[1]),
    )
    return {
        "sessions": len(played_again),
        "too_few": len(played_again) < MIN_SESSIONS,
        "orders": _measured({name: np.stack(top) for name, top in tops.items()}, held),
    }


def _first(ids: NDArray[np.int64], scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """The ids of the ten best scores, best first, of equal ones the lower id: (HITS,), NOTHING where there are none."""
    order = np.argsort(-scores, kind="stable")[:HITS]
    return np.pad(ids[order], (0, HITS - len(order)), constant_values=NOTHING)


def _measured(tops: dict[str, NDArray[np.int64]], held: csr_matrix) -> dict[str, dict[str, float]]:
    """The measures of each order's first ten (sessions, HITS), of which some were `held` (sessions, items)."""
    every = np.arange(held.shape[0])
    hits = {name: any_hit(top, held).astype(np.float64) for name, top in tops.items()}
    ours = next(iter(hits.values()))
    return {
        name: {
            HIT: round(float(hits[name].mean()), 4),
            NDCG: round(accuracy(top, held, every, HITS)[NDCG], 4),
            "error": round(float((hits[name] - ours).std() / np.sqrt(len(every))), 4),
        }
        for name, top in tops.items()
    }


class _Walk:
    """What solo mode would know before each of the sessions, one after the other."""

    def __init__(self, plays: csr_matrix, times: NDArray[np.int64]) -> None:
        self._plays, self._times = plays, times
        # The number of the next session, and of the first within the last 90 days.
        self._session = self._since = 0
        self._last = np.full(plays.shape[1], -np.inf)
        self._sessions = np.zeros(plays.shape[1], dtype=np.int32)
        self._recent = np.zeros(plays.shape[1])

    def on_to(self, session: int) -> None:
        """Go on to before a session, from an earlier one."""
        while self._session < session:
            ids, counts = self._row(self._session)
            self._last[ids] = self._times[self._session]
            self._sessions[ids] += 1
            self._recent[ids] += counts
            self._session += 1
        while self._times[self._since] <= self._times[session] - SOLO_RECENT:
            ids, counts = self._row(self._since)
            self._recent[ids] -= counts
            self._since += 1

    def _row(self, session: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        own = slice(self._plays.indptr[session], self._plays.indptr[session + 1])
        return self._plays.indices[own], self._plays.data[own]

    def rested(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Ids of what has rested, rising, and of what of it the session plays."""
        ids = np.flatnonzero(
            np.isfinite(self._last) & (self._last <= self._times[self._session] - SOLO_RESTED)
        )
        return ids, ids[np.isin(ids, self._row(self._session)[0])]

    def members(self, near: Neighbours, ids: NDArray[np.int64]) -> NDArray[np.float64]:
        """The scores of items by the members that rank in solo mode: (m, members)."""
        recent = np.flatnonzero(self._recent > 0)
        by_name = {
            "neighbours": near.fold_in(recent, self._recent[recent]).scores(ids),
            "popularity": by_popularity(self._sessions[ids]),
            "recency": by_recency((self._times[self._session] - self._last[ids]) / _DAY),
        }
        return np.column_stack([by_name.get(name, np.zeros(len(ids))) for name in MEMBERS])
