"""Small files that would hang or fill the memory, and records that would end an import: time and memory follow size.

What is measured is the CPU time of this process: the limits are tens of times what is needed, and a hundredth of what
the same input took before.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import sqlite3
import struct
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.canonical_keys import MAX_NAME, relaxed_track_key
from engine.imports import text
from engine.imports.head import HEAD_BYTES, Head
from engine.imports.json_stream import Broken, Records
from engine.imports.spotify_extended import Row
from engine.store.guarded import read_only_tables
from tests.support.exports import cell, watched
from tests.support.importing import OTHER, SONG, START, bring, lastfm, listens, spotify, write
from tests.support.timing import at_most

HTML = '<div class="outer-cell"><div class="header-cell mdl-typography--title">YouTube Music</div>'
BODY = '<div class="content-cell mdl-typography--body-1">'
ROW = json.dumps(spotify(START, 211_400))
DAY = "2024-03-02"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", '{"a":"' + '\\"' * 32_000),
        ("a.json", "[" + ROW[:-1] + ',"x":"' + '\\"' * 32_000),
        ("a.json", "[" + ROW + ',{"ts":' + '{"a":' * 30_000),
        ("a.json", "[" + ROW + "," * 60_000),
        ("a.html", HTML + BODY + '<a href="x">' * 5_000 + "</div>"),
        ("a.html", HTML + BODY + '<a href="x"' * 5_000 + "</div>"),
        ("a.html", HTML + "<div>" + "<" * 60_000),
        ("a.html", HTML + BODY + "<b>" + "x" * 40_000 + "<br>" + "y+" * 20_000 + "</div>"),
        ("a.html", HTML + BODY * 1_000),
        ("a.html", HTML.replace("</div>", "") * 500 + 'mdl-typography--title">' * 3_000),
        ("a.html", HTML + BODY + '<a href="v">' + "a\u0301\u0316" * 10_000 + "</a></div>"),
        ("a.csv", lastfm((START, ("A", "a" + " " * 30_000 + "b")))),
        ("a.csv", lastfm((START, (" feat " * 10_000, "(live) " * 5_000)))),
        ("a.csv", lastfm((START, ("A", "( - live" * 5_000)))),
        ("a.csv", lastfm((START, ("A", "a" + "\u0301\u0316" * 20_000)))),
        ("a.csv", "artist,track,time\n" + f"A,T,{DAY}T24:00" + "T24:00" * 8_000),
        ("a.csv", "artist,track,time\n" + f"A,T,{DAY} 19:01 " + "x" * 40_000),
        ("a.csv", lastfm() + '"1,"A,"B\n' * 6_000),
        (
            "a.csv",
            'DateCreated,UserId,ItemType,ItemName,PlayDuration\n2024-03-02 19:01:00,u,Audio,"'
            + " - (" * 5_000
            + '\n",211\n',
        ),
    ],
    ids=range(19),
)
def test_no_small_file_takes_long(db: sqlite3.Connection, tmp_path: Path, name: str, content: str) -> None:
    path = write(tmp_path, name, content)
    with at_most(2):
        bring(db, path)
        bring(db, path)  # now beside what is there: relaxed keys are asked for, too


@settings(deadline=None, max_examples=60, derandomize=True)
@given(data=st.text(alphabet='"\\{}[]:, \na1', max_size=60), times=st.integers(1, 2000))
def test_no_json_takes_long(data: str, times: int) -> None:
    content = (data * times)[:HEAD_BYTES]
    with at_most(1):
        head = Head("a.json", content.encode())
        assert head.keys <= head.inner_keys
        for batch in Records(Row).of_array(io.BytesIO(b"[" + content.encode())):
            assert all(isinstance(one, Row | Broken) for one in batch)


@settings(deadline=None, max_examples=60, derandomize=True)
@given(data=st.text(alphabet="( )[]-–live feat.wh\u0301a\t", min_size=1, max_size=12))
def test_no_title_takes_long(data: str) -> None:
    with at_most(0.2):
        relaxed_track_key("a" + data * 10_000)


def test_a_name_longer_than_any_is_cut_and_said(db: sqlite3.Connection, tmp_path: Path) -> None:
    longest = "x" * (MAX_NAME - 1) + "yz"
    file = bring(
        db, write(tmp_path, "a.csv", lastfm((START, ("A" * 2000, longest)), (START + 900, SONG)))
    ).files[0]
    assert (file.kept, file.note) == (2, "names longer than 1,000 characters were cut, of 1 track")
    assert listens(db)[0][1:3] == ("A" * MAX_NAME, longest[:-1])


def test_a_line_longer_than_any_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "_MAX_LINE", 300_000)
    rows = [b"one\n", b"x" * 2_000_000 + b"\n", b"two\r\n", b"y" * 400_000]
    found = list(text.lines(io.BytesIO(b"".join(rows))))
    assert [found[0], found[2]] == ["one", "two"]
    assert all(300_000 <= len(line) < 800_000 for line in (found[1], found[3]))


# -- one record costs itself ------------------------------------------------------------------------------

HUGE = 10**30
XML = (
    '<?xml version="1.0" encoding="%s"?><plist version="1.0"><dict><key>Tracks</key><dict><key>1</key><dict>'
    "<key>Name</key><string>A</string><key>Artist</key><string>B</string><key>Play Count</key><integer>%s</integer>"
    "</dict></dict></dict></plist>"
)


@pytest.mark.parametrize(
    "hostile",
    [
        {"ms_played": HUGE},
        {"ms_played": -HUGE},
        {"offline_timestamp": HUGE},
        {"x": json.loads("[" * 900 + "]" * 900)},
    ],
)
def test_a_record_of_any_number_or_depth_ends_no_import(
    db: sqlite3.Connection, tmp_path: Path, hostile: dict[str, Any]
) -> None:
    rows = [spotify(START, 211_400), spotify(START + 900, 211_400, **hostile), spotify(START + 1800, 211_400)]
    text = json.dumps(rows).replace("[" * 900, "[" * 5000).replace("]" * 900, "]" * 5000)
    file = bring(db, write(tmp_path, "a.json", text)).files[0]
    assert file.kept + file.dropped.get("unreadable record", 0) + file.dropped.get("skipped", 0) == 3
    assert file.kept >= 2


FIRST_LINES = (
    '{"listened_at": 1e400, "track_metadata": {"artist_name": "A", "track_name": "T"}}',
    '{"listened_at": NaN, "track_metadata": {"artist_name": "A", "track_name": "T"}}',
    '{"listened_at": 1, "track_metadata": {"artist_name": "A", "x": ' + "[" * 3000 + "]" * 3000 + "}}",
    '{"listened_at": 1600000000, "track_me',
    '{"listened_at": 1600000000, "track_metadata": ',
    "12:00 written by an exporter",
    "\x00\x01\x02",
    ": 1600000000}",
)


def _rows_of_listenbrainz(count: int) -> list[str]:
    named = [{"artist_name": "A", "track_name": f"T{n}"} for n in range(count)]
    return [
        json.dumps({"listened_at": START + 900 * n, "track_metadata": one}) for n, one in enumerate(named)
    ]


@pytest.mark.parametrize("first", FIRST_LINES, ids=range(len(FIRST_LINES)))
def test_a_first_line_that_cannot_be_read_hides_no_format(
    db: sqlite3.Connection, tmp_path: Path, first: str
) -> None:
    rows = _rows_of_listenbrainz(3)
    file = bring(db, write(tmp_path, "a.jsonl", "\n".join([first, *rows]))).files[0]
    assert (file.format, file.read, file.kept) == ("listenbrainz", 4, 3)


@pytest.mark.parametrize("broken", [(0, 1), (1,), (1, 4)])
def test_nor_does_a_second_line(db: sqlite3.Connection, tmp_path: Path, broken: tuple[int, ...]) -> None:
    rows = [" \t" + row for row in _rows_of_listenbrainz(5)]
    for place in broken:
        rows[place] = "written by an exporter"
    file = bring(db, write(tmp_path, "a.jsonl", "\n".join(rows))).files[0]
    assert (file.format, file.read, file.kept) == ("listenbrainz", 5, 5 - len(broken))


@pytest.mark.parametrize("first", ["{}", "null", "-7.5e3", '"x, [{"'])
def test_what_an_array_begins_with_hides_no_format(
    db: sqlite3.Connection, tmp_path: Path, first: str
) -> None:
    rows = json.dumps([spotify(START, 211_400), spotify(START + 900, 211_400)])
    file = bring(db, write(tmp_path, "a.json", f"[{first}, {rows[1:]}")).files[0]
    assert (file.format, file.kept) == ("spotify", 2)


@pytest.mark.parametrize(
    "content",
    [
        f"#AUDIOSCROBBLER/1.1\n#TZ/UNKNOWN\nA\tB\tT\t1\t{HUGE}\tL\t{START}\t\nA\tB\tT\t1\t228\tL\t{HUGE}\t\n",
        "Song Name,Event End Timestamp,Play Duration Milliseconds,UTC Offset In Seconds\n"
        f"T,2024-03-02T19:04:31Z,211000,{HUGE}\n",
        f"artist,track,time,ms_played\nA,T,{START},{HUGE}\nA,T,{HUGE},1\n",
        f"artist,track,plays\nA,T,{HUGE}\nA,T,3\n",
        '{"artist": "A", "title": "T", "played_at": 1}\n{"artist": "A", "title": "T", "played_at": '
        + "9" * 5000
        + "}\n",
        XML % ("utf-8", HUGE),
        XML % ("UTF-99", 3),
        XML % ("shift_jis", 3),
        cell("YouTube Music", f'<a href="v">&#{"9" * 5000};</a>', "Mar 2, 2024, 8:01:00 PM CET"),
        json.dumps([watched("Watched T", "9999-12-31T23:59:59-23:59", "A - Topic")]),
    ],
    ids=range(10),
)
@pytest.mark.parametrize("zone", [None, "Europe/Copenhagen"])
def test_a_number_or_encoding_of_any_kind_ends_no_import(
    db: sqlite3.Connection, tmp_path: Path, content: str, zone: str | None
) -> None:
    write(tmp_path, "in/a", content)
    write(tmp_path, "in/b.csv", lastfm((START, OTHER)))
    hostile, other = bring(db, tmp_path / "in", zone=zone).files
    assert (hostile.format is not None, other.kept) == (True, 1)
    assert hostile.read or "damaged" in hostile.note


# -- databases --------------------------------------------------------------------------------------------

SONGS = "title, artist, album, length, playcount, lastplayed, musicbrainz_recording_id, unavailable"
COUNTING = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)"
# A view under the name of a table, and columns that are worked out.
VIEWS = (
    f"CREATE VIEW songs AS {COUNTING} SELECT 'T' || x AS title, 'A' AS artist, 1 AS playcount FROM c",
    f"CREATE VIEW songs AS {COUNTING} SELECT 'T' AS title, 'A' AS artist, 1 AS playcount FROM c WHERE x < 0",
    "CREATE VIEW songs AS SELECT hex(zeroblob(400000000)) AS title, 'A' AS artist, 1 AS playcount",
    "CREATE TABLE songs (artist, playcount, title GENERATED ALWAYS AS (upper('t')) VIRTUAL); "
    "INSERT INTO songs VALUES ('A', 1)",
)


def _database(path: Path, script: str) -> Path:
    connection = sqlite3.connect(path)
    connection.executescript(script)
    connection.close()
    return path


@pytest.mark.parametrize("songs", VIEWS, ids=range(4))
def test_a_database_runs_nothing_of_its_own(db: sqlite3.Connection, tmp_path: Path, songs: str) -> None:
    path = _database(tmp_path / "a.db", f"CREATE TABLE directories (x); {songs}")
    with at_most(1):
        for form in (None, "strawberry"):
            assert bring(db, path, format=form).files[0].kept == 0


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT hex(zeroblob(9)) FROM songs",
        f"{COUNTING} SELECT x FROM c LIMIT 1",
        "ATTACH ':memory:' AS other",
        "PRAGMA user_version",
        "DELETE FROM songs",
    ],
)
def test_of_a_database_columns_are_read_and_nothing_else_is_done(statement: str) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE Songs (Title)")
        assert read_only_tables(connection) == {"songs": {"title"}}
        connection.execute("SELECT title FROM songs").fetchall()
        with pytest.raises(sqlite3.DatabaseError, match="authorized"):
            connection.execute(statement).fetchall()


def test_a_database_takes_no_longer_than_its_size_can_mean(db: sqlite3.Connection, tmp_path: Path) -> None:
    """Every row belongs to every other."""
    path = tmp_path / "a.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE session_history (id, media_type, started, stopped)")
    connection.execute("CREATE TABLE session_history_metadata (id, title, grandparent_title)")
    for table, row in (
        ("session_history", (1, "track", START, START)),
        ("session_history_metadata", (1, "T", "A")),
    ):
        connection.executemany(f"INSERT INTO {table} VALUES ({','.join('?' * len(row))})", [row] * 600)
    connection.commit()
    connection.close()
    with at_most(3):
        assert "far longer" in bring(db, path).files[0].note


def test_a_database_named_in_any_bytes_is_damaged(db: sqlite3.Connection, tmp_path: Path) -> None:
    data = _database(
        tmp_path / "a.db", f"CREATE TABLE directories (x); CREATE TABLE songs ({SONGS})"
    ).read_bytes()
    bad = write(tmp_path, "bad.db", data.replace(b"CREATE TABLE songs", b"CREATE TABLE \xff\xfe\xfd\xfc("))
    assert "damaged" in bring(db, bad).files[0].note
    assert "damaged" in bring(db, bad, format="strawberry").files[0].note


# -- archives ---------------------------------------------------------------------------------------------


def _tar_of(count: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    """Packed, so many empty files or folders are a few hundred bytes."""
    info = tarfile.TarInfo("a")
    info.type = kind
    return bz2.compress(info.tobuf() * count + bytes(1024))


def _zip_of(count: int, data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(count):
            archive.writestr(f"{number}", data)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.tar.bz2", lambda: _tar_of(9000)),
        ("b.zip", lambda: _zip_of(60, _tar_of(2000))),
        ("c.zip", lambda: _zip_of(60, _tar_of(2000, tarfile.DIRTYPE))),
        ("d.zip.gz", lambda: gzip.compress(_zip_of(9000, b""))),
    ],
    ids=["tar", "zips", "folders", "zip of nothing"],
)
def test_no_more_members_are_looked_at_than_an_archive_has_bytes_for(
    db: sqlite3.Connection, tmp_path: Path, name: str, data: Callable[[], bytes]
) -> None:
    files = bring(db, write(tmp_path, name, data())).files
    assert len(files) < 600
    assert any("more than" in file.note or "too many" in file.note for file in files)


def _overlapping(count: int) -> bytes:
    """One packed file that a directory names again and again."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.json", f"[{ROW}]")
    data = out.getvalue()
    start = data.rindex(b"PK\1\2")
    entry, end = data[start : data.rindex(b"PK\5\6")], data[data.rindex(b"PK\5\6") :]
    sizes = struct.pack("<HHL", count, count, count * len(entry))
    return data[:start] + entry * count + end[:8] + sizes + end[16:]


