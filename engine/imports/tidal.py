"""Tidal's `streaming.csv`: minutes in the row's own time zone, lengths as decimals.

Whether the start or the end is stamped is not stated. Facts: FORMATS.md, Tidal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import IO

from engine.imports import record as reasons
from engine.imports.head import Head
from engine.imports.local_dates import LocalDates, Moment
from engine.imports.record import Dropped, Options, Play, Record
from engine.imports.registry import Format
from engine.imports.stamps import Stamps
from engine.imports.text import Table, rows
from engine.imports.times import is_zone, milliseconds, to_epoch
from engine.store.play import DAY, UNKNOWN

_GUESTS = re.compile(r" feat\. ", re.IGNORECASE)


def parse(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """Every row."""
    body = rows(stream)
    table = Table(next(body, []))
    clock = _Clock(options)
    for row, text in clock.stamps.settle_table(body, table, ["entry_date"]):
        cells = table.at(row)
        artist, title = _GUESTS.split(_known(cells("artist_name")))[0].strip(), _known(cells("track_title"))
        kind = _known(cells("product_type")).upper()
        if kind == "VIDEO":
            yield Dropped(reasons.VIDEO)
        elif kind not in ("", "TRACK"):
            yield Dropped(reasons.RADIO)
        elif not artist or not title:
            yield Dropped(reasons.NO_NAMES)
        elif (moment := clock.read(text, _known(cells("time_zone")))) is None:
            yield Dropped(clock.stamps.why_not(text))
        else:
            at, width = moment.at, max(60, moment.width)
            played = milliseconds(cells("stream_duration_ms"))
            yield Play(artist, title, at, played, precision=width, basis=UNKNOWN)
    if note := clock.zones.note():
        options.notes.append(note)


def _known(cell: str) -> str:
    return "" if cell == "null" else cell


class _Clock:
    """Reads stamps by the clock of a row's own zone; one without a zone is the person's, or UTC."""

    def __init__(self, options: Options) -> None:
        self._zone = options.zone
        # Local time, converted by the row's zone.
        self.stamps = Stamps(replace(options, zone=None), day_first=True)
        self.zones = LocalDates(options.zone)

    def read(self, text: str, zone: str) -> Moment | None:
        """The moment of a stamp in a zone: a place's name, an offset, an abbreviation or nothing."""
        found = self.stamps.read(text)
        if found is None or found.width == DAY:
            return found
        shown = datetime.fromtimestamp(found.at, UTC).replace(tzinfo=None)
        if not zone or is_zone(zone):
            at = to_epoch(shown, zone or self._zone)
        elif (at := self.zones.read(f"{shown:%Y-%m-%d %H:%M:%S} {zone}")) is None:
            self.zones.unknown[zone] += 1
            at = to_epoch(shown, self._zone)
        return None if at is None else Moment(at, found.width, None)


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
