"""Every playlist format, read back by a reader that shares no code with its writer; hostile titles too."""

from __future__ import annotations

import configparser
import csv
import datetime
import io
import json
import re
import unicodedata
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlparse
from xml.etree import ElementTree

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.playlists.files import FORMATS, write
from engine.playlists.playlist import PlaylistTrack
from tests.support.playlists import (
    EVENING,
    HARBOUR,
    RECORDING,
    REORDERS,
    SPOTIFY,
    TIN_ROOF,
    named,
    one_line,
    texts,
    tracks,
)

DATE = datetime.datetime(2024, 3, 2, 20, 0, tzinfo=datetime.UTC)

hostile = settings(deadline=None, max_examples=50, derandomize=True)
playlists = given(st.lists(tracks, max_size=5), texts)


def lines_of(data: bytes) -> list[str]:
    text = data.decode("utf-8")
    assert not data.startswith(b"\xef\xbb\xbf")
    assert text.endswith("\n") or not text
    assert text.splitlines() == text.split("\n")[:-1]  # no hidden line ends
    return text.split("\n")[:-1]


def whole(track: PlaylistTrack) -> int:
    return round(track.seconds) if track.seconds and not track.seconds_estimated else -1


# -- the formats as their documentation shows them ----------------------------------------------------


def test_m3u8_is_as_documented() -> None:
    written = write(EVENING, "Evening", "m3u8", folder=Path("/music"))
    assert written.data.decode() == (
        "#EXTM3U\n#PLAYLIST:Evening\n#EXTINF:228,Café Tundra - Harbour Lights\n#EXTALB:Slow Ferry\n"
        "#EXTART:Café Tundra\nCafé Tundra/01 Harbour Lights.flac\n# missing: Ida & the Oaks - Tin Roof\n"
    )
    assert (written.tracks, len(written.missing)) == (1, 1)


def test_csv_is_as_tunemymusic_reads_it() -> None:
    written = write(EVENING, "Evening", "csv")
    assert written.data.decode() == (
        "Track name,Artist name,Album,Playlist name,Type,ISRC,Spotify - id,Guarded names\n"
        f"Harbour Lights,Café Tundra,Slow Ferry,Evening,Playlist,DKABC2300001,{SPOTIFY},\n"
        "Tin Roof,Ida & the Oaks,Weather Songs,Evening,Playlist,,,\n"
    )


def test_pls_uris_and_txt_are_as_documented() -> None:
    assert write(EVENING, "Evening", "pls").data.decode() == (
        "[playlist]\nFile1=/music/Café Tundra/01 Harbour Lights.flac\nTitle1=Café Tundra - Harbour Lights\n"
        "Length1=228\n; missing: Ida & the Oaks - Tin Roof\nNumberOfEntries=1\nVersion=2\n"
    )
    uris = write(EVENING, "Evening", "uris")
    assert (uris.data.decode(), uris.tracks, len(uris.missing)) == (f"spotify:track:{SPOTIFY}\n", 1, 1)
    assert (
        write(EVENING, "", "txt").data.decode() == "Café Tundra - Harbour Lights\nIda & the Oaks - Tin Roof\n"
    )


@pytest.mark.parametrize(
    "value", [SPOTIFY, f"spotify:track:{SPOTIFY}", f"https://open.spotify.com/track/{SPOTIFY}?si=abc"]
)
def test_spotify_ids_are_understood_in_every_spelling(value: str) -> None:
    track = PlaylistTrack("A", "B", ids=(("spotify", value),))
    assert write([track], "", "uris").data.decode() == f"spotify:track:{SPOTIFY}\n"


def test_xspf_and_jspf_say_the_same() -> None:
    root = ElementTree.fromstring(write(EVENING, "Evening", "xspf", date=DATE).data)
    space = "{http://xspf.org/ns/0/}"
    assert root.get("version") == "1"
    assert root.findtext(f"{space}date") == "2024-03-02T20:00:00+00:00"
    first, second = root.findall(f"{space}trackList/{space}track")
    playlist = json.loads(write(EVENING, "Evening", "jspf", date=DATE).data)["playlist"]
    assert playlist["title"] == root.findtext(f"{space}title") == "Evening"
    assert playlist["date"] == "2024-03-02T20:00:00+00:00"
    assert playlist["extension"] == {"https://musicbrainz.org/doc/jspf#playlist": {"public": False}}
    assert playlist["track"] == [
        {
            "title": "Harbour Lights",
            "creator": "Café Tundra",
            "album": "Slow Ferry",
            "duration": 228205,
            "location": ["file:///music/Caf%C3%A9%20Tundra/01%20Harbour%20Lights.flac"],
            "identifier": [f"https://musicbrainz.org/recording/{RECORDING}", f"spotify:track:{SPOTIFY}"],
        },
        {"title": "Tin Roof", "creator": "Ida & the Oaks", "album": "Weather Songs"},
    ]
    for element, track in ((first, playlist["track"][0]), (second, playlist["track"][1])):
        for name in ("title", "creator", "album", "duration", "location", "identifier"):
            values = track.get(name, [])
            values = values if isinstance(values, list) else [str(values)]
            texts = [child.text for child in element.findall(f"{space}{name}")]
            assert texts[: len(values)] == values
            # MPD takes the last, literally.
            assert texts[len(values) :] == ([unquote(values[0])] if name == "location" and values else [])


