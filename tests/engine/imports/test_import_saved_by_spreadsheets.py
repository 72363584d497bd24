"""Tables as spreadsheets save them again: another separator, a line that says which, blank lines before the header."""

from __future__ import annotations

import csv
import io
import sqlite3
from pathlib import Path

import pytest

from tests.support.importing import one, starts, write

_TABLES = {
    "lastfm": ["uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid",
               '1709406060,"02 Mar 2024, 19:01",Burel,,,,Mull,'],
    "lastfm-csv": ['Burel,Slow Ferry,Mull,"02 Mar 2024, 19:01"'],
    "tidal": ["artist_name,track_title,entry_date,stream_duration_ms,product_type,time_zone",
              "Burel,Mull,02/03/2024 19:01,211400.0,TRACK,null"],
    "apple-activity": [
        "Song Name,Artist Name,Event Start Timestamp,Event End Timestamp,Play Duration Milliseconds,Event Type",
        "Mull,Burel,2024-03-02T19:01:00Z,2024-03-02T19:04:00Z,180000,PLAY_END"],
    "apple-daily": ["Date Played,Hours,Play Duration Milliseconds,Play Count,Skip Count,Track Description",
                           '20240302,"18, 19",180000,1,0,Burel - Mull'],
    "apple-last-played": ["Track Name,Last Played Date,Is User Initiated", "Burel - Mull,1709406060000,true"],
    "jellyfin-csv": ["DateCreated,UserId,ItemType,ItemName,PlayDuration",
                     "2024-03-02 19:01:00,me,Audio,Burel - Mull (Slow Ferry),180"],
    "spotify-csv": ["ts,ms_played,master_metadata_track_name,master_metadata_album_artist_name",
                             "2024-03-02T19:04:00Z,180000,Mull,Burel"],
    "spotify-account-csv": ["endTime,artistName,trackName,msPlayed", "2024-03-02 19:04,Burel,Mull,180000"],
    "pano-csv": ["timeMs,artist,track,album,event", "1709406060000,Burel,Mull,Slow Ferry,scrobble"],
    "ifttt": ['"March 2, 2024 at 07:01PM",Mull,Burel,1a2B3c4D5e6F7g8H9i0J1k,'
              "https://open.spotify.com/track/1a2B3c4D5e6F7g8H9i0J1k"],
    "csv": ["Performer,Song,Played at", "Burel,Mull,2024-03-02 19:01:00"],
}  # fmt: skip


def _written(lines: list[str], delimiter: str, before: str) -> str:
    table = io.StringIO()
    csv.writer(table, delimiter=delimiter).writerows(csv.reader(lines))
    return before + table.getvalue()


@pytest.mark.parametrize("name", _TABLES)
@pytest.mark.parametrize(
    ("delimiter", "before"),
    [
        (",", ""),
        (";", ""),
        ("\t", ""),
        (";", "sep=;\r\n"),
        (";", "\ufeffSEP=;\n"),
        (",", '"sep=,"\r\n'),
        (";", '"sep=;";;;;\n'),
        (",", "\n\n"),
        (";", "\ufeff\r\nsep=;\r\n\r\n"),
    ],
)
def test_a_table_is_read_however_its_cells_are_separated(
    db: sqlite3.Connection, tmp_path: Path, name: str, delimiter: str, before: str
) -> None:
    file = one(db, write(tmp_path, "table.csv", _written(_TABLES[name], delimiter, before)))
    assert (file.read, file.kept, file.dropped) == (1, 1, {}), file.note
    assert db.execute(
        "SELECT a.name, t.title FROM tracks t JOIN artists a ON a.id = t.artist_id"
    ).fetchall() == [("Burel", "Mull")]
    assert file.format == name


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig"])
def test_so_is_one_in_utf16(db: sqlite3.Connection, tmp_path: Path, encoding: str) -> None:
    text = _written(_TABLES["tidal"], "\t", "sep=\t\r\n")
    file = one(db, write(tmp_path, "table.txt", text.encode(encoding)))
    assert (file.format, file.kept) == ("tidal", 1)


