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

from engine.community.adding import add_packs
from engine.community.files import _in_tar, files
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


@pytest.mark.parametrize("ending", ["tar", "tar.gz"])
def test_a_parquet_file_in_a_tar_archive_is_to_be_unpacked(tmp_path: Path, ending: str) -> None:
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    file, archive = tmp_path / "l.parquet", tmp_path / f"l.{ending}"
    parquet.write_table(pa.table({"user": ["x"], "artist": ["Ida"], "plays": [3]}), file)
    with tarfile.open(archive, "w:gz" if ending.endswith("gz") else "w") as tar:
        tar.add(file, file.name)
    with pytest.raises(
        UnreadableFileError, match=r"l\.parquet is a Parquet file in a tar archive\. Unpack it"
    ):
        add_packs(Door(Folders(tmp_path / "data")), archive)


def test_parquet_columns_of_bytes_and_decimals_are_read(tmp_path: Path) -> None:
    """As older writers leave text, ids and counts."""
    from decimal import Decimal

    import pyarrow as pa
    from pyarrow import parquet

    path = tmp_path / "l.parquet"
    columns = {
        "user": pa.array([b"\xff" * 16, b"\xfe" * 16]),
        "artist": pa.array([b"Ida", "Brúna".encode()]),
        "plays": pa.array([Decimal("3.00"), Decimal("2.00")]),
    }
    parquet.write_table(pa.table(columns), path)
    assert table(PLAYS.read(path)) == {(0, "Ida"): 3, (1, "Brúna"): 2}


@pytest.mark.parametrize("before", ["sep=;\r\n", '"sep=;";;\n', "\n\n", "\ufeffsep=;\n\n"])
def test_what_spreadsheets_have_before_a_table_is_none_of_it(tmp_path: Path, before: str) -> None:
    path = tmp_path / "l.csv"
    path.write_text(f"{before}user;artist;plays\nu;Ida;2\nv;Brúna;x\nw;Burel;3\n", encoding="utf-8")
    assert PLAYS.recognises(path)
    content = PLAYS.read(path)
    assert table(content) == {(0, "Ida"): 2, (1, "Burel"): 3}
    assert [line.line for line in content.bad.first] == [before.count("\n") + 3]


def test_a_name_longer_than_any_costs_its_line_alone(tmp_path: Path) -> None:
    path = tmp_path / "l.jsonl"
    good = [json.dumps({"user": f"u{n}", "artist": "Ida", "plays": 2}) for n in range(9)]
    long = json.dumps({"user": "y", "artist": "x" * 200_000, "plays": 1})
    path.write_text("\n".join([*good, long, '{"user": "z", "artist": "' + "x" * (9 << 20) + '"}', *good]))
    content = PLAYS.read(path)
    assert (content.plays.shape, list(content.names)) == ((9, 1), ["Ida"])
    assert content.dropped == {"no artist": 1, "line that is not JSON, or cut short": 1}


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("of", ["x", "y{0}Burel{0}7{0}", 'y{0}"Burel{0}7{0}'])
@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_a_line_longer_than_any_is_one_and_costs_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, separator: str, of: str, end: str
) -> None:
    monkeypatch.setattr("engine.community.tables._MAX_LINE", 1 << 18)
    rows = [separator.join(row) for row in (("user", "artist", "plays"), *[("u", "Ida", "2")] * 9)]
    # In pieces the last of them would be a good row.
    long = (of.format(separator) * (900_000 // len(of)))[: (1 << 19)] + separator.join(("y", "Burel", "7"))
    at = 4 if end else len(rows)
    rows.insert(at, long)
    path = tmp_path / "l.csv"
    path.write_bytes((end or "\n").join(rows).encode() + end.encode())
    content = PLAYS.read(path)
    assert content.names == ["Ida"]
    assert content.plays.sum() == 18
    assert content.dropped == {"line with a field longer than any name": 1}
    assert [line.line for line in content.bad.first] == [at + 1]


@pytest.mark.parametrize("separator", [",", "\t"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_a_field_longer_than_any_costs_its_line_alone(tmp_path: Path, separator: str, quote: str) -> None:
    rows = [("user", "artist", "plays"), *((f"u{n}", "Ida", "2") for n in range(9))]
    rows[4:4] = [("y", quote + "x" * 200_000 + quote, "1"), ("z", quote + "x" * 200_000 + quote, "1")]
    path = tmp_path / "l.csv"
    path.write_text("".join(separator.join(row) + "\n" for row in rows))
    content = PLAYS.read(path)
    assert (content.plays.shape, list(content.names)) == ((9, 1), ["Ida"])
    assert content.dropped == {"line with a field longer than any name": 2}
    assert [line.line for line in content.bad.first] == [5, 6]


@pytest.mark.parametrize("separator", [",", "\t"])
def test_a_quote_that_is_never_closed_costs_no_other_line(tmp_path: Path, separator: str) -> None:
    rows = [("user", "artist", "plays"), ("x", '"Ida', "3"), *((f"u{n}", "Burel", "2") for n in range(40))]
    rows += [("y", '"Ida"', "1"), ("z", '"Tin Roof' + " " * (separator == ","), "4")]
    path = tmp_path / "l.csv"
    path.write_text("".join(separator.join(row) + "\n" for row in rows))
    content = PLAYS.read(path)
    assert content.plays.shape[0] == 43
    assert content.names == ["Ida", "Burel", "Tin Roof"]
    assert content.dropped == {}


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
