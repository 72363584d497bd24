"""XML that players write a little wrong: what is broken costs no song before it, and a broken letter only itself."""

from __future__ import annotations

import io
import sqlite3
from pathlib import Path

import pytest

from engine.imports.record import BROKEN, NOTHING, Dropped, Options, Play, PlaylistEntry, Record
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


@pytest.mark.parametrize("name", ["rhythmbox", "rhythmbox-playlists", "xspf", "lastfm-xml", "itunes"])
@pytest.mark.parametrize("size", [1, 7, 64, 1 << 18])
def test_a_song_that_does_not_end_costs_no_other_and_none_is_read_twice(
    monkeypatch: pytest.MonkeyPatch, name: str, size: int
) -> None:
    monkeypatch.setattr("engine.imports.xml_stream._CHUNK", size)
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


@pytest.mark.parametrize(
    ("wrong", "place", "lost"),
    [
        ("no end", 0, {0}),
        ("no end", 4, {4}),
        # Its end was that of all songs, and the file has one too few.
        ("no end", 8, set[int]()),
        ("no beginning", 0, {0}),
        ("no beginning", 4, {4}),
        ("an end too many", 4, set[int]()),
        ("a beginning too many", 4, set[int]()),
    ],
)
def test_a_music_library_with_a_tag_too_few_or_too_many_loses_that_song_alone(
    wrong: str, place: int, lost: set[int]
) -> None:
    song = (
        "<key>{0}</key><dict><key>Track ID</key><integer>{0}</integer><key>Name</key><string>{0}</string>"
        "<key>Artist</key><string>Burel</string><key>Play Count</key><integer>2</integer></dict>"
    )
    songs = [song.format(n) for n in range(1, 10)]
    songs[place] = {
        "no end": songs[place].removesuffix("</dict>"),
        "no beginning": songs[place].replace("<dict>", ""),
        "an end too many": songs[place] + "</dict>",
        "a beginning too many": songs[place].replace("<dict>", "<dict><key>7</key><dict>"),
    }[wrong]
    items = "".join(f"<dict><key>Track ID</key><integer>{n}</integer></dict>" for n in range(1, 10))
    data = (
        f'<plist version="1.0"><dict><key>Tracks</key><dict>{"".join(songs)}</dict><key>Playlists</key><array><dict>'
        f"<key>Name</key><string>Evening</string><key>Playlist Items</key><array>{items}</array></dict></array></dict>"
        "</plist>"
    )
    records = list[Record]()
    try:
        records.extend(format_named("itunes").parse(io.BytesIO(data.encode()), Options()))
    except XmlError:
        records.append(Dropped(BROKEN))
    titles = [str(n) for n in range(1, 10) if n - 1 not in lost]
    assert [one.title for one in records if isinstance(one, Play)] == titles
    assert [one.title for one in records if isinstance(one, PlaylistEntry)] == titles
    assert records.count(Dropped(BROKEN)) == 1


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        ("UTF-16", "utf-16"),
        ("UTF-16", "utf-16-le"),
        ("UTF-16", "utf-16-be"),
        ("", "utf-16-le"),
        ("windows-1251", "cp1251"),
        ("Shift_JIS", "shift_jis"),
        # What an editor saved as UTF-8.
        ("UTF-16", "utf-8"),
    ],
)
def test_in_any_encoding_what_is_broken_costs_the_song_it_is_in_alone(
    db: sqlite3.Connection, tmp_path: Path, declared: str, encoding: str
) -> None:
    songs = "".join(SONG_ENTRY % {3: "</b>", 5: "R & \x01B", 7: "Мир"}.get(n, str(n)) for n in range(9))
    head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    file = one(
        db,
        write(tmp_path, "rhythmdb.xml", f'{head}<rhythmdb version="2.0">{songs}</rhythmdb>'.encode(encoding)),
    )
    titles = [str(title) for (title,) in db.execute("SELECT title FROM tracks ORDER BY id")]
    assert titles == ["0", "1", "2", "4", "R & B", "6", "Мир", "8"]
    assert (file.format, file.dropped, file.note) == ("rhythmbox", {"unreadable record": 1}, "")


