"""What can be read of a damaged library is read, whatever else of its file is gone."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import DamagedLibraryError
from engine.paths import Folders
from engine.playlists.playlist import PlaylistTrack
from engine.playlists.saved import playlist_tracks, saved_playlists
from engine.privacy import Door
from engine.session import Session
from engine.store.database import open_library
from engine.store.restoring import repaired
from engine.store.salvage import Salvage, salvage
from tests.support.importing import START, lastfm, write

Damage = Callable[[bytearray], None]
PLAYS = 2_000


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a library, of an export and of a player."""
    root = tmp_path_factory.mktemp("library")
    plays = [(START + 300 * n, (f"Artist {n % 40}", f"Song {n % 400}")) for n in range(PLAYS)]
    write(root / "in", "plays.csv", lastfm(*plays))
    with Session(Folders(root / "data")) as session:
        session.history.import_paths([root / "in"])
        session.history.log_play("Artist 1", "Song 1", seconds=200)
        session.verdicts.judge("like", "Artist 2")
        session.playlists.create("Mine", [PlaylistTrack("Artist 1", f"Song {n}") for n in range(9)])
    return root / "data" / "library.sqlite"


def salvaged(library: Path, to: Path, damage: Damage) -> tuple[Salvage | None, Path]:
    """What is saved of a damaged copy, and the file it is in."""
    data = bytearray(library.read_bytes())
    damage(data)
    (to / "damaged.sqlite").write_bytes(data)
    return salvage(to / "damaged.sqlite", to / "rows.sqlite", lambda *_: None), to / "rows.sqlite"


def changed(at: int, bit: int) -> Damage:
    def change(data: bytearray) -> None:
        data[at] ^= bit

    return change


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(changed(0, 1), id="magic"),
        pytest.param(changed(16, 1), id="size of a page"),
        pytest.param(changed(19, 4), id="version"),
        pytest.param(changed(20, 1), id="unused bytes"),
        pytest.param(changed(21, 1), id="fraction"),
        pytest.param(changed(29, 64), id="number of pages"),
        pytest.param(changed(47, 8), id="format of the schema"),
        pytest.param(changed(59, 2), id="encoding"),
    ],
)
def test_a_bit_of_the_header_costs_no_row(library: Path, tmp_path: Path, damage: Damage) -> None:
    found, _ = salvaged(library, tmp_path, damage)
    assert found is not None
    assert found.lost == {}
    assert (found.rows["listens"], found.rows["feedback"]) == (PLAYS + 1, 1)


