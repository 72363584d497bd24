"""`tautulli.db`: what was played from a Plex server, with pauses. Facts: FORMATS.md, Media servers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from engine.imports import record as reasons
from engine.imports.database import Rows
from engine.imports.head import Head
from engine.imports.people import of_one_person
from engine.imports.record import Dropped, Options, Play, Record
from engine.imports.registry import Format
from engine.imports.times import milliseconds, number

_WANTED = {
    "session_history.user": "x.user",
    "session_history.media_type": "x.media_type",
    "session_history_metadata.title": "m.title",
    "session_history_metadata.original_title": "m.original_title",
    "session_history_metadata.grandparent_title": "m.grandparent_title",
    "session_history_metadata.parent_title": "m.parent_title",
    "session_history_metadata.duration": "m.duration",
    "session_history.started": "x.started",
    "session_history.stopped": "x.stopped",
    "session_history.paused_counter": "x.paused_counter",
}


def parse(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """Every session of one user."""
    found = Rows(stream).select(
        "session_history", _WANTED, "LEFT JOIN session_history_metadata AS m ON m.id = x.id"
    )
    yield from of_one_person(((str(row[0] or ""), _record(row[1:])) for row in found), options)


def _record(row: tuple[object, ...]) -> Record:
    kind, title, own_artist, album_artist, album, length, started, stopped, paused = row
    if str(kind) != "track":
        return Dropped(reasons.VIDEO)
    artist = own_artist or album_artist
    if not artist or not title:
        return Dropped(reasons.NO_NAMES)
    start, end = number(started), number(stopped)
    if start is None:
        return Dropped(reasons.NO_TIME)
    played = None if end is None or end < start else max(0, end - start - (milliseconds(paused) or 0)) * 1000
    return Play(
        str(artist), str(title), start, played, str(album) if album else None, milliseconds(length) or None
    )


def sniff(head: Head) -> bool:
    """Its two tables of sessions."""
    return {"session_history", "session_history_metadata"} <= head.tables


FORMATS = (Format("tautulli", "Tautulli database (Plex)", "tautulli", sniff, parse, order=45),)
