"""Plays of private sessions, in the shapes in which Spotify's history is passed on, are left out."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from tests.support.importing import bring, one, write

# A row that is private and one that is not.
_SHAPES = {
    "spotify-csv": (
        "ts,ms_played,master_metadata_track_name,master_metadata_album_artist_name,incognito_mode\n"
        "2024-03-02T19:04:00Z,180000,Mull,Burel,{}\n2024-03-02T19:14:00Z,180000,Lark,Ida,{}\n"
    ),
    "spotify-account-csv": (
        "endTime,trackName,artistName,msPlayed,incognito_mode\n"
        "2024-03-02 19:04,Mull,Burel,180000,{}\n2024-03-02 19:14,Lark,Ida,180000,{}\n"
    ),
    "csv": "Played at;Track;Artist;Incognito\n2024-03-02 19:01;Mull;Burel;{}\n2024-03-02 19:11;Lark;Ida;{}\n",
    "lastfm": "time,track,artist,private session\n1709406060,Mull,Burel,{}\n1709406660,Lark,Ida,{}\n",
    # Under other names, too.
    "spotify-csv, ": (
        "ts,ms_played,track_name,artist_name,private_session\n"
        "2024-03-02T19:04:00Z,180000,Mull,Burel,{}\n2024-03-02T19:14:00Z,180000,Lark,Ida,{}\n"
    ),
    "spotify-account-csv, ": (
        "endTime,trackName,artistName,msPlayed,Incognito\n"
        "2024-03-02 19:04,Mull,Burel,180000,{}\n2024-03-02 19:14,Lark,Ida,180000,{}\n"
    ),
    "lastfm, ": (
        "Artist;Album;AlbumId;Track;Date#someone;Is private\n"
        "Burel;;;Mull;1709406060000;{}\nIda;;;Lark;1709406660000;{}\n"
    ),
}


@pytest.mark.parametrize("shape", _SHAPES)
@pytest.mark.parametrize(
    ("yes", "no"),
    [
        ("True", "False"),
        ("TRUE", ""),
        ("1", "0"),
        ("1.0", "0.0"),
        ("yes", "no"),
        ("WAHR", "FALSCH"),
        ("VRAI", "FAUX"),
        ("VERDADERO", "FALSO"),
        ("DOĞRU", "YANLIŞ"),
        ("ИСТИНА", "ЛОЖЬ"),
        ("EPÄSELVÄ", "EPÄTOSI"),
        ("private", "null"),
        ("private", "public"),
        ("on", "off"),
        ("x", "-"),
        ("x", "n/a"),
        # As R and pandas, databases and a spreadsheet in German write a cell without a value.
        ("TRUE", "NA"),
        ("True", "<NA>"),
        ("t", "\\N"),
        ("WAHR", "#NV"),
    ],
)
def test_a_private_play_in_a_table_is_left_out_in_every_language(
    db: sqlite3.Connection, tmp_path: Path, shape: str, yes: str, no: str
) -> None:
    path = write(tmp_path, "history.csv", _SHAPES[shape].format(yes, no))
    file = one(db, path)
    assert (file.format, file.kept, file.dropped) == (shape.partition(",")[0], 1, {"private session": 1})
    assert db.execute("SELECT title FROM tracks").fetchall() == [("Lark",)]
    [file] = bring(db, path, keep_private=True).files
    assert (file.kept, file.dropped) == (1, {})


@pytest.mark.parametrize("yes", [True, "true", "yes", 1])
@pytest.mark.parametrize("lines", [False, True])
@pytest.mark.parametrize(
    "names", [("master_metadata_track_name", "master_metadata_album_artist_name"), ("track", "artist")]
)
def test_so_is_one_in_json(
    db: sqlite3.Connection, tmp_path: Path, names: tuple[str, str], lines: bool, yes: object
) -> None:
    rows = [
        {"ts": f"2024-03-02T19:{minute}:00Z", names[0]: title, names[1]: "Ida", "incognito_mode": private}
        for minute, title, private in ((10, "Mull", yes), (20, "Lark", False), (30, "Roof", None))
    ]
    if names[0] != "track":
        rows = [{**row, "ms_played": 180_000} for row in rows]
    file = one(
        db, write(tmp_path, "h.json", "".join(f"{json.dumps(row)}\n" for row in rows) if lines else rows)
    )
    assert (file.kept, file.dropped) == (2, {"private session": 1})
