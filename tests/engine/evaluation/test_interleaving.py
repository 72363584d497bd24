"""Team draft is fair, and its test is right on however many days one looks at it."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.evaluation.interleaving import ERROR, Tally, team_draft

RANKED = st.lists(st.integers(0, 30).map(str), unique=True, max_size=30)


@given(usual=RANKED, other=RANKED, seed=st.text(max_size=5))
def test_every_line_is_there_once_in_the_order_of_who_picked_it(usual, other, seed) -> None:
    drafted = team_draft(usual, other, str, seed)
    lines = [line for line, _ in drafted]
    assert len(lines) == len(set(lines)) == max(len(usual), len(other))
    for side, own in (("usual", usual), ("other", other)):
        picks = [line for line, who in drafted if who == side]
        assert picks == sorted(picks, key=own.index)
    for depth in range(len(drafted)):
        sides = [side for _, side in drafted[:depth]]
        if None not in sides:
            assert abs(sides.count("usual") - sides.count("other")) <= 1
    assert drafted == team_draft(usual, other, str, seed)


def test_two_that_rank_alike_get_each_line_as_often() -> None:
    ranked = [str(number) for number in range(10)]
    first = [team_draft(ranked, ranked, str, str(seed))[3][1] for seed in range(400)]
    assert 160 < first.count("other") < 240


def test_lines_that_only_one_of_the_two_has_left_are_nobodys() -> None:
    drafted = team_draft(["a", "b", "c", "d"], ["a"], str, "x")
    assert [line for line, _ in drafted] == ["a", "b", "c", "d"]
    assert [side for _, side in drafted[2:]] == [None, None]


@pytest.mark.parametrize(
    ("usual", "other", "better"),
    [
        (0, 0, None),
        (3, 3, None),
        (0, 6, None),
        (0, 9, "other"),
        (30, 30, None),
        (40, 15, "usual"),
        (5, 22, "other"),
    ],
)
def test_a_side_is_better_only_beyond_doubt(usual: int, other: int, better: str | None) -> None:
    tally = Tally(60, 60, usual, other)
    low, high = tally.interval
    assert 0.0 <= low <= tally.share <= high <= 1.0
    assert tally.better == better


def test_looking_every_day_is_wrong_no_more_often_than_said() -> None:
    coin, wrong, people = random.Random(1), 0, 300
    for _ in range(people):
        counts = [0, 0]
        for _ in range(80):
            counts[coin.random() < 0.5] += 1
            if Tally(80, 80, *counts).better is not None:
                wrong += 1
                break
    assert wrong / people <= ERROR
