"""When a row of a table was played: every way exporters and spreadsheets write it, and how exactly it says so."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from engine.imports.record import Options
from engine.imports.stamps import Stamps
from tests.support.importing import OTHER, SONG, START, bring, listens, write

DAY = START - START % 86_400


def table(*stamps: str, columns: str = "time", song: tuple[str, str] = SONG) -> str:
    return f"artist,track,{columns}\n" + "".join(f"{song[0]},{song[1]},{stamp}\n" for stamp in stamps)


def times(db: sqlite3.Connection) -> list[tuple[Any, ...]]:
    return db.execute("SELECT started_at, precision, plays FROM listens ORDER BY id").fetchall()


@pytest.mark.parametrize(
    ("stamp", "width"),
    [
        ("2024-03-02 19:01:00", 1), ("2024-03-02T19:01", 60), ("2024-03-02 19.01", 60), ("2024/03/02 19:01", 60),
        ("2024-03-02T20:01:00+01:00", 1), ("2024-03-02 20:01 +0100", 60), ("2024-03-02 19:01:00 UTC", 1),
        ("2024-03-02T19:01:00.123456789Z", 1), ("20240302T190100", 1), ("02.03.2024 19:01", 60),
        ("02.03.2024 19.01", 60), ("2.3.2024 19:01:00", 1), ("02.03.24 19:01", 60), ("02-Mar-24 19:01", 60),
        ("13/03/2024 19:01", 60), ("3/13/2024 7:01 PM", 60), ("3/13/24 7:01:00 p.m.", 1),
        ("02 Mar 2024, 19:01", 60), ("March 2, 2024, 20:01 CET", 60), ("2. März 2024 19:01", 60),
        ("2 mars 2024 19h01", 60), ("sábado, 2 de marzo de 2024, 19:01", 60), ("2024年3月2日 19時01分", 60),
        ("Sat, 02 Mar 2024 19:01:00 GMT", 1), ("Sat, 2 Mar 2024 20:01:00 +0100", 1), ("Sat Mar  2 19:01:00 2024", 1),
        ("1709406060", 1), ("1709406060.25", 1), ("1709406060000", 1), ("1709406060000000000", 1),
        ("45353.792361111111", 1), ('"45353,792361111111"', 1),
        ("2024-03-02", 86_400), ("20240302", 86_400), ("02.03.2024", 86_400), ("2 March 2024", 86_400),
        ("1,709,406,060", 1), ("1.709.406.060", 1),
        ("2024-03-01 24:00:00", 1), ("2024-03-01T24:00", 60), ("01.03.2024 24:00", 60), ("01 Mar 2024, 24:00", 60),
        ("2024-03-01T24:00:00Z", 1), ("2024-03-02 19:00:60", 1), ("2024-03-02T19:00:60+00:00", 1),
        ("02.03.2024 19:00:60", 1), ("Sat, 02 Mar 2024 19:00:60 GMT", 1),
        ("202403021901", 60), ("20240302190100", 1), ("1.70940606E9", 1), ("1.709406060933e+12", 1),
        ("2024-03-02 20:01:00 Europe/Copenhagen", 1), ("02.03.2024 20:01 [Europe/Paris]", 60),
        ("2 Mar 2024, 16:01 America/Argentina/Buenos_Aires", 60), ("02.03.2024 19:01:00,123", 1),
        ("2024-03-03 GMT+05:30 00:31", 60), ("2. mar. 2024 20.01.00 GMT+01:00", 1),
        ("/Date(1709406060000)/", 1), (r"\/Date(1709406060000-0500)\/", 1), ("new Date(1709406060)", 1),
        ('ISODate("2024-03-02T19:01:00Z")', 1), ("638450028600000000", 1), ("133538796600000000", 1),
        ("13353879660000000", 1), ("2024-Mar-02 19:01", 60), ("2024-Mar-02 19:01:00 +00:00", 1),
        ("02.03.24", 86_400), ("02.03.24 19.01", 60), ("02/03/24 19.01", 60), ("02.03.24 19.01.00", 1),
        ("45353", 86_400), ("Saturday, March 2, 2024", 86_400), ("02-Mar-24", 86_400),
    ],
)  # fmt: skip
def test_stamps_of_every_form(stamp: str, width: int) -> None:
    stamps = Stamps(Options())
    [(_, text)] = stamps.settle(iter([stamp.strip('"')]), lambda text: text)
    found = stamps.read(text)
    expected = (
        DAY
        if width == 86_400 or "24:00" in stamp
        else START + (11 * 86_400 if "13" in stamp[:4] and "/" in stamp else 0)
    )
    assert (found and found[:2]) == (expected, width), stamp


@pytest.mark.parametrize(
    "stamp",
    [
        "1,7E+09",
        "1.12E+09",
        "1,709406E+12",
        "1.1E9",
        "soon",
        "19:01",
        "31.02.2024 19:01",
        "3:45",
        "Track 2 of 3",
        "2024-03-02 24:01",
        "2024-03-02 19:01:61",
        "March 9223372036854775808, 2024 at 07:01PM",
        "9223372036854775808 March 2024 19:01",
        "2/9223372036854775808/2024 19:01",
        "2024年9223372036854775808月2日 19:01",
    ],
)
def test_what_is_not_a_stamp(stamp: str) -> None:
    assert Stamps(Options()).read(stamp) is None


def test_a_stamp_without_a_zone_is_the_persons(db: sqlite3.Connection, tmp_path: Path) -> None:
    bring(db, write(tmp_path, "a.csv", table("02.03.2024 20:01", "45354.834027777780")), zone="Europe/Paris")
    assert times(db) == [(START, 60, 1), (START + 86_400, 1, 1)]


@pytest.mark.parametrize(
    ("stamps", "first"),
    [
        (("3/2/2024 19:01", "3/13/2024 18:57"), START),
        (("2/3/2024 19:01", "13/3/2024 18:57"), START),
        # No number is above 12: the order they are sorted in tells, else what is not ahead of now.
        (("3/2/2024 19:01", "3/4/2024 19:01", "3/9/2024 19:01", "4/1/2024 19:01"), START),
        (("2/3/2024 19:01", "4/3/2024 19:01", "9/3/2024 19:01", "1/4/2024 19:01"), START),
        (("3/2/2024 7:01 PM",), START),
        (("2/3/2024 19:01",), START),
    ],
)
def test_day_and_month_are_distinguished_by_the_file(
    db: sqlite3.Connection, tmp_path: Path, stamps: tuple[str, ...], first: int
) -> None:
    [file] = bring(db, write(tmp_path, "a.csv", table(*stamps))).files
    assert times(db)[0][0] == first
    assert file.kept == len(stamps)
    assert ("were read as" in file.note) == all("13" not in stamp for stamp in stamps)


def test_the_repeats_of_a_day_are_kept_and_the_same_file_adds_nothing(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    path = write(
        tmp_path, "a.csv", table("2024-03-02", "2024-03-02", "2024-03-02", "2024-03-03", columns="date")
    )
    [file] = bring(db, path).files
    assert (file.kept, file.duplicates) == (4, 0)
    assert {row[1] for row in times(db)} == {86_400}
    [file] = bring(db, path).files
    assert (file.kept, file.duplicates) == (0, 4)
    later = table("2024-03-02", "2024-03-02", "2024-03-02", "2024-03-02", columns="date")
    [file] = bring(db, write(tmp_path, "b.csv", later)).files
    assert (file.kept, file.duplicates) == (1, 3)


@pytest.mark.parametrize(
    "stamps",
    [
        ("2024-03-02 00:00:00", "2024-03-02 00:00:00", "2024-03-03 00:00:00"),
        ("2024-03-02T00:00:00Z", "2024-03-02T00:00:00Z", "2024-03-03T00:00:00Z"),
        ("3/2/2024 12:00:00 AM", "3/2/2024 12:00:00 AM", "3/13/2024 12:00:00 AM"),
        ("1709337600", "1709337600", "1709424000"),
        ("2024-03-02", "2024-03-02 ", "2024-03-03"),
    ],
)
def test_a_file_with_midnights_alone_has_days(
    db: sqlite3.Connection, tmp_path: Path, stamps: tuple[str, ...]
) -> None:
    bring(db, write(tmp_path, "a.csv", table(*stamps)))
    assert [row[:2] for row in times(db)][:2] == [(DAY, 86_400)] * 2
    assert len(times(db)) == 3


@pytest.mark.parametrize("zone", [None, "America/New_York", "Asia/Tokyo"])
@pytest.mark.parametrize(
    "stamp",
    [
        "2024-03-02",
        "02.03.2024",
        "2024-03-02 00:00:00",
        "2024-03-02T00:00:00+01:00",
        "45353",
        "Mar 2, 2024 12:00 AM",
    ],
)
def test_a_day_is_one_of_no_zone(
    db: sqlite3.Connection, tmp_path: Path, zone: str | None, stamp: str
) -> None:
    bring(db, write(tmp_path, "a.csv", table(f'"{stamp}"')), zone=zone)
    assert times(db) == [(DAY, 86_400, 1)]


def test_midnight_is_a_time_beside_others(db: sqlite3.Connection, tmp_path: Path) -> None:
    bring(db, write(tmp_path, "a.csv", table("2024-03-02 00:00:00", "2024-03-02 19:01:00")))
    assert times(db) == [(DAY, 1, 1), (START, 1, 1)]


@pytest.mark.parametrize(
    ("columns", "row"),
    [
        ("date,time", "2024-03-02,19:01"),
        ("time,date", "19:01,2024-03-02"),
        ("day,time", "2024-03-02,7:01 PM"),
        ("date,time(utc)", "02.03.2024,19:01"),
        ("datum,uhrzeit", "02.03.2024,19.01"),
        ("date,utc_time", "2024-03-02,19:01"),
        ("day,hour", "2024-03-02,19:01"),
        ("date,played_at", "2024-03-02,2024-03-02 19:01"),
        ("played_at,date", "2024-03-02 19:01,2024-03-02"),
    ],
)
def test_a_day_and_a_clock_in_two_columns(
    db: sqlite3.Connection, tmp_path: Path, columns: str, row: str
) -> None:
    bring(db, write(tmp_path, "a.csv", table(*[row.replace('"', "")], columns=columns)))
    assert times(db) == [(START, 60, 1)]


@pytest.mark.parametrize(
    ("day", "clock"), [("Datum", "Klockslag"), ("日付", "時刻"), ("Dia", "Hora"), ("Date", "Clock")]
)
def test_a_clocks_column_in_any_language(
    db: sqlite3.Connection, tmp_path: Path, day: str, clock: str
) -> None:
    bring(db, write(tmp_path, "a.csv", table("02.03.2024,19:01", columns=f"{day},{clock}")))
    assert times(db) == [(START, 60, 1)]


@pytest.mark.parametrize(
    "clock",
    [
        "19時01分",
        "19시 01분",
        "오후 7:01",
        "下午7:01",
        "7:01 μ.μ.",
        "klo 19.01",
        "kl. 19.01",
        "19 h 01",
        "7:01 م",
    ],
)
def test_a_clock_of_its_own_column_is_read_in_any_language(
    db: sqlite3.Connection, tmp_path: Path, clock: str
) -> None:
    """The plays had their days alone, without a word."""
    bring(db, write(tmp_path, "a.csv", table(f"2024年03月02日,{clock}", columns="日付,時刻")))
    assert times(db) == [(START, 60, 1)]


@pytest.mark.parametrize("column", ["Date et heure", "Datum und Uhrzeit", "日時", "ts", "When", "Ended at"])
def test_a_column_of_dates_and_times_is_known(db: sqlite3.Connection, tmp_path: Path, column: str) -> None:
    bring(db, write(tmp_path, "a.csv", table("2024-03-02 19:01", columns=column)))
    assert times(db) == [(START, 60, 1)]


def test_a_clock_beside_days_is_named_and_can_be_given(db: sqlite3.Connection, tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", table("02.03.2024,19:01,3:40", columns="date,begun,length"))
    assert '"date=date,time=begun"' in bring(db, path).files[0].note
    bring(db, path, columns={"date": "date", "time": "begun"})
    assert times(db) == [(START, 60, 1)]
    path = write(tmp_path, "b.csv", table("02.03.2024,3:40,13.40", columns="date,length,price", song=OTHER))
    assert "only days" not in bring(db, path).files[0].note


@pytest.mark.parametrize(("moment", "width"), [("2024-03-02T19:01", 60), ("1709406060", 1)])
def test_a_moment_beside_days_is_named_and_can_be_given(
    db: sqlite3.Connection, tmp_path: Path, moment: str, width: int
) -> None:
    path = write(tmp_path, "a.csv", table(f"02.03.2024,{moment}", columns="date,begun"))
    assert '"time=begun"' in bring(db, path).files[0].note
    bring(db, path, columns={"time": "begun"})
    assert times(db) == [(START, width, 1)]
    path = write(tmp_path, "b.csv", table("02.03.2024,2019-01-01T19:01", columns="date,added", song=OTHER))
    assert "only days" not in bring(db, path).files[0].note


def test_a_zone_in_words_is_said_to_be_unknown(db: sqlite3.Connection, tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", table("2024-03-02 19:01:00 Pacific Time"))
    assert "unknown zones" in bring(db, path).files[0].note


def test_rows_whose_artist_and_track_are_objects_are_no_pages_of_lastfm(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    row = {"artist": {"name": SONG[0]}, "track": {"name": SONG[1]}, "played_at": "2024-03-02T19:01:00Z"}
    file = bring(db, write(tmp_path, "a.json", [row])).files[0]
    assert (file.format, file.kept) == ("jsonl", 1)
    played = {"track": {"artists": [{"name": SONG[0], "type": "artist"}], "name": SONG[1]}, "played_at": "x"}
    assert bring(db, write(tmp_path, "b.json", [played])).files[0].format == "jsonl"


def test_a_clock_between_dots_is_no_date_of_another_order(db: sqlite3.Connection, tmp_path: Path) -> None:
    stamps = ("13. marts 2024 18.02.17", "2. marts 2024 03.31.16")
    [file] = bring(db, write(tmp_path, "a.csv", table(*stamps))).files
    assert "contradict" not in file.note
    assert [at for at, _, _ in times(db)] == [1_710_352_937, 1_709_350_276]


def test_lines_of_json_are_read_alike(db: sqlite3.Connection, tmp_path: Path) -> None:
    lines = "".join(
        f'{{"artist": "{SONG[0]}", "track": "{SONG[1]}", "played_at": "{stamp}"}}\n'
        for stamp in ("3/2/2024 19:01", "3/13/2024 18:57")
    )
    bring(db, write(tmp_path, "a.jsonl", lines))
    assert times(db)[0] == (START, 60, 1)


@pytest.mark.parametrize("stamp", ["1.70941E+12", '"1,70941E+12"', "1.70941E+09", "1.70941E+18"])
def test_times_a_spreadsheet_rounded_are_named(db: sqlite3.Connection, tmp_path: Path, stamp: str) -> None:
    [file] = bring(db, write(tmp_path, "a.csv", table(stamp, "1709406060", columns="timestamp"))).files
    assert file.dropped == {"time rounded by a spreadsheet": 1}
    assert "export the file again" in file.note
    assert [row[0] for row in listens(db)] == [START]


def test_a_table_for_lastfmstats_saved_by_a_spreadsheet(db: sqlite3.Connection, tmp_path: Path) -> None:
    text = "Artist;Album;AlbumId;Track;Date#someone\r\nCaf\xe9 Tundra;;;Harbour Lights;1,70941E+12\r\n"
    [file] = bring(db, write(tmp_path, "a.csv", text.encode("cp1252"))).files
    assert file.dropped == {"time rounded by a spreadsheet": 1}


def test_days_of_two_tracks_stay_apart(db: sqlite3.Connection, tmp_path: Path) -> None:
    rows = table("2024-03-02", columns="date") + f"{OTHER[0]},{OTHER[1]},2024-03-02\n" * 2
    bring(db, write(tmp_path, "a.csv", rows))
    assert sorted(row[1] for row in listens(db)) == [SONG[0], OTHER[0], OTHER[0]]


def test_a_wrong_clock_of_the_computer_makes_no_play_a_second_one(
    db: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "a.csv", table("1709406060", "1709409660"))
    bring(db, path)
    monkeypatch.setattr("time.time", lambda: 1_262_304_000.0)  # 2010
    [file] = bring(db, path).files
    assert (file.kept, file.duplicates, file.undated) == (0, 2, 0)
    [file] = bring(db, write(tmp_path, "b.csv", table("1709406060", "1709409661"))).files
    assert (file.kept, file.undated) == (1, 0)


def test_rows_of_one_file_are_plays_of_their_own_whatever_their_clock(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    stamps = ("2024-03-02", "2024-03-02 19:01", "2024-03-02", "2024-03-02 20:01:30", "2024-03-02")
    path = write(tmp_path, "a.csv", table(*stamps, columns="date"))
    assert bring(db, path).files[0].kept == 5
    assert bring(db, path).files[0].kept == 0


def test_a_header_of_date_and_time_is_not_a_row(db: sqlite3.Connection, tmp_path: Path) -> None:
    [file] = bring(
        db, write(tmp_path, "a.csv", f"Date,Time (UTC),Artist,Title\n2024-03-02,19:01,{SONG[0]},{SONG[1]}\n")
    ).files
    assert (file.read, times(db)) == (1, [(START, 60, 1)])


def test_one_array_of_flat_records(db: sqlite3.Connection, tmp_path: Path) -> None:
    row = {"artist": SONG[0], "track": SONG[1]}
    bring(db, write(tmp_path, "a.json", [{**row, "date": "2024-03-02"}, {**row, "date": "2024-03-02"}]))
    assert times(db) == [(DAY, 86_400, 1)] * 2


def test_a_table_without_a_time_says_so(db: sqlite3.Connection, tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", f"artist,track,hörte\n{SONG[0]},{SONG[1]},2024-03-02 19:01\n")
    [file] = bring(db, path).files
    assert (file.format, "--map time=COLUMN" in file.note) == (None, True)
    bring(db, path, columns={"time": "hörte"})
    assert times(db) == [(START, 60, 1)]


@pytest.mark.parametrize(
    ("stamp", "said"),
    [
        ("2024-03", "a month, such as 2024-03"),
        ("03/2024", "a month, such as 03/2024"),
        ("March 2024", "a month, such as March 2024"),
        ("2024-W10", "a month, such as 2024-W10"),
        ("1402/12/12 19:01", "dates such as 1402/12/12 19:01 are of the Persian or Islamic calendar"),
        ("1402-12-12T19:01:00Z", "dates such as 1402-12-12T19:01:00Z are of the Persian or Islamic calendar"),
        ("1403/02/31", "dates such as 1403/02/31 are of the Persian or Islamic calendar"),
        ("۱۲ اسفند ۱۴۰۲", "dates such as ۱۲ اسفند ۱۴۰۲ are of the Persian or Islamic calendar"),
    ],
)
def test_what_dates_no_play_leaves_it_without_a_date_and_is_said(
    db: sqlite3.Connection, tmp_path: Path, stamp: str, said: str
) -> None:
    path = write(tmp_path, "a.csv", table(stamp, stamp, "2024-03-02 19:01:00"))
    [file] = bring(db, path).files
    assert (file.kept, file.undated) == (3, 2)
    assert said in file.note
    assert times(db) == [(None, None, 1), (None, None, 1), (START, 1, 1)]
    again = bring(db, write(tmp_path, "b.csv", table(stamp)))
    assert again.totals["duplicates"] == 1


@pytest.mark.parametrize(
    ("stamps", "read"),
    [
        (("13/3/2024 18:57", "3/13/2024 17:57", "2/3/2024 19:01"), "day/month"),
        (("3/13/2024 18:57", "3/2/2024 19:01", "13/3/2024 17:57"), "month/day"),
        (("31.12.2023 18:57", "3.13.2024 18:57", "2.3.2024 19:01"), "day/month"),
    ],
)
def test_dates_that_contradict_one_another_are_said(
    db: sqlite3.Connection, tmp_path: Path, stamps: tuple[str, ...], read: str
) -> None:
    [file] = bring(db, write(tmp_path, "a.csv", table(*stamps))).files
    assert file.kept == 3
    assert "contradict one another" in file.note
    assert f"were read as {read}" in file.note
    assert START in [at for at, *_ in times(db)]


def test_a_date_with_the_year_in_front_says_nothing_of_others(db: sqlite3.Connection, tmp_path: Path) -> None:
    [file] = bring(
        db, write(tmp_path, "a.csv", table("2024-03-01 18:57:00", "3/2/2024 7:01 PM", "3/13/2024 7:01 PM"))
    ).files
    assert START in [at for at, *_ in times(db)]
    assert "contradict" not in file.note