def test_of_a_file_that_is_cut_short_the_rows_before_are_kept(library: Path, tmp_path: Path) -> None:
    def cut(data: bytearray) -> None:
        del data[len(data) * 3 // 4 + 77 :]

    found, _ = salvaged(library, tmp_path, cut)
    assert found is not None
    assert found.rows["feedback"] == 1
    assert found.rows["listens"] > PLAYS // 4


def test_listens_outlive_the_row_of_their_import(library: Path, tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(library)) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'imports'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()

    def lose_imports(data: bytearray) -> None:
        data[(root - 1) * size : root * size] = bytes(size)

    found, rows = salvaged(library, tmp_path, lose_imports)
    assert found is not None
    assert found.rows["listens"] == PLAYS + 1
    with contextlib.closing(sqlite3.connect(rows)) as connection:
        imports = connection.execute(
            "SELECT file, sha256, format, kept FROM imports ORDER BY kept"
        ).fetchall()
    assert imports == [("discover", "discover", "discover", 1), ("lastfm", "", "lastfm", PLAYS)]


@pytest.mark.parametrize(("at", "bit"), [(60, 128), (61, 1), (62, 32), (63, 64), (63, 16), (63, 4)])
def test_a_bit_of_the_version_is_damage_and_mended(library: Path, tmp_path: Path, at: int, bit: int) -> None:
    folders = Folders(tmp_path / "data")
    shutil.copytree(library.parent, folders.root)
    data = bytearray(library.read_bytes())
    changed(at, bit)(data)
    folders.database.write_bytes(data)
    with pytest.raises(DamagedLibraryError, match="doctor --repair"):
        open_library(Door(folders))
    assert repaired(Door(folders), lambda *_: None) is not None
    with Session(folders) as session:
        assert session.status().listens == PLAYS + 1


def lost_roots(library: Path, *tables: str, in_part: bool = False) -> Damage:
    with contextlib.closing(sqlite3.connect(library)) as connection:
        roots = dict(connection.execute("SELECT name, rootpage FROM sqlite_schema WHERE type = 'table'"))
        (size,) = connection.execute("PRAGMA page_size").fetchone()

    def lose(data: bytearray) -> None:
        for table in tables:
            start = (roots[table] - 1) * size + (size // 2 if in_part else 0)
            data[start : roots[table] * size] = bytes(roots[table] * size - start)

    return lose


def below(data: bytearray, page: int = 1) -> list[int]:
    """The pages below one, the first of which has a header before it."""
    size, header = int.from_bytes(data[16:18], "big"), 100 if page == 1 else 0
    part = data[(page - 1) * size : page * size]
    count = int.from_bytes(part[header + 3 : header + 5], "big")
    start = header + 12
    cells = (int.from_bytes(part[at : at + 2], "big") for at in range(start, start + 2 * count, 2))
    return [int.from_bytes(part[at : at + 4], "big") for at in (*cells, header + 8)]


def pages_lost(*lost: int, in_part: bool = False) -> Damage:
    """The first page of the schema but for the header of the file, and those below it;
    or the second half of each."""

    def lose(data: bytearray) -> None:
        size, further = int.from_bytes(data[16:18], "big"), below(data)
        assert len(further) == 2
        for page in (1 if number == 0 else further[number - 1] for number in lost):
            start = (page - 1) * size + (size // 2 if in_part else 100 if page == 1 else 0)
            data[start : page * size] = bytes(page * size - start)

    return lose


@pytest.mark.parametrize("in_part", [False, True])
@pytest.mark.parametrize("lost", [(0,), (1,), (2,), (1, 2), (0, 1, 2)])
def test_pages_of_the_schema_cost_no_row(
    library: Path, tmp_path: Path, lost: tuple[int, ...], in_part: bool
) -> None:
    found, rows = salvaged(library, tmp_path, pages_lost(*lost, in_part=in_part))
    assert found is not None
    with (
        contextlib.closing(sqlite3.connect(rows)) as now,
        contextlib.closing(sqlite3.connect(library)) as then,
    ):
        tables = [row[0] for row in then.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        for table in tables:
            asked = f"SELECT * FROM {table} ORDER BY 1, 2, 3"
            assert now.execute(asked).fetchall() == then.execute(asked).fetchall(), table
        assert now.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.parametrize("fill", [b"\0", b"\xa7"])
@pytest.mark.parametrize("also", [(), ("skips",)])
def test_the_whole_first_page_costs_no_row(
    library: Path, tmp_path: Path, fill: bytes, also: tuple[str, ...]
) -> None:
    """With the number of the version, which the definitions that are left tell, though a table has no page."""

    def lose(data: bytearray) -> None:
        size = int.from_bytes(data[16:18], "big")
        lost_roots(library, *also)(data)
        data[:size] = fill * size

    found, rows = salvaged(library, tmp_path, lose)
    assert found is not None
    with (
        contextlib.closing(sqlite3.connect(rows)) as now,
        contextlib.closing(sqlite3.connect(library)) as then,
    ):
        for table in ("artists", "tracks", "listens", "feedback", "playlist_tracks"):
            asked = f"SELECT * FROM {table} ORDER BY 1, 2, 3"
            assert now.execute(asked).fetchall() == then.execute(asked).fetchall(), table


def test_the_first_page_of_another_version_is_not_taken_for_one_of_this(
    library: Path, tmp_path: Path
) -> None:
    def lose(data: bytearray) -> None:
        size = int.from_bytes(data[16:18], "big")
        data[:size] = bytes(size)
        at = data.find(b"CREATE TABLE pushes")
        data[at : at + 19] = b"CREATE TABLE PUSHES"

    assert salvaged(library, tmp_path, lose)[0] is None


def test_no_index_and_no_other_table_is_taken_for_one_that_is_empty(library: Path, tmp_path: Path) -> None:
    """Keys of an artist and a track, and the file's path, are values of the kinds that a player's verdict has; a name
    and its key of those that a file's zone and encoding have."""
    copy = tmp_path / "library.sqlite"
    shutil.copyfile(library, copy)
    with contextlib.closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute("INSERT INTO music_folders (path, kind) VALUES ('/m', 'folder')")
        connection.execute(
            "INSERT INTO music_files (path, folder_id, size, modified, artist_key, track_key) "
            "VALUES ('/m/one', 1, 1, 1, 'ida', 'one')"
        )
    found, rows = salvaged(copy, tmp_path, pages_lost(0, 1, 2))
    assert found is not None
    assert found.rows["music_files"] == 1
    with contextlib.closing(sqlite3.connect(rows)) as now:
        for table in ("imported_verdicts", "readings"):
            assert now.execute(f"SELECT * FROM {table}").fetchall() == []


@pytest.mark.parametrize("in_part", [False, True])
@pytest.mark.parametrize(
    "tables", [("artists",), ("tracks",), ("listens",), ("artists", "tracks", "listens", "imports")]
)
def test_one_page_of_the_names_or_of_the_listens_costs_no_listen(
    library: Path, tmp_path: Path, tables: tuple[str, ...], in_part: bool
) -> None:
    asked = (
        "SELECT a.key, t.key, l.started_at, l.plays FROM listens AS l JOIN tracks AS t ON t.id = l.track_id "
        "JOIN artists AS a ON a.id = t.artist_id ORDER BY l.id"
    )
    found, rows = salvaged(library, tmp_path, lost_roots(library, *tables, in_part=in_part))
    assert found is not None
    assert found.rows["listens"] == PLAYS + 1
    # In part, the rows of other pages are whole.
    number = found.in_part.get("listens", 0) if in_part else PLAYS + 1
    kept = [f"{number:,} of these by track and time alone"] * ("listens" in tables)
    assert [words for words in found.in_words().split(", ") if "alone" in words] == kept
    with (
        contextlib.closing(sqlite3.connect(rows)) as now,
        contextlib.closing(sqlite3.connect(library)) as then,
    ):
        assert now.execute(asked).fetchall() == then.execute(asked).fetchall()
        assert now.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert now.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_playlist_outlives_its_row(library: Path, tmp_path: Path) -> None:
    found, rows = salvaged(library, tmp_path, lost_roots(library, "playlists"))
    assert found is not None
    assert found.rows["playlist_tracks"] == 9
    with contextlib.closing(sqlite3.connect(rows)) as connection:
        assert [one.name for one in saved_playlists(connection)] == ["Mine"]
        assert len(playlist_tracks(connection, "Mine")) == 9


def test_a_page_amid_the_listens_costs_what_the_indexes_do_not_have(library: Path, tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(library)) as connection:
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        there = connection.execute("SELECT * FROM listens ORDER BY id").fetchall()
        (root,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'listens'").fetchone()

    def lose_one(data: bytearray) -> None:
        # The first child that the root, an interior page, has.
        at = (root - 1) * size
        cell = at + int.from_bytes(data[at + 12 : at + 14], "big")
        child = int.from_bytes(data[cell : cell + 4], "big")
        data[(child - 1) * size : child * size] = bytes(size)

    found, rows = salvaged(library, tmp_path, lose_one)
    assert found is not None
    assert 0 < found.in_part["listens"] < PLAYS // 2
    with contextlib.closing(sqlite3.connect(rows)) as connection:
        assert connection.execute("SELECT * FROM listens ORDER BY id").fetchall() == there


def test_names_are_as_in_the_backup_there_is(library: Path, tmp_path: Path) -> None:
    folders = Folders(tmp_path / "data")
    shutil.copytree(library.parent, folders.root)
    write(tmp_path / "in", "more.csv", lastfm((START - 999, ("New One", "New Song"))))
    with Session(folders) as session:
        session.history.import_paths([tmp_path / "in"])
    data = bytearray(folders.database.read_bytes())
    lost_roots(folders.database, "artists", "tracks")(data)
    folders.database.write_bytes(data)
    _, found = repaired(Door(folders), lambda *_: None) or ("", None)
    assert isinstance(found, Salvage)
    assert [*found.nameless.artists] == ["new one"]
    assert [*found.nameless.tracks] == [("new one", "new song")]
    with contextlib.closing(sqlite3.connect(folders.database)) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM artists")}
    assert names == {f"Artist {n}" for n in range(40)} | {"new one"}


def test_without_a_backup_names_are_as_in_playlists_and_likes(library: Path, tmp_path: Path) -> None:
    found, rows = salvaged(library, tmp_path, lost_roots(library, "artists", "tracks"))
    assert found is not None
    with contextlib.closing(sqlite3.connect(rows)) as connection:
        named = connection.execute("SELECT name FROM artists WHERE name <> key ORDER BY name").fetchall()
        titled = connection.execute("SELECT title FROM tracks WHERE title <> key ORDER BY title").fetchall()
    assert (named, titled) == ([("Artist 1",), ("Artist 2",)], [("Song 1",)])
    assert "38 names of artists in small letters, 399 names of tracks" in found.in_words()


def test_what_is_no_library_has_no_rows(library: Path, tmp_path: Path) -> None:
    def blank(data: bytearray) -> None:
        data[:] = bytes(len(data))

    assert salvaged(library, tmp_path, blank)[0] is None


def test_of_a_file_cut_short_without_a_schema_no_row_is_another(library: Path, tmp_path: Path) -> None:
    """Pages that are left lead to those cut off: what is written anew does not come there."""
    copy = tmp_path / "library.sqlite"
    shutil.copyfile(library, copy)
    added = [(f"Ida {n}", f"ida {n}") for n in range(2_000)]
    with contextlib.closing(sqlite3.connect(copy)) as connection, connection:
        connection.executemany("INSERT INTO artists (name, key) VALUES (?, ?)", added)
        names = set(connection.execute("SELECT name, key FROM artists"))

    def cut(data: bytearray) -> None:
        pages_lost(0, 2)(data)
        of_artists = 2
        del data[(min(below(data, of_artists)) - 1) * int.from_bytes(data[16:18], "big") :]

    _, rows = salvaged(copy, tmp_path, cut)
    with contextlib.closing(sqlite3.connect(rows)) as now:
        assert set(now.execute("SELECT name, key FROM artists")) <= names
