"""`Library.xml` of iTunes, Music and MusicBee: how often each track was played, and when last.

Counts, not listens: each track is one entry dated by its last play. Facts: FORMATS.md, iTunes.
"""

from __future__ import annotations

import plistlib
from collections.abc import Iterable, Iterator
from typing import IO, Any

from engine.imports import record as reasons
from engine.imports.head import Head
from engine.imports.record import Dropped, Ids, Like, Options, Play, PlaylistEntry, Record, Unplayed
from engine.imports.registry import Format
from engine.imports.times import iso, milliseconds, number
from engine.imports.xml_stream import XmlError, events
from engine.store.locations import file_ids

_NOT_MUSIC = {
    "Podcast": reasons.PODCAST,
    "Movie": reasons.VIDEO,
    "TV Show": reasons.VIDEO,
    "Has Video": reasons.VIDEO,
    "Music Video": reasons.VIDEO,
    "iTunesU": reasons.PODCAST,
    "Audiobook": reasons.AUDIOBOOK,
}
# A track by its number: artist, title, album, milliseconds, ids.
_Names = dict[int, tuple[str, str, str | None, int | None, Ids]]
_OWN_LISTS = ("Master", "Distinguished Kind", "Folder", "Smart Info")


def parse(stream: IO[bytes], _options: Options) -> Iterator[Record]:
    """Every track, and every playlist the person made."""
    yield from _records(_entries(stream))


def parse_binary(stream: IO[bytes], _options: Options) -> Iterator[Record]:
    """The same of a property list that was made binary."""
    yield from _records(_binary_entries(stream))


def _records(entries: Iterable[tuple[str, dict[str, Any]]]) -> Iterator[Record]:
    names: _Names = {}
    # Sorted by its keys a library has its playlists before the tracks they name.
    early: list[tuple[str, list[int]]] = []
    for kind, entry in entries:
        if kind == "broken":
            yield Dropped(reasons.BROKEN)
        elif kind == "track":
            if entry.get("Artist") and entry.get("Name"):
                key = number(entry.get("Track ID")) or 0
                names[key] = (
                    str(entry["Artist"]),
                    str(entry["Name"]),
                    _text(entry.get("Album")),
                    milliseconds(entry.get("Total Time")) or None,
                    file_ids(_text(entry.get("Location"))),
                )
            yield from _of_track(entry)
        elif not any(entry.get(mark) for mark in _OWN_LISTS):
            name = str(entry.get("Name") or "iTunes")
            items = entry.get("Playlist Items")
            ids = [
                (number(item.get("Track ID")) or 0) if isinstance(item, dict) else 0
                for item in (items if isinstance(items, list) else [])
            ]
            if names:
                yield from _of_playlist(name, ids, names)
            else:
                early.append((name, ids))
    for name, ids in early:
        yield from _of_playlist(name, ids, names)


def _of_playlist(name: str, ids: list[int], names: _Names) -> Iterator[Record]:
    for number_of in ids:
        named = names.get(number_of)
        yield PlaylistEntry(name, *named) if named else Dropped(reasons.NO_NAMES)


def _of_track(track: dict[str, Any]) -> Iterator[Record]:
    for mark, reason in _NOT_MUSIC.items():
        if track.get(mark):
            yield Dropped(reason)
            return
    kind = str(track.get("Kind") or "")
    artist, title = _text(track.get("Artist")), _text(track.get("Name"))
    if "PDF" in kind or "Ringtone" in kind:
        yield Dropped(reasons.RADIO)
        return
    if not artist or not title:
        yield Dropped(reasons.NO_NAMES)
        return
    count = number(track.get("Play Count")) or 0
    ids = file_ids(_text(track.get("Location")))
    if count > 0:
        length = milliseconds(track.get("Total Time")) or None
        last = iso(str(track.get("Play Date UTC") or ""))
        yield Play(
            artist, title, last, None, _text(track.get("Album")), length, ids, counted=True, plays=count
        )
    else:
        yield Unplayed(artist, title, ids)
    if track.get("Loved") or track.get("Favorited"):
        yield Like(artist, title)
    elif track.get("Disliked"):
        yield Like(artist, title, "hide")


def _text(value: object) -> str | None:
    return str(value) if value else None


def _entries(stream: IO[bytes]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(`track`, `playlist` or `broken`, its keys), each as soon as it ends and then forgotten."""
    opened: list[Any] = []
    keys: list[str] = []
    for tag, attributes, text in events(stream, ("plist", "dict", "dict", "dict")):
        if not tag:
            opened[1:], keys[:] = [{}], ["Tracks", ""]
            yield "broken", {}
            continue
        if attributes is not None:
            if tag in ("dict", "array"):
                if len(opened) == 2 and keys[1] == "Playlists":
                    # The last track does not end: its end was that of all.
                    del opened[1:], keys[0]
                opened.append({} if tag == "dict" else [])
                keys.append("")
            continue
        if tag == "key":
            if keys:
                keys[-1] = text
            continue
        value: Any = text
        if tag in ("dict", "array"):
            value = opened.pop()
            keys.pop()
            if len(opened) == 2 and tag == "dict" and keys[0] in ("Tracks", "Playlists"):
                yield ("track" if keys[0] == "Tracks" else "playlist"), value
                continue
        elif tag in ("true", "false"):
            value = tag == "true"
        if opened:
            if isinstance(opened[-1], dict):
                opened[-1][keys[-1]] = value
            else:
                opened[-1].append(value)


def _binary_entries(stream: IO[bytes]) -> Iterator[tuple[str, dict[str, Any]]]:
    """As `_entries`, of a file that has to be read as a whole. Raises XmlError for a broken one."""
    data = stream.read()
    try:
        whole = plistlib.loads(data, fmt=plistlib.FMT_BINARY)
    except (ValueError, RecursionError) as error:
        raise XmlError("it is not a complete property list") from error
    whole = whole if isinstance(whole, dict) else {}
    tracks, playlists = whole.get("Tracks"), whole.get("Playlists")
    for track in tracks.values() if isinstance(tracks, dict) else ():
        if isinstance(track, dict):
            yield "track", track
    # A binary list may be referenced many times by one byte each: no more tracks are read than the file has bytes.
    left = len(data)
    for playlist in playlists if isinstance(playlists, list) else ():
        if isinstance(playlist, dict):
            items = playlist.get("Playlist Items")
            left -= len(items) if isinstance(items, list) else 0
            if left < 0:
                raise XmlError("its playlists name more tracks than it can hold")
            yield "playlist", playlist


def sniff(head: Head) -> bool:
    """A property list with tracks."""
    start = head.text.lstrip()
    return (
        start.startswith(("<?xml", "<!DOCTYPE", "<plist"))
        and "<plist" in start
        and "<key>Tracks</key>" in start
    )


def sniff_binary(head: Head) -> bool:
    """A binary property list with tracks."""
    return head.data.startswith(b"bplist00") and b"Tracks" in head.data


FORMATS = (
    Format("itunes", "iTunes or Music Library.xml", "itunes", sniff, parse, order=60),
    Format(
        "itunes-binary", "iTunes or Music library, binary", "itunes", sniff_binary, parse_binary, order=60
    ),
)
