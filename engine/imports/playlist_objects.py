"""Playlists as XML and JSON: XSPF, JSPF, and this program's own JSON. Facts: FORMATS.md, Playlist files."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from typing import IO, TypeVar

import msgspec

from engine.imports import record as reasons
from engine.imports.encoding import all_of
from engine.imports.head import Head
from engine.imports.json_stream import Broken, Records
from engine.imports.playlist_lines import SOURCE, entry, located, title_of
from engine.imports.record import Dropped, Ids, Options, Record
from engine.imports.registry import Format
from engine.imports.xml_stream import events
from engine.store.locations import file_ids, unescaped

T = TypeVar("T", bound=msgspec.Struct)

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_XSPF = re.compile(r"<(?:[\w.-]+:)?playlist\b")
_IDENTIFIERS = (
    ("spotify", re.compile(r"(?:spotify:track:|open\.spotify\.com/track/)([0-9A-Za-z]{22})")),
    ("mb_recording", re.compile(r"musicbrainz\.org/recording/([0-9a-f-]{36})", re.IGNORECASE)),
    ("isrc", re.compile(r"isrc[:/]([A-Z]{2}[0-9A-Z]{3}[0-9]{7})", re.IGNORECASE)),
)


def _ids(locations: Sequence[str], identifiers: Sequence[str], options: Options) -> Ids:
    """What a track is known by: a file, and what its identifiers or addresses name."""
    found = dict(pair for location in reversed(locations) for pair in _file(location, options))
    for address in (*identifiers, *locations):
        for scheme, pattern in _IDENTIFIERS:
            if named := pattern.search(address):
                found.setdefault(scheme, named[1])
    return tuple(found.items())


def _file(location: str, options: Options) -> Ids:
    """The file's id; a location without a scheme is relative to the list."""
    if file_ids(location) or not location or _SCHEME.match(location):
        return file_ids(location)
    path = unescaped(location)
    return located(path, options) if path else ()


def parse_xspf(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """A record a track."""
    playlist, opened = title_of(options), list[str]()
    track: dict[str, list[str]] = {}
    for tag, attributes, text in events(stream, ("playlist", "trackList", "track")):
        if not tag:
            del opened[2:]
            yield Dropped(reasons.BROKEN)
            continue
        if attributes is not None:
            opened.append(tag)
            if tag == "track":
                track = {}
            continue
        opened.pop()
        # Extensions have elements of the same names, which are nested deeper.
        if opened == ["playlist"] and tag == "title":
            playlist = text.strip() or playlist
        elif opened == ["playlist", "trackList", "track"]:
            track.setdefault(tag, []).append(text.strip())
        elif opened == ["playlist", "trackList"] and tag == "track":
            yield _of_xspf(playlist, track, options)


def _of_xspf(playlist: str, track: dict[str, list[str]], options: Options) -> Record:
    def first(name: str) -> str:
        return next(iter(track.get(name, ())), "")

    length = first("duration")
    return entry(
        playlist,
        first("creator"),
        first("title"),
        album=first("album"),
        seconds=int(length) / 1000 if re.fullmatch("[0-9]{1,12}", length) else None,
        ids=_ids(track.get("location", ()), track.get("identifier", ()), options),
    )


class _Named(msgspec.Struct, gc=False):
    title: str | None = None


class _Jspf(msgspec.Struct, gc=False):
    playlist: _Named | None = None


class _JspfTrack(msgspec.Struct, gc=False):
    title: str | None = None
    creator: str | None = None
    album: str | None = None
    duration: float | None = None
    location: list[str] | str | None = None
    identifier: list[str] | str | None = None


class _OwnTrack(msgspec.Struct, gc=False):
    artist: str | None = None
    track: str | None = None
    album: str | None = None
    seconds: float | None = None
    seconds_estimated: bool | None = None
    ids: dict[str, str] | None = None


def parse_jspf(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """A record a track."""
    data = all_of(stream)
    about = Records(_Jspf).one(data)
    title = about.playlist.title if isinstance(about, _Jspf) and about.playlist else None
    for one in _tracks(data, _JspfTrack, "track"):
        if isinstance(one, Dropped):
            yield one
        else:
            yield entry(
                _stripped(title) or title_of(options),
                _stripped(one.creator),
                _stripped(one.title),
                album=_stripped(one.album),
                seconds=one.duration / 1000 if one.duration else None,
                ids=_ids(_several(one.location), _several(one.identifier), options),
            )


def parse_own(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """A record a track."""
    data = all_of(stream)
    about = Records(_Named).one(data)
    title = about.title if isinstance(about, _Named) else None
    for one in _tracks(data, _OwnTrack, "tracks"):
        if isinstance(one, Dropped):
            yield one
        else:
            yield entry(
                _stripped(title) or title_of(options),
                _stripped(one.artist),
                _stripped(one.track),
                album=_stripped(one.album),
                seconds=None if one.seconds_estimated else one.seconds,
                ids=tuple((one.ids or {}).items()),
            )


def _tracks(data: bytes, kind: type[T], within: str) -> Iterator[T | Dropped]:
    """The tracks in the list called `within`, and what was to be one and is broken."""
    for batch in Records(kind).of_array(io.BytesIO(data), within=within):
        for one in batch:
            yield Dropped(reasons.BROKEN, cut=one.cut) if isinstance(one, Broken) else one


def _several(value: list[str] | str | None) -> list[str]:
    return [value] if isinstance(value, str) else value or []


def _stripped(text: str | None) -> str:
    return (text or "").strip()


def _sniff_xspf(head: Head) -> bool:
    start = head.text[:2000]
    return _XSPF.search(start) is not None and "xspf.org/ns/0" in start


def _sniff_jspf(head: Head) -> bool:
    return head.json in ("object", "lines") and head.has_keys("playlist") and "track" in head.inner_keys


def _sniff_own(head: Head) -> bool:
    return (
        head.json in ("object", "lines") and head.has_keys("title", "tracks") and "known" in head.inner_keys
    )


FORMATS = (
    Format("xspf", "XSPF playlist", SOURCE, _sniff_xspf, parse_xspf, order=95),
    Format("jspf", "JSPF playlist", SOURCE, _sniff_jspf, parse_jspf, order=95),
    Format(
        "discover-playlist",
        "playlist that discover exported as JSON",
        SOURCE,
        _sniff_own,
        parse_own,
        order=95,
    ),
)
