"""Playlists and tables of any shape, and which file is whose."""

# ruff: noqa: E501 - made-up files are kept as they would be

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.imports.registry import formats
from tests.support.exports import (
    EXPORTIFY,
    FOUR_BEFORE,
)
from tests.support.importing import (
    OTHER,
    SONG,
    START,
    bring,
    lastfm,
    listens,
    one,
    spotify,
    starts,
    write,
)

# -- playlists and tables of any shape --------------------------------------------------------------------


@pytest.mark.parametrize("name", EXPORTIFY)
def test_exportify_becomes_a_playlist(db: sqlite3.Connection, tmp_path: Path, name: str) -> None:
    file = one(db, write(tmp_path, "late_evening.csv", EXPORTIFY[name]))
    assert (file.format, file.read, file.kept) == ("exportify", 2, 0)
    rows = db.execute(
        "SELECT name, artist, track, album FROM playlists JOIN playlist_tracks ON id = playlist_id"
    ).fetchall()
    assert rows == [("late evening", *SONG, None)]


def test_a_file_of_ones_own_in_spotify_is_a_track(db: sqlite3.Connection, tmp_path: Path) -> None:
    rows = '"spotify:local:Ida::Lark:200","Lark","","Ida"\n"spotify:track:1a","Tin Roof","","Ida"\n'
    path = write(tmp_path, "Evening.csv", f"Track URI,Track Name,Album Name,Artist Name(s)\n{rows}")
    assert one(db, path).dropped == {"kept as a playlist entry": 2}
    found = db.execute("SELECT artist, track, ids FROM playlist_tracks").fetchall()
    assert found == [("Ida", "Lark", "[]"), ("Ida", "Tin Roof", '[["spotify", "1a"]]')]


@pytest.mark.parametrize(
    "link",
    [
        "spotify:track:{}",
        "https://open.spotify.com/track/{}",
        "https://open.spotify.com/intl-de/track/{}?si=0a1b2c",
    ],
)
def test_links_as_spotify_copies_them_are_a_playlist(
    db: sqlite3.Connection, tmp_path: Path, link: str
) -> None:
    bring(
        db,
        write(
            tmp_path, "history.json", [spotify(START, 211_400, spotify_track_uri=f"spotify:track:{SPOTIFY}")]
        ),
    )
    others = [
        "https://open.spotify.com/local/Ida/Weather%20Songs/Tin+Roof/200",
        "https://open.spotify.com/episode/1",
    ]
    file = one(db, write(tmp_path, "Evening.txt", "\r\n".join([link.format(SPOTIFY), *others]) + "\r\n"))
    assert (file.format, file.dropped) == (
        "spotify-uris",
        {"kept as a playlist entry": 2, "no artist or title": 1},
    )
    assert db.execute("SELECT artist, track FROM playlist_tracks").fetchall() == [SONG, ("Ida", "Tin Roof")]


@pytest.mark.parametrize("between", [" | ", "|", "\t", ";"])
def test_columns_of_a_table_are_told_apart_by_what_stands_between(
    db: sqlite3.Connection, tmp_path: Path, between: str
) -> None:
    rows = [["Played at", "Song", "Performer"], ["2024-03-02T19:01:00Z", *reversed(SONG)]]
    file = one(db, write(tmp_path, "mine.csv", "\n".join(between.join(row) for row in rows) + "\n"))
    assert (file.format, file.kept) == ("csv", 1)
    assert listens(db) == [(START, *SONG, None, "csv")]


