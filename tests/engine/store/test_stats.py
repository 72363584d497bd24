"""A history in numbers: counted by hand, in the machine's own time zone, with no blocked artist's name."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from engine.canonical_keys import artist_key
from engine.paths import Folders
from engine.privacy import Door
from engine.store.artists import played_artist
from engine.store.database import open_library
from engine.store.feedback import set_verdict
from engine.store.history import listen_ids
from engine.store.play import DAY
from engine.store.stats import Played, stats
from tests.support.listens import play

# 2024-03-31 00:30 UTC: in Berlin 01:30, half an hour before the clocks go forward; a Sunday.
BEFORE_DST = 1_711_845_000
NEW_YEAR_2024 = 1_704_067_200  # in UTC
NEW_YEAR_UTC = 1_735_687_800  # 2024-12-31 23:30 UTC, in Berlin already 2025, a Wednesday


@pytest.fixture
def berlin(monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def library(tmp_path):
    connection = open_library(Door(Folders(tmp_path)))
    play(connection, "Burel", "One", BEFORE_DST, BEFORE_DST + 3600, NEW_YEAR_UTC)
    play(connection, "Burel", "Two", None)
    play(connection, "Moire", "Three", BEFORE_DST, BEFORE_DST + 3600)
    with connection:
        connection.execute("UPDATE listens SET ms_played = 1800000 WHERE started_at = ?", (NEW_YEAR_UTC,))
    yield connection
    connection.close()


def test_plays_are_counted_by_local_hour_weekday_month_and_year(library, berlin) -> None:
    found = stats(library)
    assert (found.plays, found.undated, found.timed, found.hours) == (6, 1, 1, 0.5)
    assert (found.artists, found.tracks) == (2, 3)
    assert (found.first, found.last) == (BEFORE_DST, NEW_YEAR_UTC)
    assert found.by_month == {"2024-03": 4, "2025-01": 1}
    assert found.by_weekday == (0, 0, 1, 0, 0, 0, 4)
    assert {hour: n for hour, n in enumerate(found.by_hour) if n} == {0: 1, 1: 2, 3: 2}
    assert found.top_artists == (Played("Burel", None, 4), Played("Moire", None, 2))
    assert found.top_tracks[0] == Played("Burel", "One", 3)
    assert stats(library, 2025).plays == 1, "a year is the year here, not in Greenwich"
    assert stats(library, 2024).top_artists == (Played("Burel", None, 2), Played("Moire", None, 2))
    assert stats(library, 1999).plays == 0
    assert stats(library, 2024).by_day == {"2024-03-31": 4}


def test_a_blocked_artist_is_counted_and_not_named(library) -> None:
    set_verdict(library, "block", artist="Burel", artist_key=artist_key("Burel"))
    found = stats(library)
    assert found.plays == 6
    assert found.top_artists == (Played("Moire", None, 2),)
    assert {row.artist for row in found.top_tracks} == {"Moire"}


@pytest.mark.parametrize("zone", ["America/New_York", "UTC", "Asia/Tokyo"])
def test_a_play_whose_day_alone_is_known_has_that_day_and_no_hour_in_every_zone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    connection = open_library(Door(Folders(tmp_path)))
    play(connection, "Burel", "One", NEW_YEAR_2024, NEW_YEAR_2024 + 366 * DAY)
    with connection:
        connection.execute("UPDATE listens SET precision = ?", (DAY,))
    found = stats(connection, 2024)
    assert (found.plays, found.by_day) == (1, {"2024-01-01": 1})
    assert found.by_weekday == (1, 0, 0, 0, 0, 0, 0), "a Monday"
    assert not any(found.by_hour)
    artist = played_artist(connection, "burel")
    assert artist.by_year == {2024: 1, 2025: 1}
    assert time.localtime(artist.first)[:3] == (2024, 1, 1)
    assert stats(connection).by_month == {"2024-01": 1, "2025-01": 1}
    here = [int(time.mktime((2025, 1, day, 0, 0, 0, 0, 0, -1))) for day in (1, 2)]
    assert len(listen_ids(connection, period=(here[0], here[1]))) == 1
    assert len(listen_ids(connection, period=(-1 << 40, here[0]))) == 1
    connection.close()
    monkeypatch.undo()
    time.tzset()
