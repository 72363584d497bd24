"""Last.fm histories as tables, in the forms of third-party exporters, and Libre.fm's.

Stamps are the start in UTC, to the minute or the second; the time played is not given, and every row is a play by
Last.fm's own rule. Facts: FORMATS.md, Last.fm.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import IO

from engine.imports import record as reasons
from engine.imports.head import Head
from engine.imports.people import column_of_people, of_one_person
from engine.imports.record import Dropped, Ids, Options, Play, Record
from engine.imports.registry import Format
from engine.imports.stamps import DAY_COLUMNS, TIME_COLUMNS, Stamps
from engine.imports.table import propose
from engine.imports.text import DELIMITERS, Again, Table, is_yes, normal, rows

_DATED = re.compile(r"^\d{1,2} [A-Z][a-z]{2} \d{4},? \d{1,2}:\d{2}$")
# Seconds, track, artist, album, and their three ids.
_OF_LASTEXPORT = 7
# Artist, album, track, a time as its computer writes it, album artist, length.
_OF_SCRUBBLER = 6
_ZONED = re.compile(r"\d[:.]\d\d.* [+-]\d\d:\d\d$")
_UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
_ARTIST = ("artist", "artist name", "artist_name")
_TITLE = ("track", "track name", "title", "name")
_TIME = (*TIME_COLUMNS, *DAY_COLUMNS)


def parse_headed(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """Tables with a header within the first 20 lines: `uts,utc_time,artist,...` and others like it."""
    found = _find_header(stream)
    if found is None:
        return
    header, body = found
    table = Table(header)
    # The site's own statistics glue the user's name to the column: `Date#someone`.
    times = [column for column in _TIME if column in table]
    times += [normal(column) for column in header if normal(column).startswith("date#")]
    stamps = Stamps(options)

    people = column_of_people([normal(column) for column in header])
    # Only in tables that others made of several histories.
    private = propose(header).get("private")

    def record(cells: Table, text: str) -> Record:
        is_private = private is not None and is_yes(cells(private))
        if is_private and not options.keep_private:
            return Dropped(reasons.PRIVATE)
        return _play(
            cells(*_ARTIST),
            cells(*_TITLE),
            cells("album", "album name", "release"),
            stamps,
            text,
            _ids(cells("track_mbid", "track mbid")),
            private=is_private,
        )

    def records() -> Iterator[tuple[str, Record]]:
        for row, text in stamps.settle_table(body, table, times):
            cells = table.at(row)
            yield cells(people) if people else "", record(cells, text)

    yield from of_one_person(records(), options) if people else (record for _, record in records())


def _find_header(stream: IO[bytes]) -> tuple[list[str], Iterator[list[str]]] | None:
    """The header and the rows after it; lines before it are comments of the exporter."""
    again = Again(stream)
    body = rows(again, _delimiter(Head("", again.start)))
    for _ in range(20):
        row = next(body, None)
        if row is None:
            return None
        if _is_header([normal(cell) for cell in row]):
            return row, body
    return None


def _delimiter(head: Head) -> str:
    for place in range(min(20, len(head.lines))):
        for delimiter in DELIMITERS:
            if _is_header(head.columns_of_line(place, delimiter)):
                return delimiter
    return head.delimiter


def _is_header(columns: Sequence[str]) -> bool:
    named = set(columns)
    timed = any(column in named for column in _TIME) or any(column.startswith("date#") for column in columns)
    return bool(named & set(_ARTIST)) and bool(named & set(_TITLE)) and timed


def parse_headerless(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """`artist,album,track,02 Mar 2024 19:01` a line, with two more columns in Scrubbler's, `date,time,artist,title`,
    and lastexport's seven columns."""
    stamps = Stamps(options)
    for row, stamp in stamps.settle(rows(stream), _stamp_of):
        cells = [cell.strip() for cell in row]
        if len(cells) == _OF_LASTEXPORT:
            yield _play(cells[2], cells[1], cells[3], stamps, stamp, _ids(cells[4]))
        elif len(cells) not in (4, _OF_SCRUBBLER):
            yield Dropped(reasons.BROKEN)
        elif _is_day(cells):
            yield _play(cells[2], cells[3], "", stamps, stamp)
        else:
            yield _play(cells[0], cells[2], cells[1], stamps, stamp)


def _stamp_of(row: Sequence[str]) -> str:
    if len(row) == _OF_LASTEXPORT:
        return row[0].strip()
    if _is_day(row):
        return f"{row[0].strip()} {row[1].strip()}"
    return row[3].strip() if len(row) > 3 else ""


def _is_day(row: Sequence[str]) -> bool:
    return len(row) == 4 and re.match(r"^\d{4}-\d{2}-\d{2}$", row[0].strip()) is not None


def _play(
    artist: str, title: str, album: str, stamps: Stamps, stamp: str, ids: Ids = (), *, private: bool = False
) -> Record:
    if not artist or not title:
        return Dropped(reasons.NO_NAMES)
    if not stamp:
        return Dropped(reasons.NOW_PLAYING)
    moment = stamps.read(stamp)
    if moment is None:
        return Dropped(stamps.why_not(stamp))
    return Play(
        artist, title, moment.at, album=album or None, ids=ids, precision=moment.width, private=private
    )


def _ids(mbid: str) -> Ids:
    return (("lastfm_mbid", mbid.lower()),) if _UUID.match(mbid.lower()) else ()


def sniff_headed(head: Head) -> bool:
    """A header with artist, track and time within 20 lines, that no other service's table has, and no count."""
    if head.json or head.text.lstrip().startswith("<"):
        return False
    delimiter = _delimiter(head)
    for place in range(min(20, len(head.lines))):
        columns = head.columns_of_line(place, delimiter)
        if _is_header(columns):
            return _is_of_lastfm(set(columns), columns) and "plays" not in propose(columns)
    return False


def _is_of_lastfm(named: set[str], columns: Sequence[str]) -> bool:
    return (
        {"uts", "artist", "track"} <= named
        or any(column.startswith("date#") for column in columns)
        or {"artist", "track", "time"} <= named
        or {"artist", "track", "date"} <= named
        or {"title", "artist", "album", "date", "timestamp"} <= named
        or {"iso time", "unixtime", "track name"} <= named
    )


def sniff_headerless(head: Head) -> bool:
    """Four fields, the last a date like `02 Mar 2024 19:01`, or the first a date and the second a time; six, the fourth
    a time with its zone; or seven between tabs, the first a count of seconds."""
    if head.json or _is_header(head.columns()):
        return False
    for place in range(min(10, len(head.lines))):
        cells = head.columns_of_line(place)
        if len(cells) == _OF_LASTEXPORT and head.delimiter == "\t" and re.match(r"^\d{9,10}$", cells[0]):
            return True
        if len(cells) == _OF_SCRUBBLER and cells[0] and cells[2] and _ZONED.search(cells[3]):
            return True
        if len(cells) != 4:
            continue
        if _DATED.match(cells[3].title()):
            return True
        if re.match(r"^\d{4}-\d{2}-\d{2}$", cells[0]) and re.match(r"^\d{1,2}:\d{2}(:\d{2})?$", cells[1]):
            return True
    return False


FORMATS = (
    Format(
        "lastfm-csv",
        "Last.fm history as CSV without a header",
        "lastfm",
        sniff_headerless,
        parse_headerless,
        order=30,
    ),
    Format(
        "lastfm",
        "Last.fm history as CSV",
        "lastfm",
        sniff_headed,
        parse_headed,
        marks=("artist", "track", "uts"),
        order=30,
    ),
)
