"""Files of players and small scrobblers, made up after FORMATS.md: what each row becomes."""

# ruff: noqa: E501 - made-up files are kept as they would be

from __future__ import annotations

import json
import plistlib
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from engine.playlists.files.written import file_uri, local_file
from engine.playlists.playlist import PlaylistTrack
from tests.support.exports import (
    FOUR_BEFORE,
    ITUNES,
    ROCKBOX,
    SMALL,
    workbook,
)
from tests.support.importing import (
    OTHER,
    SONG,
    START,
    bring,
    library,
    listens,
    one,
    starts,
    write,
)

# -- players with counts ----------------------------------------------------------------------------------


def test_itunes_library(db: sqlite3.Connection, tmp_path: Path) -> None:
    file = one(db, write(tmp_path, "Library.xml", ITUNES))
    assert db.execute("SELECT plays, started_at FROM listens").fetchall() == [(19, START)]
    assert file.dropped == {
        "kept as a like": 1,
        "nothing to count": 1,
        "podcast": 1,
        "kept as a playlist entry": 1,
    }
    assert db.execute("SELECT artist, track FROM playlist_tracks").fetchall() == [OTHER]


def test_a_library_sorted_by_its_keys_or_made_binary_is_read_alike(tmp_path: Path) -> None:
    whole = plistlib.loads(ITUNES.encode())
    reports = []
    for name, data in (
        ("a.xml", ITUNES.encode()),
        ("b.xml", plistlib.dumps(whole, sort_keys=True)),
        ("c.plist", plistlib.dumps(whole, fmt=plistlib.FMT_BINARY)),
    ):
        db = library(tmp_path / f"of {name}")
        file = one(db, write(tmp_path, name, data))
        reports.append((file.dropped, starts(db), db.execute("SELECT * FROM playlist_tracks").fetchall()))
        db.close()
    assert reports[0] == reports[1] == reports[2]
    assert [row[2:4] for row in reports[0][2]] == [OTHER]


