"""A database of another program may be anybody's: what is read of it, what it may cost, and what is said of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import UnreadableFileError
from engine.imports.database import Rows
from engine.paths import Folders
from engine.session import Session
from engine.store.guarded import as_os_errors, read_only_tables
from tests.support.audio import beets, navidrome, song
from tests.support.timing import at_most

ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)"
COLUMNS = "'/a' AS path, 'T' AS title, 'A' AS artist, 'B' AS album, 1.0 AS length, 1 AS bpm, '' AS mb_trackid"


def _made(path: Path, script: str) -> Path:
    connection = sqlite3.connect(path)
    connection.executescript(script)
    connection.close()
    return path


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Session(Folders(tmp_path / "data")) as one:
        yield one


def test_a_database_of_music_runs_nothing_of_its_own(session: Session, tmp_path: Path) -> None:
    view = _made(tmp_path / "a.db", f"CREATE VIEW items AS {ENDLESS} SELECT x AS id, {COLUMNS} FROM c")
    worked_out = _made(
        tmp_path / "b.db",
        "CREATE TABLE items (id, path, title, artist, album, length, bpm, mb_trackid GENERATED ALWAYS AS "
        "(upper('t')) VIRTUAL); INSERT INTO items (id) VALUES (1)",
    )
    with at_most(1):
        for path in (view, worked_out):
            with pytest.raises(UnreadableFileError, match="neither a folder nor a database"):
                session.music.add(path)


def test_a_database_of_music_takes_no_longer_than_its_size_can_mean(session: Session, tmp_path: Path) -> None:
    """Every file is in every library."""
    path = navidrome(tmp_path, "/music", *[("a.mp3", "A", "T", 9.0, 0)] * 600)
    with sqlite3.connect(path) as connection:
        connection.executemany("INSERT INTO library VALUES (1, '/music')", [()] * 20_000)
    connection.close()
    with at_most(1):
        session.music.add(path)
    assert session.music.folders()[0].left_out == {"file that is not where the database says": 600}


def test_a_value_larger_than_any_costs_no_other_file(session: Session, tmp_path: Path) -> None:
    for name in ("Snow", "Tin Roof", "Weir"):
        song(tmp_path / "music", "Ida", name)
    path = beets(
        tmp_path, *((f"Ida - {name}.wav".encode(), "Ida", name, 9.0, 96) for name in ("Snow", "Weir"))
    )
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE items SET album = zeroblob(2000000) WHERE title = 'Snow'")
    connection.close()
    session.music.add(path, music=tmp_path / "music")
    assert [one.files for one in session.music.folders()] == [2]


@pytest.mark.parametrize(
    "line", ["directory: {0}", "directory:   '{0}'  # mine", 'directory: "{0}"', "directory: {0} # mine"]
)
def test_the_folder_of_beets_is_read_however_it_is_written(
    session: Session, tmp_path: Path, line: str
) -> None:
    song(tmp_path / "it's music", "Slow Ferry", "Snow")
    path = beets(tmp_path, (b"Slow Ferry - Snow.wav", "Slow Ferry", "Snow", 9.0, 96))
    folder = str(tmp_path / "it's music") if "'" not in line else str(tmp_path / "music")
    (tmp_path / "music").symlink_to(tmp_path / "it's music")
    (tmp_path / "config.yaml").write_text(
        "plugins:\n  directory: no\n" + line.format(folder) + "\ndirectory: /\n"
    )
    session.music.add(path)
    assert [one.files for one in session.music.folders()] == [1]


def test_settings_of_beets_of_blanks_alone_take_no_time(session: Session, tmp_path: Path) -> None:
    path = beets(tmp_path, (b"a.wav", "A", "T", 9.0, 96))
    (tmp_path / "config.yaml").write_text("directory: x" + " " * 100_000 + "x")
    with at_most(1):
        session.music.add(path)


def test_a_database_named_in_any_bytes_is_damaged(session: Session, tmp_path: Path) -> None:
    data = beets(tmp_path).read_bytes()
    bad = tmp_path / "bad.db"
    bad.write_bytes(data.replace(b"CREATE TABLE items", b"CREATE TABLE \xff\xfe\xfd\xfc("))
    with pytest.raises(UnreadableFileError, match=r"bad\.db cannot be read .*damaged"):
        session.music.add(bad)


def test_a_database_that_another_program_writes_to_is_not_called_damaged(tmp_path: Path) -> None:
    path = beets(tmp_path)
    writer, reader = sqlite3.connect(path, isolation_level=None), sqlite3.connect(path, timeout=0)
    writer.execute("BEGIN EXCLUSIVE")
    with pytest.raises(OSError, match="another program is writing"), as_os_errors():
        read_only_tables(reader)
    reader.close()
    writer.close()


def test_a_table_of_a_module_that_is_not_here_is_passed_over(session: Session, tmp_path: Path) -> None:
    music = song(tmp_path / "music", "Slow Ferry", "Snow")
    path = beets(tmp_path, (str(music).encode(), "Slow Ferry", "Snow", 9.0, 96))
    _made(
        path,
        "PRAGMA writable_schema = ON; INSERT INTO sqlite_master VALUES "
        "('table', 'found', 'found', 0, 'CREATE VIRTUAL TABLE found USING nosuch(title)')",
    )
    session.music.add(path)
    assert [folder.files for folder in session.music.folders()] == [1]
    with path.open("rb") as stream:
        assert set(Rows(stream).tables) == {"items"}


@pytest.mark.parametrize("made", [beets, navidrome])
def test_the_year_a_database_tells_is_the_originals(session: Session, tmp_path: Path, made: object) -> None:
    """A beets or Navidrome of before they kept the original's has none."""
    music = song(tmp_path / "music", "Slow Ferry", "Snow")
    if made is beets:
        table, path = "items", beets(tmp_path, (str(music).encode(), "Slow Ferry", "Snow", 9.0, 96))
    else:
        path = navidrome(tmp_path, str(music.parent), (music.name, "Slow Ferry", "Snow", 9.0, 0))
        table = "media_file"

    def year() -> int:
        session.music.add(path)
        (found,) = session.library.connection.execute("SELECT year FROM music_files").fetchone()
        return int(found)

    assert year() == 0
    _made(path, f"ALTER TABLE {table} ADD COLUMN year INTEGER; UPDATE {table} SET year = 2011")
    assert year() == 2011
    _made(
        path, f"ALTER TABLE {table} ADD COLUMN original_year INTEGER; UPDATE {table} SET original_year = 1984"
    )
    assert year() == 1984
    _made(path, f"UPDATE {table} SET original_year = 0")
    assert year() == 2011