@pytest.mark.parametrize("declared", ["utf-9", "punycode", "hex", "utf-7", "é"])
def test_an_encoding_that_no_document_has_is_named(declared: str) -> None:
    data = f'<?xml version="1.0" encoding="{declared}"?><rhythmdb></rhythmdb>'.encode()
    with pytest.raises(XmlError, match="encoding that is not read here"):
        list(format_named("rhythmbox").parse(io.BytesIO(data), Options()))


@pytest.mark.parametrize(
    ("name", "cuts"),
    [
        ("rhythmbox", ("title>3", "</artist>", "Bu", "count>2")),
        ("rhythmbox-playlists", ("location>", "///3")),
        ("xspf", ("</title>", "<titl", "title>3", "Bur")),
        ("lastfm-xml", ("</artist>", "Burel", "name>3", ">x")),
        ("itunes", ("<string>3", "<key>Art", "Burel", "<integer>2")),
        ("foobar2000", ("Count", 'ID="3">')),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1 << 18])
def test_a_song_that_is_cut_costs_no_other(
    monkeypatch: pytest.MonkeyPatch, name: str, cuts: tuple[str, ...], size: int
) -> None:
    """Also where it is cut in the text of an element, or the next one's tag goes on in the next piece."""
    monkeypatch.setattr("engine.imports.xml_stream._CHUNK", size)
    start, song, end = _SONGS[name]
    songs = [song.format(n) for n in range(8)]

    def read(songs: list[str]) -> list[Record]:
        data = (start + "".join(songs) + end).encode()
        return list(format_named(name).parse(io.BytesIO(data), Options(name="Evening")))

    others = read([*songs[:3], *songs[4:]])
    for cut in cuts:
        whole = songs[3]
        records = read([*songs[:3], whole[: whole.index(cut) + len(cut)], *songs[4:]])
        assert [one for one in records if one != Dropped(BROKEN)] == others, cut


def test_what_follows_a_playlist_is_not_of_it() -> None:
    """The beginning of the next one may be lost."""
    data = (
        '<rhythmdb-playlists><playlist name="Evening" type="static"><location>file:///1</location></playlist>'
        "<location>file:///2</location></rhythmdb-playlists>"
    )
    format_ = format_named("rhythmbox-playlists")
    assert len(list(format_.parse(io.BytesIO(data.encode()), Options(name="playlists.xml")))) == 1


@pytest.mark.parametrize("cut", ["", "<b></location>", "</b></location>"])
def test_what_is_broken_at_the_end_of_a_playlist_costs_the_next_none(cut: str) -> None:
    """The songs of the next were in the one that was broken."""
    data = (
        '<rhythmdb-playlists><playlist name="Evening" type="static"><location>file:///1</location>'
        f'<location>file:///2{cut}</playlist><playlist name="Morning" type="static">'
        "<location>file:///3</location></playlist></rhythmdb-playlists>"
    )
    format_ = format_named("rhythmbox-playlists")
    first, broken, last = format_.parse(io.BytesIO(data.encode()), Options(name="playlists.xml"))
    assert broken == Dropped(BROKEN)
    assert isinstance(first, PlaylistEntry)
    assert isinstance(last, PlaylistEntry)
    assert (first.playlist, last.playlist) == ("Evening", "Morning")


def test_what_is_called_like_a_song_inside_one_costs_nothing() -> None:
    """An extension may hold anything."""
    inside = "<extension>\n<track>1</track>\n</extension>"
    data = f"<playlist><trackList><track><title>1</title>{inside}</track></trackList></playlist>"
    assert len(list(format_named("xspf").parse(io.BytesIO(data.encode()), Options(name="x")))) == 1


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
