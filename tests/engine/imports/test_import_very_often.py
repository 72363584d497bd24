"""One song thousands of times over: duplicates are found in a time that grows as the files do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from tests.support.importing import START, bring, spotify, write
from tests.support.timing import at_most


def _table(path: Path, header: str, rows: Iterable[str]) -> Path:
    path.write_text("\n".join((f"band,song,{header}", *(f"A,T,{row}" for row in rows))))
    return path


def test_a_song_played_thousands_of_times_with_times_and_with_days(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    midnight = 1_709_337_600
    moments = [spotify(midnight + 25 * number, 31_000 + number, ("A", "T")) for number in range(3_000)]
    days = _table(tmp_path / "days.csv", "date", ["2024-03-02"] * 3_000)
    assert bring(db, write(tmp_path, "a.json", moments)).files[0].kept == 3_000
    with at_most(3):
        assert bring(db, days).files[0].kept == 0


def test_a_song_skipped_thousands_of_times_in_two_sources(db: sqlite3.Connection, tmp_path: Path) -> None:
    stamps = [(START - 9 * number, 900 + number) for number in range(6_000)]
    skips = [spotify(at, ms, ("A", "T")) for at, ms in stamps]
    bring(db, write(tmp_path, "a.json", skips))
    rows = (f"{at + 4},{ms + 7_000}" for at, ms in stamps)
    with at_most(2):
        bring(db, _table(tmp_path / "b.csv", "played at,ms played", rows))
    assert db.execute("SELECT count(*) FROM skips").fetchone() == (12_000,)


def test_a_song_in_more_recordings_than_a_statement_may_name(db: sqlite3.Connection, tmp_path: Path) -> None:
    db.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 600)
    rows = [spotify(START + 300 * number, 200_000, ("A", f"T (Live {number})")) for number in range(700)]
    path = write(tmp_path, "a.json", rows)
    assert bring(db, path).files[0].kept == 700
    other = [spotify(START + 300 * number, 200_000, ("A", f"T - Live {number}")) for number in range(700)]
    assert bring(db, write(tmp_path, "b.json", other)).files[0].kept == 0
