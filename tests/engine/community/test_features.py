"""Feature packs: tables of every known shape read truthfully, kept, and looked up by key."""

from __future__ import annotations

import gzip
import json
import sqlite3
import zipfile
from pathlib import Path

import pytest

from engine.canonical_keys import artist_key, track_key
from engine.community.feature_rows import RowCounts, fold_tempo, read_feature_rows
from engine.community.features import FeatureCatalog, add_features, feature_packs
from engine.errors import (
    CancelledError,
    DamagedDataError,
    PrivateSessionError,
    UnreadableFileError,
)
from engine.paths import Folders
from engine.privacy import Door
from engine.store.database import open_library

SONGS = """\
track_id,track_name,track_artist,track_album_name,danceability,energy,key,valence,tempo,duration_ms
1a2B3c4D5e6F7g8H9i0J1k,Harbour Lights,Café Tundra,Slow Ferry,0.51,0.62,9,0.43,104.02,228205
2b3C4d5E6f7G8h9I0j1K2l,Tin Roof,Ida & the Oaks,Weather Songs,0.7,0.8,1,0.9,0,180000
1a2B3c4D5e6F7g8H9i0J1k,Harbour Lights,Café Tundra,Slow Ferry,0.51,0.62,9,0.43,104.02,228205
3c4D5e6F7g8H9i0J1k2L3m,Half Clock,Ida & the Oaks,Weather Songs,0.7,0.8,1,0.9,20.5,180000
4d5E6f7G8h9I0j1K2l3M4n,,Nobody,,0.7,0.8,1,0.9,120,180000
5e6F7g8H9i0J1k2L3m4N5o,Broken Metronome,Nobody,,0.7,0.8,1,0.9,99999,180000
6f7G8h9I0j1K2l3M4n5O6p,No Numbers,Nobody,,,,,,,180000
"""


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(Folders(tmp_path / "data"))


def catalog(door: Door) -> FeatureCatalog:
    return FeatureCatalog(feature_packs(door.folders))


def key(artist: str, track: str) -> tuple[str, str]:
    return artist_key(artist), track_key(track)


def rows_of(tmp_path: Path, text: str, name: str = "table.csv", encoding: str = "utf-8"):
    file = tmp_path / name
    file.write_bytes(text.encode(encoding))
    counts = RowCounts()
    return list(read_feature_rows(file, counts)), counts


def test_report_accounts_for_every_row(door: Door, tmp_path: Path) -> None:
    file = tmp_path / "spotify_songs.csv"
    file.write_text(SONGS)
    report = add_features(door, file)
    assert (report.name, report.rows, report.tracks, report.duplicates) == ("spotify-songs", 7, 4, 1)
    assert report.dropped == {"no artist or title": 1, "no tempo or other feature": 1}
    assert report.rows == report.tracks + report.duplicates + sum(report.dropped.values())
    assert (report.tracks_with_tempo, report.tempo_folded, report.tempo_implausible) == (2, 1, 1)


def test_lookup_gives_what_the_table_says(door: Door, tmp_path: Path) -> None:
    file = tmp_path / "songs.csv"
    file.write_text(SONGS)
    add_features(door, file, name="songs")
    with catalog(door) as packs:
        wanted = [key("cafe tundra", "HARBOUR LIGHTS"), key("Ida & the Oaks", "Tin Roof"), ("nobody", "else")]
        found = packs.lookup(wanted)
        assert set(found) == set(wanted[:2])
        harbour = found[wanted[0]]
        assert (harbour.artist, harbour.track, harbour.album) == (
            "Café Tundra",
            "Harbour Lights",
            "Slow Ferry",
        )
        assert (harbour.bpm, harbour.bpm_source, harbour.energy) == (104.02, "songs", 0.62)
        assert (harbour.danceability, harbour.valence, harbour.seconds) == (0.51, 0.43, 228.205)
        assert harbour.ids == (("spotify", "1a2B3c4D5e6F7g8H9i0J1k"),)
        # A tempo of 0 means unknown; 20.5 is a quarter of the beats counted.
        assert (found[wanted[1]].bpm, found[wanted[1]].bpm_source) == (None, None)
        assert packs.lookup([key("Ida & the Oaks", "Half Clock")]).popitem()[1].bpm == 41.0
        tracks = packs.tracks_of([artist_key("Ida & the Oaks"), artist_key("Café Tundra"), "unknown"])
        assert [track.track for track in tracks] == ["Half Clock", "Tin Roof", "Harbour Lights"]