SPOTIFY = "1a2B3c4D5e6F7g8H9i0J1k"
LINK = f"https://open.spotify.com/track/{SPOTIFY}"


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        ([["March 2, 2024 at 07:01PM", *reversed(SONG), SPOTIFY, LINK]], 1),
        ([["March 2, 2024 at 07:01PM", *reversed(SONG), SPOTIFY, LINK], ["", "", "", "", ""]], 1),
        # The order is the person's: the link says which cell is what.
        (
            [
                [
                    "https://www.last.fm/music/Caf%C3%A9+Tundra/_/Harbour+Lights",
                    *SONG,
                    "March 2, 2024 at 07:01PM",
                ]
            ],
            1,
        ),
        ([["March 2, 2024 at 07:01PM", *reversed(SONG), SPOTIFY, LINK.replace("1a", "2b")]], 0),
        ([["March 2, 2024 at 07:01PM", *SONG, "a note", "another"]], 0),
    ],
)
def test_a_sheet_of_ifttts_is_read_where_a_link_says_what_is_what(
    db: sqlite3.Connection, tmp_path: Path, rows: list[list[str]], kept: int
) -> None:
    text = "\n".join(",".join(f'"{cell}"' for cell in row) for row in rows) + "\n"
    file = bring(db, write(tmp_path, "Spotify plays.csv", text)).files[0]
    assert (file.format, file.kept) == (("ifttt", 1) if kept else (None, 0))
    assert [row[:3] for row in listens(db)] == [(START - START % 60, *SONG)] * kept


def test_a_bar_in_a_title_separates_nothing(db: sqlite3.Connection, tmp_path: Path) -> None:
    text = "time,artist,title\n2024-03-02T19:01:00Z,Café | Tundra,Harbour | Lights\n"
    assert one(db, write(tmp_path, "mine.csv", text)).kept == 1
    assert listens(db) == [(START, "Café | Tundra", "Harbour | Lights", None, "csv")]


def test_a_table_of_unknown_shape_is_proposed_by_its_header(db: sqlite3.Connection, tmp_path: Path) -> None:
    text = "Played at;Song;Performer;ms_played\n2024-03-02T19:01:00Z;Harbour Lights;Café Tundra;211400\n;Tin Roof;X;90000\n"
    file = one(db, write(tmp_path, "mine.csv", text))
    assert (file.format, file.dropped) == ("csv", {"nothing to count": 1})
    assert listens(db) == [(START, *SONG, 211_400, "csv")]


@pytest.mark.parametrize(
    "text",
    [
        "Datum;Uhrzeit;Künstler;Titel\n02.03.2024;19:01;{};{}\n",
        "Fecha,Hora,Artista,Canción\n2024-03-02,19:01,{},{}\n",
        "Data,Ora,Artista,Brano\n02/03/2024,19.01,{},{}\n",
        "Tijd,Datum,Artiest,Nummer\n19:01,2024-03-02,{},{}\n",
        "Data;Czas;Wykonawca;Utwór\n02.03.2024;19:01;{};{}\n",
        "Дата;Время;Исполнитель;Название\n02.03.2024;19:01;{};{}\n",
        "playedAt,artistName,trackTitle\n2024-03-02T19:01:00Z,{},{}\n",
        "Last Play\tArtist-Name\tSong_Title\n02.03.2024 19:01\t{}\t{}\n",
        "timestamp,x,artist,track\n1709406060,,{},{}\n",
        'timestamp, artist, track\n"1709406060", "{}", "{}"\n',
        "Zuletzt gespielt;Album Artist;Songtitel\n02.03.2024 19:01;{};{}\n",
        "再生日時,アーティスト名,タイトル\n2024/03/02 19:01:00,{},{}\n",
        "scrobble_date,artist,album artist,track\n2024-03-02T19:01:00Z,{},x,{}\n",
    ],
)
def test_columns_in_other_languages_and_spellings(db: sqlite3.Connection, tmp_path: Path, text: str) -> None:
    one(db, write(tmp_path, "mine.csv", text.format(*SONG)))
    assert starts(db) == [(START, *SONG)]


@pytest.mark.parametrize(
    "line",
    [
        "{0};Slow Ferry;{1};02 Mar 2024 19:01\n",
        "{0}\tSlow, Ferry\t{1}\t02 Mar 2024, 19:01\n",
        "2024-03-02;19:01:00;{0};{1}\n",
        "1709406060\t{1}\t{0}\tSlow Ferry\t\t\t\n",
    ],
)
def test_last_fm_tables_without_a_header(db: sqlite3.Connection, tmp_path: Path, line: str) -> None:
    assert one(db, write(tmp_path, "mine.txt", line.format(*SONG))).format == "lastfm-csv"
    assert starts(db) == [(START, *SONG)]


