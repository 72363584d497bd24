"""Archives: walked as streams, nested ones too, and hostile or damaged ones named instead of obeyed."""

from __future__ import annotations

import gzip
import io
import json
import os
import sqlite3
import struct
import tarfile
import zipfile
from importlib import import_module
from pathlib import Path

import pytest

from engine.imports import registry
from engine.imports import walk as walking
from engine.imports.walk import walk
from tests.support.importing import START, bring, lastfm, listens, spotify, write, write_zip

ROWS = json.dumps([spotify(START + i * 300, 200_000) for i in range(40)])


def tar(members: dict[str, str], mode: str = "w") -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode=mode) as archive:
        for name, text in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return data.getvalue()


def zipped(members: dict[str, str | bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return data.getvalue()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.json", ROWS.encode()),
        ("a.zip", zipped({"MyData/any name.json": ROWS})),
        ("no ending", zipped({"x": ROWS})),
        ("outer.zip", zipped({"inner.zip": zipped({"deep.zip": zipped({"a.json": ROWS})})})),
        ("a.tar", tar({"d/a.json": ROWS})),
        ("a.tar.gz", tar({"d/a.json": ROWS}, "w:gz")),
        ("a.tgz", tar({"d/a.json": ROWS}, "w:gz")),
        ("a.tar.bz2", tar({"d/a.json": ROWS}, "w:bz2")),
        ("a.tar.xz", tar({"d/a.json": ROWS}, "w:xz")),
        ("a.json.gz", gzip.compress(ROWS.encode())),
        (
            "z.zip",
            zipped({"a.json.gz": gzip.compress(ROWS.encode()), "__MACOSX/._a": b"x", ".DS_Store": b"x"}),
        ),
    ],
    # The bytes hold the time they were packed at: as part of a test's name they would differ in each process.
    ids=lambda value: value if isinstance(value, str) else "packed",
)
def test_a_history_is_found_anywhere(db: sqlite3.Connection, tmp_path: Path, name: str, data: bytes) -> None:
    report = bring(db, write(tmp_path, name, data))
    assert [file.format for file in report.files] == ["spotify"]
    assert len(listens(db)) == 40


def test_a_folder_is_walked_and_every_file_is_named(db: sqlite3.Connection, tmp_path: Path) -> None:
    write(tmp_path, "in/one/a.json", ROWS)
    write(tmp_path, "in/two/b.csv", lastfm((START - 9000, ("A", "B"))))
    write(tmp_path, "in/two/readme.txt", "hello")
    files = {Path(file.path).name: file.format for file in bring(db, tmp_path / "in").files}
    assert files == {"a.json": "spotify", "b.csv": "lastfm", "readme.txt": None}


