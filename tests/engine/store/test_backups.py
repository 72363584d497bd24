"""Backups: made before what changes much, few, whole, forgotten in too, and restored so that it can be undone."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import DamagedDataError, DamagedLibraryError, NothingYetError, PrivateSessionError
from engine.paths import Folders
from engine.privacy import Door
from engine.session import Session
from engine.session.repair import repair
from engine.store import backups as store
from engine.store import schema
from engine.store.backups import Backup, back_up, backups, is_whole, listens_in, surplus
from engine.store.database import open_library
from engine.store.forgetting import left_to_do
from engine.store.restoring import restore
from engine.taste.rules import Rule
from tests.support.folders import fingerprint
from tests.support.importing import START, lastfm, write
from tests.support.killing import killed_at_each_step
from tests.support.listens import play
from tuiapp.cli.main import run

SECRET = "Étoile Grise"


def export(folder: Path, name: str, artist: str, day: int) -> Path:
    plays = [(START + 90_000 * day + 300 * n, (artist, f"Song {n}")) for n in range(5)]
    return write(folder, name, lastfm(*plays))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of two imports, with the backup from before the second."""
    root = tmp_path_factory.mktemp("backups")
    with Session(Folders(root / "data")) as session:
        session.history.import_paths([export(root, "in/one.csv", SECRET, 0)])
        assert backups(session.folders) == [], "there was nothing to keep"
        session.history.import_paths([export(root, "in/two.csv", "Burel", 1)])
    return root / "data"


@pytest.fixture
def folders(made: Path, tmp_path: Path) -> Folders:
    shutil.copytree(made, tmp_path / "data")
    return Folders(tmp_path / "data")


def listens(folders: Folders) -> int:
    with Session(folders, private=True) as session:
        return session.history.counts().listens


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096 : 4096 * 3] = bytes(4096 * 2)
    path.write_bytes(data)


def test_an_import_leaves_the_library_of_before_and_the_owner_alone_may_read_it(folders: Folders) -> None:
    (backup,) = backups(folders)
    assert (listens(folders), listens_in(backup), backup.why) == (10, 5, "import")
    assert is_whole(backup)
    assert oct(backup.path.stat().st_mode & 0o777) == "0o600"
    assert oct(folders.backups.stat().st_mode & 0o777) == "0o700"


def test_what_did_not_change_and_what_is_no_history_is_not_copied_again(
    folders: Folders, tmp_path: Path
) -> None:
    other = write(tmp_path, "in/letter.txt", "Dear Ida, no history here.")
    with Session(folders) as session:
        # What was written this very moment may have been so after it was copied.
        time.sleep(0.03)
        assert back_up(session.door, session.library.connection, "import") == ""
        before = fingerprint(folders.backups)
        session.history.import_paths([other])
        session.history.import_paths([export(tmp_path, "in/x.csv", "Ida Oaks", 9)], dry_run=True)
        session.history.import_paths([export(tmp_path, "in/x.csv", "Ida Oaks", 9)])
        assert fingerprint(folders.backups) == before
        session.history.log_play("Ida Oaks", "Lark", seconds=200, at=START)
        assert fingerprint(folders.backups) == before, "a play as it is heard is worth no copy"
        session.set_private(True)
        assert back_up(session.door, session.library.connection, "import") == ""
        with pytest.raises(PrivateSessionError):
            restore(session.door)
    assert fingerprint(folders.backups) == before


