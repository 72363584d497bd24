"""A disk that fails, or a file that vanishes, while the data folder is read: that is said, and nothing else is done."""

from __future__ import annotations

import contextlib
import errno
import json
import sqlite3
from pathlib import Path

import pytest

from engine.errors import system_trouble
from engine.paths import Folders
from engine.privacy import Door
from engine.store.backups import IMPORT, backups, make
from engine.store.database import open_library
from tests.reliability.commands import Command
from tests.reliability.watching import Call, Ended, available, run
from tests.support.importing import SONG, START
from tests.support.listens import play

pytestmark = pytest.mark.skipif(not available(), reason="no process can be watched by seccomp here")


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """A library of many pages, with a backup."""
    folders = Folders(tmp_path / "data")
    door = Door(folders)
    library = open_library(door)
    for number in range(300):
        play(library, f"Artist {number} " * 20, SONG[1], START + 600 * number)
    make(door, library, IMPORT)
    library.close()
    return folders


def _run(
    folders: Folders, line: str, error: int, call: str, part: str, after: int = 0, most: int = 9999
) -> Ended:
    """A command, of which each such call on a file with this in its path fails, `after` so many, and `most` so many."""
    seen = 0

    def fails(at: Call) -> int | None:
        nonlocal seen
        if call not in at.name or part not in at.path.removeprefix(str(folders.root)):
            return None
        seen += 1
        return error if after < seen <= after + most else None

    work = Command("", tuple(line.split())).work(folders.root, folders.root)
    ended = run(work, folders.root, fails, reads=True)
    assert seen > after
    return ended


@pytest.mark.parametrize("after", [0, 4, 6, 8, 12])
@pytest.mark.parametrize("line", ["stats", "doctor", "doctor --repair"])
def test_a_library_that_the_disk_does_not_give_is_not_said_to_be_damaged(
    folders: Folders, line: str, after: int
) -> None:
    before = folders.database.read_bytes()
    ended = _run(folders, line, errno.EIO, "read", "/library.sqlite", after)
    said = ended.out + ended.err
    assert "disk failed" in said
    assert "is damaged" not in said
    assert "move it away" not in said
    assert folders.database.read_bytes() == before


@pytest.mark.parametrize("most", [1, 9999])
@pytest.mark.parametrize("after", [0, 1, 3, 10])
def test_a_backup_that_the_disk_does_not_give_is_not_deleted(folders: Folders, after: int, most: int) -> None:
    (backup,) = backups(folders)
    ended = _run(folders, "doctor --repair", errno.EIO, "read", "/backups/", after, most)
    assert "is deleted" not in ended.out + ended.err
    assert backups(folders) == [backup]


@pytest.mark.parametrize("after", [0, 1, 2, 3, 5])
def test_a_copy_that_the_disk_does_not_give_is_no_fault_of_the_library(folders: Folders, after: int) -> None:
    with contextlib.closing(sqlite3.connect(folders.database)) as library:
        of = "SELECT rootpage FROM sqlite_schema WHERE name = 'listens_by_time'"
        (page,) = library.execute(of).fetchone()
        (size,) = library.execute("PRAGMA page_size").fetchone()
    with folders.database.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(bytes(size))
    before = folders.database.read_bytes()
    ended = _run(folders, "doctor --repair", errno.EIO, "pread", "/.scratch-", after)
    assert "Unexpected" not in ended.err
    if ended.code:
        assert folders.database.read_bytes() == before


def test_a_pack_that_the_disk_does_not_give_hides_no_other(folders: Folders) -> None:
    for name in ("one", "two"):
        (folders.packs / name).mkdir(parents=True)
        manifest = {"kind": "features", "source": "x.csv", "date": "2026-01-01"}
        (folders.packs / name / "manifest.json").write_text(json.dumps(manifest))
    ended = _run(folders, "community list", errno.EIO, "stat", "/packs/one")
    assert "two" in ended.out
    assert f"{folders.packs / 'one'}: the disk failed" in " ".join((ended.out + ended.err).split())


def test_a_file_of_its_own_that_vanishes_as_it_is_restored_is_named(folders: Folders) -> None:
    ended = _run(folders, "backup restore", errno.ENOENT, "open", "/.scratch-")
    assert (ended.code, ended.out) == (1, "")
    assert "/.scratch-" in ended.err
    assert "Another program may have moved, removed or replaced it meanwhile" in ended.err


def test_what_another_program_did_meanwhile_is_told_in_words() -> None:
    gone = FileNotFoundError(errno.ENOENT, "No such file or directory", "d/x.npy")
    there = FileExistsError(errno.EEXIST, "File exists", "d/index")
    for error in (gone, there):
        assert system_trouble(error).startswith(
            f"{error.filename}: {error.strerror}. Another program may have"
        )