def test_lookup_of_many_pairs_crosses_chunks(door: Door, tmp_path: Path) -> None:
    file = tmp_path / "many.csv"
    lines = [f"Artist {n % 700},Song {n},{60 + n % 120}" for n in range(5000)]
    file.write_text("\n".join(["artist,track,bpm", *lines]))
    report = add_features(door, file)
    assert report.tracks_with_tempo == 5000
    with catalog(door) as packs:
        found = packs.lookup(key(f"Artist {n % 700}", f"Song {n}") for n in range(6000))
        assert len(found) == len(packs) == 5000
        assert found[key("Artist 3", "Song 4203")].bpm == 60 + 4203 % 120
        assert len(packs.tracks_of(artist_key(f"Artist {n}") for n in range(700))) == 5000


@pytest.mark.parametrize("wrap", ["plain", "gz", "zip", "folder"])
def test_plain_gz_zip_and_folder_are_read_alike(door: Door, tmp_path: Path, wrap: str) -> None:
    text = "artist,title,bpm\nCafé Tundra,Harbour Lights,104\n".encode()
    path = tmp_path / f"table.{wrap}"
    if wrap == "plain":
        path.write_bytes(text)
    elif wrap == "gz":
        path.write_bytes(gzip.compress(text))
    elif wrap == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("inside/table.csv", text)
            archive.writestr("__MACOSX/inside/._table.csv", b"\x00\x01")
            archive.writestr("readme.md", "no table")
    else:
        (path / "deep").mkdir(parents=True)
        (path / "deep" / "table.csv").write_bytes(text)
    assert add_features(door, path).tracks == 1


def test_manifest_and_table_are_what_they_say(door: Door, tmp_path: Path) -> None:
    file = tmp_path / "songs.csv"
    file.write_text(SONGS)
    report = add_features(door, file)
    manifest = json.loads((report.folder / "manifest.json").read_text())
    assert manifest.items() >= {
        "format": 1, "kind": "features", "name": "songs", "source": "songs.csv", "rows": 4,
        "tracks_with_tempo": 2,
    }.items()  # fmt: skip
    assert str(tmp_path) not in json.dumps(manifest)
    assert sorted(path.name for path in report.folder.iterdir()) == ["features.sqlite", "manifest.json"]
    first = manifest["digest"]
    add_features(door, file)
    assert json.loads((report.folder / "manifest.json").read_text())["digest"] == first


def test_reading_packs_touches_nothing(door: Door, tmp_path: Path) -> None:
    file = tmp_path / "songs.csv"
    file.write_text(SONGS)
    folder = add_features(door, file).folder
    before = {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir()}
    with catalog(Door(door.folders, private=True)) as packs:
        packs.lookup([key("Café Tundra", "Harbour Lights")])
        with pytest.raises(sqlite3.OperationalError):
            packs._packs[0][1].execute("DELETE FROM features")
    assert {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir()} == before


def test_private_session_adds_nothing(door: Door, tmp_path: Path) -> None:
    file = tmp_path / "songs.csv"
    file.write_text(SONGS)
    with pytest.raises(PrivateSessionError):
        add_features(Door(door.folders, private=True), file)
    assert not door.folders.root.exists()