@pytest.mark.parametrize("moment", [2_110_000_000, 946_684_800])
def test_a_clock_that_is_wrong_for_a_while_costs_no_backup(
    folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    """Set ten years ahead, or back to what it has when its battery is empty."""
    for day in range(4):
        with monkeypatch.context() as wrong, Session(folders) as session:
            if day == 0:
                wrong.setattr(time, "time", lambda: float(moment))
                wrong.setattr(time, "time_ns", lambda: moment * 1_000_000_000)
            session.history.import_paths([export(tmp_path, f"in/{day}.csv", f"Ida {day}", 5 + day)])
        if day == 0:  # what was written then has the stamps of then
            for path, second in ((backups(folders)[0].path, moment), (folders.database, moment + 1)):
                os.utime(path, (second, second))
        newest = backups(folders)[0]
        assert listens_in(newest) == 10 + 5 * day
    assert [listens_in(one) for one in backups(folders)][:3] == [25, 20, 15]


def test_a_log_that_another_program_deletes_meanwhile_ends_no_backup(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Session(folders):
        pass
    with monkeypatch.context() as patched:
        patched.setattr(Path, "exists", lambda _: True)
        written = store._written(folders)
    assert written == folders.database.stat().st_mtime_ns


def test_an_upgrade_leaves_the_library_of_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps, folders = schema.STEPS, Folders(tmp_path / "data")
    for name in ("schema", "database", "backups"):
        monkeypatch.setattr(f"engine.store.{name}.STEPS", steps[:8])
    old = open_library(Door(folders))
    play(old, "Burel", "Lark", START)
    old.close()
    monkeypatch.undo()
    open_library(Door(folders)).close()
    (backup,) = backups(folders)
    assert (backup.why, listens_in(backup)) == ("upgrade", 1)
    with store.opened(backup) as copy:
        assert copy.execute("PRAGMA user_version").fetchone() == (8,)
    # And back: it is of this version then.
    assert restore(Door(folders)).backup == backup
    open_library(Door(folders)).close()


def test_the_last_ones_and_the_first_of_earlier_days_are_kept_by_number_and_size() -> None:
    def made(*hours: int, size: int = 1) -> list[Backup]:
        return [Backup(Path(str(hour)), hour * 3600, "import", size) for hour in hours]

    there = made(74, 73, 72, 71, 70, 50, 49, 26, 25, 2)
    kept = [one.path.name for one in there if one not in surplus(there)]
    assert kept == ["74", "73", "72", "49", "25"]
    large = made(74, 73, 72, size=store.MAX_BYTES // 2 + 1)
    assert surplus(large) == large[1:]
    assert surplus(made(74, size=store.MAX_BYTES + 1)) == []


def test_the_copies_of_a_damaged_library_push_out_no_good_one(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    (good,) = backups(folders)
    monkeypatch.setattr(store, "KEPT", 1)
    monkeypatch.setattr(store, "_LAST", 1)
    damage(folders.database)
    connection = sqlite3.connect(folders.database)
    back_up(Door(folders), connection, "import")
    connection.close()
    assert backups(folders) == [good]


def test_a_full_disk_holds_up_no_import_but_a_restore(
    folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = backups(folders)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(1, 1, 0))
    with Session(folders) as session:
        session.history.log_play("Ida Oaks", "Lark", seconds=200, at=START)
        session.history.import_paths([export(tmp_path, "in/x.csv", "Ida Oaks", 9)])
    assert (listens(folders), backups(folders)) == (16, before)
    assert run(["--data-dir", str(folders.root), "backup", "restore"]) == 1
    assert listens(folders) == 16


def test_a_restore_is_undone_by_another_beside_whoever_has_the_library_open(
    folders: Folders, capsys: pytest.CaptureFixture[str]
) -> None:
    with Session(folders) as session:
        session.verdicts.judge("like", "Burel")
        assert run(["--data-dir", str(folders.root), "backup", "restore"]) == 0
        assert session.library.changed_elsewhere()
        assert (session.history.counts().listens, len(session.verdicts.all())) == (5, 0)
        undo = capsys.readouterr().out.split()[-1]
        assert run(["--data-dir", str(folders.root), "backup", "restore", undo]) == 0
        session.reload()
        assert (session.history.counts().listens, len(session.verdicts.all())) == (10, 1)
        assert session.library.check() == "ok"


def test_a_damaged_library_is_kept_and_a_damaged_backup_refused(folders: Folders) -> None:
    damage(folders.database)
    bytes_before = folders.database.read_bytes()
    done = restore(Door(folders))
    assert done.was_damaged
    assert listens(folders) == 5
    assert (folders.backups / f"{done.before}.sqlite").read_bytes() == bytes_before
    damage(done.backup.path)
    for name, error, said in (
        (done.backup.name, DamagedDataError, r"\.sqlite is damaged\. Restore another"),
        ("", NothingYetError, "No backup of the library yet"),
        ("x", NothingYetError, "No backup “x”"),
    ):
        with pytest.raises(error, match=said):
            restore(Door(folders), name)
    assert listens(folders) == 5


@pytest.mark.parametrize("damaged", [False, True])
def test_killed_at_any_step_a_restore_leaves_one_of_the_two(
    made: Path, tmp_path: Path, damaged: bool
) -> None:
    folders = Folders(tmp_path / "data")

    def begin() -> None:
        shutil.rmtree(folders.root, ignore_errors=True)
        shutil.copytree(made, folders.root)
        if damaged:
            folders.database.write_bytes(b"no database" * 1000)

    def again(step: Callable[..., None]) -> None:
        restore(Door(folders))

    begin()
    for _ in killed_at_each_step(again):
        if damaged:
            restore(Door(folders))
        assert listens(folders) in (5, 10)
        if listens(folders) == 10:
            restore(Door(folders))
            assert listens(folders) == 5, "what was kept before it is not what is restored"
            left = [path for path in folders.root.glob(".*") if any(path.iterdir())]
            assert not left, "the next run clears up"
        with Session(folders) as session:
            assert session.library.check() == "ok"
        # A folder made a moment ago may be about to be used.
        names = {path.name for path in folders.root.iterdir() if path.is_file() or any(path.iterdir())}
        assert names == {"library.sqlite", "backups"}, "no litter"
        begin()


# -- forgetting ----------------------------------------------------------------------------------------------


def traces(folders: Folders) -> list[str]:
    return [
        str(path.relative_to(folders.root))
        for path in folders.root.rglob("*")
        if path.is_file() and SECRET.encode() in path.read_bytes()
    ]


def test_what_is_forgotten_is_in_no_backup_and_the_rest_can_be_restored(folders: Folders) -> None:
    with Session(folders) as session:
        session.history.log_play("Ida Oaks", "Lark", seconds=200, at=START)
        assert len(traces(folders)) >= 2
        done = session.forget(Rule(artist=SECRET))
        assert done.holds
        assert sum(name.startswith("backups/") for name in done.searched) == 2
    assert traces(folders) == []
    assert [(one.why, listens_in(one)) for one in backups(folders)] == [("forget", 6), ("import", 0)]
    restore(Door(folders), backups(folders)[1].name)
    assert (traces(folders), listens(folders)) == ([], 0)


def test_a_backup_a_forgetting_could_not_go_through_is_deleted(folders: Folders) -> None:
    (backup,) = backups(folders)
    damage(backup.path)
    kept = folders.backups / "20200101-000000-damaged.sqlite"
    kept.write_bytes(SECRET.encode())
    with Session(folders) as session:
        done = session.forget(Rule(artist=SECRET))
    assert done.holds
    assert traces(folders) == []
    assert {f"backups/{backup.path.name}", f"backups/{kept.name}"} <= set(done.files)


def test_a_backup_that_names_it_otherwise_is_given_up(folders: Folders) -> None:
    (backup,) = backups(folders)
    with sqlite3.connect(backup.path) as copy:
        copy.execute("INSERT INTO readings VALUES ('digest', ?, NULL)", (SECRET,))
    copy.close()
    with Session(folders) as session:
        done = session.forget(Rule(artist=SECRET))
    assert (done.holds, traces(folders)) == (True, [])
    assert f"backups/{backup.path.name}" in done.files


def test_everything_forgotten_leaves_no_backup(folders: Folders) -> None:
    with Session(folders) as session:
        files, _ = session.forget_all()
    assert any(name.startswith("backups/") for name in files)
    assert backups(folders) == []
    assert traces(folders) == []


def test_the_list_says_when_and_before_what(folders: Folders, capsys: pytest.CaptureFixture[str]) -> None:
    (backup,) = backups(folders)
    # A file of no time there was is none of ours: the next one's name would have to come after it.
    shutil.copy(backup.path, backup.path.with_name("99991231-235959-import.sqlite"))
    assert backups(folders) == [backup]
    assert run(["--data-dir", str(folders.root), "backup", "list"]) == 0
    output = capsys.readouterr().out
    assert backup.name in output
    assert "before an import" in output
    assert "damaged" not in output
    damage(backup.path)
    assert run(["--data-dir", str(folders.root), "backup", "list"]) == 0
    assert "damaged" in capsys.readouterr().out


def test_a_name_that_is_no_text_in_sqlites_own_message_is_damage(folders: Folders) -> None:
    (backup,) = backups(folders)
    for path in (folders.database, backup.path):
        path.write_bytes(path.read_bytes().replace(b"CREATE TABLE listens", b"CREATE T\xccBLE listens", 1))
    assert not is_whole(backup)
    assert listens_in(backup) is None
    for private in (True, False):
        with pytest.raises(DamagedDataError, match="is damaged"):
            open_library(Door(folders, private=private))


def test_a_library_without_the_row_every_library_has_is_damaged_and_repaired(folders: Folders) -> None:
    """As where pages were exchanged: to SQLite each of them is valid."""
    before = listens(folders)
    with Session(folders) as session, session.library.connection as connection:
        connection.execute("DELETE FROM forgetting")
    with pytest.raises(DamagedLibraryError, match="--repair"):
        Session(folders)
    (said,) = repair(Door(folders))
    assert "nothing was lost" in said
    assert listens(folders) == before
    with Session(folders) as session:
        assert session.library.check() == "ok"


def test_a_row_of_another_table_in_its_place_is_damage() -> None:
    with sqlite3.connect(":memory:") as connection:
        # The library's own tables are strict: what is written through SQLite is never so.
        connection.execute("CREATE TABLE forgetting (mark, to_do)")
        connection.execute("INSERT INTO forgetting VALUES ('Evening', 'running')")
        with pytest.raises(sqlite3.DatabaseError, match="missing"):
            left_to_do(connection)


def test_what_an_index_of_another_table_brings_is_damage(folders: Folders) -> None:
    """SQLite's quick check reads no index against its table."""
    with Session(folders) as session:
        (size,) = session.library.connection.execute("PRAGMA page_size").fetchone()
        indexes = "SELECT rootpage FROM sqlite_schema WHERE name IN ('listens_by_time', 'listens_by_track')"
        one, other = (
            slice((page - 1) * size, page * size) for (page,) in session.library.connection.execute(indexes)
        )
    data = bytearray(folders.database.read_bytes())
    data[one], data[other] = data[other], data[one]
    folders.database.write_bytes(data)
    with (
        Session(folders) as session,
        pytest.raises(DamagedLibraryError, match="--repair"),
        session.exclusive(),
    ):
        raise TypeError("what came of it")
