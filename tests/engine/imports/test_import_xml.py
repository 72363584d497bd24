"""XML that players write a little wrong: what is broken costs no song before it, and a broken letter only itself."""

from __future__ import annotations

import io
import sqlite3
from pathlib import Path

import pytest

from engine.imports.record import BROKEN, NOTHING, Dropped, Options, Play, Record
from engine.imports.registry import format_named
from engine.imports.xml_stream import XmlError, events
from tests.support.importing import one, write

SONG_ENTRY = '<entry type="song"><title>%s</title><artist>Burel</artist><play-count>2</play-count></entry>'


@pytest.mark.parametrize(
    ("wrong", "reads"),
    [
        (b"\x01", "7"),
        (b"&#0;", "7"),
        (b"&#x1b;", "7"),
        (b"&#xd800;", "7"),
        ("\uffff".encode(), "7"),
        (b"\xe9", "é7"),
        (b"R & ", "R & 7"),
        (b"R&B ", "R&B 7"),
        (b"&", "&7"),
        (b"&&amp;&#0038;", "&&&7"),
        (b"&eacute;&NotEqualTilde;", "é≂̸7"),
        (b"&nosuch;", "&nosuch;7"),
        (b"<![CDATA[R&B &amp; &eacute; ]] ]]>R&B ", "R&B &amp; &eacute; ]] R&B 7"),
        (b"<", "<7"),
        (b"I <3 U < & <- <<", "I <3 U < & <- <<7"),
        (b"<![CDATA[1 < <3]]>1 < ", "1 < <31 < 7"),
        (b"<q:b/>", "7"),
        (b"<b q:c='&'/>", "7"),
        # These cost the song they are in.
        (b"<b", ""),
        (b"<b>", ""),
        (b"</b>", ""),
        (b"<b c=d>", ""),
        (b"</title></b>", ""),
        (b"</title></artist></entry>", ""),
    ],
)
@pytest.mark.parametrize("head", [b"", b'<?xml version="1.0" encoding="UTF-8"?>'])
def test_a_broken_letter_in_xml_costs_no_other_song(
    db: sqlite3.Connection, tmp_path: Path, head: bytes, wrong: bytes, reads: str
) -> None:
    songs = b"".join(SONG_ENTRY.encode() % (wrong + b"7" if n == 7 else b"%d" % n) for n in range(20))
    path = write(tmp_path, "rhythmdb.xml", head + b'<rhythmdb version="2.0">' + songs + b"</rhythmdb>")
    file = one(db, path)
    titles = [str(title) for (title,) in db.execute("SELECT title FROM tracks ORDER BY id")]
    assert titles == [reads if n == 7 else str(n) for n in range(20) if reads or n != 7]
    assert "record" not in file.note
    assert file.dropped == ({} if reads else {"unreadable record": 1})


def test_a_reference_between_two_pieces_of_xml_is_read_whole() -> None:
    whole = b"<a>&amp;&#233;&#0;&#x1F3B5;R&B &eacute;&<![CDATA[&b <]]]]>&<3<</a>"
    for at in range(1, len(whole)):
        pieces = [whole[:at], whole[at:]]

        class Stream(io.BytesIO):
            def read(self, _size: int | None = -1, /) -> bytes:
                return pieces.pop(0) if pieces else b""  # noqa: B023 - read before the next turn

        text = "&é\N{MUSICAL NOTE}R&B é&&b <]]&<3<"
        assert list(events(Stream())) == [("a", {}, ""), ("a", None, text)], at


_SONGS = {
    "rhythmbox": (
        '<rhythmdb version="2.0">',
        '<entry type="song"><title>{}</title><artist>Burel</artist><play-count>2</play-count></entry>',
        "</rhythmdb>",
    ),
    "rhythmbox-playlists": (
        '<rhythmdb-playlists><playlist name="Evening" type="static">',
        "<location>file:///{}.mp3</location>",
        "</playlist></rhythmdb-playlists>",
    ),
    "xspf": (
        '<playlist version="1" xmlns="http://xspf.org/ns/0/"><title>Evening</title><trackList>',
        "<track><title>{}</title><creator>Burel</creator></track>",
        "</trackList></playlist>",
    ),
    "lastfm-xml": (
        '<lfm status="ok"><recenttracks user="u">',
        '<track><artist>Burel</artist><name>{}</name><date uts="1709406060">x</date></track>',
        "</recenttracks></lfm>",
    ),
    "itunes": (
        '<plist version="1.0"><dict><key>Tracks</key><dict>',
        "<key>1</key><dict><key>Name</key><string>{}</string><key>Artist</key><string>Burel</string>"
        "<key>Play Count</key><integer>2</integer></dict>",
        "</dict></dict></plist>",
    ),
    "foobar2000": (
        "<PlaybackStatistics>",
        '<Entry Count="2" ID="{}"><Item/></Entry>',
        "</PlaybackStatistics>",
    ),
}


