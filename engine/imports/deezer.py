"""Deezer's personal data: a workbook with a sheet `10_listeningHistory`.

Neither the stamps' zone nor whether they are the start is stated: they are read as UTC (or the zone asked for)
and matched as either. Facts: FORMATS.md, Deezer.
"""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from typing import IO

from engine.archives import room_of, why_refused
from engine.imports import record as reasons
from engine.imports.batches import FILE_ERRORS
from engine.imports.head import Head
from engine.imports.record import Dropped, Ids, Options, Play, Record
from engine.imports.registry import Format
from engine.imports.stamps import Stamps
from engine.imports.text import Table, normal
from engine.imports.xml_stream import events
from engine.store.play import DAY, UNKNOWN

_ISRC = re.compile(r"^[A-Z]{2}[A-Z0-9]{3}\d{7}$")
_CELL = re.compile(r"^([A-Z]+)\d+$")
# A table of listens has some ten columns, and no cell of it is longer than this.
_MAX_COLUMNS, _MAX_CELL = 256, 2000
# The reason for another kind of workbook.
SHEET = "sheet of listens (10_listeningHistory)"
# Where things are in the table, whose header is translated.
_BY_PLACE = ["song title", "artist", "isrc", "album title", "ip address", "listening time", "platform name",
             "platform model", "date"]  # fmt: skip
# Days between the two beginnings that spreadsheets count from.
_FROM_1904 = 1462


def parse(stream: IO[bytes], options: Options) -> Iterator[Record]:
    """Every row of the sheet of listens."""
    packed = stream.read()
    with zipfile.ZipFile(BytesIO(packed)) as book:
        if why := why_refused(book.infolist(), room_of(len(packed))):
            raise zipfile.BadZipFile(f"the workbook {why}")
        sheet, since_1904 = _sheet(book)
        if not sheet:
            raise zipfile.BadZipFile(f"the workbook has no {SHEET}")
        strings = _strings(book)
        with _part(book, sheet) as xml:
            body = _rows(xml, strings)
            header = next(body, [])
            table = Table(header)
            if not {"artist", "artiste"} & set(map(normal, header)):
                table = Table([*_BY_PLACE, *header[len(_BY_PLACE) :]])
            stamps = Stamps(options)
            found = [_record(table.at(row), stamps, since_1904) for row in body]
    shared = Counter(one.started_at for one in found if isinstance(one, Play))
    for one in found:
        # Songs played offline share the moment they were sent: only the day is known.
        if isinstance(one, Play) and one.started_at is not None and shared[one.started_at] > 3:
            one.precision = DAY
        yield one


def _record(cells: Table, stamps: Stamps, since_1904: bool) -> Record:
    title, artist = cells("song title", "titre", "title"), cells("artist", "artiste")
    if not artist or not title:
        return Dropped(reasons.NO_NAMES)
    date = cells("date")
    if since_1904 and re.fullmatch(r"\d{4,6}(\.\d+)?", date):
        date = str(float(date) + _FROM_1904)
    moment = stamps.read(date)
    if moment is None:
        return Dropped(stamps.why_not(date))
    try:
        seconds = float(cells("listening time", "temps d'écoute"))
    except ValueError:
        seconds = -1
    isrc = re.sub(r"[\s-]", "", cells("isrc")).upper()
    ids: Ids = (("isrc", isrc),) if _ISRC.match(isrc) else ()
    album = cells("album title", "album", "titre de l'album") or None
    played = int(seconds * 1000) if 0 <= seconds < 1e9 else None
    return Play(artist, title, moment.at, played, album, None, ids, moment.width, UNKNOWN)


def _part(book: zipfile.ZipFile, name: str) -> IO[bytes]:
    try:
        return book.open(name)
    except KeyError:
        raise zipfile.BadZipFile(f"the workbook has no {name} in it") from None


def _sheet(book: zipfile.ZipFile) -> tuple[str, bool]:
    """The member of the sheet of listens, and whether dates count from 1904."""
    wanted, since_1904 = "", False
    with _part(book, "xl/workbook.xml") as xml:
        for tag, attributes, _ in events(xml):
            if (
                attributes is not None
                and tag == "sheet"
                and attributes.get("name", "").endswith("_listeningHistory")
            ):
                wanted = next((value for name, value in attributes.items() if name.endswith("id")), "")
            if attributes is not None and tag == "workbookPr":
                since_1904 = attributes.get("date1904") in ("1", "true")
    with _part(book, "xl/_rels/workbook.xml.rels") as xml:
        for tag, attributes, _ in events(xml):
            if attributes is not None and tag == "Relationship" and attributes.get("Id") == wanted:
                target = attributes.get("Target", "").lstrip("/")
                return (target if target.startswith("xl/") else f"xl/{target}"), since_1904
    return "", since_1904


def _strings(book: zipfile.ZipFile) -> list[str]:
    """The shared strings, rich ones joined."""
    if "xl/sharedStrings.xml" not in book.namelist():
        return []
    found: list[str] = []
    parts: list[str] = []
    with book.open("xl/sharedStrings.xml") as xml:
        for tag, attributes, text in events(xml):
            if attributes is None and tag == "t":
                parts.append(text)
            elif attributes is None and tag == "si":
                found.append("".join(parts)[:_MAX_CELL])
                parts = []
    return found


def _rows(xml: IO[bytes], strings: list[str]) -> Iterator[list[str]]:
    row: list[str] = []
    place, kind, text = 0, "", ""
    for tag, attributes, content in events(xml):
        if attributes is not None:
            if tag == "row":
                row = []
            elif tag == "c":
                place, kind, text = _column(attributes.get("r", ""), len(row)), attributes.get("t", ""), ""
        elif tag in ("v", "t"):
            text += content
        elif tag == "c":
            if kind == "s":
                number = int(text) if text.isdecimal() and len(text) < 10 else len(strings)
                text = strings[number] if number < len(strings) else ""
            if place < _MAX_COLUMNS:
                row.extend([""] * (place + 1 - len(row)))
                row[place] = text
        elif tag == "row" and any(row):
            yield row


def _column(reference: str, following: int) -> int:
    """`C7` is column 2; cells without a reference follow one another."""
    found = _CELL.match(reference)
    if found is None:
        return following
    place = 0
    for letter in found[1][:3]:
        place = place * 26 + ord(letter) - 64
    return place - 1


def sniff(head: Head) -> bool:
    """A workbook with a sheet of listens, or a damaged one, whose error shows when it is read."""
    if not is_workbook(head):
        return False
    try:
        with head.open() as stream:
            packed = stream.read()
        with zipfile.ZipFile(BytesIO(packed)) as book:
            return bool(why_refused(book.infolist(), room_of(len(packed))) or _sheet(book)[0])
    except FILE_ERRORS:
        return True


def is_workbook(head: Head) -> bool:
    """Whether this is a spreadsheet program's file."""
    return head.data.startswith(b"PK\x03\x04") and (
        b"xl/" in head.data or head.name.lower().endswith(".xlsx")
    )


FORMATS = (Format("deezer", "Deezer personal data (xlsx)", "deezer", sniff, parse, order=30),)
