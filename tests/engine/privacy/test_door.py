"""The one door: what it writes, how, and that a private session finds it shut."""

from __future__ import annotations

import os
import re
import sqlite3
import stat
import tempfile
from pathlib import Path

import pytest

from engine.errors import (
    BusyError,
    ClosedPipeError,
    DamagedDataError,
    DamagedLibraryError,
    DiscoverError,
    PrivateSessionError,
    disk_trouble,
    library_trouble,
    unreadable,
)
from engine.paths import Folders
from engine.privacy import Door
from engine.store.database import open_library
from tests.support.folders import fingerprint


@pytest.fixture(scope="module", autouse=True)
def disk_is_not_waited_for() -> None:
    """Here it is."""


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path / "data")


@pytest.fixture
def filled(folders: Folders) -> Folders:
    connection = open_library(Door(folders))
    with connection:
        connection.execute(
            "INSERT INTO feedback (artist_key, track_key, artist, track, verdict, at) "
            "VALUES ('burel', '', 'Burel', NULL, 'like', 1)"
        )
    connection.close()
    return folders


def test_folders_and_files_are_the_owners_alone(filled: Folders) -> None:
    Door(filled).write_file(filled.state, b"{}")
    assert stat.S_IMODE(filled.root.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in filled.root.iterdir()} == {0o600}
    Door(filled).make_folder(filled.cache / "deep" / "deeper")
    folders = [path for path in filled.cache.parent.rglob("*") if path.is_dir()]
    assert len(folders) == 3
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}


def test_a_read_only_disk_is_reported_and_can_be_looked_at(
    filled: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda _path, mode: not mode & os.W_OK)
    with pytest.raises(DiscoverError, match=r"Cannot write to .*--data-dir"):
        open_library(Door(filled))
    private = open_library(Door(filled, private=True))
    assert private.execute("SELECT count(*) FROM feedback").fetchone() == (1,)
    private.close()


def test_a_private_session_changes_no_byte_name_or_time_stamp(filled: Folders) -> None:
    before = fingerprint(filled.root)
    connection = open_library(Door(filled, private=True))
    with connection:
        connection.execute(
            "INSERT INTO feedback (artist_key, track_key, artist, track, verdict, at) "
            "VALUES ('moire', '', 'Moire', NULL, 'hide', 2)"
        )
        connection.execute(
            "INSERT INTO playlists (name, context, settings, at) VALUES ('x', 'running', '{}', 1)"
        )
    assert connection.execute("SELECT count(*) FROM feedback").fetchone() == (2,)
    connection.close()
    assert fingerprint(filled.root) == before
    connection = open_library(Door(filled))
    assert connection.execute("SELECT artist_key FROM feedback").fetchall() == [("burel",)]
    connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO artists (name, key) VALUES ('x', 'x')",
        "DELETE FROM main.feedback",
        "UPDATE main.feedback SET verdict = 'hide'",
        "DROP TABLE main.listens",
        "CREATE TABLE main.more (x)",
        "ATTACH ':memory:' AS other",
    ],
)
def test_a_private_session_refuses_every_write_to_disk(filled: Folders, statement: str) -> None:
    connection = open_library(Door(filled, private=True))
    with pytest.raises(sqlite3.DatabaseError):
        connection.execute(statement)
    connection.close()


def test_a_private_session_refuses_files(filled: Folders) -> None:
    door = Door(filled, private=True)
    before = fingerprint(filled.root)
    with pytest.raises(PrivateSessionError):
        door.write_file(filled.state, b"x")
    with pytest.raises(PrivateSessionError), door.new_folder(filled.models / "m"):
        pass
    with pytest.raises(PrivateSessionError):
        door.remove(filled.database)
    assert fingerprint(filled.root) == before


def test_a_private_session_without_a_library_makes_none(folders: Folders) -> None:
    connection = open_library(Door(folders, private=True))
    assert connection.execute("SELECT count(*) FROM listens").fetchone() == (0,)
    connection.close()
    assert not folders.root.exists()


def test_a_private_session_refuses_a_library_left_with_unfinished_writes(filled: Folders) -> None:
    filled.database.with_name("library.sqlite-wal").write_bytes(b"left over")
    with pytest.raises(PrivateSessionError, match="not closed cleanly"):
        Door(filled, private=True).connect()


