"""Localized dates: in any language, with its digits, clock format and time zone abbreviations.

Names of months and halves of the day in every language are CLDR's (`date_words.json`, Unicode License): a date is
parsed without knowing its language, by which of its parts is a name, a year, a clock or a zone.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from engine.imports.date_order import DAY_FIRST, Readings, readings_beside, readings_of, year_of
from engine.imports.times import MAX_STAMP, is_zone, to_epoch, wall_clock, zone_of
from engine.store.play import DAY

# Five short names are another month in Croatian (first) than in Czech and Polish; Croatian has a dot after the year.
_TWICE = {"srp": (7, 8), "lip": (6, 7), "lis": (10, 11), "listopad": (10, 11), "listopada": (10, 11)}
# A number after a sign, or after `GMT-`, is an offset.
_COLONS = re.compile(
    r"(?<![+\u2212\d])(?<!GMT-)(?<!UTC-)(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+|,\d{3,9}(?![\d/.-]))?"
)
_DOTS = re.compile(r"(?<![\d.])(\d{1,2})\.(\d{2})\.(\d{2})(?!\d|\.\d)")
_WORDS = re.compile(
    r"(\d{1,2})\s*(?:h|시|นาฬิกา|ໂມງ|時|时|点|點)\s*(\d{1,2})"
    r"(?:\s*(?:min|분|นาที|ນາທີ|分)(?:\s*(\d{1,2})\s*(?:s\b|초|วินาที|ວິນາທີ|秒)?)?)?"
)
# `19.01` after a whole date.
_SHORT_DOTS = re.compile(r"(?<=\s)(\d{1,2})\.(\d{2})(?![\d.])()")
# What is between signs, as in `2024-Mar-02` and `02-Mar-09`, is no zone's name.
_OFFSET = re.compile(r"(?<![^\s(\[])[^\s\d(+\-\u2212]*([+\-\u2212])(\d{1,2})(?::?(\d{2}))?(?![\d\w-])")
_TWO_NUMBERS = re.compile(r"\d\D+\d")
# AM or PM may follow the day directly: `2日下午8:01`.
_PART = re.compile(r"\d+|[^\d\s.,،、日:/()\[\]\-\u2013·՝]+")
# The place that names a zone, `[Europe/Paris]`.
_PLACE = re.compile(r"\[?\b([A-Z][A-Za-z]+(?:/[A-Z][\w+-]*){1,2})\]?", re.ASCII)
_LATIN_ZONE = re.compile(r"[A-ZÀ-Ž][A-Za-zÀ-ž]{1,5}$")
_DATE = re.compile(r"\d{4}|(?<!\d)\d{1,2}([./-])\d{1,2}\1\d{2}(?!\d)")
# A month by its name between two numbers, of which either may be the year.
_NAMED = re.compile(r"(?<!\d)(\d{1,2})([-./ ]{1,2})([^\W\d_]+)\.?\2(\d{2})(?!\d|:\d)")
_MAX_PARTS = 4
_YEARS = (["年"], ["년"])
_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")
# A time from its own column may follow it.
_MONTH_ALONE = re.compile(
    r"((19|20)\d\d([-/.](0?[1-9]|1[0-2])|-?W\d\d)|(0?[1-9]|1[0-2])[-/.](19|20)\d\d)(\s+\d{1,2}:\d\d\S*)?"
)

# Hours from UTC. Abbreviations are not unique: the zone with the most people is used, except as `_OF_SCRIPT` says, or
# if the person's own zone has the abbreviation at that moment.
_ZONES: Mapping[str, float] = {
    "UTC": 0, "UT": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2,
    "SEČ": 1, "SELČ": 2, "EET": 2, "EEST": 3, "OEZ": 2, "OESZ": 3, "WEZ": 0, "WESZ": 1, "MET": 1, "MEST": 2,
    "MSK": 3, "MSD": 4, "МСК": 3, "TRT": 3, "TSİ": 3, "FET": 3, "SAMT": 4, "YEKT": 5, "OMST": 6, "NOVT": 7, "KRAT": 7,
    "IRKT": 8, "YAKT": 9, "VLAT": 10, "MAGT": 11, "PETT": 12, "GET": 4, "AZT": 4, "AMT": -4, "AMST": -3,
    "IST": 5.5, "IDT": 3, "IRST": 3.5, "IRDT": 4.5, "GST": 4, "AFT": 4.5, "PKT": 5, "UZT": 5, "TMT": 5, "TJT": 5,
    "ALMT": 6, "AQTT": 5, "KGT": 6, "NPT": 5.75, "BDT": 6, "BTT": 6, "MMT": 6.5, "ICT": 7, "WIB": 7, "WITA": 8,
    "WIT": 9, "SGT": 8, "MYT": 8, "HKT": 8, "HKST": 9, "PHT": 8, "PHST": 8, "BNT": 8, "ULAT": 8, "HOVT": 7, "JST": 9,
    "JDT": 10, "KST": 9, "KDT": 10, "TLT": 9, "CHST": 10, "ChST": 10, "PGT": 10, "SBT": 11, "NCT": 11, "VUT": 11,
    "AWST": 8, "AWDT": 9, "ACST": 9.5, "ACDT": 10.5, "ACWST": 8.75, "AEST": 10, "AEDT": 11, "LHST": 10.5, "LHDT": 11,
    "NZST": 12, "NZDT": 13, "CHAST": 12.75, "CHADT": 13.75, "FJT": 12, "FJST": 13, "TVT": 12, "TOT": 13, "SST": -11,
    "EAT": 3, "CAT": 2, "WAT": 1, "WAST": 2, "SAST": 2, "MUT": 4, "SCT": 4, "RET": 4, "CVT": -1, "AZOT": -1, "AZOST": 0,
    "NST": -3.5, "NDT": -2.5, "AST": -4, "ADT": -3, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6,
    "PST": -8, "PDT": -7, "AKST": -9, "AKDT": -8, "HST": -10, "HDT": -9, "HAST": -10, "HADT": -9,
    "HNT": -3.5, "HAT": -2.5, "HNA": -4, "HAA": -3, "HNE": -5, "HAE": -4, "HNC": -6, "HAC": -5, "HNR": -7, "HAR": -6,
    "HNP": -8, "HAP": -7, "BRT": -3, "BRST": -2, "FNT": -2, "ACT": -5, "ART": -3, "ARST": -2, "CLT": -4, "CLST": -3,
    "UYT": -3, "UYST": -2, "PYT": -4, "PYST": -3, "BOT": -4, "PET": -5, "COT": -5, "ECT": -5, "VET": -4, "GYT": -4,
    "SRT": -3, "GFT": -3, "PMST": -3, "PMDT": -2, "EGT": -1, "EGST": 0, "WGT": -2, "WGST": -1,
}  # fmt: skip
_OF_SCRIPT = (
    ("CST", re.compile(r"[\u4e00-\u9fff]"), 8.0),
    ("IST", re.compile(r"[\u0590-\u05ff]"), 2.0),
    ("AMT", re.compile(r"[\u0530-\u058f]"), 4.0),
)


@cache
def _words() -> tuple[dict[str, int], dict[str, str]]:
    """Months by name, halves of the day by word."""
    found = json.loads(files("engine.imports").joinpath("date_words.json").read_text("utf-8"))
    months = {name: number for number, names in enumerate(found["months"], start=1) for name in names}
    halves = {word: half for half in ("night", "pm", "am") for word in found[half]}
    return months, halves


class Moment(NamedTuple):
    """Seconds since 1970 and how wide the clock is that gave them: 1, 60 or 86400 (a day).

    `day` is that day's start in UTC, where by that clock a day began: a file with no other moments holds days. A day is
    one of no zone.
    """

    at: int
    width: int
    day: int | None


class LocalDates:
    """Reads the dates of one file. `unknown` counts the zones read as the person's, or as UTC without one.

    `zoned`: each date should name its zone. `order`: how dates are read that may be of several orders.

    >>> dates = LocalDates()
    >>> dates.read("Mar 2, 2024, 8:01:00 PM CET"), dates.read("2024. 3. 2. 오후 8:01:00 KST"), dates.read("soon")
    (1709406060, 1709377260, None)
    """

    def __init__(self, zone: str | None = None, *, zoned: bool = True) -> None:
        self._zone = zone
        self._zoned = zoned
        self.unknown: Counter[str] = Counter()
        self.order = DAY_FIRST
        # The first of the dates of another calendar.
        self.other_calendar = ""

    def read(self, text: str) -> int | None:
        """Seconds since 1970, None when this is not a date with a clock."""
        found = self.moment(text)
        return None if found is None or found.width == DAY else found.at

    def moment(self, text: str) -> Moment | None:
        """A date with or without a clock, None where it is not one."""
        if len(text) > MAX_STAMP:
            return None
        plain, zone = _place(_plain(text))
        if _TWO_NUMBERS.search(plain) is None:
            # No date has fewer: to look for words in it takes long, in thousands of rows of a damaged file.
            return None
        clock = _clock(plain)
        before, after = (plain[: clock.start()], plain[clock.end() :]) if clock else (plain, "")
        offset, before, after = _offset(before, after) if clock else (None, before, after)
        parts = _PART.findall(before)
        at = len(parts)
        parts += _PART.findall(after)
        months, halves = _words()
        hour = minute = second = 0
        if clock:
            hour, parts, at = _hour(int(clock[1]), parts, at, halves)
            minute, second = int(clock[2]), int(clock[3] or 0)
        if is_other_calendar(plain):
            self.other_calendar = self.other_calendar or text.strip()
            return None
        day = _day(parts, months, f"{before} {after}", self.order)
        if day is None:
            return None
        (year, month, date), used = day
        try:
            moment = wall_clock(year, month, date, hour, minute, second)
        except ValueError:
            return None
        if offset is None and zone:
            seconds = to_epoch(moment, zone)
        elif offset is None:
            left = [part for place, part in enumerate(parts) if place not in used]
            seconds = self._in_zone(moment, left, plain)
        else:
            seconds = to_epoch(moment.replace(tzinfo=timezone(offset)))
        start = to_epoch(moment) if (hour, minute, second) == (0, 0, 0) else None
        if clock is None:
            return None if start is None else Moment(start, DAY, start)
        return None if seconds is None else Moment(seconds, 1 if clock[3] else 60, start)

    def _in_zone(self, moment: datetime, parts: list[str], text: str) -> int | None:
        named = [part for part in parts if part in _ZONES]
        name = named[-1] if named else next((part for part in reversed(parts) if _LATIN_ZONE.match(part)), "")
        if self._zone and moment.replace(tzinfo=zone_of(self._zone)).tzname() == name:
            return to_epoch(moment, self._zone)
        if not named:
            if self._zoned or (name.isupper() and len(name) > 2) or name == "Time":
                self.unknown[name] += 1
            return to_epoch(moment, self._zone)
        hours = _ZONES[name]
        for short, script, there in _OF_SCRIPT:
            if name == short and script.search(text):
                hours = there
        return to_epoch(moment.replace(tzinfo=timezone(timedelta(hours=hours))))

    def note(self) -> str:
        """A note on unknown zones and calendars; empty if there are none."""
        notes = []
        if self.unknown and not self._zone:
            names = ", ".join(
                f"{name or 'no zone named'} ({count})" for name, count in self.unknown.most_common(5)
            )
            notes.append(
                f"times of unknown zones were read as UTC: {names}; give the right one with --zone NAME"
            )
        if self.other_calendar:
            notes.append(
                f"dates such as {self.other_calendar} are of the Persian or Islamic calendar, which is not read"
            )
        return "; ".join(notes)


def is_other_calendar(text: str) -> bool:
    """Whether a date has a year of the Persian or Islamic calendar: those of recorded plays are 1381 and later.

    >>> is_other_calendar("1402/12/12 19:01"), is_other_calendar("2024-03-02 14:02"), is_other_calendar("۱۲ اسفند ۱۴۰۲")
    (True, False, True)
    """
    years = _YEAR.findall(text if text.isascii() else _plain(text))
    return len(years) == 1 and 1381 <= int(years[0]) <= 1499


def has_clock(text: str) -> bool:
    """Whether a text has a time of day, whatever else: in a fraction of the time that `LocalDates.moment` takes.

    >>> has_clock("2 Mar 오후 9:14"), has_clock("2 Mar 2024")
    (True, False)
    """
    return _clock(_place(_plain(text))[0]) is not None


def is_month(text: str) -> bool:
    """Whether a text names a month, or a week, without a day.

    >>> is_month("2024-03"), is_month("3/2024"), is_month("März 2024"), is_month("2024-W10"), is_month("2024-03-02")
    (True, True, True, True, False)
    """
    if _MONTH_ALONE.fullmatch(text):
        return True
    plain = _plain(text)
    if _YEAR.search(plain) is None:
        return False
    parts = _PART.findall(plain)
    month, used = _month(parts, _words()[0], text)
    rest = [part for place, part in enumerate(parts) if place not in used]
    return bool(month) and len(rest) == 1 and _YEAR.fullmatch(rest[0]) is not None


def readings(text: str) -> Readings:
    """Every day that a date may be, by the order of its parts; none where its year has four digits and its month a
    name.

    >>> readings("3/13/2024 19:01"), readings("13. marts 2024 18.02.17"), readings("31-Mar-24")
    ({'month/day': (2024, 3, 13)}, {}, {'day/month': (2024, 3, 31), 'month/day': (2024, 3, 31)})
    """
    plain = text if text.isascii() else _plain(text)
    if found := _readings_beside_name(plain):
        return found
    # A clock with dots is no date.
    clock = _clock(plain) if plain.count(".") > 1 else None
    return readings_of(f"{plain[: clock.start()]} {plain[clock.end() :]}" if clock else plain)


def _readings_beside_name(plain: str) -> Readings:
    found = _NAMED.search(plain)
    month = _month([found[3]], _words()[0], plain)[0] if found else 0
    return readings_beside(month, found[1], found[4]) if found and month else {}


def _clock(plain: str) -> re.Match[str] | None:
    """Hour, minute and perhaps second. Between dots they are a clock beside a date alone: `02.03.24` is one."""
    if found := _COLONS.search(plain):
        return found
    if (short := _last(_SHORT_DOTS, plain)) and _DATE.search(plain[: short.start()]):
        return short
    dots = _last(_DOTS, plain)
    if dots and any(map(str.isdigit, plain[: dots.start()] + plain[dots.end() :])):
        return dots
    return _WORDS.search(plain)


def _plain(text: str) -> str:
    """Normalized: European digits, plain spaces, no invisible characters."""
    if text.isascii():
        return " ".join(text[:MAX_STAMP].split())
    shown = (
        str(unicodedata.decimal(char)) if char.isdecimal() else char
        for char in unicodedata.normalize("NFKC", text[:MAX_STAMP])
        if unicodedata.category(char) != "Cf"
    )
    return " ".join("".join(shown).split())


def _place(plain: str) -> tuple[str, str]:
    """A date without the place that names its zone, and that place."""
    found = _PLACE.search(plain) if "/" in plain else None
    if found is None or not is_zone(found[1]):
        return plain, ""
    return f"{plain[: found.start()]} {plain[found.end() :]}", found[1]


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    return next(reversed(list(pattern.finditer(text))), None)


def _offset(before: str, after: str) -> tuple[timedelta | None, str, str]:
    """An offset written in numbers (`GMT+05:30`), and the text without it."""
    for place, text in enumerate((after, before)):
        found = _OFFSET.search(text)
        if found is None or int(found[2]) > 14:
            continue
        minutes = int(found[2]) * 60 + int(found[3] or 0)
        rest = f"{text[: found.start()]} {text[found.end() :]}"
        offset = timedelta(minutes=minutes if found[1] == "+" else -minutes)
        return (offset, before, rest) if place == 0 else (offset, rest, after)
    return None, before, after


def _hour(hour: int, parts: list[str], at: int, halves: Mapping[str, str]) -> tuple[int, list[str], int]:
    """The hour of 24, by the word before or after the clock; and the parts without that word."""
    if hour > 12:
        return hour, parts, at
    for size in range(_MAX_PARTS, 0, -1):
        for start in (at, at - size):
            if start < 0 or start + size > len(parts) or (size == 1 and parts[start] in _ZONES):
                continue
            half = halves.get("".join(parts[start : start + size]).casefold())
            if half is None:
                continue
            rest = parts[:start] + parts[start + size :]
            late = half == "pm" or (half == "night" and 6 <= hour < 12)
            return hour % 12 + (12 if late else 0), rest, at if start == at else at - size
    return hour, parts, at


def _day(
    parts: list[str], months: Mapping[str, int], text: str, order: str
) -> tuple[tuple[int, int, int], set[int]] | None:
    """Year, month and day, and which of the parts they are."""
    month, used = _month(parts, months, text)
    numbers = [
        (place, int(part)) for place, part in enumerate(parts) if part.isdecimal() and place not in used
    ]
    if len(numbers) != (2 if month else 3):
        return None
    used |= {place for place, _ in numbers}
    if found := _readings_beside_name(text) if month else readings_of(text):
        return found.get(order) or next(iter(found.values())), used
    # Of two digits alone (`Mar 2, 24`) the last number is the year, unless a word after it says so.
    year = next((one for one in numbers if one[1] >= 1000 or parts[one[0] + 1 :][:1] in _YEARS), numbers[-1])
    if len(parts[year[0]]) < 2:
        return None
    rest = [one[1] for one in numbers if one is not year]
    whole = year_of(year[1])
    if month:
        return (whole, month, rest[0]), used
    first, second = rest if year is numbers[0] else rest[::-1]
    return ((whole, second, first) if first > 12 >= second else (whole, first, second)), used


def _month(parts: list[str], months: Mapping[str, int], text: str) -> tuple[int, set[int]]:
    for size in range(_MAX_PARTS, 0, -1):
        for start in range(len(parts) - size + 1):
            if all(part.isdecimal() for part in parts[start : start + size]):
                continue
            name = "".join(parts[start : start + size]).casefold()
            if name in _TWICE:
                croatian = re.search(r"\d{4}\.", text) is not None
                return _TWICE[name][0 if croatian else 1], {*range(start, start + size)}
            # Hebrew has a letter before the name, Mongolian one behind it.
            found = (
                months.get(name) or months.get(name.removeprefix("ב")) or months.get(name.removesuffix("ын"))
            )
            if found:
                return found, {*range(start, start + size)}
    return 0, set()
