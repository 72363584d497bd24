"""`discover import`: what fails and says so, and names that are not UTF-8."""

from __future__ import annotations

import json
import os
import tarfile
from pathlib import Path

import pytest

from engine.errors import DiscoverError
from engine.paths import Folders
from engine.privacy import Door
from engine.store.database import open_library
from tests.support.importing import SONG, START, lastfm, spotify, write, write_zip
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
    output = capsys.readouterr().err
    assert output.startswith("error: ")
    assert "song.mp3: not a listening history. Nothing was imported." in output
    assert run([*arguments, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["totals"]["read"] == 0


def test_a_single_file_that_is_not_a_history_is_reported_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, "song.mp3", NOISE)
    assert run(["--data-dir", str(tmp_path / "data"), "import", str(path)]) == 1
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == (
        "",
        f"error: {path}: not a listening history. Nothing was imported.\n",
    )


def test_a_zip_cut_short_is_asked_about_in_a_sentence_that_ends_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_zip(tmp_path, "a.zip", {"a.csv": lastfm((START, SONG)) * 50})
    path.write_bytes(path.read_bytes()[:-30])
    assert run(["--data-dir", str(tmp_path / "data"), "import", str(path)]) == 1
    assert capsys.readouterr().err.endswith("is the download complete? Nothing was imported.\n")


def test_what_was_left_out_and_why_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """ "skipped" alone reads as if the import had skipped it."""
    rows = [
        spotify(START, 200_000),
        spotify(START + 300, 4_000),
        spotify(START + 600, 200_000, incognito_mode=True),
    ]
    path = write(tmp_path, "endsong.json", json.dumps(rows))
    assert run(["--data-dir", str(tmp_path / "data"), "import", str(path)]) == 0
    printed = capsys.readouterr().out
    assert "1 private-session play skipped (--keep-private imports them)." in printed
    assert "1  left out: skipped, or played too briefly to count  (first: endsong.json, record 2)" in printed


@pytest.mark.parametrize("command", [["import"], ["community", "add"], ["features", "add"]])
def test_what_is_no_file_is_named_for_what_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    data = ["--data-dir", str(tmp_path / "data")]
    for path, what in (
        (tmp_path / "fifo", "is a pipe, not a file."),
        (Path("/dev/null"), "is a device, not a file."),
        (tmp_path / "link", "is a link that leads nowhere."),
        (tmp_path / "gone", "does not exist."),
        (tmp_path / "fifo" / "in", "does not exist."),
    ):
        assert run([*data, *command, str(path)]) == 1
        assert f"error: {path} {what}" in capsys.readouterr().err


def test_no_export_takes_the_place_of_a_device(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(DiscoverError, match="nobody reads this pipe"):
        Door(Folders(tmp_path / "data")).export(tmp_path / "fifo", b"")
    assert (tmp_path / "fifo").is_fifo()


def test_the_quotes_of_wrong_usage_are_those_of_all_messages(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (
        ["import", "--min-seconds", "x", "a"],
        ["imprt"],
        ["import"],
        ["train", "--factors", "x"],
    ):
        assert run(arguments) == 2
        output = capsys.readouterr().err
        assert "“" in output, output
        assert "'" not in output, output


def test_an_error_shows_no_control_of_what_was_typed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, "a.csv", lastfm((START, SONG)))
    assert run(["--data-dir", str(tmp_path / "data"), "import", "--zone", "\x1b[31mMars", str(path)]) == 2
    assert "Unknown time zone “\ufffd[31mMars”" in capsys.readouterr().err


def test_a_folder_without_a_history_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        write(tmp_path, f"in/{name}.mp3", NOISE)
    assert run(["--data-dir", str(tmp_path / "data"), "import", str(tmp_path / "in")]) == 1
    assert "No listening history among 2 files of" in capsys.readouterr().err


def test_what_was_not_read_is_not_called_no_history(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.imports.walk.MAX_MEMBERS", 2)
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for name in "abc":
            archive.add(write(tmp_path, f"in/{name}.mp3", NOISE), f"{name}.mp3")
    assert run(["--data-dir", str(tmp_path / "data"), "import", str(tmp_path / "a.tar")]) == 1
    output = capsys.readouterr()
    assert "No listening history among 2 files of" in output.err
    assert "Others were not read" in output.err
    assert "a.tar: not read  holds more than 2 files; the rest is skipped" in output.out


def test_a_playlist_alone_is_kept_and_not_called_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, "a.m3u8", "#EXTM3U\n#EXTINF:200,Ida - Slow Ferry\nferry.mp3\n")
    data = ["--data-dir", str(tmp_path / "data"), "import"]
    assert run([*data, "--dry-run", str(path)]) == 0
    assert "1 read, 1 to import as a playlist entry.\n" in capsys.readouterr().out
    assert run([*data, str(path)]) == 0
    output = capsys.readouterr().out
    assert "1 read, 1 kept as a playlist entry.\n" in output
    assert ", 1 kept as a playlist entry" in output.splitlines()[-1]
    assert "0 kept" not in output


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


ITUNES = b'<?xml version="1.0" encoding="utf-7"?><plist version="1.0"><dict><key>Tracks</key><dict/></dict></plist>'


def test_an_import_of_which_nothing_could_be_read_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, "in/itunes.xml", ITUNES)
    for options in ([], ["--json"], ["--dry-run"]):
        assert run(["--data-dir", str(tmp_path / "data"), "import", str(path), *options]) == 1
        printed = capsys.readouterr()
        assert printed.err == (
            f"error: 1 file was not read, or not to the end: {path}. The report says why. Nothing was imported.\n"
        )
        if options == ["--json"]:
            assert [file["unread"] for file in json.loads(printed.out)["files"]] == [True]
        else:
            assert "encoding that is not read here" in printed.out


def test_files_that_could_not_be_read_beside_others_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, "in/plays.csv", lastfm((START, SONG)))
    write(tmp_path, "in/song.mp3", NOISE)
    bad = write(tmp_path, "in/itunes\x1b[31m.xml", ITUNES)
    (tmp_path / "in/old.zip").write_bytes(b"PK\x03\x04 no archive")
    assert run(["--data-dir", str(tmp_path / "data"), "import", str(tmp_path / "in")]) == 0
    said = capsys.readouterr().err
    assert said == (
        f"2 files were not read, or not to the end: {str(bad).replace(chr(27), chr(0xFFFD))}; "
        f"{tmp_path / 'in/old.zip'}. The report says why.\n"
    )
    write(tmp_path, "empty.csv", "artist,track,time\n")
    assert run(["--data-dir", str(tmp_path / "data"), "import", str(tmp_path / "empty.csv")]) == 0
    assert capsys.readouterr().err == "", "there was nothing in it to read"