def test_nothing_is_written_beside_the_library(
    db: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "tmp"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    path = write(tmp_path, "outer.zip", zipped({"inner.zip": zipped({"a.json": ROWS})}))
    bring(db, path)
    assert list(place.iterdir()) == []


def test_a_bomb_is_refused_by_what_it_claims(db: sqlite3.Connection, tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("bomb.json", "w") as member,
    ):
        member.write(b"[")
        for _ in range(40):
            member.write(b" " * (1 << 20))
    file = bring(db, path).files[0]
    assert (file.format, file.read) == (None, 0)
    assert "far more" in file.note


def test_a_gzip_bomb_is_refused_by_what_it_does(db: sqlite3.Connection, tmp_path: Path) -> None:
    data = gzip.compress(b'[{"ts": "x", "ms_played": 1},' + b" " * (64 << 20))
    file = bring(db, write(tmp_path, "bomb.json.gz", data)).files[0]
    assert file.kept == 0
    assert "far more" in file.note


def test_too_many_members(db: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walking, "MAX_MEMBERS", 5)
    path = write_zip(tmp_path, "many.zip", {f"{i}.json": "[]" for i in range(6)})
    file = bring(db, path).files[0]
    assert "holds more than 5 files" in file.note


def test_archives_too_deep(tmp_path: Path) -> None:
    data = zipped({"a.json": ROWS})
    for _ in range(4):
        data = zipped({"inner.zip": data})
    members = walk([write(tmp_path, "deep.zip", data)])
    assert ["too many nested" in member.trouble for member in members] == [True]


def test_a_damaged_archive_is_named_and_what_is_whole_in_it_is_kept(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    whole = zipped({"a.json": ROWS})
    assert "cannot be opened" in bring(db, write(tmp_path, "cut.zip", whole[: len(whole) // 2])).files[0].note
    # The same archive with one byte of the data altered: its checksum is wrong.
    noise = bytearray(
        zipped({"b.json": ROWS.replace("Harbour", "Harbor"), "c.csv": lastfm((START, ("A", "B")))})
    )
    offset = 30 + struct.unpack("<H", noise[26:28])[0] + 60
    noise[offset] ^= 0xFF
    files = {
        Path(file.path).name: file for file in bring(db, write(tmp_path, "noise.zip", bytes(noise))).files
    }
    assert files["c.csv"].kept == 1
    assert files["b.json"].note


def test_a_gzip_cut_off_keeps_what_came_before(db: sqlite3.Connection, tmp_path: Path) -> None:
    lines = "\n".join(
        json.dumps(
            {
                "listened_at": START + i,
                "track_metadata": {"artist_name": f"A{i * 7919 % 1000}", "track_name": "T"},
            }
        )
        for i in range(60_000)
    )
    data = gzip.compress(lines.encode())
    file = bring(db, write(tmp_path, "a.jsonl.gz", data[: len(data) * 9 // 10])).files[0]
    assert file.kept > 1000
    assert "cut off" in file.note


def test_an_encrypted_member_says_what_to_do(db: sqlite3.Connection, tmp_path: Path) -> None:
    data = bytearray(zipped({"a.json": ROWS}))
    data[6] |= 1
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    assert "password" in bring(db, write(tmp_path, "a.zip", bytes(data))).files[0].note


def test_a_workbook_that_lacks_a_part_says_which(db: sqlite3.Connection, tmp_path: Path) -> None:
    sheet = '<workbook><sheets><sheet name="{}" id="r1"/></sheets></workbook>'
    target = '<r><Relationship Id="r1" Target="{}"/></r>'
    for name, parts, said in (
        ("a.xlsx", {"xl/styles.xml": "<a/>"}, "the workbook has no xl/workbook.xml in it"),
        (
            "b.xlsx",
            {
                "xl/workbook.xml": sheet.format("10_listeningHistory"),
                "xl/_rels/workbook.xml.rels": target.format("../../passwd"),
            },
            "the workbook has no xl/../../passwd in it",
        ),
        (
            "c.xlsx",
            {"xl/workbook.xml": sheet.format("Sheet1"), "xl/_rels/workbook.xml.rels": target.format("s.xml")},
            "is a workbook with no sheet of listens",
        ),
    ):
        (file,) = bring(db, write_zip(tmp_path, name, parts)).files
        assert said in file.note
        assert '"' not in file.note


def test_what_is_no_file_is_named_and_so_is_what_a_folder_has_of_it(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name, kind in (
            ("to", tarfile.SYMTYPE),
            ("same", tarfile.LNKTYPE),
            ("null", tarfile.CHRTYPE),
            ("fifo", tarfile.FIFOTYPE),
            ("d", tarfile.DIRTYPE),
        ):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, "/dev/null"
            archive.addfile(entry)
        row = tarfile.TarInfo("d/a.json")
        row.size = len(ROWS)
        archive.addfile(row, io.BytesIO(ROWS.encode()))
    write(tmp_path, "in/a.tar", data.getvalue())
    os.mkfifo(tmp_path / "in" / "pipe")
    (tmp_path / "in" / "gone").symlink_to(tmp_path / "nowhere")
    report = bring(db, tmp_path / "in")
    notes = {file.path.rpartition("/in/")[2]: file.note for file in report.files if file.unread}
    assert notes == {
        "a.tar/to": "is a link, not a file; skipped",
        "a.tar/same": "is a link, not a file; skipped",
        "a.tar/null": "is a device, not a file; skipped",
        "a.tar/fifo": "is a pipe, not a file; skipped",
        "pipe": "is a pipe, not a file; skipped",
        "gone": "is a link that leads nowhere; skipped",
    }
    assert [file.path.rpartition("/in/")[2] for file in report.files if file.kept] == ["a.tar/d/a.json"]


def test_an_archive_is_gone_through_no_further_than_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    monkeypatch.setattr(walking, "_is_clutter", seen.append)
    path = write(tmp_path, "a.tar", tar({f"{number}.json": ROWS for number in range(3)}))
    assert next(walking.members([path])).name == "0.json"
    assert seen == ["0.json"]


def test_empty_members_are_opened_once_and_looked_at_by_no_format(
    db: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many of them took 250 µs each."""
    path = write_zip(tmp_path, "many.zip", {f"{number}.json": "" for number in range(50)})
    opened, imported = [], []
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *args: (opened.append(args), io.BytesIO())[1])
    monkeypatch.setattr(
        registry, "import_module", lambda name: (imported.append(name), import_module(name))[1]
    )
    files = bring(db, path).files
    assert {file.note for file in files} == {"is empty"}
    assert len(opened) == len(files) == 50
    assert len(imported) <= len(set(imported))
