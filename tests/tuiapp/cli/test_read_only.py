"""A data folder that may not be written is shown as it is, by every command that only reads, and said to be one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.paths import Folders
from engine.privacy import Door
from engine.store import schema
from engine.store.database import open_library
from tests.support.folders import fingerprint, make_read_only
from tests.support.importing import SONG, START, lastfm, write
from tests.support.listens import play
from tests.support.models import names
from tests.support.places import ITEMS, fill
from tuiapp.cli.main import run

# One that is played.
NAME = names(ITEMS)[0]
READING = [
    ["recommend"], ["recommend", "--less-known"], ["stats"], ["doctor"], ["related", NAME], ["artist", NAME],
    ["search", "Artist"], ["browse"], ["contexts"], ["playlist", "running"], ["mix", NAME], ["playlists"],
    ["playlists", "show", "Song for the hill"], ["feedback"], ["taste"], ["taste", "map"], ["taste", "drift"],
    ["taste", "exclude", "--artist", NAME, "--dry-run"], ["compare"], ["evaluate"], ["community", "list"],
    ["features", "list"], ["model", "list"], ["library", "list"], ["backup", "list"], ["config"],
    ["listen", "--status"], ["export", "--list", "related:" + NAME, "--out", "OUT.csv"], ["audit"],
]  # fmt: skip
WRITING = [
    ["like", NAME], ["import", "IN.csv"], ["taste", "exclude", "--artist", NAME], ["train"], ["compare", "stop"],
    ["playlist", "running", "--save", "Mine"], ["mix", NAME, "--save", "Mine"], ["playlists", "remove", "x"],
    ["forget", "--all", "--yes"], ["played", "A", "B", "--seconds", "200"],
]  # fmt: skip


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    return fill(tmp_path_factory.mktemp("filled") / "data")


@pytest.fixture
def read_only(filled: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folders:
    """A copy of it that may not be written: root may write anywhere, so it is said instead."""
    folders = Folders(tmp_path / "data")
    shutil.copytree(filled.root, folders.root)
    make_read_only(folders, monkeypatch)
    return folders


def test_reading_commands_read_and_say_so(
    read_only: Folders, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = fingerprint(read_only.root)
    for command in READING:
        line = [word.replace("OUT", str(tmp_path / "out")) for word in command]
        assert run(["--data-dir", str(read_only.root), *line, "--json"]) == 0, command
        printed = capsys.readouterr()
        assert json.loads(printed.out) is not None
        opened = command[0] not in ("backup", "config", "audit")
        assert (f"{read_only.root} is read-only: nothing new is kept." in printed.err) == opened, command
        assert run(["--data-dir", str(read_only.root), *line, "--quiet"]) == 0
        assert "nothing new" not in capsys.readouterr().err or command == ["audit"]
    assert fingerprint(read_only.root) == before


def test_packs_are_exported_from_it_to_another_folder(
    read_only: Folders, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(read_only.packs, ignore_errors=True)
    packs = tmp_path / "out"
    assert run(["--data-dir", str(read_only.root), "community", "export", "--parquet", str(packs)]) == 3
    assert "There is no community data of artists." in capsys.readouterr().err


def test_writing_commands_are_refused_and_change_nothing(
    read_only: Folders, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, "IN.csv", lastfm((START, SONG)))
    before = fingerprint(read_only.root)
    for command in WRITING:
        line = [word.replace("IN.csv", str(tmp_path / "IN.csv")) for word in command]
        assert run(["--data-dir", str(read_only.root), *line]) == 1, command
        assert f"Cannot write to {read_only.root}: it is read-only." in capsys.readouterr().err
    assert fingerprint(read_only.root) == before


def test_what_may_not_be_read_is_not_called_read_only(
    filled: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = Folders(tmp_path / "data")
    shutil.copytree(filled.root, folders.root)
    write(tmp_path, "IN.csv", lastfm((START, SONG)))
    before, may = fingerprint(folders.root), os.access

    def access(path: Any, mode: int, **how: Any) -> bool:
        # As of a file of mode 000 to anybody but root.
        return Path(path) != folders.database and may(path, mode, **how)

    monkeypatch.setattr(os, "access", access)
    for command in [*WRITING, ["doctor", "--repair"]]:
        line = [word.replace("IN.csv", str(tmp_path / "IN.csv")) for word in command]
        assert run(["--data-dir", str(folders.root), *line]) == 1, command
        said = capsys.readouterr()
        assert f"{folders.database} may not be read or written" in said.err, command
        assert "read-only" not in said.out + said.err
    assert fingerprint(folders.root) == before


@pytest.mark.skipif(shutil.which("setpriv") is None or os.geteuid() != 0, reason="needs root, and setpriv")
def test_a_folder_that_may_not_be_read_is_denied_alike_however_it_is_named(tmp_path: Path) -> None:
    """By root without its rights to pass over modes."""
    folders = Folders(tmp_path / "data")
    open_library(Door(folders)).close()
    rights = "-dac_override,-dac_read_search"
    denied = ["setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}", sys.executable, "-m", "tuiapp"]
    for path in (folders.root, folders.database):
        mode = path.stat().st_mode
        path.chmod(0)
        for command in (["stats"], ["like", "X"], ["forget", "--all", "--yes"], ["audit"], ["listen"]):
            for named, variable in ((["--data-dir", str(folders.root)], ""), ([], str(folders.root))):
                there = {**os.environ, "DISCOVER_DATA_DIR": variable}
                line = [*denied, *named, *command]
                done = subprocess.run(line, env=there, capture_output=True, text=True, timeout=60)
                assert done.returncode == 1, (command, done.stderr)
                assert "may not be read or written: see whose it is" in done.stderr
                assert "read-only" not in done.stderr
        path.chmod(mode)


def test_what_has_to_be_written_to_before_it_is_read_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as earlier:
        for name in ("schema", "database", "backups"):
            earlier.setattr(f"engine.store.{name}.STEPS", schema.STEPS[:8])
        old = open_library(Door(Folders(tmp_path / "old")))
        play(old, *SONG, START)
        old.close()
    broken = Folders(tmp_path / "broken off")
    open_library(Door(broken)).close()
    broken.database.with_name(f"{broken.database.name}-wal").write_bytes(b"x" * 100)
    for folders in (Folders(tmp_path / "old"), broken):
        make_read_only(folders, monkeypatch)
        before = fingerprint(folders.root)
        assert run(["--data-dir", str(folders.root), "stats"]) == 1
        said = capsys.readouterr().err
        assert f"{folders.root} is read-only, and this library has to be written to" in said
        assert "--private" not in said, "that would be refused for the same reason"
        assert fingerprint(folders.root) == before


def test_reading_makes_no_library(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["recommend"], ["stats"], ["feedback"], ["doctor"], ["taste"]):
        assert run(["--data-dir", str(tmp_path / "none"), *command]) in (0, 3)
    assert not (tmp_path / "none").exists()


def test_doctor_names_the_packs_beside_a_library_that_cannot_be_opened(
    filled: Folders, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = Folders(tmp_path / "damaged")
    shutil.copytree(filled.root, damaged.root)
    table = tmp_path / "tempos.csv"
    table.write_text("track_artist,track_name,tempo,energy,duration_ms\nSomeone,Song,120,.5,200000\n")
    assert run(["--data-dir", str(damaged.root), "features", "add", str(table), "--name", "tempos"]) == 0
    damaged.database.write_bytes(b"not a database" * 1000)
    capsys.readouterr()
    run(["--data-dir", str(damaged.root), "doctor", "--json"])
    assert json.loads(capsys.readouterr().out)["packs"]["tempos"] == "features, 1 item"


def test_doctor_fails_where_the_library_cannot_be_opened_or_is_not_whole(
    filled: Folders, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = Folders(tmp_path / "damaged")
    shutil.copytree(filled.root, damaged.root)
    data = damaged.database.read_bytes()
    for content, what in (
        (b"not a database" * 1000, "cannot be opened"),
        (data[: len(data) // 2], "The library"),
    ):
        damaged.database.write_bytes(content)
        for options in ([], ["--json"], ["--private", "--json"]):
            assert run(["--data-dir", str(damaged.root), "doctor", *options]) == 1
            printed = capsys.readouterr()
            assert printed.err.startswith("error: The library ")
            assert printed.err.count("\n") == 1
            assert what in printed.err
            assert "doctor --repair" in printed.out, "it reports all the same"
            if options:
                assert json.loads(printed.out)["next"]


def test_a_path_too_long_for_sqlite_is_called_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    long = tmp_path.joinpath(*["d" * 120] * 4)
    assert run(["--data-dir", str(long), "like", "Burel"]) == 1
    assert "SQLite opens no path as long. Choose another --data-dir" in capsys.readouterr().err
