"""Last.fm histories as JSON: pages of its API, alone or in a list, and the file of lastfmstats.com.

Facts: FORMATS.md, Last.fm.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any

import msgspec

from engine.imports import record as reasons
from engine.imports.encoding import all_of
from engine.imports.head import Head
from engine.imports.json_stream import Broken, Records
from engine.imports.record import Dropped, Ids, Like, Options, Play, Record
from engine.imports.registry import Format
from engine.imports.stamps import Stamps
from engine.imports.times import number


class Named(msgspec.Struct, gc=False):
    """An artist or album: `#text` in plain pages, `name` in extended ones."""

    text: str | None = msgspec.field(default=None, name="#text")
    name: str | None = None


class Date(msgspec.Struct, gc=False):
    """When it began, in seconds and in words."""

    uts: str | int | float | None = None
    text: str | None = msgspec.field(default=None, name="#text")


class Track(msgspec.Struct, gc=False):
    """A track of a page. Exporters differ in whether names are objects or plain words."""

    name: str | None = None
    artist: Named | str | None = None
    album: Named | str | None = None
    mbid: str | None = None
    date: Date | str | int | float | None = None
    loved: str | int | bool | None = None


class Tracks(msgspec.Struct):
    """`recenttracks`: one track comes as an object, more as a list."""

    track: Any = None


class Page(msgspec.Struct):
    """A page of plays or of loved tracks, with or without its outer key."""

    track: Any = None
    recenttracks: Tracks | None = None
    lovedtracks: Tracks | None = None


class Scrobble(msgspec.Struct, gc=False, rename="camel"):
    """An item of lastfmstats.com."""

    track: str | None = None
    artist: str | None = None
    album: str | None = None
    date: str | int | float | None = None


def parse_pages(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """A list of pages."""
    return _of_pages(Records(Page).of_array(stream), options)


def parse_page(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """One page, or several in sequence."""
    return _of_pages(Records(Page).of_documents(all_of(stream)), options)


def parse_page_lines(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """A page a line."""
    return _of_pages(Records(Page).of_lines(stream), options)


def _of_pages(batches: Iterable[Sequence[Page | Broken]], options: Options) -> Iterator[Record]:
    stamps = Stamps(options)
    for batch in batches:
        for page in batch:
            yield from _records(page, stamps)


def parse_stats(stream: IO[bytes], _options: Options) -> Iterator[Record]:
    """lastfmstats.com."""
    for batch in Records(Scrobble).of_array(stream, "scrobbles"):
        for one in batch:
            stamp = None if isinstance(one, Broken) else number(one.date)
            if isinstance(one, Broken):
                yield Dropped(reasons.BROKEN, cut=one.cut)
            elif not one.artist or not one.track:
                yield Dropped(reasons.NO_NAMES)
            elif stamp is None:
                yield Dropped(reasons.NO_TIME)
            else:
                yield Play(one.artist, one.track, stamp, album=one.album or None)


def _records(page: Page | Broken, stamps: Stamps) -> Iterator[Record]:
    if isinstance(page, Broken):
        yield Dropped(reasons.BROKEN, cut=page.cut)
        return
    loved = page.lovedtracks is not None
    inner = page.recenttracks or page.lovedtracks
    found = inner.track if inner else page.track
    for raw in found if isinstance(found, list) else [found] if found else []:
        try:
            track = msgspec.convert(raw, Track, strict=False)
        except msgspec.ValidationError:
            yield Dropped(reasons.BROKEN)
            continue
        yield record_of(track, loved, stamps)


def record_of(track: Track, loved: bool, stamps: Stamps) -> Record:
    """What a track of a page is: a play, a like, or what plays at the moment."""
    artist = _name(track.artist)
    if not artist or not track.name:
        return Dropped(reasons.NO_NAMES)
    moment = stamps.read(_stamp(track.date))
    if loved:
        return Like(artist, track.name, at=moment.at if moment else None)
    if moment is None:
        return Dropped(reasons.NO_TIME if track.date else reasons.NOW_PLAYING)
    ids: Ids = (("lastfm_mbid", track.mbid),) if track.mbid else ()
    return Play(artist, track.name, moment.at, album=_name(track.album), ids=ids, precision=moment.width)


def _name(named: Named | str | None) -> str | None:
    text = (named.text or named.name) if isinstance(named, Named) else named
    return text or None


def _stamp(date: Date | str | float | None) -> str:
    if isinstance(date, Date):
        return (date.text or "") if number(date.uts) is None else str(date.uts)
    return "" if date is None else str(date)


def sniff_pages(head: Head) -> bool:
    """A list of pages with `track`, which holds records, or of pages as the API answers."""
    paged = "recenttracks" in head.keys or re.search(r'"track"\s*:\s*[\[{]', head.text[:4000]) is not None
    # Rows of their own, whose track is an object, name the artist or the time beside it.
    rows = bool(head.keys & {"artist", "artists", "played_at"})
    return head.json == "array" and paged and not rows and '"artist"' in head.text[:4000]


def sniff_page(head: Head) -> bool:
    """One answer of the API."""
    return head.json in ("object", "lines") and bool(head.keys & {"recenttracks", "lovedtracks"})


def sniff_page_lines(head: Head) -> bool:
    """Answers of the API, one a line."""
    return (
        sniff_page(head) and head.json == "lines" and len([line for line in head.lines if line.strip()]) > 1
    )


def sniff_stats(head: Head) -> bool:
    """`{"username": …, "scrobbles": […]}`."""
    return head.json in ("object", "lines") and head.has_keys("username", "scrobbles")


FORMATS = (
    Format(
        "lastfm-json",
        "Last.fm history as JSON",
        "lastfm",
        sniff_pages,
        parse_pages,
        marks=("track", "artist", "date", "album"),
        order=30,
    ),
    Format(
        "lastfm-pages",
        "Last.fm API pages, one a line",
        "lastfm",
        sniff_page_lines,
        parse_page_lines,
        order=30,
    ),
    Format("lastfm-page", "Last.fm API page", "lastfm", sniff_page, parse_page, order=30),
    Format("lastfmstats", "lastfmstats.com history", "lastfm", sniff_stats, parse_stats, order=30),
)
