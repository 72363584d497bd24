"""`strawberry.db` and `clementine.db`: how often each track was played, and when last. Source: FORMATS section 3.15."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from engine.imports import record as reasons
from engine.imports.database import Rows
from engine.imports.head import Head
from engine.imports.record import Dropped, Ids, Options, Play, Record
from engine.imports.registry import Format
from engine.imports.times import number

_WANTED = {
    f"songs.{column}": column
    for column in ("title", "artist", "album", "length", "playcount", "lastplayed", "musicbrainz_recording_id",
                   "unavailable")
}  # fmt: skip
_NANOSECONDS = 1_000_000


def parse(stream: IO[bytes], _options: Options) -> Iterator[Record]:
    """Every track of the collection that was played."""
    for row in Rows(stream).select("songs", _WANTED):
        title, artist, album, length, plays, last, recording, stale = row
        count = number(plays) or 0
        if stale:
            yield Dropped(reasons.LISTED)
        elif not artist or not title:
            yield Dropped(reasons.NO_NAMES)
        elif count <= 0:
            yield Dropped(reasons.NOTHING)
        else:
            at = number(last)
            nanoseconds = length if isinstance(length, int) else 0
            ids: Ids = (("mb_recording", str(recording)),) if recording else ()
            yield Play(
                str(artist), str(title), at if at and at > 0 else None, None, str(album) if album else None,
                nanoseconds // _NANOSECONDS if nanoseconds > 0 else None, ids, counted=True, plays=count,
            )  # fmt: skip


def sniff(head: Head) -> bool:
    """A database with songs and their ratings: both players have the same tables."""
    return {"songs", "directories"} <= head.tables


FORMATS = (Format("strawberry", "Strawberry or Clementine database", "strawberry", sniff, parse, order=60),)
