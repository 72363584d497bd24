"""What goes ahead without a backup says so, and why, with --json too: an import, a forgetting, an upgrade."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.paths import Folders
from engine.privacy import Door
from engine.session import Session
from engine.store import schema
from engine.store.backups import backups
from engine.store.database import open_library
from tests.support.folders import fingerprint
from tests.support.importing import OTHER, SONG, START, lastfm, write
from tests.support.listens import play
from tuiapp.cli.main import run


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    with Session(Folders(tmp_path / "data")) as session:
        session.history.import_paths([write(tmp_path, "in/one.csv", lastfm((START, SONG)))])
        return session.folders


@pytest.fixture(params=["a file in its place", "no permission", "a full disk"])
def said(request: pytest.FixtureRequest, folders: Folders, monkeypatch: pytest.MonkeyPatch) -> str:
    """Why no backup can be made, as it is to be said."""
    if request.param == "a full disk":
        monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(1, 1, 0))
        return "The disk has no room for a backup. Make room before the next."
    if request.param == "a file in its place":
        folders.backups.write_bytes(b"")
        return f"{folders.backups}: File exists."
    monkeypatch.setattr(Path, "replace", _denied(folders.backups, Path.replace))
    return f"{folders.backups} may not be read or written: see whose it is and who may"


def _denied(folder: Path, real: Callable[..., Path]) -> Callable[..., Path]:
    """Let nothing get a name in a folder, as its permissions do for anybody but root; the system names the file that
    should have got one."""

    def replace(path: Path, to: Path) -> Path:
        if to.parent == folder:
            raise PermissionError(13, "Permission denied", str(path), None, str(to))
        return real(path, to)

    return replace


def test_an_import_says_that_it_went_ahead_without(
    folders: Folders, tmp_path: Path, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, options in enumerate(([], ["--quiet"], ["--json"])):
        path = write(tmp_path, f"in/{number}.csv", lastfm((START + 900 * (number + 1), OTHER)))
        assert run(["--data-dir", str(folders.root), "import", str(path), *options]) == 0
        out = capsys.readouterr().out
        told = json.loads(out)["no_backup"] if options == ["--json"] else out
        assert f"This import went ahead without a backup of the library. {said}" in told
    with Session(folders, private=True) as session:
        assert session.history.counts().listens == 4, "it went ahead"


def test_with_a_backup_or_without_need_of_one_nothing_is_said(
    folders: Folders, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, "in/two.csv", lastfm((START + 900, OTHER)))
    assert run(["--data-dir", str(folders.root), "import", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["no_backup"] == ""
    assert len(backups(folders)) == 1
    assert run(["--data-dir", str(tmp_path / "new"), "import", str(path)]) == 0
    assert "without a backup" not in capsys.readouterr().out


def test_a_dry_run_and_a_private_session_speak_of_none_and_write_nothing(
    folders: Folders, tmp_path: Path, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, "in/two.csv", lastfm((START + 900, OTHER)))
    before = fingerprint(folders.root)
    assert run(["--data-dir", str(folders.root), "import", str(path), "--dry-run"]) == 0
    assert run(["--data-dir", str(folders.root), "--private", "import", str(path)]) == 1
    printed = capsys.readouterr()
    assert "without a backup" not in printed.out + printed.err
    assert fingerprint(folders.root) == before


def test_a_forgetting_says_that_it_went_ahead_without(
    folders: Folders, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with Session(folders) as session:
        session.history.log_play(*OTHER, seconds=200, at=START + 900)
    for (artist, _), options in ((SONG, ["--json"]), (OTHER, [])):
        assert run(["--data-dir", str(folders.root), "forget", "--artist", artist, "--yes", *options]) == 0
        out = capsys.readouterr().out
        told = json.loads(out)["no_backup"] if options else out
        assert f"This forget went ahead without a backup of the library. {said}" in told


def test_an_upgrade_says_that_it_went_ahead_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    steps, folders = schema.STEPS, Folders(tmp_path / "data")
    with monkeypatch.context() as earlier:
        for name in ("schema", "database", "backups"):
            earlier.setattr(f"engine.store.{name}.STEPS", steps[:8])
        old = open_library(Door(folders))
        play(old, *SONG, START)
        old.close()
    folders.backups.write_bytes(b"")
    for options, told in ((["--private"], 0), (["--quiet"], 0)):
        copy = Folders(tmp_path / options[0])
        shutil.copytree(folders.root, copy.root)
        run(["--data-dir", str(copy.root), "stats", *options])
        assert capsys.readouterr().err.count("without a backup") == told
    assert run(["--data-dir", str(folders.root), "stats", "--json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)
    assert (
        printed.err == "This upgrade went ahead without a backup of the library. "
        f"{folders.backups}: File exists.\n"
    )