def test_an_export_may_be_written_but_not_into_the_data_folder(filled: Folders, tmp_path: Path) -> None:
    door = Door(filled, private=True)
    door.export(tmp_path / "list.csv", b"a,b\n")
    assert (tmp_path / "list.csv").read_bytes() == b"a,b\n"
    with pytest.raises(DiscoverError, match="data folder"):
        door.export(filled.root / "list.csv", b"")
    for nowhere in (tmp_path / "nowhere" / "list.csv", tmp_path / ("long" * 75)):
        with pytest.raises(DiscoverError, match="Choose another place"):
            door.export(nowhere, b"")


def test_no_export_reaches_the_data_folder_by_another_of_its_paths(
    filled: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where it is mounted twice, or capitals are the same: paths that do not resolve to each other."""
    library = filled.database.read_bytes()
    (tmp_path / "mounted").symlink_to(filled.root)
    monkeypatch.setattr(os.path, "realpath", os.path.abspath)
    monkeypatch.setattr(Path, "resolve", Path.absolute)
    door = Door(filled)
    for name in (filled.database.name, "packs/list.csv"):
        with pytest.raises(DiscoverError, match="data folder"):
            door.export(tmp_path / "mounted" / name, b"a,b\n")
    with pytest.raises(DiscoverError, match="data folder"), door.export_folder(tmp_path / "mounted" / "new"):
        pass
    assert filled.database.read_bytes() == library


def test_an_export_goes_through_links_devices_and_pipes_and_replaces_none(
    folders: Folders, tmp_path: Path
) -> None:
    door = Door(folders)
    (tmp_path / "real.csv").write_bytes(b"old")
    (tmp_path / "real.csv").chmod(0o640)
    for name, target in (
        ("link", "real.csv"),
        ("new", "not-yet.csv"),
        ("loop", "loop"),
        ("null", "/dev/null"),
    ):
        (tmp_path / name).symlink_to(target)
    for name, written in (("link", "real.csv"), ("new", "not-yet.csv")):
        door.export(tmp_path / name, b"a,b\n")
        assert (tmp_path / written).read_bytes() == b"a,b\n"
        assert (tmp_path / name).is_symlink()
    assert stat.S_IMODE((tmp_path / "real.csv").stat().st_mode) == 0o640
    door.export(tmp_path / "null", b"a,b\n")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    with pytest.raises(DiscoverError, match="leads nowhere"):
        door.export(tmp_path / "loop", b"")
    (tmp_path / "inside").symlink_to(folders.root / "list.csv")
    with pytest.raises(DiscoverError, match="data folder"):
        door.export(tmp_path / "inside", b"")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(DiscoverError, match="nobody reads this pipe"):
        door.export(pipe, b"a,b\n")
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    door.export(pipe, b"a,b\n")
    assert os.read(reader, 99) == b"a,b\n"
    os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    reader, writer = os.pipe()
    os.close(reader)
    with pytest.raises(ClosedPipeError):
        door.export(Path(f"/dev/fd/{writer}"), b"a,b\n")
    os.close(writer)
    with pytest.raises(DiscoverError, match="directory"):
        door.export(tmp_path, b"")


@pytest.mark.parametrize("mode", ["ab", "wb"])
def test_an_export_to_what_the_program_writes_to_is_appended(
    folders: Folders, tmp_path: Path, mode: str
) -> None:
    with (tmp_path / "out").open(mode) as file:
        file.write(b"before\n")
        file.flush()
        Door(folders).export(Path(f"/dev/fd/{file.fileno()}"), b"a,b\n")
        file.write(b"after\n")
    assert (tmp_path / "out").read_bytes() == b"before\na,b\nafter\n"


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="no files in memory on this system")
def test_a_file_in_memory_is_replaced_like_any_other(folders: Folders) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as memory:
        for content in (b"longer,than\n", b"a,b\n"):
            Door(folders).export(Path(memory) / "list.csv", content)
        assert (Path(memory) / "list.csv").read_bytes() == b"a,b\n"


def test_a_folder_appears_whole_or_not_at_all(folders: Folders) -> None:
    door = Door(folders)
    with pytest.raises(IsADirectoryError), door.new_folder(folders.packs / "one") as partial:
        partial.write_bytes(b"a file where the folder is")
    assert list(folders.packs.iterdir()) == []
    for content in (b"1", b"2"):
        with door.new_folder(folders.packs / "one") as partial:
            (partial / "a").write_bytes(content)
            assert (
                not list(folders.packs.glob("one")) or (folders.packs / "one" / "a").read_bytes() != content
            )
    assert (folders.packs / "one" / "a").read_bytes() == b"2"
    assert [path.name for path in folders.packs.iterdir()] == ["one"]


def test_a_failed_write_leaves_the_old_file_and_no_other(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = Door(folders)
    door.write_file(folders.state, b"old")
    monkeypatch.setattr(os, "fsync", lambda _descriptor: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        door.write_file(folders.state, b"new")
    assert folders.state.read_bytes() == b"old"
    assert [path.name for path in folders.root.iterdir()] == [folders.state.name]


def test_the_library_has_a_log_and_waits_for_the_disk_when_it_is_folded_in(folders: Folders) -> None:
    connection = open_library(Door(folders))
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (1,)
    connection.close()


def test_a_file_that_is_not_a_database_says_so(folders: Folders) -> None:
    folders.root.mkdir()
    folders.database.write_bytes(b"this is no database at all" * 100)
    with pytest.raises(DamagedDataError, match="move it away"):
        open_library(Door(folders))


@pytest.mark.parametrize(
    ("code", "kind", "said"),
    [
        (sqlite3.SQLITE_BUSY, BusyError, "is busy: .* Try again when it is done"),
        (sqlite3.SQLITE_BUSY_RECOVERY, BusyError, "is busy: .* Try again when it is done"),
        (sqlite3.SQLITE_LOCKED, BusyError, "is busy: .* Try again when it is done"),
        (sqlite3.SQLITE_FULL, DiscoverError, "disk is full"),
        (sqlite3.SQLITE_IOERR_WRITE, DiscoverError, "Make room"),
        (sqlite3.SQLITE_IOERR_SHMOPEN, DiscoverError, "Make room"),
        (sqlite3.SQLITE_IOERR_READ, DiscoverError, "disk failed"),
        (sqlite3.SQLITE_READONLY_DBMOVED, DiscoverError, "may not be read or written"),
        (sqlite3.SQLITE_CANTOPEN, DiscoverError, "may not be read or written"),
        (sqlite3.SQLITE_NOMEM, DiscoverError, "no more memory"),
        (sqlite3.SQLITE_INTERNAL, DiscoverError, "cannot be opened .* was changed"),
        (sqlite3.SQLITE_NOTADB, DamagedLibraryError, "is damaged .* move it away"),
        (sqlite3.SQLITE_CORRUPT_INDEX, DamagedLibraryError, "is damaged .* move it away"),
    ],
)
def test_busy_full_denied_and_damaged_are_four_sentences_and_one_alone_moves_anything(
    code: int, kind: type[DiscoverError], said: str
) -> None:
    error = sqlite3.OperationalError("what SQLite says")
    error.sqlite_errorcode = code
    found = library_trouble(error, "library.sqlite")
    assert type(found) is kind
    assert re.search(said, str(found))
    assert ("away" in str(found)) is (kind is DamagedLibraryError)


@pytest.mark.parametrize("error", [PermissionError(13, "denied", "/somewhere"), OSError(30, "read-only")])
def test_what_is_denied_is_said_of_files_too(error: OSError) -> None:
    assert re.match(
        r"(/somewhere|The library) may not be read or written: .*--data-dir\.", disk_trouble(error)
    )


def test_a_pack_that_may_not_be_read_is_not_to_be_removed(tmp_path: Path) -> None:
    file = tmp_path / "manifest.json"
    file.touch()
    again = "Remove it and add it again."
    denied = sqlite3.OperationalError("unable to open database file")
    denied.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
    for error in (denied, PermissionError(13, "denied"), OSError(5, "i/o"), OSError(24, "too many")):
        said = str(unreadable(error, file, again))
        assert "Remove" not in said, error
    file.unlink()
    for error in (denied, FileNotFoundError(2, "gone"), ValueError("not JSON"), EOFError()):
        assert str(unreadable(error, file, again)) == again