def test_a_reason_has_its_place_where_the_format_has_one_and_none_elsewhere() -> None:
    why = "48 % Ida & the Oaks\nand 3 more"
    said = "48 % Ida & the Oaks and 3 more"
    both = [replace(HARBOUR, reason=why), TIN_ROOF]
    rows = list(csv.DictReader(io.StringIO(write(both, "E", "csv").data.decode())))
    assert [row["Reason"] for row in rows] == [said, ""]
    assert json.loads(write(both, "E", "json").data)["tracks"][0]["reason"] == said
    assert json.loads(write(both, "E", "jspf").data)["playlist"]["track"][0]["annotation"] == said
    spaced = {"x": "http://xspf.org/ns/0/"}
    tree = ElementTree.fromstring(write(both, "E", "xspf").data)
    assert [found.text for found in tree.findall(".//x:annotation", spaced)] == [said]
    lines = write(both, "E", "m3u8").data.decode().splitlines()
    assert lines[lines.index(f"# because of: {said}") + 1].startswith("#EXTINF")
    for format_name in ("pls", "txt", "uris"):
        assert write(both, "E", format_name) == write(EVENING, "E", format_name)
    assert write(EVENING, "E", "csv").data.decode().splitlines()[0].endswith("Spotify - id,Guarded names")


def test_assumed_lengths_are_not_written_as_lengths() -> None:
    track = PlaylistTrack("A", "B", seconds=210.0, seconds_estimated=True, ids=(("file", "/m/a.mp3"),))
    assert b"#EXTINF:-1," in write([track], "", "m3u8").data
    assert b"Length1=-1" in write([track], "", "pls").data
    assert b"duration" not in write([track], "", "xspf").data + write([track], "", "jspf").data


# -- round trips through independent readers ----------------------------------------------------------


@hostile
@playlists
@example([PlaylistTrack("#A", "=b", ids=(("file", "#c.mp3"),))], "x")
@example([PlaylistTrack("A", "b", ids=(("file", "-c.mp3"),))], "x")
def test_m3u8_round_trip(found: list[PlaylistTrack], title: str) -> None:
    written = write(found, title, "m3u8")
    lines = lines_of(written.data)
    assert lines[:2] == ["#EXTM3U", f"#PLAYLIST:{one_line(title)}"]
    entries: list[tuple[int, str, str]] = []
    missing = []
    pending: tuple[int, str] | None = None
    for line in lines[2:]:
        if line.startswith("#EXTINF:"):
            length, _, display = line.removeprefix("#EXTINF:").partition(",")
            pending = int(length), display
        elif line.startswith("# missing: "):
            missing.append(line.removeprefix("# missing: "))
        elif not line.startswith("#"):
            assert pending is not None
            entries.append((*pending, line))
            pending = None
    assert (len(entries), len(missing)) == (written.tracks, len(written.missing))
    with_file = [(track, file) for track in found if (file := usable_file(track)) is not None]
    assert entries == [
        (whole(track), named(track), file if file[0] not in "#;[ -" else f"./{file}")
        for track, file in with_file
    ]
    assert sorted(missing) == sorted(named(track) for track in found if usable_file(track) is None)


def usable_file(track: PlaylistTrack) -> str | None:
    """The track's path if a line of text can hold it."""
    file = next((value for scheme, value in track.ids if scheme == "file" and value), None)
    if file is None or any(unicodedata.category(c) in ("Cc", "Zl", "Zp", "Cs") for c in file):
        return None
    return file


def in_a_cell(text: str | None) -> str:
    """One line, with an apostrophe more where a spreadsheet would run it."""
    line = one_line(text)
    return f"'{line}" if line.lstrip("'")[:1] in {*"=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"} else line


@hostile
@playlists
def test_csv_round_trip(found: list[PlaylistTrack], title: str) -> None:
    written = write(found, title, "csv")
    rows = list(csv.DictReader(io.StringIO(written.data.decode(), newline="")))
    assert [(row["Track name"], row["Artist name"], row["Album"], row["Playlist name"]) for row in rows] == [
        tuple(map(in_a_cell, (track.track, track.artist, track.album, title))) for track in found
    ]
    assert all(row["Type"] == "Playlist" for row in rows)
    assert written.missing == ()


