"""A packed archive is unpacked a few times over, however many files are in it, and says what it cannot give."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.archives import Bounded
from engine.community.adding import add_packs
from engine.errors import DiscoverError
from engine.paths import Folders
from engine.privacy import Door
from tests.support.importing import START, bring, library, spotify

_MEMBERS = 60


def _packed(folder: Path, content: Callable[[int], bytes]) -> Path:
    path = folder / "many.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for number in range(_MEMBERS):
            data = content(number)
            entry = tarfile.TarInfo(f"{number:02}.json")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return path


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each time that an archive is unpacked from its beginning."""
    found: list[str] = []
    init, seek = Bounded.__init__, Bounded.seek

    def counted(self: Bounded, *arguments: object) -> None:
        found.append("opened")
        init(self, *arguments)

    def sought(self: Bounded, offset: int, whence: int = 0) -> int:
        if offset < self.tell():
            found.append("went back")
        return seek(self, offset, whence)

    monkeypatch.setattr(Bounded, "__init__", counted)
    monkeypatch.setattr(Bounded, "seek", sought)
    return found


def test_a_history_in_a_packed_tar_that_is_imported_again_is_unpacked_a_few_times_over(
    tmp_path: Path, begun: list[str]
) -> None:
    def row(number: int) -> bytes:
        return json.dumps([spotify(START + number * 90_000, 200_000)]).encode() + b" " * 70_000

    path = _packed(tmp_path, row)
    with library(tmp_path) as db:
        assert sum(file.kept for file in bring(db, path).files) == _MEMBERS
        begun.clear()
        # A file for which another zone is given is read again and replaces its plays: its digest is asked for first.
        assert sum(file.kept for file in bring(db, path, zone="Europe/Copenhagen").files) == 0
    assert len(begun) < _MEMBERS // 2


def test_community_data_in_a_packed_tar_is_unpacked_once_for_each_reader(
    tmp_path: Path, begun: list[str]
) -> None:
    def playlists(number: int) -> bytes:
        tracks = [{"artist_name": f"Artist {i}", "track_name": f"Song {i + number % 3}"} for i in range(9)]
        return json.dumps(
            {
                "info": {"generated_on": "2017", "slice": "0", "version": "v1"},
                "playlists": [{"pid": number, "tracks": tracks}],
            }
        ).encode()

    added = add_packs(Door(Folders(tmp_path / "data")), _packed(tmp_path, playlists))
    assert added
    few = len(begun)
    begun.clear()
    with pytest.raises(DiscoverError, match="not community data"):
        add_packs(Door(Folders(tmp_path / "data")), _packed(tmp_path, lambda _: bytes(20_000)))
    assert max(few, len(begun)) < _MEMBERS // 2


def test_a_file_stored_with_holes_is_named(tmp_path: Path) -> None:
    path = tmp_path / "holes.tar"
    entry = tarfile.TarInfo("a.json")
    entry.size, entry.type = 512, tarfile.GNUTYPE_SPARSE
    header = bytearray(entry.tobuf(tarfile.GNU_FORMAT))
    header[386:410] = b"00000000000\x0000000001000\x00"
    header[483:495] = b"00000040000\x00"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    path.write_bytes(bytes(header) + b"[" * 512 + bytes(1024))
    with library(tmp_path) as db:
        (file,) = bring(db, path).files
    assert "holes" in file.note
    with pytest.raises(DiscoverError, match=r"a\.json is stored with holes"):
        add_packs(Door(Folders(tmp_path / "data")), path)


def test_a_member_without_a_name_costs_itself(tmp_path: Path) -> None:
    rows, packed = json.dumps([spotify(START, 200_000)]), io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("x", "nameless")
        archive.writestr("Streaming_History_Audio_2020.json", rows)
    data = bytearray(packed.getvalue())
    # In the directory: no letter of a name, and one byte more of what is beside it.
    at = data.index(b"PK\x01\x02") + 28
    data[at : at + 4] = b"\0\0\1\0"
    path = tmp_path / "history.zip"
    path.write_bytes(data)
    assert sum(file.kept for file in bring(library(tmp_path), path).files) == 1
    with pytest.raises(DiscoverError):
        add_packs(Door(Folders(tmp_path / "data")), path)
