"""XML that players write a little wrong: what is broken costs no song before it, and a broken letter only itself."""

from __future__ import annotations

import io
import sqlite3
from pathlib import Path

import pytest

from engine.imports.xml_stream import events
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
        # These end it, and cost nothing before it.
        (b"<b", ""),
        (b"<b>", ""),
        (b"</b>", ""),
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
    assert titles == [reads if n == 7 else str(n) for n in range(20 if reads else 7)]
    assert ("record 7" in file.note) == (not reads)


def test_a_reference_between_two_pieces_of_xml_is_read_whole() -> None:
    whole = b"<a>&amp;&#233;&#0;&#x1F3B5;R&B &eacute;&<![CDATA[&b <]]]]>&<3<</a>"
    for at in range(1, len(whole)):
        pieces = [whole[:at], whole[at:]]

        class Stream(io.BytesIO):
            def read(self, _size: int | None = -1, /) -> bytes:
                return pieces.pop(0) if pieces else b""  # noqa: B023 - read before the next turn

        text = "&é\N{MUSICAL NOTE}R&B é&&b <]]&<3<"
        assert list(events(Stream())) == [("a", {}, ""), ("a", None, text)], at
