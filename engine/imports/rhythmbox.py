"""Rhythmbox's `rhythmdb.xml`: how often each song was played, and when last; and its playlists, which name files.

Counts, not listens. Facts: FORMATS.md, Desktop players.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

from engine.imports import record as reasons
from engine.imports.head import Head
from engine.imports.playlist_lines import SOURCE
from engine.imports.playlist_lines import entry as entry_of
from engine.imports.record import Dropped, Options, Play, Record, Unplayed
from engine.imports.registry import Format
from engine.imports.times import number
from engine.imports.xml_stream import events
from engine.store.locations import file_ids

_BROKEN = "broken"
_KINDS = {
    _BROKEN: reasons.BROKEN,
    "podcast-post": reasons.PODCAST,
    "podcast-feed": reasons.PODCAST,
    "iradio": reasons.RADIO,
}


def parse(stream: IO[bytes], _options: Options) -> Iterator[Record]:
    """Every entry."""
    return (_record(kind, entry) for kind, entry in _entries(stream))


def _entries(stream: IO[bytes]) -> Iterator[tuple[str, dict[str, str]]]:
    """The type of each entry, and its elements."""
    kind = ""
    entry: dict[str, str] = {}
    for tag, attributes, text in events(stream, ("rhythmdb", "entry")):
        if not tag:
            yield _BROKEN, {}
        elif attributes is not None:
            if tag == "entry":
                kind, entry = attributes.get("type", ""), {}
        elif tag == "entry":
            yield kind, entry
        else:
            entry.setdefault(tag, text.strip())


def names_of_files(stream: IO[bytes]) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """(("file", path), (artist, title)) of each song."""
    for kind, entry in _entries(stream):
        if kind == "song" and entry.get("artist") and entry.get("title"):
            for pair in file_ids(entry.get("location")):
                yield pair, (entry["artist"], entry["title"])


def parse_playlists(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """The files of every playlist that somebody made; the others are searches."""
    playlist = ""
    for tag, attributes, text in events(stream, ("rhythmdb-playlists", "playlist", "location")):
        if not tag:
            yield Dropped(reasons.BROKEN)
        elif tag == "playlist":
            # Its end has no attributes: what follows is in none.
            about = attributes or {}
            playlist = about.get("name", "") if about.get("type") == "static" else ""
        elif tag == "location" and attributes is None and playlist:
            ids = file_ids(text.strip())
            named = next((options.names[pair] for pair in ids if pair in options.names), ("", ""))
            yield entry_of(playlist, *named, ids=ids)


def _record(kind: str, entry: dict[str, str]) -> Record:
    if kind != "song":
        return Dropped(_KINDS.get(kind, reasons.RADIO))
    artist, title = entry.get("artist", ""), entry.get("title", "")
    if not artist or not title or artist == "Unknown":
        return Dropped(reasons.NO_NAMES)
    count = number(entry.get("play-count")) or 0
    seconds = number(entry.get("duration")) or 0
    ids = file_ids(entry.get("location"))
    if entry.get("mb-trackid"):
        ids += (("mb_recording", entry["mb-trackid"]),)
    if count <= 0:
        return Unplayed(artist, title, ids)
    return Play(
        artist,
        title,
        number(entry.get("last-played")) or None,
        None,
        entry.get("album") or None,
        seconds * 1000 if seconds > 0 else None,
        ids,
        counted=True,
        plays=count,
    )


def sniff(head: Head) -> bool:
    """Its root element."""
    return _root(head) == "<rhythmdb"


def sniff_playlists(head: Head) -> bool:
    """The root element of its playlists."""
    return _root(head) == "<rhythmdb-playlists"


def _root(head: Head) -> str:
    found = re.search(r"<rhythmdb[\w-]*", head.text[:2000])
    return found[0] if found else ""


FORMATS = (
    Format(
        "rhythmbox", "Rhythmbox rhythmdb.xml", "rhythmbox", sniff, parse, order=60, names=names_of_files
    ),
    Format(
        "rhythmbox-playlists", "Rhythmbox playlists.xml", SOURCE, sniff_playlists, parse_playlists,
        order=95, wants_names=True,
    ),
)  # fmt: skip