@pytest.mark.parametrize(
    "stamp",
    [
        "02/03/2024 19:01:00 +00:00",
        "3/2/2024 7:01:00 PM +00:00",
        "02.03.2024 20:01:00 +01:00",
        "02-03-2024 19.01.00 +00:00",
        "2024/03/02 19:01:00 +00:00",
        "2024-03-02 오후 7:01:00 +00:00",
    ],
)
@pytest.mark.parametrize("end", [",,", ",Ida,00:03:20"])
def test_scrubblers_table_has_the_time_as_its_computer_writes_it(
    db: sqlite3.Connection, tmp_path: Path, stamp: str, end: str
) -> None:
    other = stamp.replace("02", "14", 1) if stamp.startswith("0") else stamp.replace("/2/", "/14/")
    rows = [f'{SONG[0]},"Slow, Ferry",{SONG[1]},{stamp}{end}', f"Burel,,Mull,{other}{end}"]
    file = one(db, write(tmp_path, "mine.csv", "\ufeff" + "\r\n".join(rows) + "\r\n"))
    assert (file.format, file.kept, file.note) == ("lastfm-csv", 2, "")
    assert (START, *SONG) in starts(db)


def test_shazams_library_is_a_table(db: sqlite3.Connection, tmp_path: Path) -> None:
    rows = 'Index,TagTime,Title,Artist,URL,TrackKey\n1,2024-03-02 19:01:00,"{1}","{0}",https://x,7\n'
    file = one(db, write(tmp_path, "shazamlibrary.csv", "Shazam Library\n" + rows.format(*SONG)))
    assert (file.format, file.kept) == ("csv", 1)
    assert starts(db) == [(START, *SONG)]


@pytest.mark.parametrize("column", ["Played #", "Times Played", "Wiedergaben"])
def test_a_players_table_has_counts_dated_by_the_last_play(
    db: sqlite3.Connection, tmp_path: Path, column: str
) -> None:
    text = f"Artist;Title;{column};Last Played\n{SONG[0]};{SONG[1]};1,019;3/2/2024 7:01:00 PM\n"
    one(db, write(tmp_path, "mine.csv", text))
    assert db.execute("SELECT started_at, plays FROM listens").fetchall() == [(START, 1019)]


def test_a_given_mapping_of_columns(db: sqlite3.Connection, tmp_path: Path) -> None:
    path = write(tmp_path, "mine.csv", "wann,was,wer\n2024-03-02 20:01,Harbour Lights,Café Tundra\n")
    assert one(db, path).format is None
    columns = {"artist": "wer", "track": "was", "time": "wann"}
    assert one(db, path, format="csv", columns=columns, zone="Europe/Copenhagen").kept == 1
    assert starts(db) == [(START, *SONG)]
    with pytest.raises(UsageError, match=r"No column “nix” for artist\. Columns: wann, was, wer"):
        bring(db, path, format="csv", columns={"artist": "nix"})
    with pytest.raises(UsageError, match="--map"):
        bring(db, path, format="csv")


@pytest.mark.parametrize("lines", [True, False])
def test_flat_json_of_unknown_shape(db: sqlite3.Connection, tmp_path: Path, lines: bool) -> None:
    rows = [
        {"artist": song[0], "title": song[1], "played_at": at}
        for song, at in ((SONG, START), (OTHER, FOUR_BEFORE))
    ]
    text = "\n".join(json.dumps(row) for row in rows) if lines else json.dumps(rows)
    assert one(db, write(tmp_path, "mine.json", text)).format == "jsonl"
    assert starts(db) == [(FOUR_BEFORE, *OTHER), (START, *SONG)]


