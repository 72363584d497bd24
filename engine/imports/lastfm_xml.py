"""Pages of Last.fm's API as XML, its own form: plays, and loved tracks.

Facts: FORMATS.md, Last.fm.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from engine.imports import record as reasons
from engine.imports.head import Head
from engine.imports.lastfm_json import Date, Named, Track, record_of
from engine.imports.record import Dropped, Options, Record
from engine.imports.registry import Format
from engine.imports.stamps import Stamps
from engine.imports.xml_stream import events

# The element of a field in a track; extended pages have an artist's name in a nested element.
_FIELDS = {
    ("name",): "name",
    ("artist",): "artist",
    ("artist", "name"): "artist",
    ("album",): "album",
    ("mbid",): "mbid",
    ("date",): "date",
}


def parse(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """Every track of a page."""
    stamps = Stamps(options)
    loved = False
    opened: list[str] = []
    track: int | None = None  # depth of the current track
    found: dict[str, str] = {}
    uts = ""
    for tag, attributes, text in events(stream, ("lfm", "", "track")):
        if not tag:
            track = None
            del opened[2:]
            yield Dropped(reasons.BROKEN)
            continue
        if attributes is not None:
            opened.append(tag)
            loved = loved or tag == "lovedtracks"
            if tag == "track" and track is None:
                track, found, uts = len(opened), {}, ""
            elif tag == "date":
                uts = uts or attributes.get("uts", "")
            continue
        if track is not None and len(opened) > track and text.strip():
            if field := _FIELDS.get(tuple(opened[track:])):
                found.setdefault(field, text.strip())
        elif track == len(opened):
            track = None
            yield record_of(_track(found, uts), loved, stamps)
        opened.pop()


def _track(found: dict[str, str], uts: str) -> Track:
    date = Date(uts or None, found.get("date"))
    return Track(
        found.get("name"),
        Named(found.get("artist")),
        Named(found.get("album")),
        found.get("mbid"),
        date if date.uts or date.text else None,
    )


def sniff(head: Head) -> bool:
    """The API's root element, around plays or loved tracks."""
    start = head.text[:2000]
    return "<lfm" in start and ("<recenttracks" in start or "<lovedtracks" in start)


FORMATS = (Format("lastfm-xml", "Last.fm API page as XML", "lastfm", sniff, parse, order=30),)
