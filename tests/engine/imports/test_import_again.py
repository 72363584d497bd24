"""The same bytes read otherwise than before replace their earlier plays, and are never added to them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.support.importing import OTHER, SONG, START, bring, lastfm, listens, write, write_zip
from tests.support.listens import play

LOG = (
    "#AUDIOSCROBBLER/1.1\n#TZ/UNKNOWN\n"
    f"{SONG[0]}\t\t{SONG[1]}\t1\t228\tL\t{START}\t\n{OTHER[0]}\t\t{OTHER[1]}\t1\t228\tL\t{START + 900}\t\n"
    f"{OTHER[0]}\t\tLow Tide\t1\t228\tL\t12\t\n{OTHER[0]}\t\t{OTHER[1]}\t1\t228\tS\t{START + 1200}\t\n"
)


def starts(db: sqlite3.Connection) -> list[int | None]:
    return [row[0] for row in listens(db)]


@pytest.mark.parametrize("packed", [False, True])
def test_a_zone_said_later_moves_plays_and_adds_none(
    db: sqlite3.Connection, tmp_path: Path, packed: bool
) -> None:
    path = write_zip(tmp_path, "a.zip", {"log": LOG}) if packed else write(tmp_path, "log", LOG)
    bring(db, path)
    [file] = bring(db, path, zone="Europe/Copenhagen").files
    assert (file.kept, file.duplicates, file.undated) == (2, 1, 0)
    assert starts(db) == [None, START - 3600, START + 900 - 3600]
    assert db.execute("SELECT started_at FROM skips").fetchall() == [(START + 1200 - 3600,)]
    assert db.execute("SELECT count(*) FROM imports").fetchone() == (1,)
    report = bring(db, path, zone="Europe/Copenhagen")
    assert (report.files[0].kept, report.files[0].duplicates, report.tracks, report.first) == (0, 3, 0, None)
    assert len(starts(db)) == 3


def test_without_a_zone_again_adds_nothing(db: sqlite3.Connection, tmp_path: Path) -> None:
    path = write(tmp_path, "log", LOG)
    bring(db, path)
    [file] = bring(db, path).files
    assert (file.kept, file.duplicates, file.undated) == (0, 3, 0)
    assert len(starts(db)) == 3


def test_an_encoding_said_later_renames_and_adds_none(db: sqlite3.Connection, tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", lastfm((START, ("Песня", "Река"))).encode("cp1251"))
    bring(db, path)
    bring(db, path, encoding="cp1251")
    assert [row[1:3] for row in listens(db)] == [("Песня", "Река")]


def test_plays_that_seemed_to_be_ahead_are_dated_when_the_clock_is_right(
    db: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "a.csv", lastfm((START, SONG), (START + 900, OTHER)))
    with monkeypatch.context() as wrong:
        wrong.setattr("time.time", lambda: 1_262_304_000.0)  # 2010
        assert bring(db, path).files[0].undated == 2
    [file] = bring(db, path).files
    assert (file.kept, file.undated) == (2, 0)
    assert starts(db) == [START, START + 900]


def test_other_files_keep_what_they_brought(db: sqlite3.Connection, tmp_path: Path) -> None:
    bring(db, write(tmp_path, "log", LOG), write(tmp_path, "a.csv", lastfm((START + 5000, SONG))))
    report = bring(db, tmp_path / "log", tmp_path / "a.csv", zone="Europe/Copenhagen")
    assert report.totals["kept"] == 2
    assert starts(db) == [None, START - 3600, START + 900 - 3600, START + 5000]


@pytest.mark.parametrize("packed", [False, True])
def test_what_was_said_of_a_file_holds_until_something_else_is_said(
    db: sqlite3.Connection, tmp_path: Path, packed: bool
) -> None:
    text = LOG.replace("Harbour", "Hafen")
    path = write_zip(tmp_path, "a.zip", {"log": text}) if packed else write(tmp_path, "log", text)
    bring(db, path)
    bring(db, path, zone="Europe/Copenhagen")
    moved = starts(db)
    for _ in range(2):
        [file] = bring(db, path).files
        assert (file.kept, file.duplicates) == (0, 3)
        assert starts(db) == moved
    bring(db, path, zone="UTC")
    assert starts(db) == [None, START, START + 900]


def test_an_encoding_said_once_holds(db: sqlite3.Connection, tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", lastfm((START, ("Песня", "Река"))).encode("cp1251"))
    bring(db, path, encoding="cp1251")
    bring(db, path)
    assert [row[1:3] for row in listens(db)] == [("Песня", "Река")]
    db.execute("DELETE FROM listens")
    db.execute("DELETE FROM imports")
    assert db.execute("SELECT count(*) FROM readings").fetchone() == (0,), "what is forgotten leaves nothing"


def test_a_file_into_a_library_filled_by_hand(db: sqlite3.Connection, tmp_path: Path) -> None:
    play(db, *SONG, START, None)
    report = bring(db, write(tmp_path, "a.csv", lastfm((START + 5, SONG), (START + 900, SONG))))
    assert (report.totals["kept"], report.totals["duplicates"]) == (1, 1)
