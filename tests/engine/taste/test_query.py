"""What is asked of a history: the wider window, decay, and what counts as known."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.privacy import Door
from engine.recommend.settings import DEFAULTS, DiscoverSettings
from engine.store.database import open_library
from engine.store.feedback import set_verdict
from engine.taste.gate import DatedTaste, read_dated_taste, read_taste
from engine.taste.query import Known, TasteQuery, taste_query
from engine.taste.window import EVERYTHING, TIMES_OF_WEEK, Window
from tests.support.listens import play
from tests.support.models import write_model

DAY = 86_400
ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    "window",
    [
        Window(since=5, until=9),
        Window(until=9, half_life=3.0),
        Window(until=9, time_of_week=TIMES_OF_WEEK[0]),
    ],
    ids=["since", "half-life", "time of week"],
)
def test_known_is_what_was_played_until_the_same_end(window: Window) -> None:
    assert TasteQuery(window).wider == Window(until=9)


def test_a_half_life_asked_for_goes_before_the_measured_one() -> None:
    assert taste_query().half_life is None
    assert taste_query(measured=90.0).half_life == 90.0
    assert taste_query(half_life=30.0, measured=90.0).half_life == 30.0
    assert taste_query(half_life=0.0, measured=90.0).half_life is None, "0 counts all plays alike"
    week = Window(since=5, half_life=7.0)
    assert taste_query(week, half_life=0.0).window == taste_query(week).window == Window(since=5)
    with pytest.raises(UsageError, match="half-life"):
        taste_query(half_life=-1.0)


def test_settings_ask_by_all_they_say_of_taste() -> None:
    week = Window(since=5, until=9)
    settings = DiscoverSettings(
        known_plays=3, known_days=7.0, half_life=30.0, window=week, without=("Burel",), level="tracks"
    )
    known = {"known_plays": 3, "known_days": 7.0}
    asked = taste_query(week, half_life=30.0, **known, level="tracks", without=("Burel",))
    assert settings.query() == settings.query(measured=90.0) == asked
    assert asked.window == replace(week, half_life=30.0)
    assert asked.known == Known(3, 7.0)
    assert DEFAULTS.query() == taste_query() == TasteQuery(), (
        "with nothing said, all plays and all that was played"
    )


def test_queries_are_made_in_taste_alone() -> None:
    makes = re.compile(r"(?<!class )\b(TasteQuery|Known)\(")
    paths = [path for room in ("engine", "tuiapp", "sample_data") for path in (ROOT / room).rglob("*.py")]
    found = {path.relative_to(ROOT).as_posix() for path in paths if makes.search(path.read_text("utf-8"))}
    assert found == {"engine/taste/query.py"}


def test_two_questions_for_one_taste_are_equal_whatever_is_known_or_listed() -> None:
    few, many = (DiscoverSettings(known_plays=plays, half_life=30.0, n=plays).query() for plays in (1, 5))
    assert few != many
    assert few.taste == many.taste != few.taste.undecayed == DEFAULTS.query()
    assert replace(few, without=("Burel",)).taste != few.taste


def test_known_is_what_was_played_often_enough_or_lately_enough_or_is_liked(tmp_path) -> None:
    connection = open_library(Door(write_model(tmp_path)))
    play(connection, "Often", "A Song", 1 * DAY, 2 * DAY, 3 * DAY)
    play(connection, "Once", "A Song", 100 * DAY)
    play(connection, "Liked", "A Song", 2 * DAY)
    set_verdict(connection, "like", artist="Liked", artist_key="liked")
    dated = read_dated_taste(connection)
    assert Known().keys(dated) == {"often", "once", "liked"}
    assert Known(plays=2).keys(dated) == {"often", "liked"}
    assert Known(days=10.0).keys(dated) == {"once", "liked"}
    assert Known(plays=2, days=10.0).keys(dated) == {"liked"}
    undated = DatedTaste(read_taste(connection, EVERYTHING))
    assert Known(plays=2, days=10.0).keys(undated) == {"often", "liked"}, "without days all plays count"
    connection.close()
