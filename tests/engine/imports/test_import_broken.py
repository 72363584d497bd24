"""What is not history, or broken: unknown files, rows cut off, other encodings, hostile records."""

from __future__ import annotations

import json
import random
import sqlite3
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import UnreadableFileError, UsageError
from engine.imports import json_stream
from engine.imports.run import import_paths
from engine.imports.spotify_extended import Row as SpotifyRow
from tests.support.importing import (
    OTHER,
    SONG,
    START,
    bring,
    check,
    lastfm,
    library,
    listens,
    spotify,
    write,
)

MS = 211_400


# -- what is not history ----------------------------------------------------------------------------------


def test_an_unknown_file_is_named_with_what_it_looks_like(db: sqlite3.Connection, tmp_path: Path) -> None:
    write(tmp_path, "in/notes.txt", "hello")
    write(tmp_path, "in/almost.json", [{"ts": "2024", "master_metadata_track_name": "x"}])
    write(tmp_path, "in/empty.json", b"")
    files = {Path(file.path).name: file for file in bring(db, tmp_path / "in").files}
    assert all(file.format is None and file.read == 0 for file in files.values())
    assert "Spotify extended" in files["almost.json"].note
    assert "ms_played" in files["almost.json"].note
    assert files["empty.json"].note == "is empty"
    assert files["notes.txt"].note


@pytest.mark.parametrize(
    "text",
    [
        "<!DOCTYPE html><title>Your archive - browse it</title>\n<p>Drive - 3 files</p>\n",
        "<html><body>Hello - World</body></html>",
        "2024-03-02 10:00 - server started\n2024-03-02 11:00 - server stopped\n",
    ],
)
def test_a_page_or_a_log_with_dashes_is_no_list_of_names(
    db: sqlite3.Connection, tmp_path: Path, text: str
) -> None:
    write(tmp_path, "in/songs.txt", "Burel - Tin Roof\n<PIG> - Find It\n")
    write(tmp_path, "in/other.txt", text)
    assert {file.kept for file in bring(db, tmp_path / "in").files if file.path.endswith("other.txt")} == {0}
    assert db.execute("SELECT count(*) FROM playlist_tracks").fetchone() == (2,)


def test_a_missing_path_and_an_unknown_format_say_what_to_do(db: sqlite3.Connection, tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="does not exist"):
        import_paths(db, [tmp_path / "none"])
    with pytest.raises(UsageError, match="spotify"):
        import_paths(db, [tmp_path], format="spotfy")
    path = write(tmp_path, "odd.bin", [spotify(START, MS)])
    assert bring(db, path, format="spotify").totals["kept"] == 1


def test_an_array_of_flat_objects_loses_the_broken_one_alone(db: sqlite3.Connection, tmp_path: Path) -> None:
    one, other = (
        json.dumps({"artist": SONG[0], "track": SONG[1], "time": at}, ensure_ascii=False)
        for at in (START, START + 900)
    )
    for name, text, dropped in (
        ("odd.json", f'[{one}, {{"artist": "x",, "time": 5}}, {other}]'.encode(), {"unreadable record": 1}),
        ("cut.json", f'[{one}, {other}, {{"artist": "x'.encode(), {"unreadable record": 1}),
        ("latin.json", f"[{one}, {other}]".encode("latin-1"), {}),
        ("latin.jsonl", f"{one}\n{other}\n".encode("latin-1"), {}),
    ):
        [file] = bring(db, write(tmp_path, name, text)).files
        assert (file.read - sum(file.dropped.values()), file.dropped) == (2, dropped), name
        assert ("cut off after record 2" in file.note) == (name == "cut.json")
        assert ("--encoding" in file.note) == ("latin" in name)
    assert [row[:3] for row in listens(db)] == [(START, *SONG), (START + 900, *SONG)]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_spotifys_lists_in_any_encoding(db: sqlite3.Connection, tmp_path: Path, encoding: str) -> None:
    track = {"trackName": SONG[1], "artistName": SONG[0]}
    library = {"tracks": [{"artist": SONG[0], "track": SONG[1]}], "albums": [], "bannedTracks": []}
    lists = json.dumps(
        {"playlists": [{"name": "Evening", "items": [{"track": track}]}] * 2}, ensure_ascii=False
    )
    for name, text, dropped in (
        ("YourLibrary.json", json.dumps(library, ensure_ascii=False), {"kept as a like": 1}),
        ("Playlist1.json", lists, {"kept as a playlist entry": 2}),
        ("Playlist2.json", lists[:-20], {"kept as a playlist entry": 1, "unreadable record": 1}),
    ):
        [file] = bring(db, write(tmp_path, name, text.encode(encoding))).files
        assert file.dropped == dropped, name


