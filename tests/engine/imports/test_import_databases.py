"""Databases of media servers and players, and the libraries of Apple Music and YouTube, all made up."""

# ruff: noqa: E501 - made-up files are kept as they would be

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from engine.imports.database import Rows
from engine.store.upgrades import settle_noted
from tests.support.databases import JELLYFIN, NAVIDROME, STRAWBERRY, TAUTULLI, database
from tests.support.importing import OTHER, SONG, START, bring, lastfm, listens, starts, write


@pytest.mark.parametrize("log", [False, True])
def test_navidrome_plays_counts_and_stars(db: sqlite3.Connection, tmp_path: Path, log: bool) -> None:
    path = database(tmp_path, "navidrome.db", NAVIDROME, log=log)
    before = path.read_bytes()
    file = bring(db, path).files[0]
    assert (file.format, file.kept) == ("navidrome", 2)
    assert file.dropped == {"no artist or title": 1, "nothing to count": 1, "kept as a like": 1}
    rows = db.execute("SELECT started_at, plays, flags & 8 FROM listens ORDER BY flags").fetchall()
    assert rows == [(START, 1, 0), (START, 19, 8)]
    assert path.read_bytes() == before
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["data", "navidrome.db"]


def test_a_servers_database_holds_several_people_and_one_is_asked_for(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    both = NAVIDROME + "INSERT INTO scrobbles VALUES (3, 'b', 'u2', 1709406060);"
    path = database(tmp_path, "navidrome.db", both)
    file = bring(db, path).files[0]
    assert (file.kept, file.dropped) == (0, {"of several people: say whose with --map user=NAME": 6})
    file = bring(db, path, columns={"user": "Ben"}).files[0]
    assert (file.kept, file.dropped) == (1, {"of another person": 5})
    assert [row[1:3] for row in listens(db)] == [OTHER]
    assert "Ann" not in "\n".join(db.iterdump())


def test_a_jellyfin_backup_and_what_has_no_name_there(db: sqlite3.Connection, tmp_path: Path) -> None:
    row = "2024-03-02 {}\tu\ti\t{}\t{}\tDirectPlay\tFinamp\tsecretphone\t211\r\n".format
    backup = write(
        tmp_path,
        "Backup.tsv",
        row("19:00:20Z", "Trailer", "Lark")
        + row("19:01:20Z", "Audio", "Café Tundra - Harbour Lights (Not Known)")
        + row("19:06:20.1234567", "Audio", "Ida & the Oaks - Tin Roof (Weather Songs)")
        + row("19:09:20Z", "Audio", "Not Known - Lark (Not Known)")
        + row("19:12:20Z", "MusicVideo", "Lark"),
    )
    file = bring(db, backup, zone="Europe/Copenhagen").files[0]
    assert (file.format, file.dropped) == (
        "jellyfin-backup",
        {"radio or other non-track": 1, "no artist or title": 1, "video": 1},
    )
    # Of a newer version the first is in UTC.
    assert starts(db) == [(START + 300 - 3600, *OTHER), (START, *SONG)]
    assert db.execute("SELECT album FROM tracks ORDER BY album").fetchall() == [(None,), ("Weather Songs",)]


def test_jellyfin_plays_that_an_earlier_version_stored_are_known_again(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    row = "2024-03-02 19:{}:20,u,Audio,Burel - {} (Low),{}\n".format
    table = (
        "DateCreated,UserId,ItemType,ItemName,PlayDuration\n" + row("01", "Mull", 211) + row("06", "Lark", 7)
    )
    bring(db, write(tmp_path, "a.csv", table), write(tmp_path, "b.csv", lastfm((START + 9000, SONG))))
    with db:
        for name in ("listens", "skips"):
            db.execute(f"UPDATE {name} SET started_at = started_at + 20 WHERE source = 'jellyfin'")
        settle_noted(db)
    file = bring(db, write(tmp_path, "a.csv", table + row("11", "Tin Roof", 180))).files[0]
    assert (file.kept, file.duplicates, file.dropped) == (1, 1, {"skipped": 1})
    assert [start for start, _, _ in starts(db)] == [START, START + 600, START + 9000]
    assert db.execute("SELECT started_at FROM skips").fetchall() == [(START + 300,)]


def test_jellyfin_database_and_table(db: sqlite3.Connection, tmp_path: Path) -> None:
    path = database(tmp_path, "playback_reporting.db", JELLYFIN)
    reasons = {"skipped": 1, "video": 1, "no artist or title": 1, "unreadable time": 1}
    file = bring(db, path, zone="Europe/Copenhagen").files[0]
    assert (file.format, file.dropped) == ("jellyfin", reasons)
    assert listens(db) == [(START - 3600, *SONG, 211_000, "jellyfin")]
    assert db.execute("SELECT album FROM tracks ORDER BY album").fetchall() == [(None,), ("Slow Ferry",)]
    assert "secretphone" not in "\n".join(db.iterdump())
    header = "DateCreated,UserId,ItemType,ItemName,PlayDuration\n"
    line = '2024-03-02 19:01:20,u,Audio,"Café Tundra - Harbour Lights (Slow Ferry)",211\n'
    file = bring(db, write(tmp_path, "playback_report.csv", header + line), zone="Europe/Copenhagen").files[0]
    assert (file.format, file.duplicates) == ("jellyfin-csv", 1)


def test_tautulli_without_its_pauses(db: sqlite3.Connection, tmp_path: Path) -> None:
    file = bring(db, database(tmp_path, "tautulli.db", TAUTULLI)).files[0]
    assert (file.format, file.dropped) == ("tautulli", {"video": 1})
    assert listens(db) == [(START, *SONG, 211_000, "tautulli")]
    assert "192.0.2.7" not in "\n".join(db.iterdump())


def test_strawberry_counts(db: sqlite3.Connection, tmp_path: Path) -> None:
    file = bring(db, database(tmp_path, "strawberry.db", STRAWBERRY)).files[0]
    assert (file.format, file.undated) == ("strawberry", 1)
    assert file.dropped == {"library entry without plays": 1, "nothing to count": 1}
    rows = db.execute("SELECT plays, started_at FROM listens ORDER BY plays").fetchall()
    assert rows == [(4, None), (19, START)]


def files_of(db: sqlite3.Connection) -> list[tuple[str, str]]:
    return db.execute(
        "SELECT title, value FROM track_ids JOIN tracks ON id = track_id WHERE scheme = 'file' ORDER BY title"
    ).fetchall()


@pytest.mark.parametrize("column", ["url", "filename"])
def test_files_of_strawberry_and_clementine_are_found(
    db: sqlite3.Connection, tmp_path: Path, column: str
) -> None:
    bytes_of_it = b"file:///home/x/Music/Caf%C3%A9/01.ogg".hex()
    with_files = STRAWBERRY + (
        f"ALTER TABLE songs ADD COLUMN {column};"
        f"UPDATE songs SET {column} = x'{bytes_of_it}' WHERE title = 'Harbour Lights';"
        f"UPDATE songs SET {column} = 'file:///C:/Music/100%25%20%232.mp3' WHERE title = 'Tin Roof';"
    )
    bring(db, database(tmp_path, "player.db", with_files))
    assert files_of(db) == [
        ("Harbour Lights", "/home/x/Music/Café/01.ogg"),
        ("Tin Roof", "C:/Music/100% #2.mp3"),
    ]


@pytest.mark.parametrize(
    ("paths", "root", "found"),
    [
        (("/music/100%25/a.flac", "/music/b.flac"), None, ["/music/100%25/a.flac", "/music/b.flac"]),
        (("Café/a.flac", "b.flac"), "/srv/music/", ["/srv/music/Café/a.flac", "/srv/music/b.flac"]),
        (("/old/a.flac", "b.flac"), "/srv/music", ["/old/a.flac", "/srv/music/b.flac"]),
        (("a.flac", "b.flac"), None, []),
    ],
)
def test_files_of_navidrome_are_found(
    db: sqlite3.Connection, tmp_path: Path, paths: tuple[str, str], root: str | None, found: list[str]
) -> None:
    sql = NAVIDROME + "".join(
        f"UPDATE media_file SET path = '{path}' WHERE id = '{number}';"
        for path, number in zip(paths, "ab", strict=True)
    )
    sql += "UPDATE annotation SET play_count = 3 WHERE item_id = 'b';"
    if root:
        sql += (
            "CREATE TABLE library (id, path); ALTER TABLE media_file ADD COLUMN library_id; UPDATE media_file "
            f"SET library_id = 2; INSERT INTO library VALUES (1, '/other'), (2, '{root}');"
        )
    bring(db, database(tmp_path, "navidrome.db", sql))
    assert [path for _, path in files_of(db)] == found


@pytest.mark.parametrize("kind", ["TEXT", "BLOB"])
@pytest.mark.parametrize(
    ("sql", "table", "column", "kept"),
    [
        (STRAWBERRY, "songs", "title", 1),
        (STRAWBERRY, "songs", "album", 2),
        (NAVIDROME, "media_file", "album", 2),
        (NAVIDROME, "annotation", "play_date", 2),
        (NAVIDROME, "scrobbles", "submission_time", 2),
        (JELLYFIN, "PlaybackActivity", "ItemName", 0),
        (TAUTULLI, "session_history_metadata", "parent_title", 1),
    ],
)
def test_a_value_larger_than_any_costs_its_record_alone(
    db: sqlite3.Connection, tmp_path: Path, sql: str, table: str, column: str, kept: int, kind: str
) -> None:
    """SQLite ends the statement at it."""
    first = f"(SELECT min(rowid) FROM {table})"
    large = f"UPDATE {table} SET {column} = CAST(zeroblob(1100000) AS {kind}) WHERE rowid = {first};"
    plain = bring(db, database(tmp_path, "plain.db", sql), zone="Europe/Copenhagen", dry_run=True).files[0]
    file = bring(db, database(tmp_path, "x.db", sql + large), zone="Europe/Copenhagen").files[0]
    assert (file.read, file.kept, file.note) == (plain.read, kept, plain.note)


def test_a_table_without_numbers_says_that_a_value_is_larger_than_any(tmp_path: Path) -> None:
    sql = "CREATE TABLE songs (id PRIMARY KEY, title) WITHOUT ROWID; INSERT INTO songs VALUES (1, 'Snow'), (2, zeroblob(1100000))"
    path = database(tmp_path, "x.db", sql)
    with path.open("rb") as stream:
        rows = Rows(stream).select("songs", {"songs.title": "title"})
        with pytest.raises(OSError, match="a value in the database is larger"):
            list(rows)


def test_an_unknown_database_is_named(db: sqlite3.Connection, tmp_path: Path) -> None:
    path = database(tmp_path, "x.db", "CREATE TABLE cats (name TEXT)")
    file = bring(db, path).files[0]
    assert file.format is None
    assert "not a database of a known program (cats)" in file.note
    path.write_bytes(path.read_bytes()[:600])
    assert bring(db, path).files[0].format is None


def test_apple_favourites_and_playlists(db: sqlite3.Connection, tmp_path: Path) -> None:
    favourites = (
        "Favorite Type,Item Reference,Item Description,Last Modified,Preference\n"
        "SONG,1,Café Tundra - Harbour Lights,2024-03-02T19:01:00Z,FAVORITE\nARTIST,2,Ida & the Oaks,,SUGGEST_LESS\n"
        "ALBUM,3,X - Y,,FAVORITE\nSONG,4,Untold,,FAVORITE\n"
    )
    track = {"Content Type": "Song", "Track Identifier": 7, "Title": SONG[1], "Artist": SONG[0]}
    lists = [
        {"Container Type": "Playlist", "Title": "Evening", "Playlist Item Identifiers": [7, 8]},
        {"Title": "A folder"},
    ]
    write(tmp_path, "in/Apple Music - Favorites.csv", favourites)
    write(tmp_path, "in/Apple Music Library Playlists.json", lists)
    write(tmp_path, "in/Apple Music Library Tracks.json", [track])
    files = {file.format: file.dropped for file in bring(db, tmp_path / "in").files}
    assert files == {
        "apple-favorites": {"kept as a like": 2, "library entry without plays": 1, "no artist or title": 1},
        "apple-playlists": {"kept as a playlist entry": 1, "no artist or title": 1, "nothing to count": 1},
        "apple-library": {"nothing to count": 1},
    }
    verdicts = db.execute("SELECT artist, track, verdict FROM feedback ORDER BY verdict").fetchall()
    assert verdicts == [(OTHER[0], None, "hide"), (*SONG, "like")]
    assert db.execute("SELECT artist, track FROM playlist_tracks").fetchall() == [SONG]


@pytest.mark.parametrize("translated", [False, True])
def test_youtube_library_and_playlists(db: sqlite3.Connection, tmp_path: Path, translated: bool) -> None:
    header = (
        "Video-ID,Titel,Album,Künstler 1" if translated else "Video ID,Song Title,Album Title,Artist Name 1"
    )
    songs = f"{header}\nAbCdEfGhI_1,Harbour Lights,Slow Ferry,Café Tundra - Topic\nAbCdEfGhI_2,,,\n"
    write(tmp_path, "in/music library songs.csv", songs)
    table = (
        "Video ID,Playlist Video Creation Timestamp\nAbCdEfGhI_1,2024-03-02T19:01:00+00:00\nZZZZZZZZZZ1,x\n"
    )
    write(tmp_path, "in/Evening-videos.csv", table)
    files: dict[Any, Any] = {file.format: file.dropped for file in bring(db, tmp_path / "in").files}
    assert files == {
        "youtube-library": {"kept as a like": 1, "no artist or title": 1},
        "youtube-playlist": {"kept as a playlist entry": 1, "no artist or title": 1},
    }
    assert db.execute(
        "SELECT name, artist, track FROM playlists JOIN playlist_tracks ON id = playlist_id"
    ).fetchall() == [("Evening", *SONG)]


def test_a_radio_log_and_the_old_archive_of_lastfm(db: sqlite3.Connection, tmp_path: Path) -> None:
    spins = "Playlist of a show\nDJ: x\n\nDate-time,Artist,Song,Release,Label\n2024-03-02T14:01:00-0500,Café Tundra,Harbour Lights,,\n"
    assert bring(db, write(tmp_path, "spinitron.csv", spins)).files[0].kept == 1
    old = "ISO time\tunixtime\ttrack name\ttrack mbid\tartist name\n2024-03-02T18:57:00Z\t1709405820\tTin Roof\t\tIda & the Oaks\n"
    assert bring(db, write(tmp_path, "scrobbles.tsv", old)).files[0].kept == 1
    assert [row[:3] for row in listens(db)] == [(START - 240, *OTHER), (START, *SONG)]
