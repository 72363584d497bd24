"""Community packs from the HetRec layout: folder and zip, hostile lines, and what the pack answers."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from engine.community.adding import add_packs
from engine.community.hetrec import HETREC
from engine.community.pack import Pack
from engine.community.packs import community_packs, list_packs, remove_pack
from engine.errors import (
    CancelledError,
    DamagedDataError,
    PrivateSessionError,
    UnknownNameError,
    UnreadableFileError,
    UsageError,
)
from engine.paths import Folders
from engine.privacy import Door

ARTISTS = (
    "id\tname\turl\tpictureURL\r\n1\tBurel\tu\tp\r\n2\tCafé Møns\t\t\r\n"
    "3\tBUREL\t\t\r\n4\tNever Played\t\t\r\n5\t\t\t\r\n"
)
PLAYS = (
    "userID\tartistID\tweight\r\n7\t1\t10\r\n7\t2\t3\r\n8\t3\t5\r\n8\t1\t2\r\n"
    "9\t99\t4\r\n9\t2\t-1\r\n9\t2\tmany\r\n9\t2\tnan\r\n9\r\n10\t2\t1\r\n"
)


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    folder = tmp_path / "made-up set"
    folder.mkdir()
    (folder / "artists.dat").write_bytes(ARTISTS.encode())
    (folder / "user_artists.dat").write_bytes(PLAYS.encode())
    (folder / "tags.dat").write_bytes(
        "tagID\ttagValue\r\n1\tdub\r\n2\tchanson française\r\n".encode("latin-1")
    )
    (folder / "user_taggedartists.dat").write_bytes(
        b"userID\tartistID\ttagID\tday\tmonth\tyear\r\n7\t2\t2\t1\t1\t2009\r\n8\t2\t2\t1\t1\t2009\r\n8\t2\t1\t1\t1\t2009\r\n8\t4\t1\t1\t1\t2009\r\n"
    )
    return folder


def test_equal_names_become_one_artist_and_bad_lines_are_counted(layout: Path) -> None:
    content = HETREC.read(layout)
    assert list(content.names) == ["Burel", "Café Møns"]
    table = {place: float(plays) for place, plays in content.plays.todok().items()}
    assert table == {(0, 0): 10.0, (0, 1): 3.0, (1, 0): 7.0, (2, 1): 1.0}
    assert content.dropped == {
        "artist without a name": 1,
        "play of an unknown artist": 1,
        "no plays": 4,
        "tag of an unknown artist or word": 1,
    }
    assert list(content.tags) == [(1, "chanson française", 2.0), (1, "dub", 1.0)]


def test_the_latest_tag_says_when_the_data_was_collected(layout: Path, tmp_path: Path) -> None:
    assert HETREC.read(layout).collected == "2009"
    with (layout / "user_taggedartists.dat").open("ab") as file:
        file.write(b"8\t2\t1\t1\t1\t2011\r\n8\t2\t1\t1\t1\t20111\r\n8\t2\t1\r\n")
    folders = Folders(tmp_path / "data")
    add_packs(Door(folders), layout)
    assert list_packs(folders)[0].collected == "2011"
    (layout / "user_taggedartists.dat").unlink()
    assert HETREC.read(layout).collected == ""


def test_a_pack_gives_back_what_was_read(layout: Path, tmp_path: Path) -> None:
    folders = Folders(tmp_path / "data")
    [manifest] = add_packs(Door(folders), layout, name="Mine!").packs
    assert (manifest.name, manifest.listeners, manifest.items, manifest.interactions) == ("mine", 3, 2, 4)
    pack = community_packs(folders, "artists")[0]
    assert np.array_equal(pack.matrix().toarray(), [[10, 3], [7, 0], [0, 1]])
    catalog = pack.catalog()
    assert catalog.ids_of(["burel", "nobody"]) == {"burel": 0}
    assert catalog.items([1])[1].listeners == 2
    assert catalog.tags(1) == ["chanson française", "dub"]
    catalog.close()


def test_a_zip_with_the_files_in_a_folder_reads_the_same(layout: Path, tmp_path: Path) -> None:
    archive = tmp_path / "set.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for file in layout.iterdir():
            packed.write(file, f"inner/{file.name}")
    one, two = HETREC.read(layout), HETREC.read(archive)
    assert np.array_equal(one.plays.toarray(), two.plays.toarray())
    assert list(one.tags) == list(two.tags)


def test_adding_again_replaces_and_removing_removes(layout: Path, tmp_path: Path) -> None:
    folders = Folders(tmp_path / "data")
    for _ in range(2):
        add_packs(Door(folders), layout)
    assert [info.name for info in list_packs(folders)] == ["made-up-set"]
    with pytest.raises(UnknownNameError, match="made-up-set"):
        remove_pack(Door(folders), "made-up-sett")
    remove_pack(Door(folders), "made-up-set")
    assert list_packs(folders) == []


def test_what_cannot_be_read_is_said(layout: Path, tmp_path: Path) -> None:
    door = Door(Folders(tmp_path / "data"))
    with pytest.raises(UnreadableFileError, match="does not exist"):
        add_packs(door, tmp_path / "nothing")
    with pytest.raises(UnreadableFileError, match="Known formats: discover community add --help"):
        add_packs(door, tmp_path)
    with pytest.raises(UsageError, match="hetrec"):
        add_packs(door, layout, format="parquet")
    (layout / "user_artists.dat").write_text("userID\tartistID\tweight\n")
    with pytest.raises(UnreadableFileError, match="no usable line"):
        add_packs(door, layout)
    assert list_packs(door.folders) == []


def test_cancel_and_private_session_add_nothing(layout: Path, tmp_path: Path) -> None:
    folders = Folders(tmp_path / "data")
    with pytest.raises(CancelledError):
        add_packs(Door(folders), layout, cancelled=lambda: True)
    with pytest.raises(PrivateSessionError):
        add_packs(Door(folders, private=True), layout)
    assert list_packs(folders) == []


@pytest.mark.parametrize("damage", ["manifest.json", "plays.npy", "catalog.sqlite"])
def test_a_damaged_pack_says_how_to_mend_it(layout: Path, tmp_path: Path, damage: str) -> None:
    folders = Folders(tmp_path / "data")
    add_packs(Door(folders), layout, name="p")
    (folders.packs / "p" / damage).write_bytes(b"\x00\x01")

    def use() -> None:
        pack = Pack(folders.packs / "p")
        pack.matrix()
        pack.catalog()

    with pytest.raises(DamagedDataError, match=r"[Aa]gain"):
        use()
