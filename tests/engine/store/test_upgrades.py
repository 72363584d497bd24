"""Libraries of older versions: what was kept in another form is found and becomes one."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from engine.paths import Folders
from engine.privacy import Door
from engine.store import schema
from engine.store.database import open_library
from engine.store.feedback import blocked_ids
from engine.store.stats import stats
from tests.support.importing import START, bring, write


def of_version(number: int, folder: Path) -> Folders:
    """A library of an older version."""
    folders = Folders(folder / "data")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("engine.store.schema.STEPS", "engine.store.database.STEPS"):
            patch.setattr(name, schema.STEPS[:number])
        open_library(Door(folders)).close()
    return folders


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """A library of the version before the functions among the steps, with one import."""
    folders = of_version(4, tmp_path)
    old(folders, ("INSERT INTO imports VALUES (1, 'f', '', 'lastfm', 0, 0, 0, '{}', 0)", ()))
    return folders


def old(folders: Folders, *statements: tuple[str, tuple[object, ...]]) -> None:
    """Write rows as the older version did."""
    connection = sqlite3.connect(folders.database)
    for sql, values in statements:
        connection.execute(sql, values)
    connection.commit()
    connection.close()


def artist(number: int, name: str, key: str) -> tuple[str, tuple[object, ...]]:
    return "INSERT INTO artists VALUES (?, ?, ?)", (number, name, key)


def track(
    number: int, by: int, title: str, key: str, album: str | None = None
) -> tuple[str, tuple[object, ...]]:
    return "INSERT INTO tracks VALUES (?, ?, ?, ?, ?, NULL)", (number, by, title, key, album)


def listen(of: int, at: int) -> tuple[str, tuple[object, ...]]:
    return (
        "INSERT INTO listens (track_id, import_id, started_at, precision, source) VALUES (?, 1, ?, 1, 'lastfm')",
        (of, at),
    )


def test_what_differs_by_what_is_not_seen_becomes_one(folders: Folders) -> None:
    heart, shy = "I \u2764\ufe0f You", "Bj\u00adork Oaks"
    old(
        folders,
        artist(1, heart, "i \ufe0f you"),
        artist(2, "I \u2764 You", "i you"),
        artist(3, shy, "bj ork oaks"),
        artist(4, "Burel", "burel"),
        track(1, 1, "Tin Roof", "tin roof", "First"),
        track(2, 2, "Tin Roof", "tin roof"),
        track(3, 1, "Lark", "lark"),
        track(4, 3, "Lark", "lark"),
        track(5, 4, "La\u200brk", "la rk"),
        track(6, 4, "Lark", "lark"),
        *(listen(number, START + 300 * number) for number in range(1, 7)),
        ("INSERT INTO track_ids VALUES (1, 'spotify', 'x')", ()),
        ("INSERT INTO skips (track_id, import_id, started_at, source) VALUES (1, 1, 5, 'lastfm')", ()),
    )
    connection = open_library(Door(folders))
    assert connection.execute("SELECT key FROM artists ORDER BY id").fetchall() == [
        ("i you",),
        ("bjork oaks",),
        ("burel",),
    ]
    found = stats(connection)
    assert (found.plays, found.artists, found.tracks) == (6, 3, 4)
    assert {(line.artist, line.track): line.plays for line in found.top_tracks} == {
        ("I \u2764 You", "Tin Roof"): 2,
        ("I \u2764 You", "Lark"): 1,
        (shy, "Lark"): 1,
        ("Burel", "Lark"): 2,
    }
    assert connection.execute("SELECT album FROM tracks WHERE id = 2").fetchone() == ("First",)
    assert connection.execute("SELECT track_id FROM track_ids").fetchall() == [(2,)]
    assert connection.execute("SELECT track_id FROM skips").fetchall() == [(2,)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


def test_a_play_of_two_services_in_two_spellings_is_one(folders: Folders) -> None:
    columns = "track_id, started_at, precision, ms_played, source"
    line = f"INSERT INTO listens (import_id, {columns}) VALUES (1, ?, ?, ?, ?, ?)"
    old(
        folders,
        artist(1, "Ida\u200bOaks", "ida oaks"),
        artist(2, "IdaOaks", "idaoaks"),
        track(1, 1, "Lark", "lark"),
        track(2, 2, "Lark", "lark"),
        # From both, a true repeat, from one only; one with a length; one of minutes; one twice.
        (line, (1, START, 1, None, "lastfm")),
        (line, (2, START + 3, 1, 200_000, "spotify")),
        (line, (2, START + 200, 1, 200_000, "spotify")),
        (line, (1, START + 4000, 1, None, "lastfm")),
        (line, (1, START + 8000, 1, 200_000, "deezer")),
        (line, (2, START + 8003, 1, None, "lastfm")),
        (line, (1, START + 12_000, 60, 200_000, "spotify-account")),
        (line, (2, START + 12_030, 1, 200_000, "spotify")),
        (line, (1, START + 16_000, 1, None, "lastfm")),
        (line, (2, START + 16_000, 1, None, "lastfm")),
    )
    connection = open_library(Door(folders))
    assert connection.execute("SELECT started_at, ms_played, source FROM listens ORDER BY 1").fetchall() == [
        (START + 3, 200_000, "spotify"),
        (START + 200, 200_000, "spotify"),
        (START + 4000, None, "lastfm"),
        (START + 8000, 200_000, "deezer"),
        (START + 12_030, 200_000, "spotify"),
        (START + 16_000, None, "lastfm"),
    ]
    connection.close()


def test_a_block_catches_the_twin_and_the_stricter_verdict_wins(folders: Folders) -> None:
    said = "INSERT INTO feedback VALUES (?, ?, ?, ?, ?, 7)"
    old(
        folders,
        artist(1, "\u262e", "\u262e"),
        track(1, 1, "Tin Roof", "tin roof"),
        (said, ("\u262e", "", "\u262e", None, "like")),
        (said, ("\u262e\ufe0f", "", "\u262e\ufe0f", None, "block")),
        (said, ("bj ork", "la rk", "Bj\u00adork", "La\u00adrk", "hide")),
        (
            "INSERT INTO rules VALUES (1, 'exclude', ?, 7)",
            (json.dumps({"artist": "Bj\u00adork", "artist_key": "bj ork", "hours": ["22:00", "06:00"]}),),
        ),
        ("INSERT INTO encounters VALUES (?, 5, 'shown')", ("i \ufe0f you",)),
    )
    connection = open_library(Door(folders))
    assert connection.execute(
        "SELECT artist_key, track_key, verdict FROM feedback ORDER BY 1"
    ).fetchall() == [
        ("bjork", "lark", "hide"),
        ("\u262e", "", "block"),
    ]
    assert blocked_ids(connection) == "1"
    assert json.loads(connection.execute("SELECT settings FROM rules").fetchone()[0]) == {
        "artist": "Bj\u00adork",
        "artist_key": "bjork",
        "hours": ["22:00", "06:00"],
    }
    assert connection.execute("SELECT artist_key FROM encounters").fetchall() == [("i you",)]
    connection.close()


def test_keys_are_settled_again_by_all_that_is_not_seen(tmp_path: Path) -> None:
    folders = of_version(14, tmp_path)
    hidden = "Bu\ufff9rel", "La\U00013430rk"
    old(
        folders,
        ("INSERT INTO imports VALUES (1, 'f', '', 'lastfm', 0, 0, 0, '{}', 0)", ()),
        artist(1, "Burel", "burel"),
        artist(2, hidden[0], "bu rel"),
        artist(3, "!!!\u2800", "!!!\u2800"),
        track(1, 1, "Lark", "lark"),
        track(2, 2, hidden[1], "la rk"),
        listen(1, START),
        listen(2, START + 300),
        ("INSERT INTO feedback VALUES ('bu rel', '', ?, NULL, 'block', 7, NULL)", (hidden[0],)),
        (
            "INSERT INTO rules VALUES (1, 'exclude', ?, 7)",
            (json.dumps({"artist": hidden[0], "artist_key": "bu rel"}),),
        ),
        ("INSERT INTO music_folders VALUES (1, '/music', 'folder', NULL, 7, '{}')", ()),
        (
            "INSERT INTO music_files (path, folder_id, size, modified, artist, track, artist_key, track_key, relaxed) "
            "VALUES ('/music/a.ogg', 1, 9, 8, ?, ?, 'bu rel', 'la rk', 'bu rel\nla rk')",
            hidden,
        ),
    )
    connection = open_library(Door(folders))
    assert connection.execute("SELECT key FROM artists ORDER BY id").fetchall() == [("burel",), ("!!!",)]
    assert connection.execute("SELECT artist_id, key FROM tracks").fetchall() == [(1, "lark")]
    assert connection.execute("SELECT DISTINCT track_id FROM listens").fetchall() == [(1,)]
    assert connection.execute("SELECT artist_key FROM feedback").fetchall() == [("burel",)]
    assert blocked_ids(connection) == "1"
    assert json.loads(connection.execute("SELECT settings FROM rules").fetchone()[0])["artist_key"] == "burel"
    assert connection.execute("SELECT artist_key, track_key, relaxed FROM music_files").fetchall() == [
        ("burel", "lark", "burel\nlark")
    ]
    connection.close()


def test_an_import_after_it_finds_what_was_there(folders: Folders, tmp_path: Path) -> None:
    old(folders, artist(1, "Ida\u200bOaks", "ida oaks"), track(1, 1, "Lark", "lark"), listen(1, START))
    connection = open_library(Door(folders))
    file = write(tmp_path, "plays.csv", f"uts,artist,track\n{START},IdaOaks,Lark\n")
    assert bring(connection, file).files[0].duplicates == 1
    connection.close()


def test_addresses_of_files_become_their_paths(folders: Folders) -> None:
    address = "file:///music/Caf%C3%A9/01.ogg"
    old(
        folders,
        artist(1, "Burel", "burel"),
        track(1, 1, "Lark", "lark"),
        ("INSERT INTO track_ids VALUES (1, 'path', ?)", (address,)),
        ("INSERT INTO track_ids VALUES (1, 'path', 'http://radio.example/live')", ()),
        ("INSERT INTO playlists VALUES (1, 'Evening', '', '{}', 7)", ()),
        (
            "INSERT INTO playlist_tracks (playlist_id, position, artist, track, ids) VALUES (1, 1, 'Burel', 'Lark', ?)",
            (json.dumps([["path", address], ["isrc", "X"]]),),
        ),
    )
    connection = open_library(Door(folders))
    assert connection.execute("SELECT scheme, value FROM track_ids").fetchall() == [
        ("file", "/music/Café/01.ogg")
    ]
    assert json.loads(connection.execute("SELECT ids FROM playlist_tracks").fetchone()[0]) == [
        ["file", "/music/Café/01.ogg"],
        ["isrc", "X"],
    ]
    connection.close()


def test_a_step_that_fails_half_way_is_undone(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    old(folders, artist(1, "Ida\u200bOaks", "ida oaks"))

    def fails(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM artists")
        raise ValueError("half way")

    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS[:5], fails))
    with pytest.raises(ValueError, match="half way"):
        open_library(Door(folders))
    plain = sqlite3.connect(folders.database)
    assert plain.execute("PRAGMA user_version").fetchone() == (5,)
    assert plain.execute("SELECT count(*) FROM artists").fetchone() == (1,)
    plain.close()


def test_what_was_starred_is_known_by_name_and_by_its_service(tmp_path: Path) -> None:
    folders = of_version(15, tmp_path)
    verdict = "INSERT INTO feedback VALUES (?, '', ?, NULL, 'like', 7, ?)"
    old(
        folders,
        ("INSERT INTO stars VALUES ('subsonic', 'x', 'a1', 3)", ()),
        (verdict, ("ida", "Ida", 3)),
        (verdict, ("burel", "Burel", None)),
    )
    connection = open_library(Door(folders))
    rows = connection.execute("SELECT artist, fetch, source FROM feedback ORDER BY artist").fetchall()
    assert rows == [("Burel", None, None), ("Ida", 3, "subsonic")]
    assert connection.execute("SELECT * FROM imported_verdicts").fetchall() == [
        ("subsonic", "ida", "", "like", 7)
    ]
    connection.close()


# A row of every table a person's things are in, some as the first version had them.
ROWS: dict[str, dict[str, object]] = {
    "artists": {"id": 1, "name": "Burel", "key": "burel"},
    "tracks": {"id": 1, "artist_id": 1, "title": "Lark", "key": "lark", "album": "First", "duration_ms": 183_000},
    "track_ids": {"track_id": 1, "scheme": "isrc", "value": "X"},
    "imports": {"id": 1, "file": "f", "sha256": "aa", "format": "lastfm", "read": 2, "kept": 1, "duplicates": 0,
                "dropped": "{}", "imported_at": 7},
    "listens": {"id": 1, "track_id": 1, "import_id": 1, "started_at": START, "precision": 1, "ms_played": 5,
                "plays": 1, "source": "lastfm", "flags": 0},
    "skips": {"id": 1, "track_id": 1, "import_id": 1, "started_at": START, "ms_played": 5, "source": "lastfm"},
    "feedback": {"artist_key": "moire", "track_key": "", "artist": "Moire", "verdict": "block", "at": 7},
    "rules": {"id": 1, "kind": "artist", "settings": '{"artist": "ida"}', "at": 7},
    "playlists": {"id": 1, "name": "Evening", "context": "", "settings": "{}", "at": 7},
    "playlist_tracks": {"playlist_id": 1, "position": 1, "artist": "Burel", "track": "Lark", "ids": "[]"},
    "fetches": {"url": "https://example.org/a", "bytes": 3, "sha256": "bb", "at": 7},
    "encounters": {"artist_key": "ida", "day": 19_000, "what": "shown"},
    "readings": {"sha256": "aa", "zone": "Europe/Rome", "encoding": None},
    "comparisons": {"id": 1, "usual": "a", "other": "b", "started": 7, "ended": None, "kept": ""},
    "compared": {"comparison": 1, "item_key": "ida", "day": 19_000, "side": "other"},
    "music_folders": {"id": 1, "path": "/music", "kind": "folder", "scanned": 7, "left_out": "{}"},
    "music_files": {"path": "/music/a.ogg", "folder_id": 1, "size": 9, "modified": 8, "artist_key": "burel"},
    "pushes": {"playlist": "Evening", "service": "subsonic", "address": "x", "server_id": "p", "tracks": 1, "at": 7},
    "imported_verdicts": {"source": "live:mpd", "artist_key": "ida", "track_key": "", "verdict": None, "at": None},
}  # fmt: skip


@pytest.mark.parametrize("version", range(1, len(schema.STEPS) + 1))
def test_a_library_of_any_version_opens_with_all_that_was_in_it(version: int, tmp_path: Path) -> None:
    folders = of_version(version, tmp_path)
    plain = sqlite3.connect(folders.database)
    there = {name for (name,) in plain.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    plain.close()
    # Only that a forgetting was broken off is kept besides, SQLite's own notes, and stars by a server's ids: what was
    # said of music is kept by name.
    assert there - {"forgetting", "sqlite_stat1", "stars"} <= set(ROWS), (
        "a table that nobody looks after here"
    )
    rows = {table: row for table, row in ROWS.items() if table in there}
    old(
        folders,
        *(
            (
                f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",
                tuple(row.values()),
            )
            for table, row in rows.items()
        ),
    )
    connection = open_library(Door(folders))
    assert connection.execute("PRAGMA user_version").fetchone() == (len(schema.STEPS),)
    for table, row in rows.items():
        found = connection.execute(f"SELECT {', '.join(row)} FROM {table}").fetchall()
        assert found == [tuple(row.values())], table
    connection.close()
