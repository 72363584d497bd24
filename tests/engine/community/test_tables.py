"""Any table of listeners, artists or tracks, and plays: as JSON Lines and as Parquet."""

from __future__ import annotations

import gzip
import io
import json
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from backports.zstd import compress

from engine.community.files import _in_tar, files
from engine.community.packs import add_packs
from engine.community.plays import PLAYLISTS, PLAYS
from engine.errors import UnreadableFileError
from engine.paths import Folders
from engine.privacy import Door
from tests.support.communities import table

LISTENS = [
    ("x", "Ida", "Snow", 3),
    ("x", "Burel", "Tin Roof", 1),
    ("y", "ida", "Snow", 2),
    ("y", None, "Snow", 2),
]


def lines(with_track: bool) -> bytes:
    keys = (
        ("user", "artist", "track", "plays")
        if with_track
        else ("listener", "artist_name", "", "listen_count")
    )
    rows = [{key: value for key, value in zip(keys, row, strict=True) if key} for row in LISTENS]
    text = "\n".join(json.dumps(row) for row in rows) + '\n{"user": "x", "art\n\n'
    return text.encode()


@pytest.mark.parametrize("packed", ["", ".gz", ".zst"])
def test_json_lines_are_tables(tmp_path: Path, packed: str) -> None:
    pack = {"": bytes, ".gz": gzip.compress, ".zst": compress}[packed]
    path = tmp_path / f"l.jsonl{packed}"
    path.write_bytes(pack(lines(True)))
    assert (PLAYLISTS.recognises(path), PLAYS.recognises(path)) == (True, False)
    content = PLAYLISTS.read(path)
    assert table(content) == {(0, "Ida / Snow"): 3, (0, "Burel / Tin Roof"): 1, (1, "Ida / Snow"): 2}
    assert content.dropped == {"no artist or title": 1, "line that is not JSON, or cut short": 1}
    path.write_bytes(pack(lines(False)))
    assert (PLAYLISTS.recognises(path), PLAYS.recognises(path)) == (False, True)
    assert table(PLAYS.read(path)) == {(0, "Ida"): 3, (0, "Burel"): 1, (1, "Ida"): 2}


@pytest.mark.parametrize("with_track", [True, False])
def test_parquet_files_are_tables(tmp_path: Path, with_track: bool) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    _, artists, tracks, plays = zip(*LISTENS, strict=True)
    columns = {
        "user_id": pa.array([1, 1, 2, 2]),
        "artist": artists,
        "plays": pa.array(plays),
        "tags": [["a"]] * 4,
    }
    path = tmp_path / "l.parquet"
    parquet.write_table(
        pa.table(columns | ({"track": tracks} if with_track else {})), path, compression="zstd"
    )
    content = add_packs(Door(Folders(tmp_path / "data")), path)
    (pack,) = content.packs
    assert (pack.level, pack.listeners, pack.items) == ("tracks" if with_track else "artists", 2, 2)
    (bad,) = content.as_dict()["bad_lines"]
    assert [(line["unit"], line["line"]) for line in bad["first"]] == [("row", 4)]
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(UnreadableFileError, match=r"l\.parquet"):
        PLAYS.read(path)


def test_without_pyarrow_a_parquet_file_says_what_is_missing(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    path = tmp_path / "l.parquet"
    path.write_bytes(b"PAR1" + bytes(40) + b"PAR1")
    with pytest.raises(UnreadableFileError, match=r"discover-music\[parquet\]"):
        add_packs(Door(Folders(tmp_path / "data")), path)


def test_the_list_of_an_archive_is_read_once_not_for_each_member(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        for number in range(20):
            archive.writestr(f"{number}.json", str(number))
    opened = []

    class Counted(zipfile.ZipFile):
        def __init__(self, file: Path) -> None:
            opened.append(file)
            super().__init__(file)

    monkeypatch.setattr(zipfile, "ZipFile", Counted)
    members = files(tmp_path / "many.zip")
    assert [member.beginning() for member in reversed(members)] == [b"%d" % n for n in reversed(range(20))]
    assert len(opened) == 1


def test_a_packed_tar_of_more_files_than_can_be_gone_through_is_refused_at_once(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for number in range(1_500):
            entry = tarfile.TarInfo(f"{number}.csv")
            entry.size = 2
            archive.addfile(entry, io.BytesIO(b"[]"))
    path = tmp_path / "many.tar.gz"
    path.write_bytes(packed.getvalue())
    _in_tar.cache_clear()
    for _ in range(3):
        with pytest.raises(UnreadableFileError, match="more than 1,000 files in it"):
            files(path)
    assert _in_tar.cache_info().misses == 1, "every reader asks; it is gone through once"
