"""Leaning a ranking: nothing at 0, and further towards popular artists the further it is turned."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.popularity_bias import cost_of, with_popularity_bias

CANDIDATES = st.lists(st.tuples(st.floats(-5, 5), st.integers(0, 100_000)), min_size=2, max_size=60)


@given(CANDIDATES, st.floats(-1, 1), st.floats(-1, 1), st.integers(1, 60))
@settings(deadline=None, max_examples=80, derandomize=True)
def test_turning_to_popular_never_lowers_the_lists_mean_popularity(
    candidates: list[tuple[float, int]], one: float, other: float, n: int
) -> None:
    scores, listeners = (np.array(column, dtype=np.float64) for column in zip(*candidates, strict=True))

    def mean_popularity(bias: float) -> float:
        best = np.argsort(-with_popularity_bias(scores, listeners, bias), kind="stable")[:n]
        return float(np.log1p(listeners)[best].mean())

    low, high = sorted((one, other))
    assert mean_popularity(low) <= mean_popularity(high) + 1e-9
    np.testing.assert_array_equal(with_popularity_bias(scores, listeners, 0.0), scores)


def test_candidates_known_to_equally_many_stay_as_they_are() -> None:
    scores = np.array([3.0, 1.0, 2.0])
    np.testing.assert_array_equal(with_popularity_bias(scores, np.full(3, 7.0), 1.0), scores)


def test_what_a_dial_costs_is_read_between_what_was_measured_and_nothing_is_said_without() -> None:
    measured = [(-0.4, 0.8), (-0.2, 0.9), (0.0, 1.0), (0.2, 1.02)]
    assert cost_of(measured, -0.3) == pytest.approx(0.15)
    assert cost_of(measured, 0.2) == pytest.approx(-0.02)
    assert cost_of(measured, 0.0) is None
    assert cost_of([], -0.3) is None
