"""YouTube Music's watch history from Google Takeout as HTML: its default, in the language of the account.

Tens of megabytes are on one line, so cells are split as text. Facts: FORMATS.md, YouTube.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import IO

from engine.imports.date_order import FileOrder
from engine.imports.encoding import OTHER_BYTES, as_utf8
from engine.imports.head import Head
from engine.imports.local_dates import LocalDates, readings
from engine.imports.record import Options, Record
from engine.imports.registry import Format
from engine.imports.times import MAX_STAMP
from engine.imports.youtube import Watched, is_advert, records
from engine.imports.youtube_verbs import plain

_CELL = b'class="outer-cell'
# No row is longer; of what is, the beginning is read.
_MAX_CELL = 1 << 16
_TITLE, _LINK = 'mdl-typography--title">', '<a href="'
_BODY = re.compile(r'<div class="content-cell([^"]*+)">')
_BREAK = re.compile(r"<br\s*/?>")
_TAG = re.compile(r"<[^<>]*+>")
# A sentence on why the activity was kept names Google too; "From Google Ads" is short.
_MAX_DETAIL = 60


def parse(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """`watch-history.html`, whatever its name is in the person's language."""
    found: list[Watched] = []
    dates: list[str] = []
    for cell in _cells(stream):
        one, date = _watched(cell)
        found.append(one)
        dates.append(date)
    reader = LocalDates(options.zone)
    order = FileOrder()
    for date in dates:
        order.see(readings(date), date)
    reader.order = order.likeliest
    for one, date in zip(found, dates, strict=True):
        one.at = reader.read(date)
    yield from records(found, options.names)
    options.notes.extend(filter(None, (reader.note(), order.contradiction(reader.order))))


def _cells(stream: IO[bytes]) -> Iterator[str]:
    """Every cell. The part before the first one is the page's head, whose styles may name the same classes."""
    source = as_utf8(stream)
    buffer, begun = b"", False
    while chunk := source.read(1 << 20):
        *whole, buffer = (buffer + chunk).split(_CELL)
        for cell in whole:
            if begun:
                yield cell.decode("utf-8", OTHER_BYTES)
            begun = True
        # A border between two cells may lie across two pieces.
        kept = _MAX_CELL if begun else 0
        buffer = buffer[:kept] + buffer[kept:][-len(_CELL) :]
    if begun:
        yield buffer.decode("utf-8", OTHER_BYTES)


def _watched(cell: str) -> tuple[Watched, str]:
    """The row and its date as text. The first line is the verb and the title, the second the channel."""
    _, _, header = cell.partition(_TITLE)
    header, begun, _ = header.partition("<")
    body = next((div for div in _BODY.finditer(cell) if div[1].endswith("mdl-typography--body-1")), None)
    inner, ended, behind = cell[body.end() :].partition("</div>") if body else ("", "", "")
    inner = inner if ended else ""
    links = [(_unescaped(url), _text(name)) for url, name in _links(inner)]
    lines = [line for line in (_text(part) for part in _BREAK.split(inner)) if line]
    details = [_text(part) for part in _BREAK.split(behind)]
    one = Watched(
        _text(header) if begun else "",
        lines[0] if lines else "",
        links[0][0] if links else "",
        links[1][1] if len(links) > 1 else "",
        None,
        any(len(detail) <= _MAX_DETAIL and is_advert(detail) for detail in details),
        link=links[0][1] if links else "",
    )
    return one, lines[-1][: MAX_STAMP + 1] if len(lines) > 1 else ""


def _links(inner: str) -> Iterator[tuple[str, str]]:
    """Address and content of each link."""
    place = 0
    while (start := inner.find(_LINK, place)) >= 0:
        quote = inner.find('"', start + len(_LINK))
        tag = inner.find(">", max(quote, 0))
        place = inner.find("</a>", max(tag, 0))
        if min(quote, tag, place) < 0:
            return
        yield inner[start + len(_LINK) : quote], inner[tag + 1 : place]


def _text(markup: str) -> str:
    return " ".join(plain(_unescaped(_TAG.sub("", markup))).split())


def _unescaped(text: str) -> str:
    """The text without references to characters; as it is where one of them has a number of thousands of digits."""
    try:
        return html.unescape(text)
    except ValueError:
        return text


def sniff(head: Head) -> bool:
    """The class of Takeout's titles."""
    return "mdl-typography--title" in head.text


FORMATS = (
    Format(
        "youtube-html",
        "YouTube Music watch history (HTML)",
        "youtube",
        sniff,
        parse,
        order=35,
        wants_names=True,
    ),
)
