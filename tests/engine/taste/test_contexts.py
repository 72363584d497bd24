"""Times of the week: a taste of what is played then alone, and what is known at other times is known."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.canonical_keys import artist_key
from engine.errors import NothingYetError, UnknownNameError
from engine.paths import Folders
from engine.privacy import Door
from engine.recommend.settings import DiscoverSettings
from engine.session import Session
from engine.store.database import open_library
from engine.store.feedback import set_verdict
from engine.taste.gate import read_days, read_taste
from engine.taste.window import TIMES_OF_WEEK, Window, time_of_week
from tests.support.listens import play
from tests.support.models import ARTISTS, write_model

MONDAY = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def at(day: int, clock: str) -> int:
    """Seconds of a time of the day, so many days after a Monday."""
    hours, minutes = clock.split(":")
    return int((MONDAY + timedelta(days=day, hours=int(hours), minutes=int(minutes))).timestamp())


@pytest.fixture
def library(tmp_path):
    connection = open_library(Door(Folders(tmp_path)))
    yield connection
    connection.close()


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [
        ("morning", [(0, "06:00"), (6, "09:59")], [(0, "05:59"), (0, "10:00")]),
        ("commute", [(0, "07:00"), (4, "18:59")], [(0, "12:00"), (5, "08:00")]),
        ("work", [(0, "09:00"), (4, "16:59")], [(0, "17:00"), (6, "12:00")]),
        ("evening", [(2, "18:00"), (5, "22:59")], [(2, "17:59"), (2, "23:00")]),
        ("night", [(2, "23:00"), (3, "04:59")], [(2, "22:59"), (3, "05:00")]),
        ("weekend", [(5, "00:00"), (6, "23:59")], [(4, "23:59"), (7, "00:00")]),
    ],
)
def test_a_context_is_made_of_the_plays_at_its_times_alone(library, name, inside, outside) -> None:
    play(library, "Then", "One", *(at(*moment) for moment in inside))
    play(library, "Else", "Two", *(at(*moment) for moment in outside), None)
    with library:
        library.execute("UPDATE listens SET precision = 1 WHERE started_at IS NOT NULL")
    window = Window(time_of_week=time_of_week(name))
    assert [(item.name, item.plays) for item in read_taste(library, window).items] == [("Then", 2.0)]
    assert read_days(library, window).keys == ("then",)
    assert read_taste(library, window).digest != read_taste(library).digest
    with library:
        library.execute("UPDATE listens SET precision = 86400")
    assert read_taste(library, window).items == (), "of a day alone the hour is not known"


def test_what_was_never_heard_is_liked_at_no_time_and_what_was_is_liked_at_its_own(library) -> None:
    play(library, "Then", "One", at(0, "08:00"))
    with library:
        library.execute("UPDATE listens SET precision = 60")
    for artist in ("Then", "Never"):
        set_verdict(library, "like", artist=artist, artist_key=artist_key(artist))
    (item,) = read_taste(library, Window(time_of_week=time_of_week("morning"))).items
    assert (item.name, item.liked) == ("Then", True)


@settings(deadline=None, max_examples=40, derandomize=True)
@given(st.integers(0, 7 * 24 * 60 - 1))
def test_work_and_weekend_share_no_minute_and_every_name_is_one(minute) -> None:
    import sqlite3

    connection = sqlite3.connect(":memory:")
    second = int(MONDAY.timestamp()) + 60 * minute

    def within(name: str) -> bool:
        found = connection.execute(f"SELECT {time_of_week(name).condition('?1')}", (second,)).fetchone()[0]
        return bool(found)

    assert not (within("work") and within("weekend"))
    assert not (within("night") and (within("morning") or within("evening")))
    assert len({context.name for context in TIMES_OF_WEEK}) == len(TIMES_OF_WEEK)
    connection.close()


def test_known_at_other_times_is_no_news_and_reasons_are_of_the_times_alone(tmp_path) -> None:
    folders = write_model(tmp_path / "data")
    session = Session(folders)
    connection = session.library.connection
    play(connection, ARTISTS[0], "One", *(at(day, "08:00") for day in range(9)))
    play(connection, ARTISTS[3], "Two", at(1, "20:00"))
    play(connection, ARTISTS[6], "Three", at(2, "20:30"))
    with connection:
        connection.execute("UPDATE listens SET precision = 1")
    evening = DiscoverSettings(n=60, window=Window(time_of_week=time_of_week("evening")))
    found = session.discover.list(evening)
    assert {share.artist for item in found.items for share in item.why} == {ARTISTS[3], ARTISTS[6]}
    assert ARTISTS[0] not in {item.artist for item in found.items}, "played in the morning, it is known"
    familiar = session.discover.list(DiscoverSettings(n=60, familiarity=0.0, window=evening.window))
    assert {item.artist: item.plays for item in familiar.items} == {
        ARTISTS[0]: 9,
        ARTISTS[3]: 1,
        ARTISTS[6]: 1,
    }
    since = session.discover.list(
        DiscoverSettings(n=60, window=Window(since=at(2, "00:00"), until=at(3, "00:00")))
    )
    assert ARTISTS[3] not in {item.artist for item in since.items}, "nor is what was played before"
    with pytest.raises(NothingYetError, match="You played nothing in that time"):
        session.discover.list(DiscoverSettings(window=Window(time_of_week=time_of_week("night"))))
    session.close()


def test_a_context_nobody_knows_is_refused_with_those_there_are() -> None:
    assert time_of_week(" Evening ").name == "evening"
    with pytest.raises(UnknownNameError, match="morning, commute, work, evening, night, weekend"):
        time_of_week("running")
