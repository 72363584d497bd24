"""The picture of a year: a square a day in its week, shades without colour, and nothing wider than its room."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.cells import cell_len

from engine.store.stats import Played, Stats
from tuiapp.settings.actions import key_table
from tuiapp.widgets.year import SHADES, picture


def stats_of(by_day: dict[str, int]) -> Stats:
    hours = tuple(range(24))
    top = (Played("[/intro] \x1b[31mRed", None, 9), Played("ソキツコ", None, 3))
    return Stats(2024, 12, 0, 0, 0.0, 2, 2, 0, 0, top, (), {}, (0,) * 7, hours, by_day)


def test_every_day_is_in_its_week_and_the_busiest_is_darkest() -> None:
    lines = picture(stats_of({"2024-01-01": 1, "2024-01-07": 100, "2024-12-31": 30}), 62, 40).plain.split(
        "\n"
    )
    monday, sunday, tuesday = lines[3], lines[9], lines[4]
    assert monday[4] == SHADES[1], "1 January 2024 was a Monday"
    assert sunday[4] == SHADES[4]
    assert tuesday[4 + 52] == SHADES[3], "31 December was the Tuesday of the 53rd week"
    assert sum(line[4:].count(SHADES[0]) for line in lines[3:10]) == 366 - 3
    assert lines[2].split() == [
        "Jan",
        "Feb",
        "Mar",
        "Apr",
        "May",
        "Jun",
        "Jul",
        "Aug",
        "Sep",
        "Oct",
        "Nov",
        "Dec",
    ]


@pytest.mark.parametrize(("width", "height"), [(62, 40), (56, 22), (30, 12), (8, 3)])
def test_it_is_no_wider_than_its_room_and_shows_names_as_they_are(width: int, height: int) -> None:
    lines = picture(stats_of({"2024-05-05": 3}), width, height).plain.split("\n")
    if width >= 30:
        assert max(cell_len(line) for line in lines) <= max(width, 34)
    assert all("\x1b" not in line for line in lines)
    if height >= 20:
        assert any("[/intro]" in line for line in lines)


def test_the_keys_of_the_year_are_in_the_table() -> None:
    assert "Previous year." in key_table()


def test_where_not_all_weeks_fit_the_last_ones_with_plays_are_shown() -> None:
    lines = picture(stats_of({"2024-01-01": 1, "2024-10-14": 100}), 40, 40).plain.split("\n")
    assert max(map(cell_len, lines)) <= 40
    monday = lines[3]
    assert monday[-1] == SHADES[4], "Monday 14 October is in the last column"
    assert "Oct" in lines[2]
    assert "Jan" not in lines[2]
    early = picture(stats_of({"2024-01-01": 100}), 40, 40).plain.split("\n")
    assert early[3][4] == SHADES[4], "of a year that has only begun the first weeks are shown"


def test_plays_whose_days_alone_are_known_have_no_picture_of_hours() -> None:
    found = stats_of({"2024-05-05": 3})
    assert "by hour" in picture(found, 62, 40).plain
    of_days = replace(found, by_hour=(0,) * 24, by_week=((0,) * 24,) * 7)
    assert "hour" not in picture(of_days, 62, 40).plain
