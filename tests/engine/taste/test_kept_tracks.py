"""A person of whom only playlists or likes are known has a taste, and tracks for a run."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from engine.canonical_keys import Level, artist_key, track_key
from engine.store.feedback import set_verdict
from engine.store.imported_likes import keep_playlist, keep_verdict
from engine.taste.gate import DatedTaste, read_taste
from engine.taste.kept_tracks import kept_tracks
from engine.taste.query import Known
from engine.taste.rules import Rule, add_rule
from engine.taste.window import Window
from tests.support.importing import library
from tests.support.listens import play


@pytest.fixture
def db(tmp_path: Path) -> sqlite3.Connection:
    found = library(tmp_path)
    rows = [
        ("Ida", "Lark", None, 200.0, json.dumps([["spotify", "1a"]])),
        ("Ida", "Roof", None, None, "[]"),
        ("Burel", "Tide", None, None, "[]"),
        ("Ida", "Lark", None, None, "[]"),
    ]
    keep_playlist(found, "Evening", "exportify", rows)
    return found


def weights(
    db: sqlite3.Connection, level: Level = "artists", window: Window | None = None
) -> dict[str, float]:
    taste = read_taste(db, window or Window(), level=level)
    return {item.track or item.name: item.weight for item in taste.items}


def test_a_kept_track_counts_as_a_play_where_there_is_none(db: sqlite3.Connection) -> None:
    assert weights(db) == {"Ida": 2, "Burel": 1}
    assert weights(db, "tracks") == {"Lark": 1, "Roof": 1, "Tide": 1}
    play(db, "Ida", "Lark", 86_400, 2 * 86_400, 3 * 86_400)
    assert weights(db) == {"Ida": 3, "Burel": 1}
    assert {item.name: item.plays for item in read_taste(db).items} == {"Ida": 3, "Burel": 0}


def test_it_is_known_and_in_no_earlier_time(db: sqlite3.Connection) -> None:
    assert Known().keys(DatedTaste(read_taste(db))) == {artist_key("Ida"), artist_key("Burel")}
    assert Known(plays=2).keys(DatedTaste(read_taste(db))) == {artist_key("Ida")}
    assert weights(db, window=Window(until=10**9)) == {}
    assert weights(db, window=Window(since=10**9)) == {}


def test_a_liked_track_speaks_for_its_artist(db: sqlite3.Connection) -> None:
    keep_verdict(db, "spotify", "Kali", "Moss", "like", 1)
    assert weights(db)["Kali"] == 1
    assert weights(db, "tracks")["Moss"] == 10


def test_what_is_blocked_or_excluded_is_kept_nowhere(db: sqlite3.Connection) -> None:
    set_verdict(db, "block", artist="Burel", artist_key=artist_key("Burel"))
    assert weights(db) == {"Ida": 2}
    set_verdict(
        db, "block", artist="Ida", artist_key=artist_key("Ida"), track="Roof", track_key=track_key("Roof")
    )
    assert weights(db) == {"Ida": 1}
    add_rule(db, Rule(artist="Ida", artist_key=artist_key("Ida")))
    assert weights(db) == {}


def test_playlists_made_here_say_nothing_new_of_taste(db: sqlite3.Connection) -> None:
    db.execute(
        "INSERT INTO playlists (id, name, context, settings, at) VALUES (9, 'Run', 'running', '{}', 0)"
    )
    db.execute(
        "INSERT INTO playlist_tracks (playlist_id, position, artist, track) VALUES (9, 1, 'New', 'Song')"
    )
    assert [one.track for one in kept_tracks(db)] == ["Lark", "Roof", "Tide"]
    assert kept_tracks(db)[0].ids == (("spotify", "1a"),)
