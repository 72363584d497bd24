"""What this program writes as a playlist it reads as one: every format, through the import, hostile names too."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.imports.head import Head
from engine.imports.record import Dropped, Options, PlaylistEntry, Record
from engine.imports.registry import format_named, recognise
from engine.paths import Folders
from engine.playlists.files import FORMATS, write
from engine.playlists.files.written import spotify_id
from engine.playlists.playlist import PlaylistTrack
from engine.session import Session
from tests.support.importing import bring, library, spotify
from tests.support.importing import write as write_file
from tests.support.players import sound
from tests.support.playlists import EVENING, HARBOUR, SPOTIFY, named, one_line, tracks

MUSIC = Path("/music")
# Each format the program writes, and the one it reads that as.
READERS = {
    "m3u8": "m3u",
    "xspf": "xspf",
    "jspf": "jspf",
    "pls": "pls",
    "csv": "exportify",
    "csv-as-is": "exportify",
    "json": "discover-playlist",
    "txt": "artist-title",
    "uris": "spotify-uris",
}
every_format = pytest.mark.parametrize("format_name", READERS)
playlists = given(st.lists(tracks, max_size=5), st.sampled_from(["Evening", "", "=1+1", "a\nb"]))
hostile = settings(deadline=None, max_examples=40, derandomize=True)


def read(format_name: str, data: bytes) -> list[Record]:
    options = Options(name=f"Evening.{format_name}", folder=MUSIC)
    return list(format_named(READERS[format_name]).parse(io.BytesIO(data), options))


def entries(records: list[Record]) -> list[PlaylistEntry]:
    return [record for record in records if isinstance(record, PlaylistEntry)]


def file_of(track: PlaylistTrack) -> str | None:
    """Its file, where a playlist can name it whole."""
    file = next((value for scheme, value in track.ids if scheme == "file" and value), None)
    return file if file and file.startswith("/music/") else None


def in_xml(text: str | None) -> str:
    return re.sub("[\ufffe\uffff]", "", one_line(text)).strip()


NAMES: dict[str, Callable[[str | None], str]] = {
    "json": one_line,
    "jspf": one_line,
    "xspf": in_xml,
    "csv": one_line,
    "csv-as-is": one_line,
}

# What a spreadsheet's guard, and services that put several artists into one cell, would take for their own.
IN_CELLS = [
    "'=1",
    "'+1",
    "'-Lark",
    "'@a",
    "''=1",
    "=1",
    "-Lark",
    "A;B",
    "A,B",
    "A\\, B",
    "undefined",
    "'\uff1d1",
    "'",
]


def test_every_format_has_a_reader() -> None:
    assert READERS.keys() == FORMATS.keys()


@every_format
def test_what_is_written_is_known_by_its_content(format_name: str) -> None:
    found = recognise(Head("x", write(EVENING, "Evening", format_name, folder=MUSIC).data))
    assert found is not None
    assert found.name == READERS[format_name]


@pytest.mark.parametrize("format_name", NAMES)
@hostile
@playlists
@example([PlaylistTrack(name, name, name) for name in IN_CELLS], "'=Evening")
def test_names_lengths_and_files_come_back(format_name: str, found: list[PlaylistTrack], title: str) -> None:
    name_of = NAMES[format_name]
    records = read(format_name, write(found, title, format_name, folder=MUSIC).data)
    assert len(records) == len(found), "each track is a record, whatever it is called"
    expected = [
        (name_of(track.artist), name_of(track.track), track)
        for track in found
        if name_of(track.artist) and name_of(track.track)
    ]
    back = [entry for entry in entries(records) if entry.artist]
    assert [(entry.artist, entry.title) for entry in back] == [pair[:2] for pair in expected]
    for entry, (_, _, track) in zip(back, expected, strict=True):
        assert entry.playlist == (name_of(title) or "Evening")
        assert entry.album == (name_of(track.album) or None)
        if format_name in ("csv", "csv-as-is"):
            continue
        whole = round(track.seconds * 1000) if track.seconds and not track.seconds_estimated else None
        assert entry.duration_ms == whole
        ids = dict(entry.ids)
        if (file := file_of(track)) is not None:
            assert ids["file"] == file
        if format_name != "json" and spotify_id(track):
            assert ids["spotify"] == spotify_id(track)


@pytest.mark.parametrize("format_name", ["m3u8", "pls", "txt"])
@hostile
@playlists
@example([PlaylistTrack("A", "B - C", ids=(("file", "/music/#b.mp3"),)), PlaylistTrack("D", "E")], "")
@example([PlaylistTrack("A  -", "B")], "")
def test_lines_come_back_unchanged(format_name: str, found: list[PlaylistTrack], title: str) -> None:
    """An artist and a title share a line there: what is read is written as the same line again, but for blanks."""

    def line(track: PlaylistTrack) -> str:
        return " ".join(named(track).split())

    written = write(found, title, format_name, folder=MUSIC)
    records = read(format_name, written.data)
    back = [line(PlaylistTrack(entry.artist, entry.title)) for entry in entries(records) if entry.artist]
    whole = [line(track) for track in found if one_line(track.artist) and one_line(track.track)]
    assert set(back) <= set(map(line, found))
    assert set(whole) <= set(back)
    if format_name != "txt":
        assert len(records) == len(found)
        listed = [dict(entry.ids)["file"] for entry in entries(records) if entry.ids]
        absolute = [file for track in found if (file := file_of(track)) is not None]
        assert [file for file in listed if file in absolute] == absolute


@hostile
@playlists
def test_uris_come_back(found: list[PlaylistTrack], title: str) -> None:
    records = read("uris", write(found, title, "uris").data)
    ids = [entry.ids for entry in entries(records)]
    assert ids == [(("spotify", spotify_id(track)),) for track in found if spotify_id(track)]


@pytest.mark.parametrize("delimiter", [";", "\t"])
@pytest.mark.parametrize("format_name", ["csv", "csv-as-is"])
def test_a_table_a_spreadsheet_saved_with_its_own_delimiter_comes_back(
    format_name: str, delimiter: str
) -> None:
    found = [PlaylistTrack("Bob, Jr; A & B", "=1+1"), PlaylistTrack("Ida", "'Round")]
    data = write(found, "Evening", format_name).data
    saved = io.StringIO(newline="")
    csv.writer(saved, delimiter=delimiter).writerows(csv.reader(io.StringIO(data.decode(), newline="")))
    again = saved.getvalue().encode()
    assert recognise(Head("Evening.csv", again)) is format_named("exportify")
    assert read(format_name, again) == read(format_name, data)
    assert len(entries(read(format_name, again))) == 2


@pytest.mark.parametrize("format_name", [name for name in READERS if name != "uris"])
def test_tracks_without_a_file_come_back_in_their_place(format_name: str) -> None:
    here = (("file", "/music/a.mp3"),)
    files = [(), here, (), (), here, ()]
    found = [PlaylistTrack("Ida", f"Lark {number}", ids=ids) for number, ids in enumerate(files)]
    records = entries(read(format_name, write(found, "Evening", format_name, folder=MUSIC).data))
    assert [entry.title for entry in records] == [track.track for track in found]


@pytest.mark.parametrize(
    "artists",
    [
        ["*NSYNC", "Ida"],
        ["Ida", "-M-"],
        ["#1 Dads"],
        ["Crosby, Stills, Nash & Young"] * 2,
        ["A, B, C", "A, B"],
    ],
)
def test_a_list_of_names_is_known_whatever_an_artist_is_called(artists: list[str]) -> None:
    found = [PlaylistTrack(artist, f"Lark {number}") for number, artist in enumerate(artists)]
    data = write(found, "Evening", "txt").data
    assert recognise(Head("Evening.txt", data)) is format_named("artist-title")
    assert [entry.artist for entry in entries(read("txt", data))] == artists


def test_xspf_is_known_under_any_prefix() -> None:
    data = write(EVENING, "Evening", "xspf").data
    prefixed = re.sub(rb"<(/?)(?=[a-z])", rb"<\1x:", data).replace(b"xmlns=", b"xmlns:x=")
    assert recognise(Head("Evening", prefixed)) is format_named("xspf")
    assert read("xspf", prefixed) == read("xspf", data)


@pytest.mark.parametrize("name", ["Evening.m3u", "EVENING.M3U8"])
@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("Ida/Ida - Lark.mp3", "/music/Ida/Ida - Lark.mp3"),
        ("/a/lark.mp3", "/a/lark.mp3"),
        ("C:\\Lark.mp3", "C:\\Lark.mp3"),
    ],
)
def test_a_list_of_paths_is_no_list_of_names(name: str, path: str, file: str) -> None:
    head = Head(name, f"{path}\n{path}\n".encode())
    assert recognise(head) is format_named("m3u")
    assert [(one.artist, one.ids) for one in entries(read("m3u8", head.data))] == [
        ("", (("file", file),))
    ] * 2


@pytest.mark.parametrize(
    "data",
    [
        b"<!DOCTYPE html>\n",
        b'{"a": 1}\n',
        b"\0\1\2" * 40,
        b"\n",
        b"#EXT-X-VERSION:3\na.ts\n",
        b"Some notes\n",
    ],
)
def test_not_everything_of_that_name_is_a_list(data: bytes) -> None:
    assert recognise(Head("Evening.m3u8", data)) is not format_named("m3u")


def test_a_file_without_an_ending_hides_no_list_of_paths() -> None:
    assert recognise(Head("Evening.m3u", b"Lark\nIda/Roof.mp3\nroof.wavpack\n")) is format_named("m3u")


def test_names_are_names_whatever_the_list_is_called() -> None:
    data = b"Ida - Lark\nAC/DC - Live\nBo - Roof Feat. Ida\n"
    assert recognise(Head("Evening.m3u", data)) is format_named("artist-title")


def test_attributes_with_commas_and_blanks_around_a_sign_are_no_part_of_a_name() -> None:
    m3u = b'#EXTM3U\n#EXTINF:12 group="a, b" x="c,",Ida - Lark, Live\na.mp3\n#EXTINF:3 6" disc,Ida - Roof\nb.mp3\n'
    pls = b"[playlist]\nFile1 = a.mp3\nTitle1 = Ida - Lark, Live\nLength1 = 12\n"
    pls += b"Title2=Ida - Roof\nFile2=b.mp3\nLength2=3\n"
    for name, data in (("m3u8", m3u), ("pls", pls)):
        found = [(one.artist, one.title, one.duration_ms, one.ids) for one in entries(read(name, data))]
        assert found == [
            ("Ida", "Lark, Live", 12_000, (("file", "/music/a.mp3"),)),
            ("Ida", "Roof", 3_000, (("file", "/music/b.mp3"),)),
        ]


@pytest.mark.parametrize(
    "text",
    [
        "- Ida - Lark\n- Ida - Tin Roof\n",
        "# Ida - Lark\n",
        "** Ida ** - Lark\n",
        "#EXTINF:12,Ida - Lark\nIda - Lark.mp3\n",
        "Artist - Title,Plays,Day\nIda - Lark,3,2024\nIda - Tin Roof,4,2024\n",
    ],
)
def test_what_only_looks_like_a_list_of_names_is_none(text: str) -> None:
    assert recognise(Head("Evening.txt", text.encode())) is not format_named("artist-title")


def test_a_playlist_beside_its_files_knows_them_and_one_in_an_archive_does_not() -> None:
    data = b'#EXTM3U\n#EXTINF:12,Ida - Lark\nIda/#1 Lark.ogg\n#EXTINF:-1 tvg-id="",Radio\nhttp://radio.example/live\n'
    first, second = read("m3u8", data)
    assert isinstance(first, PlaylistEntry)
    assert first.ids == (("file", "/music/Ida/#1 Lark.ogg"),)
    assert isinstance(second, Dropped)
    options = Options(name="Evening.m3u8")
    (entry,) = entries(list(format_named("m3u").parse(io.BytesIO(data), options)))
    assert entry.ids == ()


def test_playlists_are_imported_matched_and_counted(tmp_path: Path) -> None:
    db = library(tmp_path)
    play = spotify(1_709_406_060, 211_400, (HARBOUR.artist, HARBOUR.track))
    bring(
        db, write_file(tmp_path, "history.json", [play | {"spotify_track_uri": f"spotify:track:{SPOTIFY}"}])
    )
    unknown = b"spotify:track:0000000000000000000000\nnot a URI\n"
    lists = tmp_path / "lists"
    for name, data in {
        "a/list.m3u8": write(EVENING, "", "m3u8").data,
        "b/list.m3u8": write(EVENING[1:], "", "m3u8").data,
        "mine.uris": write(EVENING, "", "uris").data + unknown,
    }.items():
        write_file(lists, name, data)
    report = bring(db, lists)
    assert report.totals["dropped"] == {
        "kept as a playlist entry": 4,
        "file or id of an unknown track": 1,
        "no artist or title": 1,
    }
    again = bring(db, lists)
    assert again.totals == report.totals
    db.close()
    with Session(Folders(tmp_path / "data")) as session:
        assert {one.name for one in session.playlists.all()} == {"list", "list 2", "mine"}, (
            "none lost, none doubled"
        )
        assert [track.track for track in session.playlists.show("list")] == ["Harbour Lights", "Tin Roof"]
        assert [track.artist for track in session.playlists.show("mine")] == [HARBOUR.artist]


def test_paths_alone_are_known_by_the_files_of_ones_own(tmp_path: Path) -> None:
    music = tmp_path / "music"
    (music / "lists").mkdir(parents=True)
    sound(music / "01.wav", "Ida", "Lark", 1)
    paths = [music / "01.wav", "../01.wav", "../02.wav"]
    listed = write_file(music / "lists", "Evening.m3u", "".join(f"{path}\n" for path in paths).encode())
    with Session(Folders(tmp_path / "data")) as session:
        session.music.add(music)
        report = session.history.import_paths([listed])
        assert report.totals["dropped"] == {
            "kept as a playlist entry": 2,
            "file or id of an unknown track": 1,
        }
        assert [(one.artist, one.track) for one in session.playlists.show("Evening")] == [("Ida", "Lark")] * 2
