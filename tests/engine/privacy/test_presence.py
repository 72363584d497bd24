"""Two processes over one data folder: a private session beside a writer, and plays while one is on."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import BusyError, PrivateSessionError
from engine.paths import Folders
from engine.privacy import Door, presence, private_session_on
from engine.privacy.presence import Presence, Role
from engine.session import Session
from engine.session.history import History
from engine.session.library import Library
from engine.store.database import open_library
from tests.support.folders import fingerprint
from tests.support.processes import Process
from tuiapp.cli.main import run

_ROWS = 4000


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    folders = Folders(tmp_path / "data")
    connection = open_library(Door(folders))
    connection.close()
    return folders


@pytest.fixture(scope="module")
def ready() -> Iterator[Process]:
    """A process that has what the engine's tests need, and no library open between them."""
    with Process() as process:
        process.run(
            "from engine.paths import Folders; from engine.privacy import Door; from pathlib import Path"
        )
        process.run("from engine.store.database import open_library; from engine.privacy.presence import *")
        yield process


def opens(process: Process, folders: Folders, **how: bool) -> None:
    options = "".join(f", {name}={value}" for name, value in how.items())
    process.run(f"db = open_library(Door(Folders(Path({str(folders.root)!r})){options}))")


def writes(process: Process, text: str) -> None:
    """Commits so many rows that the database itself is written, and that where pages lay others lie."""
    row = f"(f'{text} {{n}}', f'{text}{{n}} ' + 'x' * 200)"
    process.run(
        f"db.executemany('INSERT INTO artists (name, key) VALUES (?, ?)', ({row} for n in range({_ROWS})))"
    )
    process.run("db.commit()")


def names(connection: sqlite3.Connection) -> tuple[int, str]:
    """How many artists there are, and the last of them, from the whole table."""
    found: tuple[int, str] = connection.execute("SELECT count(*), max(name || key) FROM artists").fetchone()
    return found


def test_what_another_process_writes_neither_breaks_a_private_session_nor_shows_in_it(
    folders: Folders, ready: Process
) -> None:
    opens(ready, folders)
    writes(ready, "before")
    ready.run("db.close()")
    private = open_library(Door(folders, private=True))
    seen = names(private)
    opens(ready, folders)
    ready.run("db.execute('DELETE FROM artists WHERE id % 3'); db.commit(); db.execute('VACUUM')")
    writes(ready, "after")
    ready.run("db.execute('PRAGMA wal_checkpoint(TRUNCATE)'); db.close()")
    assert names(private) == seen == (_ROWS, seen[1])
    assert private.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    private.close()
    now = open_library(Door(folders))
    assert names(now)[0] > _ROWS
    now.close()


def test_a_private_session_that_begins_beside_a_writer_sees_what_is_committed_and_changes_no_byte(
    folders: Folders, ready: Process
) -> None:
    opens(ready, folders)
    writes(ready, "whole")
    ready.run("_ = db.execute('BEGIN'), db.execute('DELETE FROM artists')")
    before = fingerprint(folders.root)
    private = open_library(Door(folders, private=True))
    assert fingerprint(folders.root) == before
    assert names(private)[0] == _ROWS
    ready.run("db.commit(); db.close()")
    assert names(private)[0] == _ROWS
    private.close()


def test_after_a_kill_a_private_session_begins_and_changes_no_byte(folders: Folders) -> None:
    with Process() as process:
        process.run(
            "from engine.paths import Folders; from engine.privacy import Door; from pathlib import Path"
        )
        process.run("from engine.store.database import open_library")
        opens(process, folders)
        writes(process, "whole")
        process.kill()
    before = fingerprint(folders.root)
    assert "library.sqlite-wal" in before
    private = open_library(Door(folders, private=True))
    assert names(private)[0] == _ROWS
    private.close()
    assert fingerprint(folders.root) == before