@pytest.mark.parametrize("cut", [1, 2, 60, 400, 900, 1500])
def test_a_file_cut_off_keeps_the_rows_before(db: sqlite3.Connection, tmp_path: Path, cut: int) -> None:
    whole = json.dumps([spotify(START + i * 300, MS) for i in range(20)], indent=2)
    file = bring(db, write(tmp_path, "cut.json", whole[:-cut])).files[0]
    assert file.kept >= 20 - 1 - cut // 500
    assert "cut off" in file.note


def test_one_broken_record_costs_itself_only(db: sqlite3.Connection, tmp_path: Path) -> None:
    rows = [json.dumps(spotify(START + i * 300, MS)) for i in range(5)]
    rows[2] = rows[2].replace('"ms_played": 211400', '"ms_played": 2114zz')
    file = bring(db, write(tmp_path, "a.json", "[" + ",\n".join(rows) + "]")).files[0]
    assert (file.kept, file.dropped, file.first_at) == (4, {"unreadable record": 1}, {"unreadable record": 3})


@pytest.mark.parametrize("layout", ["pretty", "one line", "mixed", "keys in any order"])
def test_an_array_of_many_pieces_loses_no_row(
    db: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: str
) -> None:
    """Pieces end anywhere: inside a name, a number, between records; names hold what looks like a border."""
    monkeypatch.setattr(json_stream, "_CHUNK", 1000)
    monkeypatch.setattr(json_stream, "_MAX_PENDING", 5000)
    rows = [spotify(START + i * 300, MS, ('A },\n  {"ts": "', f"Song {i}")) for i in range(300)]
    indent = 2 if layout in ("pretty", "mixed") else None
    text = json.dumps(rows, indent=indent)
    if layout == "mixed":
        text = (
            "[" + ",".join([json.dumps(row, indent=None if i % 3 else 4) for i, row in enumerate(rows)]) + "]"
        )
    if layout == "keys in any order":
        shuffled = [random.Random(i).sample(list(row.items()), len(row)) for i, row in enumerate(rows)]
        text = json.dumps([dict(row) for row in shuffled])
    file = bring(db, write(tmp_path, "a.json", text), format="spotify").files[0]
    assert (file.read, file.kept, file.dropped) == (300, 300, {})


def test_an_array_is_decoded_in_batches_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "_CHUNK", 4000)
    text = json.dumps([spotify(START + i * 300, MS) for i in range(500)], indent=2).encode()
    batches = list(json_stream.Records(SpotifyRow).of_array(BytesIO(text)))
    assert sum(map(len, batches)) == 500
    assert max(map(len, batches)) < 40


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be"])
def test_byte_order_marks_and_utf_16(db: sqlite3.Connection, tmp_path: Path, encoding: str) -> None:
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    text = mark + json.dumps([spotify(START + 211, MS)], ensure_ascii=False)
    bring(db, write(tmp_path, "a.json", text.encode(encoding)))
    table = mark + lastfm((START + 10**6, SONG)).replace("\n", "\r\n")
    bring(db, write(tmp_path, "b.csv", table.encode(encoding)))
    assert [row[1:3] for row in listens(db)] == [SONG, SONG]


def test_a_table_from_windows_is_read_too(db: sqlite3.Connection, tmp_path: Path) -> None:
    bring(db, write(tmp_path, "b.csv", lastfm((START, SONG)).encode("cp1252")))
    assert listens(db)[0][1] == "Café Tundra"


values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(["2024-03-02T19:04:31Z", "2024-13-45", "\x00", "-4"]),
    st.just([]),
    st.just({}),
)
KEYS = [*spotify(START, 1), "listened_at", "track_metadata", "started_at", "plays", "ids"]


@given(
    rows=st.lists(st.dictionaries(st.sampled_from(KEYS), values, max_size=12), max_size=8),
    noise=st.booleans(),
)
@settings(deadline=None, max_examples=60, derandomize=True)
def test_hostile_records_are_all_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, object]], noise: bool
) -> None:
    folder = tmp_path_factory.mktemp("hostile")
    db = library(folder)
    good = spotify(START + 211, MS)
    everything = [
        good,
        *[{**(good if noise else {}), **row} for row in rows],
        spotify(START + 90_000, MS, OTHER),
    ]
    report = bring(db, write(folder, "a.json", everything), format="spotify")
    assert report.totals["read"] == len(everything)
    assert {row[1:3] for row in listens(db)} >= {SONG, OTHER}
    for name in ("listenbrainz", "listenbrainz-json", "lastfm", "lastfm-csv"):
        bring(db, folder / "a.json", format=name)
    db.close()


@given(data=st.binary(max_size=200))
@settings(deadline=None, max_examples=40, derandomize=True)
def test_bytes_that_are_nothing_never_raise(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("bytes")
    db = library(folder)
    path = write(folder, "x", data)
    bring(db, path)
    for name in ("spotify", "listenbrainz", "lastfm", "lastfm-csv"):
        check(import_paths(db, [path], format=name))
    db.close()
