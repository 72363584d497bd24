"""Rows inside JSON documents, and stamps inside objects."""

from __future__ import annotations

import io
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from engine.imports.head import Head
from engine.imports.nested import Unwrapped, lists_of
from tests.support.importing import OTHER, SONG, START, bring, listens, one, spotify, starts, write

ROWS = [
    {"artist": SONG[0], "track": 'Harbour [Lights] {"a"', "time": "2024-03-02T19:01:00Z"},
    {"artist": OTHER[0], "track": "Tin Roof \\", "time": "2024-03-02T18:57:00Z"},
]
PLAYS = [(START - 240, OTHER[0], "Tin Roof \\"), (START, SONG[0], 'Harbour [Lights] {"a"')]


def lines(*documents: Any) -> str:
    return "".join(json.dumps(document) + "\n" for document in documents)


@pytest.mark.parametrize(
    "document",
    [
        {"history": ROWS},
        {"user": "x", "of": {"devices": [{"name": "phone"}]}, "data": {"count": 2, "plays": ROWS}, "end": [{"a": []}]},
        [{"page": 1, "items": ROWS[:1]}, {"page": 2, "items": []}, {"page": 3, "items": ROWS[1:]}],
        {"2023": ROWS[1:], "2024": ROWS[:1], "artists": [{"name": "Ida"}]},
        lines({"page": 1, "items": ROWS[:1]}, {"page": 2, "items": ROWS[1:]}),
    ],
    ids=("one key", "among others", "pages", "by year", "pages in lines"),
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le"])
def test_rows_in_a_document_are_read(
    db: sqlite3.Connection, tmp_path: Path, document: Any, encoding: str
) -> None:
    text = document if isinstance(document, str) else json.dumps(document, indent=1)
    file = one(db, write(tmp_path, "a.json", text.encode(encoding)))
    assert (file.read, file.kept, file.dropped) == (2, 2, {})
    assert starts(db) == PLAYS


def test_rows_of_a_known_service_are_read_as_that_wherever_they_are(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    rows = [spotify(START + 211, 211_000), spotify(START + 500, 4_000, OTHER)]
    file = one(db, write(tmp_path, "a.json", {"a": {"b": rows}}))
    assert (file.format, file.kept, file.dropped) == ("spotify", 1, {"skipped": 1})
    assert starts(db) == [(START, *SONG)]
    # Named, it is read alike.
    file = one(db, write(tmp_path, "b.json", {"c": rows}), format="spotify")
    assert (file.kept, file.duplicates) == (0, 1)


def test_lists_of_other_things_are_no_history(db: sqlite3.Connection, tmp_path: Path) -> None:
    top = [{"artist": SONG[0], "track": SONG[1], "plays": 12}]
    assert one(db, write(tmp_path, "a.json", {"top": top, "friends": [{"name": "Ida"}]})).format is None


def test_columns_that_are_named_are_found_in_a_document(db: sqlite3.Connection, tmp_path: Path) -> None:
    row = {"wer": SONG[0], "was": SONG[1], "wann": "2024-03-02T19:01:00Z"}
    bring(
        db,
        write(tmp_path, "a.json", {"rows": [row]}),
        columns={"artist": "wer", "track": "was", "time": "wann"},
    )
    assert starts(db) == [(START, *SONG)]


def test_a_document_that_is_cut_gives_what_is_before(db: sqlite3.Connection, tmp_path: Path) -> None:
    text = json.dumps({"history": ROWS})
    file = one(db, write(tmp_path, "a.json", text[: text.rindex("Roof")]))
    assert (file.kept, file.dropped) == (1, {"unreadable record": 1})
    assert "cut off after record 1" in file.note


@pytest.mark.parametrize("between", ["\n", ",\n", "\n\n}\n", " "])
@pytest.mark.parametrize("size", [1, 7, 1 << 20])
@pytest.mark.parametrize("rows", [ROWS, [spotify(START + 211, 211_000), spotify(START + 500, 90_000, OTHER)]])
def test_documents_that_follow_one_another_are_rows(
    db: sqlite3.Connection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rows: list[dict[str, Any]],
    size: int,
    between: str,
) -> None:
    monkeypatch.setattr("engine.imports.nested._CHUNK", size)
    text = between.join(json.dumps(row, indent=2) for row in [*rows, rows[0]])
    file = one(db, write(tmp_path, "filtered.json", text.replace("}" + between, "}\n", 1)))
    assert (file.read, file.kept, file.duplicates) == (3, 2, 1)
    [file] = bring(db, write(tmp_path, "cut.json", text.replace("}" + between, "}\n", 1)[:-9])).files
    assert (file.read, file.duplicates, file.note.partition(" after")[0]) == (3, 2, "cut off")


def test_a_long_document_is_read_piece_by_piece() -> None:
    rows = [
        {"artist": "Ida", "track": f"{'[x{' * 9} {number}", "time": START + number}
        for number in range(20_000)
    ]
    data = json.dumps(
        {"a": "b" * 2_000_000, "history": rows[:9_000], "c": [[{}]] * 9_000, "more": rows[9_000:]}
    )
    head = Head("a.json", json.dumps({"history": rows[:5]}).encode())
    [(inner, way)] = lists_of(head)
    assert (inner.keys, way) == ({"artist", "track", "time"}, (b"history",))
    stream = Unwrapped(io.BytesIO(data.encode()), way, lambda beside: "artist" in beside.keys)
    assert json.loads(b"".join(iter(lambda: stream.read(65_537), b""))) == rows


@pytest.mark.parametrize(
    "stamp",
    [
        {"$date": "2024-03-02T19:01:00Z"},
        {"$date": {"$numberLong": str(START * 1000)}},
        {"seconds": START, "nanoseconds": 0},
        {"date": "2024-03-02 20:01:00.000000", "timezone_type": 3, "timezone": "Europe/Copenhagen"},
        f"/Date({START}000+0100)/",
    ],
)
@pytest.mark.parametrize("key", ["played_at", "date"])
def test_a_stamp_may_be_an_object(db: sqlite3.Connection, tmp_path: Path, key: str, stamp: Any) -> None:
    bring(db, write(tmp_path, "a.json", [{"artist": SONG[0], "track": SONG[1], key: stamp}]))
    assert starts(db) == [(START, *SONG)]


def test_a_track_that_is_an_object_knows_its_artist(db: sqlite3.Connection, tmp_path: Path) -> None:
    track = {
        "artists": [{"name": SONG[0]}, {"name": OTHER[0]}],
        "name": SONG[1],
        "album": {"name": "Slow Ferry", "release_date": "2020"},
        "uri": "spotify:track:1a2B3c4D5e6F7g8H9i0J1k",
    }
    page = {
        "items": [{"track": track, "played_at": "2024-03-02T19:01:00.123Z", "context": None}],
        "limit": 50,
    }
    bring(db, write(tmp_path, "recently-played.json", page))
    assert starts(db) == [(START, *SONG)]
    assert db.execute("SELECT album FROM tracks").fetchone() == ("Slow Ferry",)
    assert db.execute("SELECT value FROM track_ids").fetchall() == [("1a2B3c4D5e6F7g8H9i0J1k",)]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_needs_no_mark(db: sqlite3.Connection, tmp_path: Path, encoding: str) -> None:
    table = f"artist,track,time\n{SONG[0]},{SONG[1]},2024-03-02 19:01:00\n鈴木,夜,2024-03-02 20:01:00\n"
    log = f"#AUDIOSCROBBLER/1.1\n#TZ/UTC\n鈴木\t\t波\t1\t228\tL\t{START}\t\n"
    for name, text in (("a.csv", table), ("b.log", log)):
        bring(db, write(tmp_path, name, text.encode(encoding)))
    assert [row[1:3] for row in listens(db)] == [SONG, ("鈴木", "波"), ("鈴木", "夜")]
