"""What was played lately: every play, whether or not it counts for taste."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from engine.canonical_keys import artist_key, joined_key
from engine.paths import Folders
from engine.privacy import Door
from engine.store.database import open_library
from engine.taste.rules import Rule, add_rule
from engine.taste.when_played import last_played, played_since
from tests.support.listens import play

DAY = 86_400
NOON = 20_000 * DAY + DAY // 2


def library(tmp_path: Path) -> sqlite3.Connection:
    connection = open_library(Door(Folders(tmp_path / "data")))
    play(connection, "Harbour", "Lights", NOON, NOON - 9 * DAY)
    play(connection, "Harbour", "Old", NOON - 9 * DAY, None)
    # Of a play of that day it is not known when.
    play(connection, "Harbour", "Some time", NOON - DAY // 2)
    connection.execute("UPDATE listens SET precision = 86400 WHERE id = (SELECT max(id) FROM listens)")
    return connection


def played(connection: sqlite3.Connection, since: int, until: int | None = None) -> set[str]:
    keys = {joined_key(artist_key("Harbour"), title): title for title in ("Lights", "Old", "Some time")}
    return {keys[key] for key in played_since(connection, since, until)}


def test_what_was_played_is_of_all_plays_and_of_days_that_reach_into_the_time(tmp_path: Path) -> None:
    connection = library(tmp_path)
    assert played(connection, NOON - 100) == {"Lights", "Some time"}
    assert played(connection, NOON + DAY // 2 + 1) == set()
    assert played(connection, NOON - 10 * DAY) == {"Lights", "Old", "Some time"}
    assert played(connection, NOON - 100, until=NOON) == {"Some time"}
    add_rule(connection, Rule(artist="Harbour", artist_key=artist_key("Harbour")))
    assert played(connection, NOON - 100) == {"Lights", "Some time"}
    assert sorted(last_played(connection).values()) == [NOON - 9 * DAY, NOON, NOON]
