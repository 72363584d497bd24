"""A play whose day alone is known was on that day in every time zone, whoever asks."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.canonical_keys import artist_key, joined_key
from engine.imports.run import import_paths
from engine.paths import Folders
from engine.privacy import Door
from engine.store.artists import played_artist
from engine.store.database import open_library
from engine.store.encounters import last_days
from engine.store.history import counts, listen_ids, listens, played_tracks, tracks_by_artist
from engine.store.local_days import in_local_time, moment_of
from engine.store.stats import stats
from engine.taste.gate import read_days, read_taste
from engine.taste.when_played import (
    counted_within,
    day_in_past_years,
    last_played,
    played_since,
    plays_by_year,
)
from tests.support.listens import play

DAY = 86_400
# In the last of these the day on which summer time begins has no midnight.
ZONES = ["America/New_York", "Etc/GMT+12", "UTC", "Asia/Tokyo", "Pacific/Kiritimati", "Asia/Beirut"]


@pytest.fixture(params=ZONES)
def _zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def day(year: int, month: int, number: int) -> int:
    """As a play of that day is stored."""
    return int(datetime.datetime(year, month, number, tzinfo=datetime.UTC).timestamp())


def here(year: int, month: int, number: int, hour: int = 0) -> int:
    return int(time.mktime((year, month, number, hour, 0, 0, 0, 0, -1)))


def date_of(moment: int | None) -> str:
    assert moment is not None
    return time.strftime("%Y-%m-%d", time.localtime(moment))


# 29 March 2026: the clocks change at midnight in Beirut.
FIRST, LAST = day(2024, 1, 1), day(2026, 3, 29)


@pytest.fixture
def library(_zone: None, tmp_path: Path):
    connection = open_library(Door(Folders(tmp_path)))
    play(connection, "Burel", "One", FIRST, LAST)
    with connection:
        connection.execute("UPDATE listens SET precision = ?", (DAY,))
    yield connection
    connection.close()


def test_every_reader_gives_the_same_day_in_every_zone(library) -> None:
    one, ends = counts(library), ("2024-01-01", "2026-03-29")
    assert (date_of(one.first), date_of(one.last)) == ends
    every = stats(library)
    assert (date_of(every.first), date_of(every.last)) == ends
    assert (every.by_month["2024-01"], every.by_month["2026-03"]) == (1, 1)
    artist = played_artist(library, "burel")
    assert (date_of(artist.first), date_of(artist.last)) == ends
    assert artist.by_year == {2024: 1, 2025: 0, 2026: 1}
    (item,) = read_taste(library).items
    assert date_of(item.last_played) == ends[1]
    (track,) = played_tracks(library, "main.listens")
    (same,) = tracks_by_artist(library, ["burel"])["burel"]
    assert date_of(track.last_played) == date_of(same.last_played) == ends[1]
    assert [date_of(last) for last in last_played(library).values()] == [ends[1]]
    assert [(year, sum(plays.values())) for year, plays in plays_by_year(library)] == [
        (2024, 1),
        (2025, 0),
        (2026, 1),
    ]
    assert last_days(library, ["burel"]) == {"burel": LAST // DAY}


def test_days_between_plays_are_those_of_the_calendar_here(library) -> None:
    play(library, "Ida", "Late", here(2026, 4, 3, 23), here(2026, 4, 2, 1))
    days = read_days(library)
    ages = {(days.keys[item], age) for item, age in zip(days.item.tolist(), days.age.tolist(), strict=True)}
    assert ages == {("ida", 0), ("ida", 1), ("burel", 5), ("burel", (LAST - FIRST) // DAY + 5)}


def test_a_day_in_past_years_has_the_plays_of_that_day(library) -> None:
    for today, found in ((datetime.date(2027, 3, 29), 1), (datetime.date(2027, 3, 28), 0)):
        spans = day_in_past_years(library, today)
        assert len(played_tracks(library, counted_within(library, spans))) == found, today
    assert len(day_in_past_years(library, datetime.date(2025, 1, 1))) == 1, "its first year, too"


def test_a_day_lasts_until_its_end_here(library) -> None:
    key = joined_key(artist_key("Burel"), "One")
    assert played_since(library, here(2026, 3, 29, 23)) == {key}
    assert played_since(library, here(2026, 3, 30, 2)) == set()
    assert played_since(library, here(2025, 1, 1), here(2026, 3, 28, 22)) == set()
    assert played_since(library, here(2025, 1, 1), here(2026, 3, 29, 2)) == {key}


def test_lists_are_in_the_order_of_days_here(library) -> None:
    play(library, "Burel", "Evening before", here(2026, 3, 28, 23))
    play(library, "Burel", "Morning after", here(2026, 3, 30, 1))
    names = [row.track for row in listens(library, listen_ids(library))]
    assert names == ["Morning after", "One", "Evening before", "One"]
    assert len(listen_ids(library, period=(here(2026, 3, 29, 1), here(2026, 3, 30)))) == 1


def test_a_moment_at_hand_is_the_one_of_the_query(library) -> None:
    (item,) = read_taste(library).items
    assert item.last_played == moment_of(LAST, DAY)
    assert moment_of(LAST + 5, 60) == LAST + 5


@pytest.mark.usefixtures("_zone")
def test_the_report_of_an_import_has_the_days_of_its_plays(tmp_path: Path) -> None:
    connection = open_library(Door(Folders(tmp_path)))
    file = tmp_path / "days.csv"
    file.write_text("artist,title,date\nMoire,One,2024-01-01\nMoire,Two,2024-02-03\n")
    report = import_paths(connection, [file])
    assert (date_of(report.first), date_of(report.last)) == ("2024-01-01", "2024-02-03")
    connection.close()


def test_a_library_without_such_days_is_read_by_its_indexes(tmp_path: Path) -> None:
    connection = open_library(Door(Folders(tmp_path)))
    play(connection, "Burel", "One", FIRST)
    assert in_local_time(connection, 1, 2) == "(l.started_at >= 1 AND l.started_at < 2)"
    plan = str(
        connection.execute("EXPLAIN QUERY PLAN SELECT 1 FROM listens WHERE precision >= 86400").fetchall()
    )
    assert "listens_of_days" in plan
    connection.close()