_OF_LASTFM = "uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid"
_WHOLE = '"1709406060,""02 Mar 2024, 19:01"",""Burel"","""",""Slow Ferry"","""",""Mull"","""""'


@pytest.mark.parametrize("header", [_OF_LASTFM, f'"{_OF_LASTFM}"'])
def test_a_row_that_is_one_cell_in_quotes_is_taken_apart(
    db: sqlite3.Connection, tmp_path: Path, header: str
) -> None:
    file = one(db, write(tmp_path, "a.csv", f"{header}\n{_WHOLE}\n1709406360,x,Ida,,,,Lark,\n"))
    assert (file.format, file.kept, file.dropped) == ("lastfm", 2, {})
    assert db.execute("SELECT title, album FROM tracks ORDER BY id").fetchall() == [
        ("Mull", "Slow Ferry"),
        ("Lark", None),
    ]


def test_so_are_all_rows_after_a_line_about_the_table(db: sqlite3.Connection, tmp_path: Path) -> None:
    text = 'My plays\n"Artist,""Title"",Played at"\n"Burel,""Mull"",2024-03-02 19:01"\nIda,"La\nrk",2024-03-02 19:06\n'
    file = one(db, write(tmp_path, "a.csv", text))
    assert (file.kept, file.dropped) == (2, {})
    assert db.execute("SELECT title FROM tracks ORDER BY id").fetchall() == [("Mull",), ("La rk",)]


@pytest.mark.parametrize(
    ("artist", "title", "names"),
    [
        (r'"The \"B\" Side"', r'"5\" disk, side \"A\""', ('The "B" Side', '5" disk, side "A"')),
        (r'"\"Burel\""', r'"Mull"', ('"Burel"', "Mull")),
        # These are no marks: they are in names.
        (r'"AC\"', r'"Back\slash"', ("AC\\", "Back\\slash")),
        (r"AC\DC", r"Mull\"", (r"AC\DC", 'Mull\\"')),
    ],
)
def test_a_quote_with_a_backslash_is_one_in_a_name(
    db: sqlite3.Connection, tmp_path: Path, artist: str, title: str, names: tuple[str, str]
) -> None:
    rows = f'{artist},{title},"2024-03-02 19:01:00"\nIda,Lark,2024-03-02 19:06:00\n'
    file = one(db, write(tmp_path, "a.csv", f"Artist,Title,Played at\n{rows}"))
    assert (file.kept, file.dropped) == (2, {})
    found = db.execute(
        "SELECT a.name, t.title FROM tracks t JOIN artists a ON a.id = t.artist_id ORDER BY t.id"
    )
    assert found.fetchall() == [names, ("Ida", "Lark")]


@pytest.mark.parametrize(
    ("first", "names"),
    [
        (r'"AC\","Slow\","Mull"', ("AC\\", "Mull")),
        (r'"\"Burel\"","","5\" disk"', ('"Burel"', '5" disk')),
        ('Burel,Slow "Ferry",Mull', ("Burel", "Mull")),
        ('Burel,"Slow" Ferry\\",Mull', ("Burel", "Mull")),
        ('Burel,,"Mu\nll"', ("Burel", "Mu ll")),
        # Not closed.
        ('Burel,"Slow Ferry,Mull', ("Burel", "Mull")),
    ],
)
def test_so_is_the_first_row_where_no_line_names_the_columns(
    db: sqlite3.Connection, tmp_path: Path, first: str, names: tuple[str, str]
) -> None:
    text = f"{first},02 Mar 2024 19:01\nIda,,Lark,02 Mar 2024 19:06\n"
    file = one(db, write(tmp_path, "a.csv", text))
    assert (file.format, file.kept, file.dropped) == ("lastfm-csv", 2, {})
    assert [row[1:] for row in starts(db)] == [names, ("Ida", "Lark")]


def test_a_quote_not_closed_among_the_names_of_columns_costs_no_table(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    text = 'Artist,Title,Played at,"Genre\nBurel,Mull,2024-03-02 19:01,Folk\n'
    assert one(db, write(tmp_path, "a.csv", text)).kept == 1