@hostile
@playlists
def test_xspf_round_trip(found: list[PlaylistTrack], title: str) -> None:
    root = ElementTree.fromstring(write(found, title, "xspf", date=DATE).data)
    space = "{http://xspf.org/ns/0/}"

    def in_xml(text: str | None) -> str:
        return re.sub("[\ufffe\uffff]", "", one_line(text))

    assert (root.findtext(f"{space}title") or "") == in_xml(title)
    elements = root.findall(f"{space}trackList/{space}track")
    assert [(e.findtext(f"{space}title") or "", e.findtext(f"{space}creator") or "") for e in elements] == [
        (in_xml(track.track), in_xml(track.artist)) for track in found
    ]
    for element, track in zip(elements, found, strict=True):
        location = element.findtext(f"{space}location")
        if location is not None:
            path = unquote(urlparse(location).path)
            assert ("file", path) in [(scheme, str(Path(value))) for scheme, value in track.ids]
        duration = element.findtext(f"{space}duration")
        assert duration is None or abs(int(duration) / 1000 - (track.seconds or 0)) <= 0.001


@hostile
@playlists
@pytest.mark.parametrize("format_name", ["json", "jspf"])
def test_json_round_trips(format_name: str, found: list[PlaylistTrack], title: str) -> None:
    document = json.loads(write(found, title, format_name, date=DATE).data.decode())
    if format_name == "jspf":
        document = document["playlist"]
        names = [(track["creator"], track["title"], track.get("album", "")) for track in document["track"]]
        assert all(isinstance(track.get("location", []), list) for track in document["track"])
    else:
        names = [(track["artist"], track["track"], track.get("album", "")) for track in document["tracks"]]
        assert [track.get("bpm") for track in document["tracks"]] == [track.bpm for track in found]
    assert document["title"] == one_line(title)
    assert names == [(one_line(t.artist), one_line(t.track), one_line(t.album)) for t in found]


@hostile
@playlists
def test_pls_round_trip(found: list[PlaylistTrack], title: str) -> None:
    written = write(found, title, "pls")
    lines_of(written.data)
    reader = configparser.RawConfigParser(delimiters="=", comment_prefixes=(";",), strict=True)
    reader.read_string(written.data.decode())
    section = reader["playlist"]
    assert int(section["NumberOfEntries"]) == written.tracks
    assert section["Version"] == "2"
    shown = [named(track).strip() for track in found]
    for number in range(1, written.tracks + 1):
        assert section[f"File{number}"]
        assert section[f"Title{number}"] in shown  # the reader strips blanks
        assert int(section[f"Length{number}"]) >= -1
    assert written.tracks + len(written.missing) == len(found)


@hostile
@playlists
def test_txt_and_uris_have_a_line_a_track(found: list[PlaylistTrack], title: str) -> None:
    assert lines_of(write(found, title, "txt").data) == [named(track) for track in found]
    written = write(found, title, "uris")
    lines = lines_of(written.data)
    assert (len(lines), len(found) - len(lines)) == (written.tracks, len(written.missing))
    assert all(re.fullmatch("spotify:track:[0-9A-Za-z]{22}", line) for line in lines)


@pytest.mark.parametrize("format_name", sorted(FORMATS))
def test_what_reorders_letters_is_in_no_name_and_whole_in_a_path(format_name: str) -> None:
    """A file plays by its name alone; a title that reads as another one is of no use."""
    path = "/music/\u202e3pm.\u2066Tin Roof%20\u202c.mp3"
    track = PlaylistTrack(
        *("\u202eIda", "Tin \u2067Roof\u2069", "\u202dSongs"),
        reason="\u202eb",
        ids=(("file", path), ("spotify", SPOTIFY)),
    )
    text = write([track, PlaylistTrack("\u202eA", "B")], "\u202eEvening", format_name).data.decode()
    reordered = [
        line for line in text.splitlines() if REORDERS.intersection(map(unicodedata.bidirectional, line))
    ]
    assert reordered == {"m3u8": [path], "pls": [f"File1={path}"]}.get(format_name, [])
    if format_name == "json":
        assert json.loads(text)["tracks"][0]["ids"]["file"] == path
    if format_name == "jspf":
        (location,) = json.loads(text)["playlist"]["track"][0]["location"]
        assert unquote(urlparse(location).path) == path
    if format_name == "xspf":
        locations = ElementTree.fromstring(text.encode()).iter("{http://xspf.org/ns/0/}location")
        assert [unquote(urlparse(str(one.text)).path) for one in locations] == [path]


@pytest.mark.parametrize("format_name", sorted(FORMATS))
def test_same_date_same_bytes(format_name: str) -> None:
    first = write(EVENING, "Evening", format_name, date=DATE)
    assert first == write(list(EVENING), "Evening", format_name, date=DATE)
    assert b"\r" not in first.data