@pytest.mark.parametrize("name", _SONGS)
@pytest.mark.parametrize("size", [1, 7, 1 << 18])
def test_tags_out_of_place_cost_the_songs_they_are_in_alone(
    monkeypatch: pytest.MonkeyPatch, name: str, size: int
) -> None:
    monkeypatch.setattr("engine.imports.xml_stream._CHUNK", size)
    start, song, end = _SONGS[name]
    wrong = {3: "<b>", 8: "</b>", 9: "x<b c=d"}
    if name == "foobar2000":
        wrong = dict.fromkeys(wrong, '" Count="3')

    def read(songs: list[str]) -> list[Record]:
        data = (start + "".join(songs) + end).encode()
        return list(format_named(name).parse(io.BytesIO(data), Options(name="Evening")))

    whole = read([song.format(n) for n in range(20) if n not in wrong])
    records = read([song.format(wrong.get(n, n)) for n in range(20)])
    assert [one for one in records if one != Dropped(BROKEN)] == whole
    assert records.count(Dropped(BROKEN)) == len(wrong)
    assert records[3] == records[8] == Dropped(BROKEN)


@pytest.mark.parametrize("name", ["rhythmbox", "rhythmbox-playlists", "xspf", "lastfm-xml"])
def test_a_song_that_does_not_end_costs_no_other_and_none_is_read_twice(name: str) -> None:
    start, song, end = _SONGS[name]
    songs = [song.format(n) for n in range(9)]
    tag = song[song.rindex("</") :]
    songs[3], songs[5], songs[7] = songs[3].removesuffix(tag), "", songs[7] + tag

    def read(songs: list[str]) -> list[Record]:
        data = (start + "".join(songs) + end).encode()
        return list(format_named(name).parse(io.BytesIO(data), Options(name="Evening")))

    records = read(songs)
    assert [one for one in records if one != Dropped(BROKEN)] == read(
        [*songs[:3], *map(song.format, (4, 6, 7, 8))]
    )
    # The one without an end, and the end without one.
    assert records.count(Dropped(BROKEN)) == 2


def test_what_is_broken_after_its_beginning_is_counted_once() -> None:
    data = b'<PlaybackStatistics><Entry Count="2"></b></Entry><Entry Count="0"/></PlaybackStatistics>'
    records = format_named("foobar2000").parse(io.BytesIO(data), Options(name="x.xml"))
    assert list(records) == [Dropped(BROKEN), Dropped(NOTHING)]


def test_a_file_of_nothing_but_tags_out_of_place_is_given_up() -> None:
    data = b"<rhythmdb>" + b"<entry></b></entry>" * 3000 + b"</rhythmdb>"
    records = format_named("rhythmbox").parse(io.BytesIO(data), Options(name="rhythmdb.xml"))
    for _ in range(999):
        assert next(records) == Dropped(BROKEN)
    # The line would be another's.
    with pytest.raises(XmlError, match=r"mismatched tag$"):
        next(records)


def test_nothing_is_declared_after_a_break() -> None:
    declared = "<!DOCTYPE x [<!ENTITY a 'Burel'>]>"
    song = SONG_ENTRY.replace("Burel", "&a;") % "1"
    data = f"<rhythmdb><entry></b></entry>{declared}{song}</rhythmdb>".encode()
    *broken, read = format_named("rhythmbox").parse(io.BytesIO(data), Options(name="rhythmdb.xml"))
    assert broken == [Dropped(BROKEN)]
    assert isinstance(read, Play)
    assert read.artist == "&a;"
