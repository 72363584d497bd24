"""`discover import`: what fails and says so, and names that are not UTF-8."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from engine.paths import Folders
from engine.privacy import Door
from engine.store.database import open_library
from tests.support.importing import SONG, START, lastfm, write
from tuiapp.cli.main import run

NOISE = b"ID3" + bytes(range(256)) * 20
LATIN = os.fsdecode("Café".encode("latin-1"))


@pytest.mark.parametrize("given", ["in/song.mp3", "in"])
def test_what_is_not_a_history_fails_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], given: str
) -> None:
    write(tmp_path, "in/song.mp3", NOISE)
    arguments = ["--data-dir", str(tmp_path / "data"), "import", str(tmp_path / given)]
    assert run(arguments) == 1
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert "song.mp3: not a listening history. Nothing was imported." in told
    assert run([*arguments, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["totals"]["read"] == 0


def test_a_folder_without_a_history_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        write(tmp_path, f"in/{name}.mp3", NOISE)
    assert run(["--data-dir", str(tmp_path / "data"), "import", str(tmp_path / "in")]) == 1
    assert "No listening history among 2 files of" in capsys.readouterr().err


def test_a_folder_with_one_history_is_not_a_failure(tmp_path: Path) -> None:
    write(tmp_path, "in/song.mp3", NOISE)
    write(tmp_path, "in/a.csv", lastfm((START, SONG)))
    assert run(["--data-dir", str(tmp_path / "data"), "import", str(tmp_path / "in")]) == 0


def test_a_file_given_by_a_name_that_is_not_utf_8(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, f"{LATIN}.csv", lastfm((START, SONG)))
    arguments = ["--data-dir", str(tmp_path / "data"), "import", str(path)]
    assert run(arguments) == 0
    capsys.readouterr()
    assert run([*arguments[:-1], f"{path}x"]) == 1
    assert "does not exist" in capsys.readouterr().err


def test_a_data_folder_whose_name_is_not_utf_8(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / LATIN / "data"
    path = write(tmp_path, "a.csv", lastfm((START, SONG)))
    assert run(["--data-dir", str(data), "import", str(path)]) == 0
    for command in (
        ["stats"],
        ["--private", "stats"],
        ["doctor"],
        ["doctor", "--json"],
        ["config", "path"],
        ["feedback"],
    ):
        assert run(["--data-dir", str(data), *command]) == 0, (command, capsys.readouterr().err)
    for private in (False, True):
        open_library(Door(Folders(data), private=private)).close()


def test_what_is_typed_in_bytes_that_are_not_utf8_is_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["--data-dir", str(tmp_path / "data")]
    Path(tmp_path / f"{LATIN}.csv").write_bytes(lastfm((START, SONG)).encode())
    assert run([*data, "import", str(tmp_path / f"{LATIN}.csv")]) == 0
    assert run([*data, "played", LATIN, LATIN]) == 0
    assert "Café - Café" in capsys.readouterr().err
    assert run([*data, "taste", "exclude", "--source", f"{LATIN}.csv", "--dry-run"]) == 0
    assert run([*data, "forget", "--source", f"{LATIN}.csv", "--yes"]) == 0
    assert "1 listens" in capsys.readouterr().out
    assert run([*data, "import", "--encoding", LATIN, str(tmp_path / f"{LATIN}.csv")]) == 2
