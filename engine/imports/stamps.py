"""Parses the stamps of one table, in any form of exporters and spreadsheets.

Ambiguities of a single row are resolved by its file: which of two numbers is the day, and whether midnight is a time or
means a whole day. Rows are held back until one decides it. Facts: FORMATS.md, Tables.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import count, pairwise
from typing import TypeVar

from engine.imports import record as reasons
from engine.imports.date_order import DAY_FIRST, MONTH_FIRST, ORDERS, FileOrder, Readings, is_dotted
from engine.imports.local_dates import (
    LocalDates,
    Moment,
    has_clock,
    is_month,
    is_other_calendar,
    readings,
)
from engine.imports.record import Options
from engine.imports.text import Table
from engine.imports.times import (
    EARLIEST,
    MAX_STAMP,
    day_month,
    iso_moment,
    latest_possible,
    number,
    spreadsheet,
    to_epoch,
)
from engine.store.play import DAY

Row = TypeVar("Row")

# Names of columns that hold a moment or a clock, the surest first, and of those that hold a day.
TIME_COLUMNS = (
    "uts", "unixtime", "timestamp", "time", "utc_time", "utc time", "time(utc)", "time (utc)", "played at",
    "played_at", "listened_at", "listened at", "iso time", "date-time", "datetime", "started", "scrobbled at",
    "scrobble time", "last played", "last_played", "lastplayed", "endtime", "played", "listened", "scrobbled",
    "date/time", "date time", "date_time", "date (utc)", "timestamp (utc)", "datetime (utc)", "zeitpunkt", "hour",
    "uhrzeit", "zeit", "heure", "hora", "ora", "tid", "tijd", "czas", "godzina", "время", "час", "aika", "saat",
    "clock", "time of day", "klockslag", "klokkeslæt", "klokkeslett", "kl", "klo", "kello", "klokke", "čas", "idő",
    "vreme", "vrijeme", "ώρα", "時刻", "時間", "时间", "시간", "시각", "giờ", "jam", "เวลา", "الوقت", "שעה", "समय",
    "last play", "playback date", "listened date", "played date", "start time", "started at", "ts", "when", "end time",
    "ended at", "finished at", "date et heure", "datum und uhrzeit", "datum/uhrzeit", "fecha y hora", "data e hora",
    "data e ora", "dato og tid", "datum och tid", "datum en tijd", "data i godzina", "tarih ve saat", "дата и время",
    "дата та час", "日時", "日期時間", "日期时间", "날짜 및 시간", "일시",
    "tagtime", "scrobble date", "date scrobbled", "scrobbled on", "listen date", "listened on",
    "play date", "last played at", "last played date", "last play time", "last listened", "streamed at",
    "watched at",
    "datetime utc", "played at utc", "ts utc", "timestamp ms", "unix timestamp", "unix time", "epoch", "date & time",
    "datetime local", "local time", "zeitstempel", "abgespielt am", "gespielt am", "zuletzt gespielt",
    "letzte wiedergabe", "horodatage", "date de lecture", "dernière lecture", "date d'écoute",
    "fecha de reproducción", "última reproducción", "ultima riproduzione", "再生日時", "最終再生日", "再生日",
)  # fmt: skip
DAY_COLUMNS = (
    "date", "day", "played on", "date played", "datum", "tag", "fecha", "data", "dato", "дата", "päivä",
    "päivämäärä", "tarih", "dag", "dzień", "jour", "日付", "날짜", "日期", "dia", "día", "giorno", "den", "dátum",
    "ημερομηνία", "ngày", "tanggal", "tarikh", "วันที่", "التاريخ", "תאריך", "तारीख",
)  # fmt: skip

# A count of seconds or less as a spreadsheet groups its digits.
_GROUPED = re.compile(r"\d{1,3}([.,' \u00a0\u202f\u2019]\d{3}){3,}")
_NUMBER = re.compile(r"-?\d+(\.\d+)?(E\+?\d+)?", re.IGNORECASE)
# Days as spreadsheets count them, between 1954 and 2119: as seconds they would lie in 1970.
_SERIAL = re.compile(r"([2-7]\d{4})(?:[.,](\d+))?")
# A number a spreadsheet showed in few digits: the rest of the time is gone. Java writes all of them, and no plus.
_ROUNDED = re.compile(r"\d(?:([.,]\d{1,8})?E\+|([.,]\d{1,5})?E)\d+", re.IGNORECASE)
# A moment as programs write it: `/Date(1709406060000+0100)/`, whose zone changes nothing, `ISODate("2024-03-02")`.
_CALL = re.compile(r"[\\/]*(?:new\s+)?[A-Za-z_.]+\(\s*['\"]?([^()'\"]+?)['\"]?\s*\)[\\/]*")
_ZONED_COUNT = re.compile(r"(-?\d{9,})[+-]\d{4}")
# Year to minute or second without a sign between: as a number such a moment would lie in 1976, or in 2611.
_DIGITS = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)([01]\d|2[0-4])([0-5]\d)([0-5]\d)?")
_CLOCK = re.compile(
    r"\s*\d{1,2}[:.h]\d{2}([:.]\d{2}(\.\d+)?)?\s*([ap]\.?\s?m\.?)?\s*([A-Z]{2,5})?\s*", re.IGNORECASE
)
# A moment whatever its column is called: of ISO, or a count of seconds or milliseconds.
_MOMENT = re.compile(r"(?:19|20)\d\d-\d\d-\d\d[T ]\d\S*|\d{10}(?:\d{3})?")
_DOTTED = re.compile(r"[T ]\d{1,2}\.\d")
# A stamp with 24:00 has a time: it is not a day.
_DAY_END = re.compile(r"[T ]24")
_ISO_CLOCK = re.compile(r"[T ]\d{2}(:?\d{2})?(:?\d{2})?")


# In a column without a known name so many rows show whether it has times of day: from this hour on it is not a length.
_LOOKED_AT, _AFTERNOON = 200, 13


def is_moment(text: str) -> bool:
    """Whether a text by itself is a day and a time in which a play may have been.

    >>> is_moment("2024-03-02 19:01"), is_moment("1709406060"), is_moment("2024-03-02"), is_moment("3:20")
    (True, True, False, False)
    """
    found = Stamps(Options()).read(text)
    return found is not None and found.width < DAY and EARLIEST <= found.at <= latest_possible()


# Reasons for which a play has no date.
_UNDATED = Moment(0, DAY, None)


def _day_at(at: int) -> int | None:
    """The day that began in UTC at that second."""
    return at if at % DAY == 0 else None


class Stamps:
    """Reads the stamps of one file, those without a zone as the person's. `day_first`: what a file leaves open is
    day/month.

    >>> stamps = Stamps(Options())
    >>> stamps.read("02.03.2024 19:01"), stamps.read("2024-03-02"), stamps.read("45353.792361111111")
    (Moment(at=1709406060, width=60, day=None), Moment(at=1709337600, width=86400, day=1709337600), \
Moment(at=1709406060, width=1, day=None))
    """

    def __init__(self, options: Options, *, day_first: bool = False) -> None:
        self._options = options
        self._day_first = day_first
        self._local = LocalDates(options.zone, zoned=False)
        self._days_only = False
        self._rounded = False
        self._order = FileOrder()
        # The first month without a day.
        self._month = ""
        # By column: how many times accompany a day, and their latest hour; and how many moments of about that day.
        self._clocks: dict[int, tuple[int, int]] = {}
        self._moments: Counter[int] = Counter()
        self._days = 0

    def read(self, text: str) -> Moment | None:
        """The moment of a stamp, None where it is not one."""
        found = self._read(text.strip())
        if found is _UNDATED and is_month(text.strip()):
            self._month = self._month or text.strip()
        if found is not None and found.day is not None and self._days_only:
            return Moment(found.day, DAY, found.day)
        return found

    def _read(self, text: str) -> Moment | None:
        if not text or len(text) > MAX_STAMP:
            return None
        found = self._dated(text)
        if (found is None or found.at < EARLIEST) and (is_month(text) or self._of_other_calendar(text)):
            return _UNDATED
        return found

    def _of_other_calendar(self, text: str) -> bool:
        found = is_other_calendar(text)
        if found:
            self._local.other_calendar = self._local.other_calendar or text
        return found

    def _dated(self, text: str) -> Moment | None:
        if text.endswith((")", "/")) and (call := _CALL.fullmatch(text)):
            text = _ZONED_COUNT.sub(r"\1", call[1])
        if _GROUPED.fullmatch(text):
            text = re.sub(r"\D", "", text)
        if _ROUNDED.fullmatch(text):
            return None
        if digits := _DIGITS.fullmatch(text):
            year, month, day, hour, minute, second = digits.groups()
            text = f"{year}-{month}-{day} {hour}:{minute}" + (f":{second}" if second else "")
        if text.isdecimal() and len(text) > 8:
            return self._of_number(text)
        if serial := _SERIAL.fullmatch(text):
            whole, part = serial.groups()
            return self._of_sheet(float(f"{whole}.{part or 0}"), whole_day=not part)
        if _NUMBER.fullmatch(text) and len(text) != 8:  # eight digits are a day: 20240302
            return self._of_number(text)
        # What ISO calls a fraction of an hour is a clock with a dot; what it calls a week is not a day.
        moment = None if _DOTTED.search(text) or ("W" in text and is_month(text)) else iso_moment(text)
        if moment is None:
            at = day_month(text)
            if at is None:
                return self._local.moment(text)
            day = None if _DAY_END.search(text) else _day_at(at)
            return Moment(at, 1 if text.count(":") > 1 else 60, day)
        clock = _ISO_CLOCK.search(text, 8)
        midnight = (moment.hour, moment.minute, moment.second) == (0, 0, 0) and not _DAY_END.search(text, 8)
        day = to_epoch(moment.replace(tzinfo=None)) if midnight else None
        if clock is None:
            return None if day is None else Moment(day, DAY, day)
        at = to_epoch(moment, self._options.zone)
        return None if at is None else Moment(at, 1 if clock[2] else 60, day)

    @staticmethod
    def _of_number(text: str) -> Moment | None:
        at = number(text)
        return None if at is None else Moment(at, 1, _day_at(at))

    def _of_sheet(self, days: float, *, whole_day: bool) -> Moment | None:
        at = spreadsheet(days)
        if at is None:
            return None
        if whole_day:
            return Moment(at, DAY, at)
        wall = datetime.fromtimestamp(at, UTC).replace(tzinfo=None)
        seconds = to_epoch(wall, self._options.zone)
        return None if seconds is None else Moment(seconds, 1, _day_at(at))

    def best(self, cells: Sequence[str]) -> str:
        """Of a row's cells that may hold its stamp the one that dates it best, a day and a clock joined."""
        if len(cells) == 1:
            return cells[0]
        day = clock = early = ""
        either: list[str] = []  # `02.03.24`, the day's column last
        for cell in cells:
            if _CLOCK.fullmatch(cell):
                if cell.count(".") == 2:
                    either.append(cell)
                else:
                    clock = clock or cell
            elif moment := self._read(cell.strip()):
                if moment.at < EARLIEST:
                    # A length, in a column that is called like a time's.
                    early = early or cell
                elif moment.width < DAY:
                    return cell
                else:
                    day = day or cell
            elif self._is_clock(cell):
                clock = clock or cell
        if not day and either and self._read(either[-1].strip()):
            day = either.pop()
        clock = clock or "".join(either[:1])
        return (
            f"{day} {clock}".strip() if day else early or next((cell for cell in cells if cell.strip()), "")
        )

    def _is_clock(self, cell: str) -> bool:
        """Whether what is not a date is a time of day in any language: `21時14分`, `오후 9:14`, `klo 21.14`."""
        on_a_day = f"1 Jan 2000 {cell}"
        if not cell.strip() or len(cell) >= MAX_STAMP or not has_clock(on_a_day):
            return False
        found = self._local.moment(on_a_day)
        return found is not None and found.width < DAY

    def why_not(self, text: str) -> str:
        """The reason a stamp that is not a moment is left out for."""
        self._rounded = self._rounded or _ROUNDED.fullmatch(text.strip()) is not None
        return reasons.ROUNDED if _ROUNDED.fullmatch(text.strip()) else reasons.NO_TIME

    def settle_table(
        self, rows: Iterator[list[str]], table: Table, columns: Sequence[str]
    ) -> Iterator[tuple[list[str], str]]:
        """`settle` for rows of a table, whose stamps are in one or several of these columns."""

        looked_at = count()

        def stamp(row: list[str]) -> str:
            cells = table.at(row)
            text = self.best([cells(column) for column in columns])
            if next(looked_at) < _LOOKED_AT:
                self._look_for_clocks(row, text)
            return text

        yield from self.settle(rows, stamp)
        for place in (place for place, rows in self._moments.items() if rows == self._days):
            if (name := table.name(place)) and not any(sign in name for sign in ",="):
                self._options.notes.append(
                    f'only days were read; if “{name}” is the time, import it with --map "time={name}"'
                )
        for place, (clocks, latest) in self._clocks.items():
            if clocks == self._days and latest >= _AFTERNOON:
                names = [name for name in (table.name(place), *columns) if name]
                if any(sign in name for name in names for sign in ",="):
                    continue  # such a column cannot be mapped
                self._options.notes.append(
                    f"only days were read; if “{names[0]}” is the time of day, import it with --map "
                    f'"date={names[-1]},time={names[0]}"'
                )

    def _look_for_clocks(self, row: Sequence[str], text: str) -> None:
        """Count times in columns beside a stamp that is only a day."""
        moment = self._read(text.strip())
        if moment is None or moment.width < DAY:
            return
        self._days += 1
        for place, cell in enumerate(row):
            if ":" in cell and _CLOCK.fullmatch(cell):
                clocks, latest = self._clocks.get(place, (0, 0))
                hour = int(re.split(r"\D", cell.strip(), maxsplit=1)[0])
                self._clocks[place] = clocks + 1, max(latest, hour)
            elif _MOMENT.fullmatch(cell.strip()):
                other = self._read(cell.strip())
                # Of another zone it may be on the day before or after.
                near = other is not None and other.width < DAY and abs(other.at - moment.at) <= 2 * DAY
                self._moments[place] += near

    def settle(self, rows: Iterator[Row], stamp: Callable[[Row], str]) -> Iterator[tuple[Row, str]]:
        """The rows with their stamps, kept back until it is known how to read these.

        At the end, remarks on the stamps are among the notes.
        """
        waiting: list[tuple[Row, str]] = []
        ordered = timed = False
        asks_order = asks_clock = False
        for row in rows:
            text = stamp(row)[: MAX_STAMP + 1]
            # A count of seconds, or with the year first: not ambiguous.
            plain = text.isdecimal() or (text[4:5] == "-" and text[:4].isdecimal())
            found = {} if plain else readings(text)
            self._order.see(found, text.strip())
            if timed and (ordered or plain) and not waiting:
                yield row, text
                continue
            if not ordered:
                # Rows may be held back for another reason, and are read so meanwhile.
                ordered, self._local.order = len(self._order.possible) == 1, self._order.likeliest
                asks_order = not ordered and (asks_order or self._is_either(found))
            if not timed:
                moment = self._read(text.strip())
                timed = moment is not None and moment.width < DAY and moment.day is None
                asks_clock = not timed and (asks_clock or (moment is not None and moment.width < DAY))
            waiting.append((row, text))
            if not asks_order and not asks_clock:
                yield from waiting
                waiting.clear()
        self._days_only = asks_clock
        self._local.order = self._order.likeliest
        if asks_order and not self._day_first:
            self._guess_order([text for _, text in waiting])
        yield from waiting
        self._note()

    def _is_either(self, found: Readings) -> bool:
        """Whether a date is another day by another of the orders the file may have."""
        return len({day for order, day in found.items() if order in self._order.possible}) > 1

    def _guess_order(self, texts: Sequence[str]) -> None:
        """What is first where no number tells: by the order in which the file is sorted, and not ahead."""
        latest = latest_possible()
        open_ones = [text.strip() for text in texts if self._is_either(readings(text))]
        # Between dots the day is first.
        if not open_ones or (DAY_FIRST in self._order.possible and all(map(is_dotted, open_ones))):
            return

        def disorder(order: str) -> tuple[int, int]:
            self._local.order = order
            times = [moment.at for text in texts if (moment := self._read(text.strip()))]
            ahead = sum(not EARLIEST <= at <= latest for at in times)
            return ahead, sum(abs(one - other) for one, other in pairwise(times))

        american = any(re.search(r"\d\s*[ap]m\b", text, re.IGNORECASE) for text in texts)
        orders = sorted(self._order.possible, key=ORDERS.index)
        if american:
            orders.sort(key=lambda order: order != MONTH_FIRST)
        self._local.order = min(orders, key=disorder)
        self._options.notes.append(
            f"dates such as {open_ones[0]} were read as {self._local.order}; check a few"
        )

    def _note(self) -> None:
        for note in (self._local.note(), self._order.contradiction(self._local.order)):
            if note:
                self._options.notes.append(note)
        if self._month:
            self._options.notes.append(
                f"a month, such as {self._month}, is not the time of a play: these plays have no date"
            )
        if self._rounded:
            self._options.notes.append(
                "a spreadsheet rounded times to hours; export the file again and do not save it from a spreadsheet"
            )