def test_a_binary_library_that_is_hostile_costs_no_more_than_its_size(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    items = [{"Track ID": 1}] * 3000
    lists = [{"Name": "E", "Playlist Items": items}] * 3000
    data = plistlib.dumps({"Tracks": {"1": {"Track ID": 1}}, "Playlists": lists}, fmt=plistlib.FMT_BINARY)
    deep: Any = []
    for _ in range(300):
        deep = [deep]
    nested = plistlib.dumps({"Tracks": {}, "Playlists": deep}, fmt=plistlib.FMT_BINARY)
    assert "more tracks than it can hold" in one(db, write(tmp_path, "a.plist", data)).note
    assert one(db, write(tmp_path, "b.plist", nested)).read == 0
    assert "property list" in one(db, write(tmp_path, "c.plist", data[:90])).note
    assert "not that of a music library" in one(db, write(tmp_path, "d.plist", b"bplist00\xd0")).note


def test_counts_of_files_say_how_to_get_those_of_songs(db: sqlite3.Connection, tmp_path: Path) -> None:
    entry = '<Entry ID="%d" Count="%d" LastPlayed="134017270777327040"><Item Path="C:\\a.flac"/></Entry>'
    text = f'<PlaybackStatistics Version="3.0">{entry % (1, 14)}{entry % (2, 0)}</PlaybackStatistics>'
    file = one(db, write(tmp_path, "stats.xml", text))
    assert file.dropped == {"file without names": 1, "nothing to count": 1}
    assert "Text Tools" in file.note
    table = "artist\ttitle\tplay_count\tlast_played\nIda\tLark\t14\t2024-03-02 19:01:00\n"
    one(db, write(tmp_path, "library.txt", table))
    assert db.execute("SELECT plays, started_at FROM listens").fetchall() == [(14, START)]


def test_files_of_an_itunes_library_are_what_its_playlists_hold(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    there = "<key>Name</key><string>Tin Roof</string>"
    located = f"{there}<key>Location</key><string>file://localhost/C:/Music/Caf%C3%A9/02%20Roof.mp3</string>"
    counted = "<integer>574</integer><key>Name</key>"
    played = (
        "<integer>574</integer><key>Location</key><string>file:///Music/Caf%C3%A9.m4a</string><key>Name</key>"
    )
    one(db, write(tmp_path, "Library.xml", ITUNES.replace(there, located).replace(counted, played)))
    assert db.execute("SELECT scheme, value FROM track_ids").fetchall() == [("file", "/Music/Café.m4a")]
    [(ids,)] = db.execute("SELECT ids FROM playlist_tracks").fetchall()
    assert json.loads(ids) == [["file", "C:/Music/Café/02 Roof.mp3"]]
    track = PlaylistTrack(*OTHER, ids=tuple(map(tuple, json.loads(ids))))
    assert file_uri(track, None) == "file:///C:/Music/Caf%C3%A9/02%20Roof.mp3"
    assert local_file(track, tmp_path) == "C:/Music/Café/02 Roof.mp3"


def test_a_rhythmbox_song_leads_to_its_file(db: sqlite3.Connection, tmp_path: Path) -> None:
    text = (
        '<rhythmdb version="2.0"><entry type="song"><title>Lark</title><artist>Burel</artist>'
        "<location>file:///music/L%C3%A4rk.ogg</location><play-count>2</play-count></entry></rhythmdb>"
    )
    one(db, write(tmp_path, "rhythmdb.xml", text))
    assert db.execute("SELECT scheme, value FROM track_ids").fetchall() == [("file", "/music/Lärk.ogg")]


def test_rhythmbox(db: sqlite3.Connection, tmp_path: Path) -> None:
    text = (
        '<?xml version="1.0" standalone="yes"?><rhythmdb version="2.0"><entry type="song"><title>Harbour Lights</title>'
        "<artist>Café Tundra</artist><album>Slow Ferry</album><duration>228</duration><play-count>19</play-count>"
        '<last-played>1709406060</last-played></entry><entry type="song"><title>Tin Roof</title><artist>Ida &amp; the Oaks'
        '</artist></entry><entry type="iradio"><title>R</title></entry></rhythmdb>'
    )
    file = one(db, write(tmp_path, "rhythmdb.xml", text))
    assert db.execute("SELECT plays, started_at FROM listens").fetchall() == [(19, START)]
    assert file.dropped == {"nothing to count": 1, "radio or other non-track": 1}


def test_entities_are_refused(db: sqlite3.Connection, tmp_path: Path) -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">]><rhythmdb><entry type="song">&a;</entry></rhythmdb>'
    file = one(db, write(tmp_path, "rhythmdb.xml", bomb))
    assert (file.read, file.format) == (0, "rhythmbox")
    assert "entities" in file.note


# -- small scrobblers -------------------------------------------------------------------------------------


def test_rockbox_log(db: sqlite3.Connection, tmp_path: Path) -> None:
    file = one(db, write(tmp_path, ".scrobbler.log", ROCKBOX))
    assert starts(db) == [(None, *OTHER), (START, SONG[0], "Harbour Lights #2")]
    assert file.dropped == {"skipped": 1, "no artist or title": 1, "unreadable record": 1}
    assert file.undated == 1


def test_rockbox_clock_in_the_persons_zone(db: sqlite3.Connection, tmp_path: Path) -> None:
    one(db, write(tmp_path, "log", ROCKBOX), zone="Europe/Copenhagen")
    assert listens(db)[-1][0] == START - 3600


@pytest.mark.parametrize("name", SMALL)
def test_self_hosted_scrobblers(db: sqlite3.Connection, tmp_path: Path, name: str) -> None:
    content: Any = SMALL[name]
    file = one(db, write(tmp_path, "export.json", content))
    assert file.format == name
    assert starts(db) == [(FOUR_BEFORE, *OTHER), (START, *SONG)]
    assert file.dropped == ({"not the end of a play": 1} if name == "pano" else {})


def test_tidal(db: sqlite3.Connection, tmp_path: Path) -> None:
    text = (
        "artist_name,track_title,entry_date,stream_duration_ms,product_type,ip_address,client_name_from_session,country_name,"
        "region_name,city_name,postal_code,time_zone\n"
        "Café Tundra Feat. DJ Møns,Harbour Lights,02/03/2024 20:01,211400.0,TRACK,192.0.2.7,Web,D,R,Secretcity,1,Europe/Copenhagen\n"
        '"Ida & the Oaks",Tin Roof,02/03/2024 9:05,715.0,TRACK,null,mobile,null,null,null,null,null\n'
        "X,Y,02/03/2024 9:05,90000,VIDEO,null,mobile,null,null,null,null,null\n"
        "X,Y,31/02/2024 9:05,90000,TRACK,null,mobile,null,null,null,null,null\n"
    )
    file = one(db, write(tmp_path, "streaming.csv", text))
    assert listens(db) == [(START, *SONG, 211_400, "tidal")]
    assert file.dropped == {"skipped": 1, "video": 1, "unreadable time": 1}
    assert "Secretcity" not in "\n".join(db.iterdump())


def test_tidals_zones_and_dates_in_other_forms(db: sqlite3.Connection, tmp_path: Path) -> None:
    stamps = {
        "UTC+1": "02/03/2024 20:01",
        "GMT+01:00": "02/03/2024 20:01",
        "+01:00": "02/03/2024 20:01",
        "CET": "2024-03-02 20:01:00",
        "": "02/03/2024 19:01",
        "Mars/Olympus": "02/03/2024 19:01",
    }
    rows = [f"{SONG[0]},x{zone},{at},{zone}\n" for zone, at in stamps.items()]
    header = "artist_name,track_title,entry_date,time_zone\n"
    file = one(db, write(tmp_path, "streaming.csv", header + "".join(rows)))
    assert {row[0] for row in listens(db)} == {START}
    assert file.kept == len(stamps)
    assert "Mars/Olympus (1)" in file.note
    assert "--zone" in file.note
    # A day above 12 tells the month from it, in every row.
    rows = [f"Ida,{zone},03/{day}/2024 19:01,\n" for zone, day in (("a", "02"), ("b", "13"))]
    one(db, write(tmp_path, "us.csv", header + "".join(rows)))
    assert [row[0] for row in listens(db) if row[1] == "Ida"] == [START, START + 11 * 86_400]


@pytest.mark.parametrize("name", ["deezer-data_1.xlsx", "renamed.bin"])
def test_deezer_workbook(db: sqlite3.Connection, tmp_path: Path, name: str) -> None:
    rows = [
        ["Song Title", "Artist", "ISRC", "Album Title", "IP Address", "Listening Time", "Platform Name", "Platform Model", "Date"],
        ["Harbour Lights", "Café Tundra", "DKABC2300001", "Slow Ferry", "192.0.2.7", "211", "x", "y", "2024-03-02 19:01:00"],
        ["Tin Roof", "Ida &amp; the Oaks", None, "", "192.0.2.7", "-1", "x", "y", 45353.789583333334],
        ["Tin Roof", "Ida &amp; the Oaks", None, "", "192.0.2.7", "4", "x", "y", "2024-03-02 12:00:00"],
    ]  # fmt: skip
    file = one(db, write(tmp_path, name, workbook(rows)))
    assert file.format == "deezer"
    assert listens(db) == [(FOUR_BEFORE, *OTHER, None, "deezer"), (START, *SONG, 211_000, "deezer")]
    assert file.dropped == {"skipped": 1}
    assert "192.0.2.7" not in "\n".join(db.iterdump())
    rows[0] = [f"Spalte {column}" for column in rows[0]]
    assert one(db, write(tmp_path, f"de-{name}", workbook(rows))).duplicates == 2


def test_rhythmboxs_playlists_name_its_files(db: sqlite3.Connection, tmp_path: Path) -> None:
    write(
        tmp_path,
        "in/rhythmdb.xml",
        '<rhythmdb version="2.0">'
        + "".join(
            f'<entry type="song"><title>{title}</title><artist>{artist}</artist><play-count>{plays}</play-count>'
            f"<location>file:///music/{title.replace(' ', '%20')}.ogg</location></entry>"
            for (artist, title), plays in ((SONG, 3), (("Ida", "Tin Roof"), 0))
        )
        + "</rhythmdb>",
    )
    write(
        tmp_path,
        "in/playlists.xml",
        '<rhythmdb-playlists><playlist name="Evening" type="static">'
        "<location>file:///music/Tin%20Roof.ogg</location><location>file:///music/Harbour%20Lights.ogg</location>"
        '<location>file:///gone.ogg</location></playlist><playlist name="Recent" type="automatic"><location>x</location>'
        "</playlist></rhythmdb-playlists>",
    )
    files = {file.format: file for file in bring(db, tmp_path / "in").files}
    assert files["rhythmbox-playlists"].dropped == {
        "kept as a playlist entry": 2,
        "file or id of an unknown track": 1,
    }
    assert db.execute(
        "SELECT p.name, t.artist, t.track FROM playlists p JOIN playlist_tracks t"
    ).fetchall() == [
        ("Evening", "Ida", "Tin Roof"),
        ("Evening", *SONG),
    ]
