"""A file that is written to standard output is alone there: no sentence, no table and no document beside it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from engine.paths import Folders
from tests.support.models import names
from tests.support.places import ITEMS, fill
from tuiapp.cli.main import run


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    return fill(tmp_path_factory.mktemp("filled") / "data")


def printed_to(file: Path, monkeypatch: pytest.MonkeyPatch, *line: str) -> int:
    """Run a command with standard output led into a file, as a shell does."""
    with monkeypatch.context() as patch, file.open("a") as output:
        patch.setattr(sys, "stdout", output)
        return run(line)


def test_a_list_is_alone_there_and_a_document_refused(
    filled: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    export = ["--data-dir", str(filled.root), "export", "Song for the hill", "--format", "csv", "--out"]
    file, other = tmp_path / "list.csv", tmp_path / "other.csv"
    assert printed_to(file, monkeypatch, *export, str(other)) == 0
    assert "exported to" in file.read_text(), "it is printed where the list is not"
    file.write_text("")
    assert printed_to(file, monkeypatch, *export, str(file)) == 0
    assert file.read_bytes() == other.read_bytes()
    assert "exported to" in capsys.readouterr().err
    for before in (b"", other.read_bytes()):
        file.write_bytes(before)
        assert printed_to(file, monkeypatch, *export, str(file), "--json") == 2
        assert "--json prints its document where" in capsys.readouterr().err
        assert file.read_bytes() == before
    link = tmp_path / "link.m3u8"
    link.symlink_to(file)
    for command in (["playlist", "running"], ["mix", names(ITEMS)[0]]):
        line = ["--data-dir", str(filled.root), *command, "--out", str(link)]
        for options in ([], ["--json"]):
            assert printed_to(file, monkeypatch, *line, *options) == 2, "the table is there"
            assert file.read_bytes() == before
    null = Path("/dev/null")
    assert printed_to(null, monkeypatch, *export, str(null), "--json") == 0


def test_a_model_is_alone_there(
    filled: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "model"
    file.touch()
    line = ["--data-dir", str(filled.root), "model", "export", str(file)]
    assert printed_to(file, monkeypatch, *line) == 0
    with zipfile.ZipFile(file) as model:
        assert model.testzip() is None
    assert "SHA-256" in capsys.readouterr().err
    assert printed_to(file, monkeypatch, *line, "--json") == 2


@pytest.mark.parametrize("out", ["-", "/dev/stdout"])
def test_a_file_for_standard_output_is_named_alike_in_every_command(
    filled: Folders, tmp_path: Path, out: str
) -> None:
    def called(*line: str) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "tuiapp", "--data-dir", str(filled.root), *line]
        return subprocess.run(command, cwd=tmp_path, capture_output=True)

    listed = called("export", "Song for the hill", "--format", "csv", "--out", out)
    assert (listed.returncode, listed.stdout[:11]) == (0, b"Track name,")
    model = called("model", "export", out)
    assert (model.returncode, model.stdout[:2]) == (0, b"PK")
    for command in (["playlist", "running", "--out"], ["mix", names(ITEMS)[0], "--out"]):
        refused = called(*command, out)
        assert (refused.returncode, refused.stdout) == (2, b"")
        assert b"standard output, where the list is shown" in refused.stderr
    for command in (["community", "export", "--parquet"], ["train", "--engine", "spark", "--parquet"]):
        refused = called(*command, "-")
        assert (refused.returncode, b"standard output is no folder" in refused.stderr) == (2, True)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.name != "posix", reason="no pipe without a reader")
def test_a_reader_who_leaves_ends_every_command_quietly(filled: Folders, tmp_path: Path) -> None:
    for command in (
        ["stats"],
        ["export", "Song for the hill", "--format", "csv", "--out", "/dev/stdout"],
        ["export", "Song for the hill", "--format", "csv", "--out", "-"],
        ["model", "export", "-"],
    ):
        reader, writer = os.pipe()
        os.close(reader)
        line = [sys.executable, "-m", "tuiapp", "--data-dir", str(filled.root), *command]
        done = subprocess.run(line, cwd=tmp_path, stdout=writer, stderr=subprocess.PIPE)
        os.close(writer)
        assert (done.returncode, done.stderr) == (0, b""), command


@pytest.mark.skipif(os.name != "posix", reason="no descriptors to close")
@pytest.mark.parametrize("closed", [(1,), (0, 1, 2)], ids=["output", "all"])
def test_a_closed_stream_is_nowhere_and_no_file_takes_its_place(
    filled: Folders, closed: tuple[int, ...]
) -> None:
    line = [sys.executable, "-m", "tuiapp", "--data-dir", str(filled.root)]

    def close() -> None:
        for number in closed:
            os.close(number)

    for command in (["stats"], ["--json", "stats"], ["playlists"]):
        done = subprocess.run([*line, *command], preexec_fn=close, stderr=subprocess.PIPE)
        assert (done.returncode, done.stderr) == (0, b"")
    assert not filled.log.exists()


@pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="only some systems have a device that is always full"
)
@pytest.mark.parametrize("line", [["--version"], ["config", "--json"], ["doctor"]])
def test_on_a_full_disk_it_fails_with_one_line(tmp_path: Path, line: list[str]) -> None:
    """Python's own buffer would be written again as the program ends."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command = [sys.executable, "-m", "tuiapp", "--data-dir", str(tmp_path / "none"), *line]
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(command, env=environment, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (ended.returncode, ended.stderr.splitlines()) == (
        1,
        ["error: The disk is full. Make room, then try again."],
    )
