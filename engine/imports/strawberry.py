"""`strawberry.db` and `clementine.db`: how often each track was played, and when last. Facts: FORMATS.md,
Desktop players.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from engine.imports import record as reasons
from engine.imports.database import Rows
from engine.imports.head import Head
from engine.imports.record import Dropped, Options, Play, Record, Unplayed
from engine.imports.registry import Format
from engine.imports.times import number
from engine.store.locations import file_ids

_WANTED = {
    f"songs.{column}": column
    for column in (
        "title",
        "artist",
        "album",
        "length",
        "playcount",
        "lastplayed",
        "musicbrainz_recording_id",
        "unavailable",
        "url",
        "filename",
    )
}
_NANOSECONDS = 1_000_000


def parse(stream: IO[bytes], _options: Options) -> Iterator[Record]:
    """Every track of the collection that was played."""
    for row in Rows(stream).select("songs", _WANTED):
        title, artist, album, length, plays, last, recording, stale, *addresses = row
        count = number(plays) or 0
        if stale:
            yield Dropped(reasons.LISTED)
        elif not artist or not title:
            yield Dropped(reasons.NO_NAMES)
        else:
            at = number(last)
            nanoseconds = length if isinstance(length, int) else 0
            ids = file_ids(_address(addresses))
            if recording:
                ids += (("mb_recording", str(recording)),)
            if count <= 0:
                yield Unplayed(str(artist), str(title), ids)
                continue
            yield Play(
                str(artist),
                str(title),
                at if at and at > 0 else None,
                None,
                str(album) if album else None,
                nanoseconds // _NANOSECONDS if nanoseconds > 0 else None,
                ids,
                counted=True,
                plays=count,
            )


def _address(values: list[object]) -> str | None:
    """Where the file is: Strawberry's `url`, Clementine's `filename`, which it keeps as bytes."""
    found = next((value for value in values if value), None)
    return found.decode("utf-8", "replace") if isinstance(found, bytes) else str(found) if found else None


def sniff(head: Head) -> bool:
    """A database with songs and their ratings: both players have the same tables."""
    return {"songs", "directories"} <= head.tables


FORMATS = (Format("strawberry", "Strawberry or Clementine database", "strawberry", sniff, parse, order=60),)
