"""Dates of short numbers, of which two may be the year: the other dates of the file tell, or the report says so."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.imports.local_dates import readings
from tests.support.importing import SONG, bring, write


def days(db: sqlite3.Connection) -> list[str]:
    rows = db.execute("SELECT started_at FROM listens ORDER BY id")
    return [f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}" for (at,) in rows]


def table(*stamps: str) -> str:
    return "artist,track,time\n" + "".join(f"{SONG[0]},{SONG[1]},{stamp}\n" for stamp in stamps)


@pytest.mark.parametrize(
    ("stamps", "first"),
    [
        # A day above 31, a year with no recorded plays: the 1st would be of 2001.
        (("24-03-13 14:02", "24-03-01 9:15"), "2024-03-13 14:02"),
        (("24/03/13 14:02", "24/03/01 9:15"), "2024-03-13 14:02"),
        (("24/3/13 2:02 PM", "24/3/01 9:15 AM"), "2024-03-13 14:02"),
        (("24-03-13T14:02:00", "24-03-01T09:15:00"), "2024-03-13 14:02"),
        (("24-03-13 14:02", "31-12-13 9:15"), "2013-03-24 14:02"),
        (("24-03-13 14:02", "01-03-13 9:15"), "2013-03-24 14:02"),
        # Of one digit it is no year.
        (("11-03-13 14:02", "9-03-13 9:15", "13-03-13 8:00"), "2013-03-11 14:02"),
        # A month above 12.
        (("11-03-13 14:02", "03-24-13 9:15"), "2013-11-03 14:02"),
        (("24.03.13 14:02", "24.03.01 9:15"), "2024-03-13 14:02"),
        (("24. 3. 13. 14:02", "24. 3. 01. 9:15"), "2024-03-13 14:02"),
        # Between dots it is last.
        (("24.03.13 14:02",), "2013-03-24 14:02"),
        (("24.03.13 14:02", "23.03.13 9:15", "24.03.12 9:15"), "2013-03-24 14:02"),
        # A month by its name is between them either way.
        (("24-Mar-13 14:02", "24-Mar-01 9:15"), "2024-03-13 14:02"),
        (("24-Mar-13 14:02", "31-Dec-13 9:15"), "2013-03-24 14:02"),
        (("24-mars-13 14:02", "24-déc.-27 9:15", "24-mars-14 9:15"), "2024-03-13 14:02"),
        (("24-Mar-13 14:02", "3/24/2013 9:15"), "2013-03-24 14:02"),
        (("24年3月13日 14:02",), "2024-03-13 14:02"),
        # Either way it is the same.
        (("13-03-13 14:02",), "2013-03-13 14:02"),
    ],
)
def test_where_one_date_tells_the_order_all_are_read_so_and_nothing_is_said(
    db: sqlite3.Connection, tmp_path: Path, stamps: tuple[str, ...], first: str
) -> None:
    for backwards in (False, True):
        [file] = bring(db, write(tmp_path, "a.csv", table(*stamps[:: -1 if backwards else 1]))).files
        assert (file.kept, file.note) == (0 if backwards else len(stamps), "")
    assert days(db)[0] == first


@pytest.mark.parametrize(
    ("stamps", "first", "read"),
    [
        (("24-03-13 14:02",), "2013-03-24 14:02", "day/month"),
        (("24-03-13 14:02", "24-03-13 13:01", "24-03-12 20:00"), "2024-03-13 14:02", "year/month"),
        (("24-03-13 14:02", "24-03-13 13:01", "23-03-13 20:00"), "2013-03-24 14:02", "day/month"),
        (("24-Mar-13 14:02",), "2013-03-24 14:02", "day/month"),
        (("24-Mar-13 14:02", "24-Mar-12 13:01", "24-Feb-12 20:00"), "2024-03-13 14:02", "year/month"),
        (("10/03/11 2:02 PM", "10/03/11 1:01 PM", "10/02/11 8:00 PM"), "2011-10-03 14:02", "month/day"),
    ],
)
def test_where_none_tells_it_is_by_the_order_of_the_rows_and_said(
    db: sqlite3.Connection, tmp_path: Path, stamps: tuple[str, ...], first: str, read: str
) -> None:
    [file] = bring(db, write(tmp_path, "a.csv", table(*stamps))).files
    assert file.note == f"dates such as {stamps[0]} were read as {read}; check a few"
    assert days(db)[0] == first


def test_years_in_both_places_are_said_and_each_date_is_read_as_it_can_be(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    stamps = ("24-03-01 14:02", "13-03-2024 13:01", "24-03-13 12:00")
    [file] = bring(db, write(tmp_path, "a.csv", table(*stamps))).files
    assert file.note == (
        "dates contradict one another: 13-03-2024 13:01 has the day first, 24-03-01 14:02 has the year first; those "
        "that may be either were read as year/month, check them"
    )
    assert days(db) == ["2024-03-01 14:02", "2024-03-13 13:01", "2024-03-13 12:00"]


def test_a_date_that_fits_no_order_of_the_others_is_said_whatever_it_may_be_itself(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    """The first may have the day in front, or the year."""
    [file] = bring(
        db, write(tmp_path, "a.csv", table("13/03/24 10:00", "03/14/24 10:00", "05/06/24 10:00"))
    ).files
    assert (
        "dates contradict one another: 13/03/24 10:00 has the day first, 03/14/24 10:00 has the month first; those "
        "that may be either were read as day/month, check them"
    ) in file.note


@pytest.mark.parametrize("stamp", ["2 Mar 4 14:02", "令和6年3月2日 14:02", "24. 3. 2 14:02"])
def test_a_number_of_one_digit_is_no_year(db: sqlite3.Connection, tmp_path: Path, stamp: str) -> None:
    [file] = bring(db, write(tmp_path, "a.csv", table("2024-03-02 14:02", stamp))).files
    assert (file.kept, file.dropped) == (1, {"unreadable time": 1})


def test_a_computers_clock_that_is_wrong_decides_no_order(
    db: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", lambda: 1_262_304_000.0)  # 2010
    assert set(readings("03-02-24")) == {"day/month", "month/day", "year/month"}
    [file] = bring(db, write(tmp_path, "a.csv", table("03-02-24 14:02"))).files
    assert "check a few" in file.note