def test_while_a_private_session_is_on_in_any_process_no_play_is_logged(
    folders: Folders, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--data-dir", str(folders.root), "played", "Burel", "Tin Roof", "--seconds", "200"]
    with Session(folders) as window, Process() as process:
        process.run(
            "from engine.paths import Folders; from engine.privacy import Door; from pathlib import Path"
        )
        process.run("from engine.store.database import open_library")
        opens(process, folders, private=True)
        assert private_session_on(folders)
        before = fingerprint(folders.root)
        assert run(words) == run([*words, "--json"]) == 0
        assert fingerprint(folders.root) == before
        said = capsys.readouterr()
        assert "not logged" in said.err
        assert '"outcome": "private"' in said.out
        with pytest.raises(PrivateSessionError, match="another window"):
            window.history.log_play("Burel", "Tin Roof", seconds=200)
        process.kill()
        assert not private_session_on(folders), "a crash ends it"
    assert run(words) == 0
    assert "Logged" in capsys.readouterr().err


def test_a_private_session_is_known_where_there_is_no_library_or_folder_yet(
    tmp_path: Path, ready: Process
) -> None:
    for root in (tmp_path / "none" / "data", tmp_path):
        folders = Folders(root)
        opens(ready, folders, private=True)
        assert private_session_on(folders)
        assert not private_session_on(folders.demo), "of another folder nothing is said"
        assert run(["--data-dir", str(root), "played", "Burel", "Tin Roof"]) == 0
        assert not list(tmp_path.iterdir())
        ready.run("db.close()")
        assert not private_session_on(folders)


def test_a_folder_that_is_mounted_at_two_paths_is_one(
    folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by `mount --bind`, or in a container: paths that do not resolve to each other."""
    monkeypatch.setattr(os.path, "realpath", os.path.abspath)
    (tmp_path / "mounted").symlink_to(folders.root)
    there = Folders(tmp_path / "mounted")
    with Session(there, private=True):
        assert private_session_on(folders)
        assert run(["--data-dir", str(folders.root), "played", "Burel", "Tin Roof", "--seconds", "200"]) == 0
    assert not private_session_on(folders)
    with Session(folders) as session:
        assert session.status().listens == 0
    listener = Presence(there)
    listener.enter(Role.LISTENS)
    listener.show(17_000)
    assert Presence(folders).shown() == 17_000
    listener.close()


def test_a_command_that_only_looks_is_not_a_private_session(folders: Folders, tmp_path: Path) -> None:
    with Session(folders, private=True, announced=False) as looking:
        assert looking.private
        assert not private_session_on(folders)
    export = tmp_path / "plays.csv"
    export.write_text("Burel,Slow Ferry,Harbour,02 Mar 2024 19:01\n")
    seen: list[bool] = []
    with pytest.MonkeyPatch.context() as patch:
        really = History.import_paths
        patch.setattr(
            History,
            "import_paths",
            lambda *a, **k: seen.append(private_session_on(folders)) or really(*a, **k),
        )
        for words in (["--dry-run"], ["--dry-run", "--private"]):
            assert run(["--data-dir", str(folders.root), "import", str(export), *words]) == 0
    assert seen == [False, True]


@pytest.mark.parametrize("private", [False, True])
def test_who_comes_while_the_file_is_copied_or_opened_waits_and_says_so(
    folders: Folders, ready: Process, monkeypatch: pytest.MonkeyPatch, private: bool
) -> None:
    role = "OPENS" if private else "READS"
    ready.run(f"here = Presence(Folders(Path({str(folders.root)!r}))); here.enter(Role.{role})")
    waited: list[float] = []

    def release(seconds: float) -> None:
        waited.append(seconds)
        ready.run(f"here.leave(Role.{role})")

    monkeypatch.setattr(presence, "pause", release)
    Library(folders, private=private).close()
    assert len(waited) == 1
    ready.run(f"here.enter(Role.{role})")
    monkeypatch.setattr(presence, "WAIT_SECONDS", 0)
    with pytest.raises(BusyError, match=r"is busy: .* Try again\."):
        Library(folders, private=private)
    ready.run("here.close()")
    Library(folders, private=private).close()


def test_a_number_is_seen_by_other_processes_while_who_shows_it_runs(folders: Folders) -> None:
    here = Presence(folders)
    assert here.shown() is None
    with Process() as process:
        process.run("from engine.paths import Folders; from pathlib import Path")
        process.run("from engine.privacy.presence import *")
        process.run(f"there = Presence(Folders(Path({str(folders.root)!r})))")
        process.run("there.enter(Role.LISTENS); there.show(65_535)")
        assert here.shown() == 65_535
        here.enter(Role.LISTENS)
        here.show(1024)
        assert here.shown() == 65_535, "one's own is not another's"
        assert Presence(folders).shown() in (1024, 65_535)
        assert Presence(folders.demo).shown() == Presence(Folders(folders.root.parent)).shown() is None
    assert here.shown() is None


def test_of_two_that_make_models_one_is_refused(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    door, other = Door(folders), Presence(folders)
    with door.making_models():
        monkeypatch.setattr(presence, "WAIT_SECONDS", 0)
        with pytest.raises(BusyError, match="Another discover is training"), Door(folders).making_models():
            pass
        assert other.others(Role.MODELS)
    assert not other.others(Role.MODELS)
    with Door(folders).making_models():
        pass


@pytest.mark.parametrize(("platform", "missed"), [("linux", True), ("darwin", False)])
def test_none_is_missed_where_none_of_another_process_is_ever_seen(
    platform: str, missed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else plays heard before a stop would be dropped for nothing."""
    monkeypatch.setattr(presence.sys, "platform", platform)
    assert presence.may_have_missed_one(31) is missed
    assert not presence.may_have_missed_one(29)