def test_every_format_has_its_own_name_and_survives_nothing_and_noise(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    known = formats()
    assert len({form.name for form in known}) == len(known)
    for content in (
        b"",
        b"\x00\xff\xfe{[",
        b"[",
        b"[{}]",
        b"{}\n{}",
        b"a,b\n1,2\n",
        b"<x>",
        b"[[[[",
        b"null",
        b'"',
        lastfm().encode(),
    ):
        path = write(tmp_path, "noise", content)
        for form in known:
            try:
                bring(db, path, format=form.name)
            except UsageError:
                assert form.name == "csv"


@pytest.mark.parametrize(
    ("head", "stamp"),
    [
        ("played_at,date", "2024-03-02 19:01:00,2024-03-02"),
        ("utc_time", "2024-03-02 19:01:00"),
        ("timestamp", "1709406060000000000"),
    ],
)
def test_the_column_with_a_clock_dates_a_play(
    db: sqlite3.Connection, tmp_path: Path, head: str, stamp: str
) -> None:
    one(db, write(tmp_path, "plays.csv", f"artist,track,{head}\nBurel,Lark,{stamp}\n"))
    assert db.execute("SELECT started_at FROM listens").fetchall() == [(START,)]


@pytest.mark.parametrize(
    "columns",
    ["ts,ms_played,track_name,artist_name,shuffle", "ts,ms_played,Track Name,Artist Name(s),shuffle"],
)
def test_spotifys_rows_under_shorter_names_are_stamped_at_their_end(
    db: sqlite3.Connection, tmp_path: Path, columns: str
) -> None:
    row = f"2024-03-02 19:05:00,240000,{SONG[1]},{SONG[0]},False\n"
    assert one(db, write(tmp_path, "history.csv", f"{columns}\n{row}")).format == "spotify-csv"
    assert starts(db) == [(START, *SONG)]


def test_a_length_in_a_column_called_time_is_no_stamp(db: sqlite3.Connection, tmp_path: Path) -> None:
    """As iTunes writes its list of songs."""
    text = "Name\tArtist\tTime\tDate Added\tPlays\tLast Played\r{1}\t{0}\t228\t3/1/20 5:00 PM\t7\t3/2/24 7:01 PM\r"
    one(db, write(tmp_path, "Music.txt", text.format(*SONG).encode("utf-16")))
    assert starts(db) == [(START, *SONG)]


def test_the_first_spelling_of_a_name_is_stored_without_what_is_not_seen(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    """It was shown with a mark for each such character, in every list, whatever came afterwards."""
    rows = f'"Ida\u00a0\u200b& the\u00ad Oaks","Tin\nRoof\ufeff",{START}\nIda & the Oaks,Tin Roof,{START + 900}\n'
    bring(db, write(tmp_path, "plays.csv", f"artist,title,time\n{rows}"))
    assert [row[1:3] for row in listens(db)] == [("Ida & the Oaks", "Tin Roof")] * 2
    entries = "#EXTM3U\n#EXTINF:5,Ida\u200b Oak - Tin\u00a0Roof\nx.mp3\n"
    bring(db, write(tmp_path, "list.m3u8", entries))
    found = db.execute("SELECT artist, track FROM playlist_tracks").fetchall()
    assert ("Ida Oak", "Tin Roof") in [tuple(row) for row in found]


@pytest.mark.parametrize("clock", ["19:01", "19.01", "19.01.00", "7:01 PM"])
@pytest.mark.parametrize("day", ["02.03.24", "02.03.2024", "2.3.24"])
@pytest.mark.parametrize("columns", ["Datum;Uhrzeit", "Uhrzeit;Datum"])
def test_a_short_day_beside_a_clock(
    db: sqlite3.Connection, tmp_path: Path, day: str, clock: str, columns: str
) -> None:
    both = f"{day};{clock}" if columns.startswith("Datum") else f"{clock};{day}"
    bring(db, write(tmp_path, "a.csv", f"Interpret;Titel;{columns}\n{SONG[0]};{SONG[1]};{both}\n"))
    assert [row[0] for row in listens(db)] == [START]


@pytest.mark.parametrize("column", ["Time played", "Listen time"])
@pytest.mark.parametrize("length", ["3:20", "0:03:20", "200"])
def test_how_long_a_song_was_played_is_no_time_of_day(
    db: sqlite3.Connection, tmp_path: Path, column: str, length: str
) -> None:
    path = write(tmp_path, "a.csv", f"Artist,Title,Date,{column}\nBurel,Mull,2024-03-02,{length}\n")
    one(db, path)
    day = START // 86_400 * 86_400
    assert db.execute("SELECT started_at, precision FROM listens").fetchall() == [(day, 86_400)]