def test_several_packs_fill_each_others_gaps(door: Door, tmp_path: Path) -> None:
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    one.write_text("artist,track,bpm,energy,seconds\nA,Same,120,,\nA,No Tempo,,0.5,201\n")
    two.write_text(
        "artist,track,bpm,energy,isrc,seconds\nA,Same,121,0.9,DKABC2300001,200\nA,No Tempo,90,0.1,,9\n"
        "A,More,90,,,\n"
    )
    folders = [add_features(door, one).folder, add_features(door, two).folder]
    with FeatureCatalog(folders) as packs:
        found = packs.lookup([key("A", "Same"), key("A", "No Tempo")])
        same, other = found[key("A", "Same")], found[key("A", "No Tempo")]
        assert (same.bpm, same.bpm_source, same.energy) == (120, "one", 0.9)
        assert (same.seconds, other.seconds, same.ids) == (200.0, 201.0, (("isrc", "DKABC2300001"),))
        assert (other.bpm, other.bpm_source, other.energy) == (90, "two", 0.5)
        assert len(packs.tracks_of([artist_key("A")])) == 3


@pytest.mark.parametrize(
    ("artist", "title", "bpm"),
    [
        ("Café Tundra", "Harbour Lights - Remastered 2011", 104.0),
        ("The Café Tundra", "Harbour Lights (feat. DJ Møns)", 104.0),
        ("Café Tundra", "Harbour Lights - Live", None),
        ("Café Tundra", "Harbour Lights (DJ Møns Remix)", None),
        ("Café Tundra", "Fog - Live", 90.0),
        ("Café Tundra", "Fog", None),
        ("Other", "Harbour Lights", None),
    ],
)
def test_another_version_answers_only_where_the_tempo_carries_over(
    door: Door, tmp_path: Path, artist: str, title: str, bpm: float | None
) -> None:
    file = tmp_path / "songs.csv"
    file.write_text(
        "artist,track,bpm,isrc\nCafé Tundra,Harbour Lights,104,DKABC2300001\nCafé Tundra,Fog (Live),90,\n"
    )
    add_features(door, file)
    pair = key(artist, title)
    with catalog(door) as packs:
        if title != "Fog - Live":
            assert packs.lookup([pair]) == {}
        found = packs.lookup([pair], {pair: title})
        assert [track.bpm for track in found.values()] == ([] if bpm is None else [bpm])
        if bpm == 104.0:
            assert (found[pair].bpm_source, found[pair].ids) == ("songs, another version", ())
            assert (found[pair].artist_key, found[pair].track_key) == pair


def test_tracks_of_an_artist_come_most_popular_first(door: Door, tmp_path: Path) -> None:
    file = tmp_path / "songs.csv"
    file.write_text(
        "artist,track,bpm,popularity\nA,Deep Cut,100,3\nA,Hit,100,88\nA,Unranked,100,\nB,Odd,100,101\n"
    )
    add_features(door, file)
    with catalog(door) as packs:
        tracks = packs.tracks_of([artist_key("B"), artist_key("A")])
        assert [(track.track, track.popularity) for track in tracks] == [
            ("Odd", None),
            ("Hit", 0.88),
            ("Deep Cut", 0.03),
            ("Unranked", None),
        ]


def test_library_coverage_counts_own_tracks(door: Door, tmp_path: Path) -> None:
    file = tmp_path / "songs.csv"
    file.write_text(SONGS)
    add_features(door, file)
    library = open_library(door)
    for number, (artist, track) in enumerate(
        [("Café Tundra", "Harbour Lights"), ("Ida & the Oaks", "Tin Roof"), ("Other", "Unknown")], 1
    ):
        library.execute("INSERT INTO artists VALUES (?, ?, ?)", (number, artist, artist_key(artist)))
        library.execute(
            "INSERT INTO tracks (artist_id, title, key) VALUES (?, ?, ?)", (number, track, track_key(track))
        )
    with catalog(door) as packs:
        coverage = packs.library_coverage(library)
    library.close()
    assert (coverage.tracks, coverage.matched, coverage.with_tempo) == (3, 2, 1)
    assert coverage.share == pytest.approx(1 / 3)


