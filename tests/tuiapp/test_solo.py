"""Solo mode in words: reasons that are facts, and no sentence its own figures deny."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.recommend.lists import Explanation, OwnPlays, Recommendation, TasteShare, TasteShares
from tuiapp.own_reasons import in_a_line, in_short, own_reasons
from tuiapp.resurfacing import TOO_FEW, verdict
from tuiapp.resurfacing import in_short as measured_in_short
from tuiapp.widgets.why import why

PLAYED = datetime(2026, 5, 3, 12)
DAY = (datetime(2026, 7, 16) - datetime(1970, 1, 1)).days
TASTES = TasteShares((TasteShare(("Moire", "Lark"), 3, 0.1), TasteShare(("Quill",), 0, 0.04)), 0.02)
ROW = Recommendation(
    rank=1, artist="Burel", key="burel", item=0, score=1.0, listeners=41, plays=90, known=True, liked=False,
    why=(), others=0, others_share=1.0, tastes=TASTES, standing="overdue",
    members={"sessions": 0.53, "recency": 0.31, "neighbours": 0.16},
    own=OwnPlays(41, 0.939, 0.05, int(PLAYED.timestamp()), DAY, rested=True),
)  # fmt: skip


def test_reasons_are_facts_with_shares_that_add_up() -> None:
    assert in_a_line(ROW) == (
        "53 % played in 41 sessions, more than 93 % of what has rested · "
        "31 % last played 3 May 2026, 74 days ago · 10 % goes with Moire, Lark and 3 more like them · "
        "4 % goes with Quill · 2 % goes with the rest of what you last played"
    )
    assert in_short(ROW, 30) == "53 % often, overdue"
    assert in_short(ROW, 200) == (
        "53 % often, overdue, 31 % 74 days ago, 10 % goes with Moire, Lark and 3 more like them, 4 % goes with Quill"
    )
    assert own_reasons(replace(ROW, own=None)) == []


def test_what_speaks_against_it_is_named_as_such_and_nobody_for_what_says_nothing() -> None:
    own = replace(ROW.own, sessions=1, more_than=0.0, fewer_than=0.8)
    members = {"sessions": -4.8, "recency": 1.0, "neighbours": -0.1}
    assert in_a_line(replace(ROW, tastes=TasteShares(), members=members, own=own)) == (
        "100 % last played 3 May 2026, 74 days ago · against it: what you last played · "
        "against it: played in 1 session, fewer than 80 % of what has rested"
    )


def test_a_row_that_nothing_tells_from_the_others_has_what_is_known_of_it() -> None:
    own = replace(ROW.own, more_than=0.0, fewer_than=0.0)
    row = replace(ROW, tastes=TasteShares(), members={}, own=own)
    assert in_a_line(row) == "played in 41 sessions · last played 3 May 2026, 74 days ago"
    assert in_short(row, 30) == "74 days ago, overdue"
    panel = why(Explanation("Burel", 0.0, 1, 41, 90, (), own=own), 40, 20).plain
    assert "      " not in panel
    assert "played in 41 sessions\nlast played 3 May 2026, 74 days ago" in panel


@pytest.mark.parametrize(
    ("day", "ago"), [(DAY - 73, ", 1 day ago"), (DAY - 74, ", today"), (None, ""), (0, "")]
)
def test_days_are_counted_to_the_day_of_the_list(day: int | None, ago: str) -> None:
    (one,) = own_reasons(
        replace(ROW, tastes=TasteShares(), members={"recency": 1.0}, own=replace(ROW.own, day=day))
    )
    assert one.words == f"last played 3 May 2026{ago}"


def measured(hits: list[float], error: float, sessions: int) -> dict:
    names = ("Discover", "sessions and recency", "sessions", "recency")
    orders = {
        name: {"hit@10": hit, "ndcg@10": hit / 2, "error": error * (name != "Discover")}
        for name, hit in zip(names, hits, strict=True)
    }
    return {"sessions": sessions, "too_few": sessions < 40, "orders": orders}


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 1000).map(lambda n: n / 1000), min_size=4, max_size=4), st.integers(0, 100))
def test_no_sentence_denies_its_table(hits: list[float], error: int) -> None:
    found = measured(hits, error / 1000, 100)
    for name, hit, line in zip(list(found["orders"])[1:], hits[1:], verdict(found), strict=True):
        assert f"{name} alone" in line
        assert ("finds more" in line) == (hits[0] - hit > 2 * error / 1000)
        assert ("finds less" in line) == (hit - hits[0] > 2 * error / 1000)
        assert f"({hits[0]:.3f} against {hit:.3f})" in line


def test_of_too_few_sessions_nothing_is_shown() -> None:
    found = measured([0.5, 0.1, 0.1, 0.1], 0.01, 39)
    assert verdict(found) == ["Only 39 sessions: too few to tell one order from another."]
    assert TOO_FEW in measured_in_short(found)
    assert "%" not in measured_in_short(found)
    assert measured_in_short({}) == "no session yet went back to what had rested"
