"""Tidal's `streaming.csv`: minutes in the row's own time zone, lengths as decimals.

Whether the start or the end is stamped is not stated. Facts: FORMATS.md, Tidal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

from engine.imports import record as reasons
from engine.imports.head import Head
from engine.imports.record import Dropped, Options, Play, Record
from engine.imports.registry import Format
from engine.imports.text import Table, rows
from engine.imports.times import milliseconds, to_epoch, wall_clock
from engine.store.play import UNKNOWN

_GUESTS = re.compile(r" feat\. ", re.IGNORECASE)
_DATE = re.compile(r"^(\d{1,2})/(\d{1,2})/(\d{4}) (\d{1,2}):(\d{2})(?::(\d{2}))?$")


def parse(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """Every row."""
    body = rows(stream)
    table = Table(next(body, []))
    for row in body:
        cells = table.at(row)
        artist, title = _GUESTS.split(_known(cells("artist_name")))[0].strip(), _known(cells("track_title"))
        kind = _known(cells("product_type")).upper()
        stamp = _stamp(cells("entry_date"), _known(cells("time_zone")) or options.zone)
        if kind == "VIDEO":
            yield Dropped(reasons.VIDEO)
        elif kind not in ("", "TRACK"):
            yield Dropped(reasons.RADIO)
        elif not artist or not title:
            yield Dropped(reasons.NO_NAMES)
        elif stamp is None:
            yield Dropped(reasons.NO_TIME)
        else:
            yield Play(
                artist, title, stamp, milliseconds(cells("stream_duration_ms")), precision=60, basis=UNKNOWN
            )


def _known(cell: str) -> str:
    return "" if cell == "null" else cell


def _stamp(text: str, zone: str | None) -> int | None:
    found = _DATE.match(text)
    if found is None:
        return None
    day, month, year, hour, minute = (int(part) for part in found.groups()[:5])
    try:
        return to_epoch(wall_clock(year, month, day, hour, minute, 0), zone)
    except ValueError:
        return None


def sniff(head: Head) -> bool:
    """Its three first columns."""
    return head.has_columns("artist_name", "track_title", "entry_date")


FORMATS = (
    Format(
        "tidal",
        "Tidal streaming.csv",
        "tidal",
        sniff,
        parse,
        marks=("artist_name", "track_title", "entry_date", "stream_duration_ms"),
        order=30,
    ),
)
