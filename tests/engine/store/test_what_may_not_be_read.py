"""What the system refuses to show is neither absent nor damaged: nothing is claimed of it, and nothing deleted."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.errors import DiscoverError
from engine.paths import Folders
from engine.session import Session
from engine.store.backups import backups
from engine.taste.rules import Rule
from tests.support.importing import START, lastfm, write
from tuiapp.cli.main import run

SECRET = "Étoile Grise"


def export(folder: Path, name: str, artist: str, day: int) -> Path:
    plays = [(START + 90_000 * day + 300 * n, (artist, f"Song {n}")) for n in range(5)]
    return write(folder, name, lastfm(*plays))


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """A library of two imports, with the backup from before the second."""
    with Session(Folders(tmp_path / "data")) as session:
        session.history.import_paths([export(tmp_path, "in/one.csv", SECRET, 0)])
        session.history.import_paths([export(tmp_path, "in/two.csv", "Burel", 1)])
        return session.folders


@pytest.fixture
def deny(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Has a folder refuse to be listed, as one without permission does to anybody but root."""

    def denied(folder: Path) -> None:
        for name in ("listdir", "scandir"):
            real = getattr(os, name)

            def listed(path: Any = ".", *, real: Callable[[Any], Any] = real) -> Any:
                if path == folder or path == str(folder):
                    raise PermissionError(errno.EACCES, "Permission denied", str(path))
                return real(path)

            monkeypatch.setattr(os, name, listed)

    return denied


def test_backups_that_cannot_be_listed_are_not_none(
    folders: Folders, deny: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    deny(folders.backups)
    to = ["--data-dir", str(folders.root)]
    for command in (
        ["backup", "list"],
        ["forget", "--artist", SECRET, "--yes"],
        ["forget", "--all", "--yes"],
    ):
        assert run([*to, *command]) == 1, "it claims what it did not see"
        assert f"{folders.backups} may not be read" in capsys.readouterr().err
    # What `--all` deleted is to be deleted from the backups too, as soon as they can be listed.
    assert (run([*to, "doctor"]), capsys.readouterr().out.count(f"{folders.backups} may not be read")) == (
        0,
        1,
    )
    export(folders.root.parent, "in/three.csv", "Ida Oaks", 2)
    assert run([*to, "import", str(folders.root.parent / "in/three.csv")]) == 0, "an import is not held up"


def test_a_folder_that_cannot_be_looked_into_is_no_proof(
    folders: Folders, deny: Callable[[Path], None]
) -> None:
    (folders.root / "notes").mkdir()
    with Session(folders) as session:
        deny(folders.root / "notes")
        done = session.forget(Rule(artist=SECRET))
    assert (done.holds, done.found_in) == (False, ("notes",))


def test_a_backup_that_may_not_be_read_is_not_called_damaged_nor_deleted(
    folders: Folders, capsys: pytest.CaptureFixture[str]
) -> None:
    # SQLite has the same code for a folder as for a file without permission, which root may read.
    denied, later = (folders.backups / f"20300101-00000{n}-import.sqlite" for n in (1, 2))
    denied.mkdir()
    shutil.copyfile(backups(folders)[-1].path, later)
    with sqlite3.connect(later) as copy:
        copy.execute("PRAGMA user_version = 9999")
    copy.close()
    to = ["--data-dir", str(folders.root)]
    for command in (["doctor"], ["doctor", "--repair", "--yes"]):
        assert run([*to, *command]) == 0
        said = capsys.readouterr().out
        assert f"{denied} is not readable." in said
        assert f"{later} is of a later version." in said
    assert denied.exists()
    assert later.exists()


def test_packs_that_cannot_be_listed_end_no_doctor(
    folders: Folders, deny: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    folders.packs.mkdir()
    deny(folders.packs)
    assert run(["--data-dir", str(folders.root), "doctor"]) == 0
    said = capsys.readouterr()
    assert "listens        10" in said.out
    assert f"{folders.packs} may not be read" in said.out


def test_a_library_that_alone_may_not_be_written_is_named(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    may = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: not (path == folders.database and mode & os.W_OK) and may(path, mode)
    )
    with pytest.raises(DiscoverError, match=r"Cannot write to .*library\.sqlite: it is read-only\."):
        Session(folders)