def _many_small_bombs() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(3):
            archive.writestr(f"{number}.json", b"[" + b" " * (20 << 20))
    return out.getvalue()


def _holes() -> bytes:
    """A tar archive's file of 40 GiB that takes no room in it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("a.json")
        info.pax_headers = {
            "GNU.sparse.major": "1",
            "GNU.sparse.minor": "0",
            "GNU.sparse.realsize": str(40 << 30),
        }
        body = b"1\n0\n0\n".ljust(512, b"\0")
        info.size = len(body)
        archive.addfile(info, io.BytesIO(body))
    return out.getvalue()


def _long_header() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("a.json")
        info.pax_headers = {"x": "1" * 100_000}
        archive.addfile(info)
    return out.getvalue()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: _overlapping(50), "overlapping files"),
        (_many_small_bombs, "far more"),
        (_holes, "far more"),
        (_long_header, "header"),
    ],
    ids=["overlapping", "small bombs", "holes", "long header"],
)
def test_an_archive_is_refused_whole(
    db: sqlite3.Connection, tmp_path: Path, make: Callable[[], bytes], words: str
) -> None:
    path = write(tmp_path, "a.bin", make())
    with at_most(2):
        (file,) = bring(db, path).files
    assert words in file.note


def test_an_archive_in_a_packed_file_is_read_as_any(db: sqlite3.Connection, tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("b.json", f"[{ROW}]")
        archive.writestr("a.csv", lastfm((START + 9000, OTHER)))
    files = bring(db, write(tmp_path, "a.zip.gz", gzip.compress(out.getvalue()))).files
    assert [file.kept for file in files] == [1, 1]
