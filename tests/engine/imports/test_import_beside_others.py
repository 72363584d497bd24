"""An import, and another who writes to the same library between two of its files."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import BusyError
from engine.paths import Folders
from engine.privacy import Door
from engine.session import Session
from engine.store import ingest
from engine.store.database import open_library
from engine.store.ingest import Ingest
from engine.taste.rules import Rule
from tuiapp.cli.main import run


def rows(first: int, last: int, month: str) -> str:
    return "".join(
        f"Artist {n},Al,Song {n},{n % 28 + 1:02d} {month} 2020 10:00\n" for n in range(first, last)
    )


def beside(import_: Session, act: Callable[[], object]) -> None:
    """Have `act` done when the import has committed a file and is about to begin the next transaction."""
    begun: list[str] = []

    def heard(statement: str) -> None:
        if statement.startswith("BEGIN IMMEDIATE"):
            begun.append(statement)
            if len(begun) == 2:
                act()

    import_.library.connection.set_trace_callback(heard)


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setattr(ingest, "_COMMIT_EVERY", 0.0)
    (tmp_path / "a.csv").write_text(rows(0, 50, "Jan"))
    (tmp_path / "b.csv").write_text(rows(20, 90, "Feb"))
    return Session(Folders(tmp_path / "data"))


def listens(session: Session) -> int:
    (count,) = session.library.connection.execute("SELECT count(*) FROM listens").fetchone()
    return int(count)


def test_a_play_logged_between_two_files_is_beside_those_of_both(session: Session, tmp_path: Path) -> None:
    with session, Session(session.folders) as other:
        beside(session, lambda: other.history.log_play("Someone New", "Their Song", seconds=200))
        report = session.history.import_paths([tmp_path / "a.csv", tmp_path / "b.csv"])
        assert report.as_dict()["totals"]["kept"] == 120
        assert (report.artists, listens(session), session.library.orphans()) == (90, 121, 0)


def test_what_was_forgotten_between_two_files_leaves_no_listen_without_its_track(
    session: Session, tmp_path: Path
) -> None:
    with session, Session(session.folders) as other:
        beside(session, lambda: other.forget(Rule(artist="Artist 30")))
        report = session.history.import_paths([tmp_path / "a.csv", tmp_path / "b.csv"])
        assert report.as_dict()["totals"]["kept"] == 120
        assert (listens(session), session.library.orphans()) == (119, 0)


def test_doctor_reports_listens_without_their_track(
    session: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with session:
        session.history.import_paths([tmp_path / "a.csv"])
        session.library.connection.execute("PRAGMA foreign_keys = OFF")
        with session.library.connection as connection:
            connection.execute("DELETE FROM tracks WHERE title = 'Song 30'")
    assert run(["--data-dir", str(session.folders.root), "doctor", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["library"]["integrity"] == "1 row without their track or file"
    assert any("lost the track or file" in advice for advice in report["next"])


def test_the_library_opens_beside_a_first_import_that_builds_its_indexes_at_the_end(tmp_path: Path) -> None:
    door = Door(Folders(tmp_path / "data"))
    importing = open_library(door)
    first = Ingest(importing, large=True)
    first.begin_file("a", "a", "a")
    first.finish_file("", read=0, kept=0, duplicates=0, dropped={})
    importing.commit()
    importing.execute("BEGIN IMMEDIATE")
    other = open_library(door)
    assert other.execute("SELECT count(*) FROM listens").fetchone() == (0,)
    other.execute("PRAGMA busy_timeout = 0")
    with pytest.raises(BusyError, match="another program is writing to it"):
        Ingest(other)
    assert not other.in_transaction
    other.close()
    first.close()
    indexes = {row[0] for row in importing.execute("SELECT name FROM sqlite_schema WHERE type = 'index'")}
    assert "listens_by_time" in indexes
    importing.close()


def test_a_library_that_is_locked_for_long_is_busy_for_every_command_and_never_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for wait in ("BUSY_SECONDS", "WAIT_SECONDS"):
        monkeypatch.setattr(f"engine.privacy.database_file.{wait}", 0.01)
    folders = Folders(tmp_path / "data")
    open_library(Door(folders)).close()
    (tmp_path / "a.csv").write_text(rows(0, 2, "Jan"))
    held = sqlite3.connect(folders.database, isolation_level=None)
    for lock in ("BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"):
        held.execute("PRAGMA locking_mode = EXCLUSIVE" if lock.endswith("EXCLUSIVE") else "SELECT 1")
        held.execute(lock)
        held.execute("CREATE TABLE x (y)")
        for words in (
            ["played", "Burel", "Tin Roof"],
            ["import", str(tmp_path / "a.csv")],
            ["playlists", "create", "Mine"],
        ):
            assert run(["--data-dir", str(folders.root), *words]) == 1
            assert capsys.readouterr().err == (
                "error: The library is busy: another program is writing to it. Try again when it is done.\n"
            ), (lock, words)
        # Beside one who writes a private session sees what is committed; where nobody may read, it says so soon.
        assert run(["--data-dir", str(folders.root), "--private", "feedback"]) == lock.endswith("EXCLUSIVE")
        assert ("is busy" in capsys.readouterr().err) == lock.endswith("EXCLUSIVE")
        held.execute("ROLLBACK")
    held.close()
    assert not folders.log.exists()
