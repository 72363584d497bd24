"""The library's tables: how versions follow one another, and that lists are answered by indexes."""

from __future__ import annotations

import sqlite3
import threading

import pytest

from engine.errors import DamagedDataError, DiscoverError
from engine.paths import Folders
from engine.privacy import Door
from engine.store import schema
from engine.store.database import open_library


def test_an_older_library_is_upgraded_and_keeps_its_rows(tmp_path, monkeypatch) -> None:
    folders = Folders(tmp_path)
    connection = open_library(Door(folders))
    with connection:
        connection.execute("INSERT INTO artists (name, key) VALUES ('Burel', 'burel')")
    connection.close()
    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, "ALTER TABLE artists ADD COLUMN country TEXT;"))
    monkeypatch.setattr("engine.store.database.STEPS", schema.STEPS)
    connection = open_library(Door(folders))
    assert connection.execute("SELECT name, country FROM artists").fetchall() == [("Burel", None)]
    assert connection.execute("PRAGMA user_version").fetchone() == (len(schema.STEPS),)
    connection.close()


def test_a_step_that_fails_changes_nothing(tmp_path, monkeypatch) -> None:
    folders = Folders(tmp_path)
    open_library(Door(folders)).close()
    broken = "CREATE TABLE extra (x INTEGER) STRICT; CREATE TABLE artists (x INTEGER) STRICT;"
    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, broken))
    with pytest.raises(DamagedDataError):
        open_library(Door(folders))
    plain = sqlite3.connect(folders.database)
    assert plain.execute("PRAGMA user_version").fetchone() == (len(schema.STEPS) - 1,)
    assert plain.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'extra'").fetchone() == (0,)
    plain.close()


def test_thirty_first_starts_at_once_all_succeed(tmp_path) -> None:
    folders, start, said = Folders(tmp_path / "data"), threading.Barrier(30), []

    def first_start() -> None:
        start.wait()
        try:
            connection = open_library(Door(folders))
            said.append(connection.execute("SELECT count(*) FROM listens").fetchone())
            connection.close()
        except DiscoverError as error:
            said.append(error)

    threads = [threading.Thread(target=first_start) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == [(0,)] * 30


@pytest.mark.parametrize(
    "newer",
    [f"PRAGMA user_version = {len(schema.STEPS) + 1}", "CREATE TABLE n (n); PRAGMA user_version = 999"],
)
def test_a_library_of_a_newer_version_is_refused(tmp_path, newer: str) -> None:
    folders = Folders(tmp_path)
    connection = open_library(Door(folders))
    connection.executescript(newer)
    connection.close()
    with pytest.raises(DamagedDataError, match="newer version"):
        open_library(Door(folders))


def test_every_table_is_strict_and_foreign_keys_are_on(tmp_path) -> None:
    connection = open_library(Door(Folders(tmp_path)))
    tables = [row for row in connection.execute("PRAGMA table_list") if not row[1].startswith("sqlite_")]
    assert tables
    assert all(row[5] == 1 for row in tables)
    assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM listens WHERE started_at < 5 ORDER BY started_at DESC LIMIT 500",
        "SELECT track_id, sum(plays), max(started_at) FROM listens GROUP BY track_id",
        "SELECT min(started_at) FROM listens",
        "SELECT id FROM artists WHERE key = 'x'",
        "SELECT 1 FROM imports WHERE sha256 = 'x'",
    ],
)
def test_the_lists_the_app_shows_are_answered_by_an_index(tmp_path, query) -> None:
    connection = open_library(Door(Folders(tmp_path)))
    plan = " ".join(str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {query}"))
    assert "INDEX" in plan
    assert "TEMP B-TREE" not in plan
    connection.close()
