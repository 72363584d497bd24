"""The log: there when something went wrong, without a name of music, bounded, and never in a private session."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from engine.paths import Folders
from engine.privacy import Door
from engine.privacy.log import MAX_BYTES, note_error, note_warning, where_it_happened
from tests.support.folders import fingerprint

SECRET = "Quiet Vesper"


def fail(depth: int = 0) -> None:
    if depth:
        return fail(depth - 1)
    known = {SECRET: 1}
    try:
        known[f"{SECRET} live"]
    except KeyError as error:
        raise ValueError(f"{SECRET} is not here") from error


def caught(depth: int = 0) -> Exception:
    try:
        fail(depth)
    except ValueError as error:
        return error
    raise AssertionError


def test_an_error_is_kept_by_kind_and_place_without_what_it_says(tmp_path: Path) -> None:
    folders = Folders(tmp_path / "data")
    assert not folders.log.exists()
    assert note_error(Door(folders), "a command", caught())
    text = folders.log.read_text()
    assert "KeyError\n" in text
    assert "which led to\nValueError\n" in text
    assert "tests/engine/privacy/test_log.py line " in text
    assert ", fail\n" in text
    assert SECRET not in text
    assert str(Path.cwd()) not in text
    assert folders.log.stat().st_mode & 0o777 == 0o600


def test_the_systems_word_is_kept_but_not_the_file_it_names(tmp_path: Path) -> None:
    folders = Folders(tmp_path / "data")
    for error in (
        OSError(28, "No space left on device", f"/home/{SECRET}"),
        sqlite3.OperationalError(SECRET),
    ):
        note_error(Door(folders), "a job", error)
    text = folders.log.read_text()
    assert "OSError 28 No space left on device\n" in text
    assert "sqlite3.OperationalError" in text
    assert SECRET not in text


def test_where_it_happened_is_the_innermost_step_of_this_program_or_else_of_another() -> None:
    with pytest.raises(TypeError) as raised:
        print(Folders(None).log)  # type: ignore[arg-type]  # which raises below this line
    assert where_it_happened(raised.value).startswith("TypeError in engine/paths.py line ")
    with pytest.raises(ValueError) as foreign:
        json.loads("{")
    assert where_it_happened(foreign.value).startswith("JSONDecodeError in json/decoder.py line ")


def test_the_log_is_bounded_and_loses_its_oldest_entries_as_wholes(tmp_path: Path) -> None:
    folders = Folders(tmp_path / "data")
    Door(folders).write_file(folders.log, b"==== old: a\nX\n" * (MAX_BYTES // 14))
    note_error(Door(folders), "the newest", caught(depth=900))
    data = folders.log.read_bytes()
    assert len(data) <= MAX_BYTES
    assert data.startswith(b"==== old")
    assert data.count(b"the newest") == 1
    assert data.count(b"test_log.py line") < 40, "of a deep stack both ends are enough"


def test_a_private_session_and_a_full_disk_leave_no_log_and_raise_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = Folders(tmp_path / "data")
    assert not note_error(Door(folders, private=True), "a command", caught())
    assert fingerprint(tmp_path) == fingerprint(tmp_path)
    assert not folders.root.exists()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.privacy.door.write_atomically", full)
    assert not note_error(Door(folders), "a command", caught())


def test_a_warning_is_noted_without_its_words(tmp_path: Path) -> None:
    folders = Folders(tmp_path / "data")
    assert note_warning(Door(folders), RuntimeWarning, __file__, 7)
    assert "RuntimeWarning\n  tests/engine/privacy/test_log.py line 7\n" in folders.log.read_text()


def test_a_job_that_dies_of_the_unexpected_says_where_its_log_is(tmp_path: Path) -> None:
    folders = Folders(tmp_path / "data")
    script = (
        "import sys\nfrom engine import job\n"
        f"def dead(*_):\n    raise KeyError({SECRET!r})\n"
        "job._COMMANDS['train'] = dead\nsys.exit(job.main(sys.argv[1:]))"
    )
    child = subprocess.run(
        [sys.executable, "-c", script, "--data-dir", str(folders.root), "train"],
        capture_output=True,
        text=True,
        check=False,
    )
    output = json.loads(child.stdout)
    assert (child.returncode, output["type"]) == (1, "error")
    assert "KeyError" in output["message"]
    assert str(folders.log) in output["message"]
    assert SECRET not in folders.log.read_text() + child.stdout + child.stderr
