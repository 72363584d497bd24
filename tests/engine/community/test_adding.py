"""One add takes all a file holds, and packs of different kinds never take each other's place."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
from pathlib import Path

import pytest

from engine.community.adding import add_packs
from engine.community.features import add_features, feature_packs
from engine.community.packs import list_packs, remove_pack
from engine.errors import UnknownNameError, UnreadableFileError
from engine.paths import Folders
from engine.privacy import Door

# Tracks by playlist, and how they sound.
BOTH = """\
playlist_id,track_artist,track_name,tempo,energy
one,Burel,Tin Roof,120,0.5
one,Café Tundra,Harbour Lights,104,0.6
two,Burel,Tin Roof,120,0.5
"""
TEMPO = "artist,track,bpm\nBurel,Tin Roof,120\n"
LISTS = "playlist,artist,track\none,Burel,Tin Roof\ntwo,Burel,Tin Roof\n"


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(Folders(tmp_path / "data"))


@pytest.fixture
def songs(tmp_path: Path) -> Path:
    file = tmp_path / "spotify_songs.csv"
    file.write_text(BOTH)
    return file


def kinds(door: Door) -> dict[str, str]:
    return {pack.name: pack.kind for pack in list_packs(door.folders)}


def test_one_add_takes_playlists_and_tempo_of_one_file(door: Door, songs: Path) -> None:
    added = add_packs(door, songs)
    assert [(pack.name, pack.kind, pack.level) for pack in added.packs] == [
        ("spotify-songs", "community", "tracks"),
        ("spotify-songs-features", "features", "tracks"),
    ]
    assert added.features is not None
    assert (added.features.rows, added.features.tracks_with_tempo) == (3, 2)
    assert added.left_out == ()
    again = add_packs(door, songs)
    assert [pack.name for pack in again.packs] == [pack.name for pack in added.packs]
    assert len(list_packs(door.folders)) == 2


def test_a_folder_of_an_earlier_version_keeps_the_pack_that_had_the_name(door: Door, songs: Path) -> None:
    # As `features add` alone named it.
    add_features(door, songs)
    assert kinds(door) == {"spotify-songs": "features"}
    add_packs(door, songs)
    held = {"spotify-songs": "features", "spotify-songs-tracks": "community"}
    assert kinds(door) == held
    add_packs(door, songs)
    assert kinds(door) == held
    # Removed and added again, nothing is listed twice.
    remove_pack(door, "spotify-songs")
    add_packs(door, songs)
    assert kinds(door) == {"spotify-songs": "features", "spotify-songs-tracks": "community"}


@pytest.mark.parametrize("first", ["tempo", "lists"])
def test_packs_of_one_name_and_two_kinds_are_side_by_side(door: Door, tmp_path: Path, first: str) -> None:
    tempo, lists = tmp_path / "tempo.csv", tmp_path / "lists.csv"
    tempo.write_text(TEMPO)
    lists.write_text(LISTS)
    for file in (tempo, lists) if first == "tempo" else (lists, tempo):
        add_packs(door, file, name="mine")
    assert sorted(kinds(door).values()) == ["community", "features"]
    assert "mine" in kinds(door)
    assert len(feature_packs(door.folders)) == 1


def test_a_name_of_an_earlier_version_with_capitals_is_replaced_and_removed(
    door: Door, tmp_path: Path
) -> None:
    tempo = tmp_path / "tempo.csv"
    tempo.write_text(TEMPO)
    add_packs(door, tempo, name="mine")
    (door.folders.packs / "mine").rename(door.folders.packs / "My_Tempo")
    manifest = door.folders.packs / "My_Tempo" / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"mine"', '"My_Tempo"'))
    assert [pack.name for pack in add_packs(door, tempo, name="My_Tempo").packs] == ["My_Tempo"]
    remove_pack(door, "My_Tempo")
    assert list_packs(door.folders) == []


def test_a_pack_is_removed_by_the_name_it_was_given_and_by_its_own_kind_alone(
    door: Door, songs: Path
) -> None:
    add_packs(door, songs, name="My Songs!")
    with pytest.raises(UnknownNameError, match="my-songs-features"):
        remove_pack(door, "my-songs", kind="features")
    remove_pack(door, "my-songs-features", kind="features")
    remove_pack(door, "My Songs!")
    assert list_packs(door.folders) == []


def test_what_one_reader_cannot_use_does_not_keep_the_others_from_it(door: Door, songs: Path) -> None:
    songs.write_text(BOTH.replace("120,0.5", ",").replace("104,0.6", ","))
    added = add_packs(door, songs)
    assert [pack.kind for pack in added.packs] == ["community"]
    assert added.features is None
    assert "no track with a tempo" in added.left_out[0]


def test_a_file_of_tempo_alone_is_taken_and_one_of_neither_is_refused(door: Door, tmp_path: Path) -> None:
    file = tmp_path / "file.csv"
    file.write_text(TEMPO)
    assert [pack.kind for pack in add_packs(door, file).packs] == ["features"]
    file.write_text("artist,plays\nBurel,3\n")
    with pytest.raises(UnreadableFileError, match="Known formats: discover community add --help"):
        add_packs(door, file)
    file.write_bytes(b"\x1f\x8b cut")
    with pytest.raises(UnreadableFileError, match="complete"):
        add_packs(door, file)


@pytest.mark.parametrize("kind", ["csv", "gz", "zip", "folder"])
def test_how_far_it_is_is_reported_in_bytes_once_over_all_that_is_taken(
    door: Door, songs: Path, tmp_path: Path, kind: str
) -> None:
    lines = "".join(f"{n},Burel {n % 90},Tin Roof {n},{60 + n % 90},0.5\n" for n in range(9000))
    text = (BOTH + lines).encode()
    path = tmp_path / f"in.{kind}"
    if kind == "csv":
        path.write_bytes(text)
    elif kind == "gz":
        path.write_bytes(gzip.compress(text))
    elif kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("in/songs.csv", text)
    else:
        path.mkdir()
        (path / "songs.csv").write_bytes(text)
    reports: list[tuple[int, int]] = []
    added = add_packs(door, path, progress=lambda done, total: reports.append((done, total)))
    assert len(added.packs) == 2
    assert {total for _, total in reports} == {2 * len(text)}, "each of two readers goes through all of it"
    assert [done for done, _ in reports] == sorted(done for done, _ in reports)
    assert reports[-1][0] > 1.7 * len(text)
    assert len(reports) > 5


@pytest.mark.parametrize("damage", ["overlapping", "bomb", "packed bomb", "cut", "header"])
def test_a_hostile_file_is_refused_by_name(tmp_path: Path, damage: str) -> None:
    """Archives that unpack too much or lie over themselves, what is cut, and a header that is not a row."""
    out, table = io.BytesIO(), b"user,artist,plays\nu,Ida,3\n"
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("plays.csv", b" " * (40 << 20) if damage == "bomb" else table)
    data = out.getvalue()
    directory, end = data.rindex(b"PK\1\2"), data.rindex(b"PK\5\6")
    entry = data[directory:end]
    hostile = {
        "overlapping": data[:directory]
        + entry * 9
        + data[end : end + 8]
        + struct.pack("<HHL", 9, 9, 9 * len(entry))
        + data[end + 16 :],
        "bomb": data,
        "packed bomb": gzip.compress(table + (b" " * (10 << 20) + b"\n") * 4, 1),
        "cut": data[:-30],
        "header": b"user,artist," + b"x" * 200_000 + b"\nu,Ida,3\n",
    }
    path = tmp_path / "set.csv"
    path.write_bytes(hostile[damage])
    with pytest.raises(UnreadableFileError, match=r"set\.csv"):
        add_packs(Door(Folders(tmp_path / "data")), path)
