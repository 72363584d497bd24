"""Rhythmbox's `rhythmdb.xml`: how often each song was played, and when last.

Counts, not listens. Facts: FORMATS.md, Desktop players.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from engine.imports import record as reasons
from engine.imports.head import Head
from engine.imports.record import Dropped, Options, Play, Record, Unplayed
from engine.imports.registry import Format
from engine.imports.times import number
from engine.imports.xml_stream import events
from engine.store.locations import file_ids

_KINDS = {"podcast-post": reasons.PODCAST, "podcast-feed": reasons.PODCAST, "iradio": reasons.RADIO}


def parse(stream: IO[bytes], _options: Options) -> Iterator[Record]:
    """Every entry."""
    kind = ""
    entry: dict[str, str] = {}
    for tag, attributes, text in events(stream):
        if attributes is not None:
            if tag == "entry":
                kind, entry = attributes.get("type", ""), {}
        elif tag == "entry":
            yield _record(kind, entry)
        else:
            entry.setdefault(tag, text.strip())


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
    return "<rhythmdb" in head.text[:2000]


FORMATS = (Format("rhythmbox", "Rhythmbox rhythmdb.xml", "rhythmbox", sniff, parse, order=60),)
