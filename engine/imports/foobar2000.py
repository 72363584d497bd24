"""The statistics foobar2000 saves as XML: counts of files, without any name of a song.

Facts: FORMATS.md, Desktop players.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from engine.imports import record as reasons
from engine.imports.head import Head
from engine.imports.record import Dropped, Options, Record
from engine.imports.registry import Format
from engine.imports.xml_stream import events


def parse(stream: IO[bytes], _options: Options) -> Iterator[Record]:
    """A dropped row for each file."""
    never = False
    for tag, attributes, _ in events(stream, ("PlaybackStatistics", "Entry")):
        if not tag:
            yield Dropped(reasons.BROKEN)
        elif tag == "Entry" and attributes is not None:
            never = attributes.get("Count", "0") == "0"
        elif tag == "Entry":
            yield Dropped(reasons.NOTHING if never else reasons.FILE_ONLY)


def sniff(head: Head) -> bool:
    """Its root element."""
    return "<PlaybackStatistics" in head.text[:2000]


FORMATS = (
    Format(
        "foobar2000",
        "foobar2000 playback statistics",
        "foobar2000",
        sniff,
        parse,
        order=95,
        hint="names files, not songs: with foobar2000's Text Tools copy artist, title, play_count and last_played of "
        "your library as a table with these names on top, and import that",
    ),
)