# -- shapes of tables ---------------------------------------------------------------------------------


def test_exportify_as_exportify_net_writes_it(tmp_path: Path) -> None:
    text = (
        "Track URI,Track Name,Album Name,Artist Name(s),Release Date,Duration (ms),Popularity,Explicit,"
        "Added By,Added At,Genres,Record Label,Danceability,Energy,Key,Loudness,Mode,Speechiness,"
        "Acousticness,Instrumentalness,Liveness,Valence,Tempo,Time Signature\n"
        'spotify:track:1a2B3c4D5e6F7g8H9i0J1k,"Harbour Lights","Slow Ferry","Café Tundra;DJ Møns",2023-09-01,'
        '228205,41,false,someone,2024-02-27T20:11:05Z,"dream pop","undefined",0.51,0.62,9,-8.1,1,0.03,0.2,'
        "0,0.1,0.43,104.02,4\n"
        'spotify:episode:1a2B3c4D5e6F7g8H9i0J1k,"A Podcast","Show","Host",2023,1,1,false,x,x,"","",'
        "1,1,1,1,1,1,1,1,1,1,90,4\n"
        'spotify:track:2b3C4d5E6f7G8h9I0j1K2l,"Short Row","Slow Ferry","Café Tundra",2023-09-01,1000\n'
    )
    rows, counts = rows_of(tmp_path, text, encoding="utf-8-sig")
    assert [(row.artist, row.track, row.bpm, row.seconds) for row in rows] == [
        ("Café Tundra", "Harbour Lights", 104.02, 228.205)
    ]
    assert counts.read == 3
    assert counts.dropped == {"not a track of the service": 1, "no tempo or other feature": 1}


def test_exportify_with_a_translated_header_is_read_by_position(tmp_path: Path) -> None:
    header = [f"Spalte {number}" for number in range(36)]
    cells = [""] * 36
    cells[0], cells[1] = "spotify:track:1a2B3c4D5e6F7g8H9i0J1k", "Harbour Lights"
    cells[2], cells[3] = "spotify:artist:a, spotify:artist:b", "Tyler\\, The Oaks, Second"
    cells[5], cells[12], cells[16] = "Slow Ferry", "228205", "DKABC2300001"
    cells[21:33] = ["0.51", "0.62", "9", "-8", "1", "0", "0", "0", "0", "0.43", "104.02", "4"]
    text = "\n".join(",".join(f'"{cell}"' for cell in line) for line in (header, cells))
    rows, _ = rows_of(tmp_path, text)
    assert len(rows) == 1
    assert (rows[0].artist, rows[0].bpm, rows[0].energy, rows[0].danceability, rows[0].valence) == (
        "Tyler, The Oaks",
        104.02,
        0.62,
        0.51,
        0.43,
    )
    assert (rows[0].seconds, rows[0].isrc, rows[0].spotify) == (
        228.205,
        "DKABC2300001",
        "1a2B3c4D5e6F7g8H9i0J1k",
    )


@pytest.mark.parametrize(
    ("text", "encoding", "expected"),
    [
        ("Artist\tTitle\tBPM\tLength\nA\tB\t128.00\t3:48\n", "utf-16", (128.0, 228.0)),
        ("artist;song;tempo;seconds\nA;B;127,5;200\n", "utf-8", (127.5, 200.0)),
        ("ARTIST,TITLE, BPM ,duration\nA,B,128,200000\n", "utf-8-sig", (128.0, 200.0)),
        ("artist,track,bpm\r\nCaf\xe9,B,99\r\n", "cp1252", (99.0, None)),
        ("artist,track,tempo,energy,time\nA,B,nan,0.5,\n", "utf-8", (None, None)),
    ],
)
def test_generic_tables(
    tmp_path: Path, text: str, encoding: str, expected: tuple[float | None, float | None]
) -> None:
    rows, _ = rows_of(tmp_path, text, encoding=encoding)
    assert [(row.bpm, row.seconds) for row in rows] == [expected]
    assert "\ufffd" not in rows[0].artist


