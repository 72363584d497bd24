"""YouTube Music's watch history from Google Takeout, as JSON or HTML; what is no music is left out.

Every row is a start; nothing tells how long it was heard, so a song followed by another within 30 seconds
counts as skipped. Source: FORMATS section 3.5.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import IO

import msgspec

from engine.imports import record as reasons
from engine.imports.encoding import OTHER_BYTES, as_utf8
from engine.imports.head import Head
from engine.imports.json_stream import Broken, Records
from engine.imports.record import Dropped, Ids, Options, Play, Record
from engine.imports.registry import Format
from engine.imports.times import iso, to_epoch

_VIDEO_ID = re.compile(r"[?&]v=([\w-]{11})")
_SKIPPED_WITHIN = 30
_PREFIXES = ("Watched ", "Vous avez regardé ", "Zhlédli jste ")
_SUFFIXES = (" を視聴しました", " angesehen")
_TOPIC = " - Topic"


class Named(msgspec.Struct, gc=False):
    """A channel, or a detail such as `From Google Ads`."""

    name: str | None = None


class Row(msgspec.Struct, gc=False, rename="camel"):
    """A watched video."""

    header: str | None = None
    title: str | None = None
    title_url: str | None = None
    subtitles: list[Named] | None = None
    time: str | None = None
    details: list[Named] | None = None


@dataclass(slots=True)
class Watched:
    """A row of either form. `at` is in seconds, None when unreadable."""

    header: str
    title: str
    url: str
    channel: str
    at: int | None
    advert: bool = False


def parse_json(stream: IO[bytes], _options: Options) -> Iterator[Record]:
    """`watch-history.json`."""
    found: list[Watched] = []
    for batch in Records(Row).of_array(stream):
        for row in batch:
            if isinstance(row, Broken):
                yield Dropped(reasons.BROKEN, cut=row.cut)
                continue
            channel = (row.subtitles[0].name or "") if row.subtitles else ""
            advert = any(detail.name == "From Google Ads" for detail in row.details or ())
            title = (row.title or "").replace("\u00a0", " ")
            found.append(
                Watched(row.header or "", title, row.title_url or "", channel, iso(row.time or ""), advert)
            )
    prefix, suffix = verb_around([one.title for one in found if one.url])
    for one in found:
        if one.title.startswith(prefix) and one.title.endswith(suffix):
            one.title = one.title[len(prefix) : len(one.title) - len(suffix)]
    yield from _records(found)


def verb_around(titles: Sequence[str]) -> tuple[str, str]:
    """What "Watched" is in the language of the account: what all titles share at their ends.

    >>> verb_around(["Watched Tin Roof", "Watched Harbour Lights"])
    ('Watched ', '')
    """
    prefix = _common(titles)
    suffix = _common([title[::-1] for title in titles])[::-1]
    prefix = prefix[: prefix.rfind(" ") + 1]
    suffix = suffix[suffix.find(" ") :] if " " in suffix else ""
    if len(set(titles)) < 20:  # too few rows to tell the verb from what the titles have in common
        prefix = next((known for known in _PREFIXES if prefix.startswith(known)), "")
        suffix = next((known for known in _SUFFIXES if suffix.endswith(known)), "")
    return prefix, suffix


def _common(texts: Sequence[str]) -> str:
    """The beginning all have in common: that of the first and the last in order of the alphabet."""
    if not texts:
        return ""
    first, last = min(texts), max(texts)
    return next((first[:place] for place, char in enumerate(first) if last[place : place + 1] != char), first)


def _records(found: list[Watched]) -> Iterator[Record]:
    starts = sorted({one.at for one in found if one.at is not None and _is_music(one)})
    following = dict(pairwise(starts))
    shared = Counter(one.at for one in found if _is_music(one))
    for one in found:
        if one.advert:
            yield Dropped(reasons.ADVERT)
        elif not _is_music(one):
            yield Dropped(reasons.VIDEO)
        elif one.at is None:
            yield Dropped(reasons.NO_TIME)
        else:
            artist, title = _names(one)
            if not artist or not title or title.startswith("https://"):
                yield Dropped(reasons.NO_NAMES)
                continue
            video = _VIDEO_ID.search(one.url)
            ids: Ids = (("youtube", video[1]),) if video else ()
            soon = following.get(one.at, one.at + 3600) - one.at < _SKIPPED_WITHIN and shared[one.at] == 1
            yield Play(artist, title, one.at, ids=ids, skip=soon)


def _is_music(one: Watched) -> bool:
    return one.header == "YouTube Music" or one.channel.endswith(_TOPIC)


def _names(one: Watched) -> tuple[str, str]:
    """Artist and title: the channel of a Topic, else the left part of `Artist - Title`, else the channel."""
    if one.channel.endswith(_TOPIC):
        return one.channel.removesuffix(_TOPIC), one.title
    artist, dash, title = one.title.partition(" - ")
    if dash and artist.strip() and title.strip():
        return artist.strip(), title.strip()
    return re.sub(r"\s*VEVO$", "", one.channel), one.title


# -- HTML ---------------------------------------------------------------------------------------------

_CELL = b'class="outer-cell'
_HEADER = re.compile(r'mdl-typography--title">(.*?)<', re.DOTALL)
_BODY = re.compile(r'<div class="content-cell[^"]*mdl-typography--body-1">(.*?)</div>', re.DOTALL)
_LINK = re.compile(r'<a href="([^"]*)"[^>]*>(.*?)</a>', re.DOTALL)
_LAST_LINE = re.compile(r"([^<>]*)(?:<br\s*/?>)?\s*$")
_DATE = re.compile(
    r"^(?:([A-Za-z]{3})[a-z]*\.? (\d{1,2})|(\d{1,2}) ([A-Za-z]{3})[a-z]*\.?|(\d{1,2})\. ?(\d{1,2})\.),? (\d{4}),? "
    r"(\d{1,2}):(\d{2}):(\d{2})(?: ?([AP]M))?(?: (\S+))?$"
)
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
# Hours from UTC. IST is India's here; SEČ and SELČ are the Czech CET and CEST.
_ZONES = {
    "UTC": 0, "GMT": 0, "BST": 1, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2, "SEČ": 1, "SELČ": 2,
    "EET": 2, "EEST": 3, "MSK": 3, "IST": 5.5, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "EST": -5, "EDT": -4,
    "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "BRT": -3,
}  # fmt: skip


def parse_html(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """`watch-history.html`: cells cut apart as text, since tens of megabytes stand on one line."""
    return _records([_watched(cell, options.zone) for cell in _cells(stream)])


def _cells(stream: IO[bytes]) -> Iterator[str]:
    source = as_utf8(stream)
    buffer = b""
    while chunk := source.read(1 << 20):
        *whole, buffer = (buffer + chunk).split(_CELL)
        for cell in whole:
            if b"mdl-typography--title" in cell and b"header-cell" in cell:
                yield cell.decode("utf-8", OTHER_BYTES)
    if b"header-cell" in buffer:
        yield buffer.decode("utf-8", OTHER_BYTES)


def _watched(cell: str, zone: str | None) -> Watched:
    header, body = _HEADER.search(cell), _BODY.search(cell)
    inner = body[1] if body else ""
    links = [(html.unescape(url), _text(name)) for url, name in _LINK.findall(inner)]
    date = _LAST_LINE.search(inner.strip())
    url, title = links[0] if links else ("", "")
    return Watched(
        _text(header[1]) if header else "",
        title,
        url,
        links[1][1] if len(links) > 1 else "",
        local_date(_text(date[1]), zone) if date else None,
        "From Google Ads" in cell,
    )


def _text(markup: str) -> str:
    plain = html.unescape(re.sub(r"<[^>]*>", "", markup))
    return " ".join(plain.replace("\u00a0", " ").replace("\u202f", " ").split())


def local_date(text: str, zone: str | None = None) -> int | None:
    """A date as Takeout writes it, with the abbreviation of its zone.

    >>> local_date("Mar 2, 2024, 8:01:00 PM CET"), local_date("2 Mar 2024, 20:01:00 CET"), local_date("soon")
    (1709406060, 1709406060, None)
    """
    found = _DATE.match(text)
    if found is None:
        return None
    month_name, day, day_b, month_b, day_c, month_c, year, hour, minute, second, half, place = found.groups()
    name = (month_name or month_b or "").lower()
    month = int(month_c) if month_c else _MONTHS.index(name) + 1 if name in _MONTHS else 0
    hours = int(hour) % 12 + (12 if half == "PM" else 0) if half else int(hour)
    try:
        moment = datetime(int(year), month, int(day or day_b or day_c), hours, int(minute), int(second))
    except ValueError:
        return None
    if place in _ZONES:
        return to_epoch(moment.replace(tzinfo=timezone(timedelta(hours=_ZONES[place]))))
    return to_epoch(moment, zone)


def sniff_json(head: Head) -> bool:
    """An array of rows with `header` and `time`."""
    return head.json == "array" and head.has_keys("header", "time", "title")


def sniff_html(head: Head) -> bool:
    """The class of Takeout's titles."""
    return "mdl-typography--title" in head.text


FORMATS = (
    Format(
        "youtube", "YouTube Music watch history", "youtube", sniff_json, parse_json,
        marks=("header", "titleUrl", "time"), covers=("youtube-html",), order=30,
    ),
    Format("youtube-html", "YouTube Music watch history (HTML)", "youtube", sniff_html, parse_html, order=35),
)  # fmt: skip
