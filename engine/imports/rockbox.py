"""`.scrobbler.log` of Rockbox and other players without a network: eight fields between tabs.

Many devices write their own clock as if it were UTC (`#TZ/UNKNOWN`): such stamps are read in the person's zone.
Source: FORMATS section 3.12.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import IO

from engine.imports import record as reasons
from engine.imports.head import Head
from engine.imports.record import Dropped, Ids, Options, Play, Record
from engine.imports.registry import Format
from engine.imports.text import lines
from engine.imports.times import number, to_epoch

_UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", re.IGNORECASE)


def parse(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """Every line that is not a comment."""
    zone = None
    for line in lines(stream):
        if line.startswith("#"):
            if line.strip().upper() == "#TZ/UNKNOWN":
                zone = options.zone
        elif line.strip():
            yield _record(line.split("\t"), zone)


def _record(fields: list[str], zone: str | None) -> Record:
    if not 7 <= len(fields) <= 8:
        return Dropped(reasons.BROKEN)
    artist, album, title, _, length, rating, stamp, *rest = (field.strip() for field in fields)
    if not artist or not title or artist == "<Untagged>":
        return Dropped(reasons.NO_NAMES)
    at = number(stamp)
    if at is None:
        return Dropped(reasons.NO_TIME)
    if zone and at > 0:
        at = to_epoch(datetime.fromtimestamp(at, UTC).replace(tzinfo=None), zone)
    ids: Ids = (("mb_track", rest[0].lower()),) if rest and _UUID.match(rest[0]) else ()
    seconds = number(length)
    return Play(
        artist, title, at, None, album or None, seconds * 1000 if seconds and seconds > 0 else None, ids,
        skip=rating.upper() == "S",
    )  # fmt: skip


def sniff(head: Head) -> bool:
    """The first line names the format."""
    return head.text.startswith("#AUDIOSCROBBLER/")


FORMATS = (Format("rockbox", "Rockbox .scrobbler.log", "rockbox", sniff, parse, order=30),)