def test_names_that_look_like_missing_values_stay_names(tmp_path: Path) -> None:
    rows, _ = rows_of(tmp_path, "artist,track,bpm\nNone,Undefined,100\nNull,NA,100\nNA,NA,100\n")
    assert [(row.artist, row.track) for row in rows] == [("None", "Undefined"), ("Null", "NA")]


def test_tempo_is_folded_into_range_or_refused() -> None:
    assert [fold_tempo(bpm) for bpm in (40.0, 250.0, 39.0, 251.0, 12.0, 1000.0)] == [
        40.0, 250.0, 78.0, 125.5, 48.0, 250.0,
    ]  # fmt: skip
    assert fold_tempo(5.0) is fold_tempo(-120.0) is fold_tempo(1001.0) is None


# -- bad input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"artist,title,plays\nA,B,3\n",
        b"PK\x03\x04 no zip",
        b"\x1f\x8b no gzip",
        b"artist,track,bpm\n",
        b"\x00" * 99,
    ],
)
def test_unusable_files_say_so_and_leave_nothing(door: Door, tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "bad.csv"
    file.write_bytes(data)
    with pytest.raises(UnreadableFileError, match=r"bad\.csv"):
        add_features(door, file)
    assert list(door.folders.packs.iterdir()) == []


def test_truncated_gzip_is_refused(door: Door, tmp_path: Path) -> None:
    file = tmp_path / "cut.csv.gz"
    file.write_bytes(gzip.compress(SONGS.encode() * 50)[:-30])
    with pytest.raises(UnreadableFileError):
        add_features(door, file)


def test_a_field_longer_than_any_costs_its_line_alone(door: Door, tmp_path: Path) -> None:
    file = tmp_path / "open.csv"
    file.write_text("artist,track,bpm\nA,B,100\nC," + "x" * 200_000 + ",90\nD,E,100\n")
    pack = add_features(door, file)
    assert (pack.tracks, [line.line for line in pack.bad.first]) == (2, [3])


def test_a_missing_file_is_named(door: Door, tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="does not exist"):
        add_features(door, tmp_path / "none.csv")


def test_a_name_leads_nowhere_else(door: Door, tmp_path: Path) -> None:
    file = tmp_path / "songs.csv"
    file.write_text(SONGS)
    assert add_features(door, file, name="../out").folder == door.folders.packs / "out"


def test_cancelling_leaves_the_pack_as_it_was(door: Door, tmp_path: Path) -> None:
    file = tmp_path / "songs.csv"
    file.write_text(SONGS)
    folder = add_features(door, file).folder
    before = (folder / "features.sqlite").read_bytes()
    with pytest.raises(CancelledError):
        add_features(door, file, cancelled=lambda: True)
    assert (folder / "features.sqlite").read_bytes() == before
    assert [path.name for path in door.folders.packs.iterdir()] == ["songs"]


@pytest.mark.parametrize("damage", ["missing", "garbage", "other table", "manifest", "newer"])
def test_damaged_packs_are_named(door: Door, tmp_path: Path, damage: str) -> None:
    file = tmp_path / "songs.csv"
    file.write_text(SONGS)
    folder = add_features(door, file).folder
    if damage == "missing":
        (folder / "features.sqlite").unlink()
    elif damage == "garbage":
        (folder / "features.sqlite").write_bytes(b"no database at all" * 100)
    elif damage == "other table":
        with sqlite3.connect(folder / "features.sqlite") as table:
            table.execute("ALTER TABLE features DROP COLUMN bpm")
        table.close()
    elif damage == "manifest":
        (folder / "manifest.json").write_text("{")
    else:
        (folder / "manifest.json").write_text('{"format": 99, "kind": "features", "name": "songs"}')
    with pytest.raises(DamagedDataError, match="songs"):
        FeatureCatalog([folder])
