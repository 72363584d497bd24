"""Sheets that IFTTT's applets for Spotify and Last.fm fill, as CSV: without a header. Facts: FORMATS.md, IFTTT.

Which cell is what is certain only by the link in a row: the columns are the person's to choose.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from typing import IO

from engine.imports import record as reasons
from engine.imports.head import Head
from engine.imports.record import Dropped, Ids, Options, Play, Record
from engine.imports.registry import Format
from engine.imports.stamps import Stamps
from engine.imports.text import normal, rows
from engine.store.locations import unescaped

_STAMP = re.compile(r"[A-Z][a-z]+ \d{1,2}, \d{4} at \d{1,2}:\d{2} ?[AP]M")
_SPOTIFY = re.compile(r"https?://open\.spotify\.com/track/([0-9A-Za-z]{22})(?:\?.*)?")
_LASTFM = re.compile(r"https?://(?:www\.)?last\.fm/music/([^/]+)/[^/]+/([^/?#]+)")
# What the applet for Spotify writes unless it was changed: when, title, artist, id, link.
_OF_SPOTIFY = 5


def _named(cells: Sequence[str]) -> tuple[str, str, Ids] | None:
    """Artist, title and ids of a row by its link; null where none says which cell they are in."""
    if len(cells) == _OF_SPOTIFY and (found := _SPOTIFY.fullmatch(cells[4])) and found[1] == cells[3]:
        return cells[2], cells[1], (("spotify", found[1]),)
    for link in cells:
        if found := _LASTFM.match(link):
            artist, title = (unescaped(part.replace("+", " ")) or "" for part in found.groups())
            # As the sheet writes them, where it does.
            spelled = {normal(cell): cell for cell in cells}
            return spelled.get(normal(artist), artist), spelled.get(normal(title), title), ()
    return None


def _of_row(cells: Sequence[str]) -> tuple[str, tuple[str, str, Ids]] | None:
    """When, and what was played; null for a row of any other table."""
    stamp = next((cell for cell in cells if _STAMP.fullmatch(cell)), "")
    named = _named(cells) if stamp else None
    return (stamp, named) if named is not None else None


def parse(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """A record a row."""
    stamps = Stamps(options)
    for row in rows(stream):
        found = _of_row([cell.strip() for cell in row])
        if found is None:
            yield Dropped(reasons.BROKEN)
            continue
        stamp, (artist, title, ids) = found
        moment = stamps.read(stamp)
        if not artist or not title:
            yield Dropped(reasons.NO_NAMES)
        elif moment is None:
            yield Dropped(stamps.why_not(stamp))
        else:
            yield Play(artist, title, moment.at, ids=ids, precision=moment.width)


def sniff(head: Head) -> bool:
    """A first row with a stamp of IFTTT's and a link that names the track."""
    first = next((line for line in head.lines if line.strip()), "")
    try:
        cells = next(csv.reader([first], delimiter=head.delimiter), [])
    except csv.Error:
        return False
    return not head.json and _of_row([cell.strip() for cell in cells]) is not None


FORMATS = (Format("ifttt", "sheet of IFTTT's, without a header", "ifttt", sniff, parse, order=30),)
