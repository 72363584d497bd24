"""Which tempo fits a cadence, and how the cadence goes over a run."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import UsageError
from engine.playlists.contexts import CONTEXTS, Context, Settings, context_named
from engine.playlists.profile import Line, profile_of
from engine.playlists.tempo import tempo_credit, tempo_fit


def fit(bpm: float, target: float) -> tuple[float, float]:
    distance, factor = tempo_fit(np.log2(np.array([bpm])), np.array([target]))
    return float(distance[0]), float(factor[0])


def test_half_and_double_time_count() -> None:
    assert fit(85.0, 170.0) == (0.0, 2.0)
    assert fit(170.0, 170.0) == (0.0, 1.0)
    assert fit(240.0, 120.0) == (0.0, 0.5)
    # A quarter or four times the steps does not.
    assert fit(42.5, 170.0) == (1.0, 2.0)


@settings(deadline=None, max_examples=100, derandomize=True)
@given(st.floats(40, 250), st.floats(40, 250))
def test_distance_is_the_least_of_the_three(bpm: float, target: float) -> None:
    distance, factor = fit(bpm, target)
    assert distance == pytest.approx(min(abs(math.log2(bpm * m / target)) for m in (0.5, 1.0, 2.0)), abs=1e-9)
    assert abs(math.log2(bpm * factor / target)) == pytest.approx(distance, abs=1e-9)


def test_credit_is_nearly_full_within_two_and_a_half_percent_and_none_beyond_the_tolerance() -> None:
    def credit(percent: float, tolerance: float = 0.06) -> float:
        return float(tempo_credit(np.array([math.log2(1 + percent / 100)]), tolerance)[0])

    assert credit(0) == 1.0
    assert credit(2.5) >= 0.85
    assert credit(6.0) == pytest.approx(0.0, abs=1e-9)
    assert credit(6.1) < 0
    assert credit(2.0, tolerance=0.01) < 0
    worth = [credit(percent / 10) for percent in range(61)]
    assert worth == sorted(worth, reverse=True)


def tempo_of(**settings: float) -> Line:
    line = profile_of(CONTEXTS["running"], Settings(**settings)).tempo
    assert line is not None
    return line


def test_profile_rises_holds_and_falls() -> None:
    profile = tempo_of(bpm=170, minutes=40, warm_up=5, cool_down=10)
    minutes = [profile.at(minute * 60) for minute in range(41)]
    assert minutes[0] == pytest.approx(170 * 0.88)
    assert minutes[5:31] == [170.0] * 26
    assert minutes[40] == pytest.approx(170 * 0.82)
    assert minutes[:6] == sorted(minutes[:6])
    assert minutes[30:] == sorted(minutes[30:], reverse=True)
    level = tempo_of(bpm=170, minutes=40)
    assert level.at(0) == level.at(2400) == 170.0


def test_profile_of_warm_up_and_cool_down_alone_has_its_top_between() -> None:
    profile = tempo_of(bpm=180, minutes=30, warm_up=10, cool_down=20)
    assert profile.at(600) == 180.0
    assert profile.at(0) < 180.0 > profile.at(1800)


@pytest.mark.parametrize(
    "values",
    [
        {"bpm": 0},
        {"bpm": 300},
        {"bpm": math.nan},
        {"tolerance": 0},
        {"minutes": 0},
        {"minutes": math.inf},
        {"new": 1.2},
        {"new": -0.1},
        {"warm_up": -1},
        {"minutes": 30, "warm_up": 20, "cool_down": 11},
        {"seed": -1},
    ],
)
def test_settings_that_make_no_list_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        Settings(**values)


def test_contexts_are_found_by_name_and_unknown_ones_named() -> None:
    assert context_named(" Running ") is CONTEXTS["running"]
    with pytest.raises(UsageError, match="running"):
        context_named("runing")


def test_points_and_settings_a_context_has_no_use_for_are_refused() -> None:
    for points in (((0.5, 1.0), (0.2, 1.0)), ((0.0, 9.0),), ((0.0, math.nan),), ((-0.1, 1.0),)):
        with pytest.raises(UsageError, match="tempo"):
            Context("own", "Own", "", tempo=points)
    with pytest.raises(UsageError, match="energy 1"):
        Context("own", "Own", "", energy=((0.0, 1.5),))
    quiet = Context("own", "Own", "", energy=((0.0, 0.2),))
    assert quiet.settings(minutes=20).minutes == 20
    with pytest.raises(UsageError, match="Own has no tempo to set"):
        quiet.settings(bpm=120)
    with pytest.raises(UsageError, match="Own has no warm-up or cool-down to set"):
        quiet.settings(warm_up=5)
