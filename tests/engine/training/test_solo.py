"""Solo mode measured on what it serves: what had rested is asked for, and nothing of the future is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from engine.errors import CancelledError
from engine.model.ensemble import SOLO_WEIGHTS
from engine.training.solo import MIN_SESSIONS, measure_sessions

DAY = 86_400


def sessions(count: int = 160, items: int = 40, seed: int = 0) -> tuple[csr_matrix, np.ndarray]:
    """Sessions of four items, some loved and some rarely played, a day or more apart."""
    rng = np.random.default_rng(seed)
    liking = rng.pareto(1.0, items) + 0.1
    rows = np.zeros((count, items), dtype=np.float32)
    for row in rows:
        row[rng.choice(items, 4, replace=False, p=liking / liking.sum())] = rng.integers(1, 5)
    return csr_matrix(rows), np.cumsum(rng.integers(1, 4, count)) * DAY


def by_hand(plays: csr_matrix, times: np.ndarray, first: int, score) -> tuple[int, float]:
    """Sessions asked and hit@10 of an order, session by session, from the earlier ones only."""
    heard = plays.toarray() > 0
    asked = hits = 0
    for session in range(first, len(heard)):
        before = heard[:session]
        last = np.array([times[:session][column].max(initial=-(10**12)) for column in before.T])
        rested = [
            item for item in np.flatnonzero(before.any(axis=0)) if times[session] - last[item] >= 30 * DAY
        ]
        wanted = {item for item in rested if heard[session, item]}
        if wanted:
            asked += 1
            order = sorted(rested, key=lambda item: (-score(before, times[session] - last, item), item))
            hits += bool(wanted & set(order[:10]))
    return asked, hits / asked


def test_each_session_is_asked_for_what_had_rested_by_what_was_before_it_only() -> None:
    plays, times = sessions()
    found = measure_sessions(plays, times)
    first = round(0.3 * plays.shape[0])
    for name, score in {
        "sessions": lambda before, _age, item: before[:, item].sum(),
        "recency": lambda _before, age, item: -age[item],
    }.items():
        asked, hit = by_hand(plays, times, first, score)
        assert found["sessions"] == asked
        assert found["orders"][name]["hit@10"] == pytest.approx(hit, abs=1e-4)
    assert next(iter(found["orders"])) == "Discover"
    assert found["orders"]["Discover"]["error"] == 0.0
    assert found["too_few"] == (asked < MIN_SESSIONS)


def test_who_goes_back_by_one_thing_alone_is_told_so() -> None:
    # Sixty old favourites, none of which is played again, then 31 others in turn, one a day.
    rows = np.zeros((260, 91), dtype=np.float32)
    rows[np.repeat(np.arange(100), 5), np.arange(500) % 60] = 1
    rows[np.arange(100, 260), 60 + np.arange(160) % 31] = 1
    found = measure_sessions(csr_matrix(rows), np.arange(260) * DAY)["orders"]
    assert found["recency"]["hit@10"] == 1.0
    assert found["sessions"]["hit@10"] < 0.1


def test_too_few_sessions_and_none_at_all_are_reported() -> None:
    plays, times = sessions(60)
    few = measure_sessions(plays, times)
    assert 0 < few["sessions"] < MIN_SESSIONS
    assert few["too_few"]
    assert measure_sessions(plays, np.arange(60) * 600) == {}


def test_it_stops_when_it_is_asked_to() -> None:
    plays, times = sessions(60)
    with pytest.raises(CancelledError):
        measure_sessions(plays, times, cancelled=lambda: True)


def test_the_weights_that_rank_are_those_that_are_measured() -> None:
    plays, times = sessions(100)
    found = measure_sessions(
        plays, times, {"any": SOLO_WEIGHTS, "twice": {k: 2 * v for k, v in SOLO_WEIGHTS.items()}}
    )
    assert found["orders"]["any"] == found["orders"]["twice"]
