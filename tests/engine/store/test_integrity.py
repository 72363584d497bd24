"""A bit of the schema's own text that is the other way: SQLite's checks pass, the doctor names it, and mends it all."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.community.catalog import Catalog
from engine.community.earlier_keys import has_earlier_keys
from engine.community.whole import damaged_packs
from engine.errors import DamagedDataError, DamagedLibraryError
from engine.paths import Folders
from engine.privacy import Door
from engine.session import Session
from engine.session.damage import damage
from engine.session.repair import repair
from engine.store.backups import IMPORT, backups, is_whole, make
from engine.store.integrity import sound
from engine.store.schema import REBUILT, STEPS, migrate
from tests.support.communities import write_community
from tests.support.importing import lastfm, write
from tests.support.models import names

ARTISTS = 30


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    plays = ((1_600_000_000 + 300 * n, (f"Artist {n % ARTISTS}", f"Song {n}")) for n in range(300))
    with Session(Folders(tmp_path / "data")) as session:
        session.history.import_paths([write(tmp_path, "plays.csv", lastfm(*plays))])
        session.verdicts.judge("block", "Artist 1")
        return session.folders


def redefine(database: Path, name: str, was: bytes, now: bytes) -> None:
    """Change the text of a definition, byte by byte, as a disk that fails does."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        (sql,) = connection.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (name,)).fetchone()
    data, whole = database.read_bytes(), sql.encode()
    assert data.count(whole) == 1
    assert whole.count(was) >= 1
    database.write_bytes(data.replace(whole, whole.replace(was, now, 1)))


def ask(session: Session) -> None:
    session.history.stats()
    session.verdicts.judge("block", "Artist 2")


@pytest.mark.parametrize(
    ("name", "was", "now"),
    [
        pytest.param("listens", b"started_at", b"starteb_at", id="a column"),
        pytest.param("tracks", b"artist_id ", b"artist_\xe9d ", id="a column that is not text"),
        pytest.param("artists", b"artists", b"artistr", id="a table"),
        pytest.param("feedback", b"'block'", b"'clock'", id="a check"),
        pytest.param("listens_by_time", b"started_at", b"starteb_at", id="an index of no column"),
        pytest.param("listens_counted", b"flags & 8", b"flags & 9", id="an index of other rows"),
        pytest.param("readings_go_with_imports", b"readings", b"seadings", id="a trigger"),
    ],
)
def test_a_bit_of_a_definition_is_damage_and_all_is_kept(
    folders: Folders, name: str, was: bytes, now: bytes
) -> None:
    with Session(folders) as session:
        before = session.history.counts(), session.verdicts.of("Artist 1")
    for backup in backups(folders):
        backup.path.unlink()
    redefine(folders.database, name, was, now)
    said = []
    try:
        with Session(folders) as session:
            said += [one.said for one in damage(folders, session.library.connection)]
            ask(session)
    except DamagedLibraryError as error:
        said.append(str(error))
    assert any("is damaged" in one and "--repair" in one for one in said), said
    assert any("nothing was lost" in one for one in repair(Door(folders)))
    with Session(folders) as session:
        assert (session.history.counts(), session.verdicts.of("Artist 1")) == before
        assert session.library.check() == "ok"
        ask(session)
    assert not damage(folders)


def test_what_fails_for_a_column_of_another_name_is_said_to_be_damage(folders: Folders) -> None:
    redefine(folders.database, "tracks", b"title ", b"titme ")
    with Session(folders) as session, pytest.raises(DamagedLibraryError, match="definition of table tracks"):
        session.history.listens(session.history.listen_ids("art"))


def test_a_backup_with_such_a_bit_is_not_restored(folders: Folders) -> None:
    with Session(folders) as session:
        make(session.door, session.library.connection, IMPORT)
    (backup, *_) = backups(folders)
    assert is_whole(backup)
    redefine(backup.path, "playlists", b"context", b"contexu")
    assert not is_whole(backup)


@pytest.mark.parametrize("version", range(1, len(STEPS) + 1))
def test_a_library_of_each_version_is_sound(version: int) -> None:
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        migrate(connection, STEPS[:version])
        assert sound(connection) == "ok"
        connection.execute("ALTER TABLE listens RENAME COLUMN source TO sourcf")
        assert "table listens" in sound(connection)


def test_an_index_that_an_import_dropped_or_a_person_added_is_no_damage() -> None:
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        migrate(connection)
        for name in REBUILT:
            connection.execute(f"DROP INDEX {name}")
        connection.execute("CREATE INDEX mine ON listens (source)")
        assert sound(connection) == "ok"
        connection.execute("DROP INDEX imports_by_digest")
        assert "index imports_by_digest" in sound(connection)


def changes(name: str, was: bytes, now: bytes) -> Callable[[Path], None]:
    return lambda catalog: redefine(catalog, name, was, now)


@pytest.mark.parametrize(
    "change",
    [
        changes("items", b"plays ", b"playr "),
        changes("tags", b"tag TEXT", b"tah TEXT"),
        changes("items_by_key", b"(key)", b"(kez)"),
        changes("tags", b"INTEGER", b"INT\xffGER"),
    ],
    ids=["a column", "a column of tags", "an index", "no text"],
)
def test_a_packs_catalog_with_such_a_bit_is_named(
    folders: Folders, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    with Session(folders) as session:
        session.packs.add(write_community(tmp_path / "set", artists=names(40), listeners=20), name="crowd")
    catalog = folders.packs / "crowd" / "catalog.sqlite"
    assert not list(damaged_packs(folders))
    change(catalog)
    ((_, said),) = damaged_packs(folders)
    assert "The pack crowd is damaged" in said
    assert "discover community add" in said
    with pytest.raises(DamagedDataError):
        Catalog(catalog)
    assert not has_earlier_keys(catalog.parent)
