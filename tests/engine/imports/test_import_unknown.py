"""What is not a listening history, or not named or written as one expects: said, with what to do, and never a crash."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from engine.errors import UsageError
from engine.imports.encoding import OTHER_BYTES, guesses
from tests.support.importing import (
    OTHER,
    SONG,
    START,
    bring,
    lastfm,
    listens,
    spotify,
    write,
    write_zip,
)

# -- what an unknown file looks like ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("song.mp3", b"ID3\x04\x00\x00\x00\x00\x00\x7f,TIT2,\x01\xff,\x03\x04" + bytes(range(256)) * 20),
        ("photo.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00,\x01,\x01,\x00;" + bytes(range(256)) * 20),
        ("letter.txt", "Dear Ida,\nthank you, for, the, songs.\nYours\n"),
        ("prices.csv", "3,4,5\n6,7,8\n"),
        ("numbers.txt", "a\nb\nc\n"),
        ("empty.json", "{}"),
        # Names that files of any kind have.
        ("people.csv", "username,email\nida,ida@example.org\n"),
        ("log.jsonl", '{"ts": 1, "level": "info"}\n{"ts": 2, "level": "info"}\n'),
        ("pages.json", '[{"header": "a", "time": "b", "version": 1}]'),
        ("played.json", '[{"played_at": "2024", "track": {"name": "Lark"}}]'),
        ("album.json", '{"artist": "Ida", "album": "Lark", "date": "2024"}'),
        ("file.json", '{"data": [], "meta": {}, "version": 2, "exported_at": "now"}'),
    ],
)
def test_what_looks_like_nothing_gets_no_advice(
    db: sqlite3.Connection, tmp_path: Path, name: str, content: str | bytes
) -> None:
    [file] = bring(db, write(tmp_path, name, content)).files
    assert (file.format, file.note) == (None, "not a listening history")


@pytest.mark.parametrize(
    "content",
    [
        "x" + json.dumps([spotify(START, 1)]),
        {"payload": {"timeMs": 1, "timeHuman": 2, "track": 3}},
    ],
    ids=("behind a letter", "keys alone"),
)
def test_a_guess_says_what_is_missing_or_that_nothing_is(
    db: sqlite3.Connection, tmp_path: Path, content: Any
) -> None:
    [file] = bring(db, write(tmp_path, "a.json", content)).files
    assert file.format is None
    assert not file.note.rstrip().endswith(("lacks", "but", "without"))


@pytest.mark.parametrize(
    ("name", "start", "note"),
    [
        ("a.rar", b"Rar!\x1a\x07\x01\0", "packed as RAR"),
        ("a.7z", b"7z\xbc\xaf\x27\x1c\0\4", "packed as 7-Zip"),
        ("a.json.zst", b"\x28\xb5\x2f\xfd", "packed as Zstandard"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is a workbook; save its table of plays as CSV"),
        ("a.ods", b"PK\3\4", "is a workbook; save its table of plays as CSV"),
        ("a.numbers", b"PK\3\4", "is a workbook; save its table of plays as CSV"),
    ],
)
def test_what_holds_a_history_in_a_form_that_is_not_read_says_what_to_do(
    db: sqlite3.Connection, tmp_path: Path, name: str, start: bytes, note: str
) -> None:
    [file] = bring(db, write(tmp_path, name, start + bytes(range(256)))).files
    assert file.format is None
    assert note in file.note


def test_a_table_is_described_by_its_columns_alone(db: sqlite3.Connection, tmp_path: Path) -> None:
    [file] = bring(db, write(tmp_path, "a.csv", "Who;What;Where\nIda;Lark;Home\n")).files
    assert file.note == (
        "is a table of who, what, where. Say which columns hold what: --map artist=COLUMN,track=COLUMN,time=COLUMN"
    )


@pytest.mark.parametrize(
    "rows",
    [
        "Burel,Mull,2024-03-02 19:01:00\nIda,Lark,2024-03-02 19:06:00\n",
        "1709406060\tBurel\tMull\tSlow Ferry\n1709406360\tIda\tLark\t\n",
    ],
)
def test_a_table_without_a_header_is_told_how_to_get_one(
    db: sqlite3.Connection, tmp_path: Path, rows: str
) -> None:
    path = write(tmp_path, "a.csv", rows)
    [file] = bring(db, path).files
    assert file.note == (
        "is a table without names of its columns. Add a first line that names its columns, such as "
        "artist,album,track,time"
    )
    path.write_text(("artist,track,time\n" if "," in rows else "time\tartist\ttrack\talbum\n") + rows)
    [file] = bring(db, path).files
    assert file.kept == 2


@pytest.mark.parametrize("lines", [False, True])
def test_a_list_of_unknown_keys_is_to_be_mapped(db: sqlite3.Connection, tmp_path: Path, lines: bool) -> None:
    rows = [{"who": "Burel", "what": "Mull", "whenHeard": f"2024-03-02T19:0{n}:00Z"} for n in range(3)]
    path = write(tmp_path, "a.json", "".join(f"{json.dumps(row)}\n" for row in rows) if lines else rows)
    [file] = bring(db, path).files
    assert file.note == (
        "is a list of who, what, whenheard. Say which columns hold what: --map "
        "artist=COLUMN,track=COLUMN,time=COLUMN"
    )
    [file] = bring(db, path, columns={"artist": "who", "track": "what", "time": "whenHeard"}).files
    assert file.kept == 3


def test_a_table_whose_columns_may_be_known_ones_in_another_encoding_says_so(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    table = "исполнитель,трек,дата\nИда,Ларк,2024-03-02 19:04:31\n".encode("cp1251")
    path = write(tmp_path, "a.csv", table)
    [file] = bring(db, path).files
    assert "--encoding NAME" in file.note
    [file] = bring(db, path, encoding="cp1251").files
    assert (file.kept, file.format) == (1, "csv")
    [plain] = bring(db, write(tmp_path, "b.csv", "Who;What;Where\nIda;Lärk;Home\n")).files
    assert "--encoding" not in plain.note


def test_tables_of_other_things_beside_a_history_are_not_to_be_mapped(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    write(tmp_path, "in/history.csv", lastfm((START, SONG)))
    other = write(tmp_path, "in/channels.csv", "Channel,Address,Since\nIda,x,2024\n")
    assert [file.note for file in bring(db, tmp_path / "in").files if not file.format] == [
        "not a listening history"
    ]
    assert "--map" in bring(db, other, tmp_path / "in" / "history.csv").files[0].note


def test_no_service_is_guessed_from_names_that_any_file_has(db: sqlite3.Connection, tmp_path: Path) -> None:
    [file] = bring(
        db, write(tmp_path, "a.csv", "username,email,time\nida,ida@example.org,2024-03-02\n")
    ).files
    assert file.note.startswith("is a table of username, email, time. Say which columns")


def test_what_computers_and_services_put_beside_a_history_is_no_news(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    resource = b"\0\5\26\7\0\2\0\0Mac OS X        " + bytes(60)
    path = write_zip(
        tmp_path,
        "my_spotify_data.zip",
        {
            "MyData/Streaming_History_Audio_2024_0.json": json.dumps([spotify(START + 211, 211_000)]),
            "MyData/._Streaming_History_Audio_2024_0.json": resource,
            "MyData/ReadMeFirst_ExtendedStreamingHistory.pdf": b"%PDF-1.7",
            "MyData/Read_Me_First.pdf": b"%PDF-1.7",
            "__MACOSX/MyData/._x": resource,
        },
    )
    write(tmp_path, "in/._MyData", resource)
    write(tmp_path, "in/a.csv", lastfm((START + 900, OTHER)))
    report = bring(db, path, tmp_path / "in")
    assert [file.kept for file in report.files] == [1, 1]


# -- how text is written -------------------------------------------------------------------------------------

JAPANESE = ("アーティスト", "曲名")
LOG = f"#AUDIOSCROBBLER/1.1\n#TZ/UTC\n{JAPANESE[0]}\t\t{JAPANESE[1]}\t1\t228\tL\t{START}\t\n"


@pytest.mark.parametrize("encoding", ["shift_jis", "euc_jp"])
@pytest.mark.parametrize(
    "text",
    [
        LOG,
        lastfm((START, JAPANESE)),
        json.dumps([spotify(START + 211, 211_000, JAPANESE)], ensure_ascii=False),
    ],
    ids=("log", "table", "json"),
)
def test_text_that_is_not_utf_8_is_said_and_read_as_the_person_says(
    db: sqlite3.Connection, tmp_path: Path, encoding: str, text: str
) -> None:
    path = write(tmp_path, "a", text.encode(encoding))
    [file] = bring(db, path, dry_run=True).files
    assert "--encoding" in file.note
    [file] = bring(db, path, encoding=encoding).files
    assert file.note == ""
    assert [row[1:3] for row in listens(db)] == [JAPANESE]


def test_utf_8_and_what_names_its_own_encoding_are_not_guessed(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    plain = write(tmp_path, "a.csv", lastfm((START, SONG)))
    marked = write(tmp_path, "b.csv", ("\ufeff" + lastfm((START + 900, SONG))).encode("utf-16-le"))
    packed = write_zip(tmp_path, "c.zip", {"d.csv": lastfm((START + 1800, SONG))})
    assert [file.note for file in bring(db, plain, marked, packed).files] == ["", "", ""]
    report = bring(db, marked, packed, encoding="utf-8")
    assert (report.totals["kept"], report.totals["duplicates"]) == (0, 2)


def test_what_another_thread_guesses_is_not_said_of_what_is_read_here() -> None:
    before = guesses()
    with ThreadPoolExecutor(1) as other:
        assert other.submit(b"Caf\xe9".decode, "utf-8", OTHER_BYTES).result() == "Café"
    assert guesses() == before
    assert b"Caf\xe9".decode("utf-8", OTHER_BYTES) == "Café"
    assert guesses() == before + 1


def test_unknown_encodings_and_zones_are_wrong_usage(db: sqlite3.Connection, tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", lastfm((START, SONG)))
    for options in ({"encoding": "utf-9"}, {"encoding": "hex"}, {"zone": "Mars/Olympus"}, {"zone": "../etc"}):
        with pytest.raises(UsageError):
            bring(db, path, **options)


@pytest.mark.parametrize(
    "others",
    [
        [{"version": 1}],
        [{"note": "x" * 200_000}],
        [{"a": 1}, {"b": {"ts": 2}}, {}],
        [{**spotify(START - 900, 200_000), "note": "x" * 200_000}],
    ],
)
@pytest.mark.parametrize("lines", [True, False])
@pytest.mark.parametrize("packed", [True, False])
def test_a_history_whose_first_records_are_others_or_very_long_is_known(
    db: sqlite3.Connection, tmp_path: Path, others: list[dict[str, Any]], lines: bool, packed: bool
) -> None:
    rows = [*others, *(spotify(START + n * 300, 200_000) for n in range(40))]
    text = "\n".join(map(json.dumps, rows)) if lines else json.dumps(rows)
    path = write_zip(tmp_path, "a.zip", {"a.json": text}) if packed else write(tmp_path, "a.json", text)
    file = bring(db, path).files[0]
    assert (file.format or "").startswith("spotify")
    assert (file.kept, file.read) == (40 + ("ts" in others[0]), 40 + len(others))


def test_an_object_on_many_lines_is_no_list_of_lines(db: sqlite3.Connection, tmp_path: Path) -> None:
    rows = ",\n".join(json.dumps(spotify(START + n * 300, 200_000)) for n in range(3))
    path = write(tmp_path, "a.json", '{"about": "' + "x" * 100 + '",\n"rows":\n{"a":\n' + rows[:-1] + "\n}}}")
    assert bring(db, path).files[0].format is None


# -- names that are not UTF-8 ------------------------------------------------------------------------------------

LATIN = os.fsdecode("Café".encode("latin-1"))


@pytest.mark.parametrize("name", [f"{LATIN}.csv", f"{LATIN}/a.csv", f"in/{LATIN}/b/{LATIN}.csv"])
def test_a_name_that_is_not_utf_8_is_a_name(db: sqlite3.Connection, tmp_path: Path, name: str) -> None:
    write(tmp_path, f"in/{name}", lastfm((START, SONG)))
    report = bring(db, tmp_path / "in")
    assert "Café" in report.files[0].path
    assert [row[1:3] for row in listens(db)] == [SONG]
    json.dumps(report.as_dict(), ensure_ascii=False).encode()
    assert "Café" in db.execute("SELECT file FROM imports").fetchone()[0]


def test_members_of_archives_with_such_names(db: sqlite3.Connection, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        info = tarfile.TarInfo(f"{LATIN}/{LATIN}.csv")
        data = lastfm((START, SONG)).encode()
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    marked = write_zip(
        tmp_path, "b.zip", {"Cafö.csv": lastfm((START + 900, SONG)), "x.csv": lastfm((START + 1800, SONG))}
    )
    # A name that says it is UTF-8 and is not, in both places that hold it.
    marked.write_bytes(marked.read_bytes().replace("ö".encode(), b"\xe9\xe9"))
    report = bring(db, tmp_path / "a.tar.gz", marked)
    assert [file.kept for file in report.files] == [1, 1, 1]
