"""YouTube Music's watch history from Google Takeout as HTML: its default, in the language of the account.

Tens of megabytes stand on one line, so cells are cut apart as text. Facts: FORMATS.md, YouTube.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import IO

from engine.imports.encoding import OTHER_BYTES, as_utf8
from engine.imports.head import Head
from engine.imports.local_dates import LocalDates, contradiction, is_month_first
from engine.imports.record import Options, Record
from engine.imports.registry import Format
from engine.imports.youtube import ADVERT, Watched, records
from engine.imports.youtube_verbs import plain

_CELL = b'class="outer-cell'
_HEADER = re.compile(r'mdl-typography--title">(.*?)<', re.DOTALL)
_BODY = re.compile(r'<div class="content-cell[^"]*mdl-typography--body-1">(.*?)</div>', re.DOTALL)
_LINK = re.compile(r'<a href="([^"]*)"[^>]*>(.*?)</a>', re.DOTALL)
_BREAK = re.compile(r"<br\s*/?>")
# A sentence on why the activity was kept names Google too; "From Google Ads" is short.
_LONGEST_DETAIL = 60


def parse(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """`watch-history.html`, whatever its name is in the person's language."""
    found: list[Watched] = []
    dates: list[str] = []
    for cell in _cells(stream):
        one, date = _watched(cell)
        found.append(one)
        dates.append(date)
    reader = LocalDates(options.zone)
    orders: dict[bool, str] = {}
    for date in dates:
        if (order := is_month_first(date)) is not None:
            orders.setdefault(order, date)
    reader.month_first = True in orders and False not in orders
    for one, date in zip(found, dates, strict=True):
        one.at = reader.read(date)
    yield from records(found)
    options.notes.extend(filter(None, (reader.note(), contradiction(orders, reader.month_first))))


def _cells(stream: IO[bytes]) -> Iterator[str]:
    """Every cell. What stands before the first one is the page's head, its styles may name the same classes."""
    source = as_utf8(stream)
    buffer, begun = b"", False
    while chunk := source.read(1 << 20):
        *whole, buffer = (buffer + chunk).split(_CELL)
        for cell in whole:
            if begun:
                yield cell.decode("utf-8", OTHER_BYTES)
            begun = True
    if begun:
        yield buffer.decode("utf-8", OTHER_BYTES)


def _watched(cell: str) -> tuple[Watched, str]:
    """The row and its date as text. The first line is the verb and the title, the second the channel."""
    header, body = _HEADER.search(cell), _BODY.search(cell)
    inner = body[1] if body else ""
    links = [(html.unescape(url), _text(name)) for url, name in _LINK.findall(inner)]
    lines = [line for line in (_text(part) for part in _BREAK.split(inner)) if line]
    details = [_text(part) for part in _BREAK.split(cell[body.end() :])] if body else []
    one = Watched(
        _text(header[1]) if header else "",
        lines[0] if lines else "",
        links[0][0] if links else "",
        links[1][1] if len(links) > 1 else "",
        None,
        any(len(detail) <= _LONGEST_DETAIL and ADVERT.search(detail) for detail in details),
        link=links[0][1] if links else "",
    )
    return one, lines[-1] if len(lines) > 1 else ""


def _text(markup: str) -> str:
    return " ".join(plain(html.unescape(re.sub(r"<[^>]*>", "", markup))).split())


def sniff(head: Head) -> bool:
    """The class of Takeout's titles."""
    return "mdl-typography--title" in head.text


FORMATS = (Format("youtube-html", "YouTube Music watch history (HTML)", "youtube", sniff, parse, order=35),)
