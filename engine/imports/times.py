"""Parses services' stamps as whole seconds since 1970 in UTC."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# The first scrobble ever: nothing played earlier can have been logged (FORMATS.md, What is a play).
EARLIEST = 1_033_430_400
_FUTURE = 3600

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
_DAY_MONTH = re.compile(r"^(\d{1,2}) ([A-Za-z]{3})[a-z]* (\d{4}),? (\d{1,2}):(\d{2})(?::(\d{2}))?$")
# The end of a day, and a leap second: both are moments, and `datetime` has neither.
_DAY_END = re.compile(r"(?<=[T ])24(?=:?00(?::?00(?:[.,]0+)?)?(?![\d:]))")
_LEAP = re.compile(r"(?<=\d\d:\d\d:)60")
# No stamp is longer.
MAX_STAMP = 200
# The seconds of the years 1 to 9999, which is all that dates can hold.
_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799
# Units of other programs: milliseconds, microseconds, nanoseconds.
_MILLISECONDS = 100_000_000_000
_MICROSECONDS = 100_000_000_000_000
_NANOSECONDS = 100_000_000_000_000_000
# Clocks of other systems: counts from and to, how many a second has, and seconds from their beginning to 1970. By any
# other unit such a count is of no year with recorded plays.
_OTHER_CLOCKS = (
    (12 * 10**15, 16 * 10**15, 10**6, 11_644_473_600),  # of browsers, since 1601
    (12 * 10**16, 16 * 10**16, 10**7, 11_644_473_600),  # of Windows, since 1601
    (62 * 10**16, 70 * 10**16, 10**7, 62_135_596_800),  # of .NET, since the year 1
)


def latest_possible() -> int:
    """A play dated later than this has an impossible date: an hour from now."""
    return int(time.time()) + _FUTURE


def iso(text: str, zone: str | None = None) -> int | None:
    """An ISO 8601 date and time; without an offset it is in `zone`, or UTC. None when it is not one.

    >>> iso("2024-03-02T19:04:31Z"), iso("2024-03-02 19:04"), iso("2024-03-02T20:04:31+01:00"), iso("soon")
    (1709406271, 1709406240, 1709406271, None)
    """
    moment = iso_moment(text)
    if moment is None:
        return None
    return int(moment.timestamp()) if moment.tzinfo is UTC else to_epoch(moment, zone)


def iso_moment(text: str) -> datetime | None:
    """An ISO 8601 date and time, that of 24:00 on the next day, of a leap second a second after the one before.

    >>> iso_moment("2024-03-02T24:00:00"), iso_moment("2016-12-31 23:59:60")
    (datetime.datetime(2024, 3, 3, 0, 0), datetime.datetime(2017, 1, 1, 0, 0))
    >>> iso_moment("2024-03-02 24:01"), iso_moment("9999-12-31T24:00:00")
    (None, None)
    """
    if len(text) > MAX_STAMP:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        for pattern, within, more in (
            (_DAY_END, "00", timedelta(days=1)),
            (_LEAP, "59", timedelta(seconds=1)),
        ):
            if pattern.search(text):
                moment = iso_moment(pattern.sub(within, text, 1))
                if moment is None or moment.replace(tzinfo=None) > datetime.max - more:
                    return None
                return moment + more
    return None


def wall_clock(year: int, month: int, day: int, hour: int, minute: int, second: int) -> datetime:
    """The moment a date and a clock show, 24:00 and a leap second as in `iso_moment`. Raises ValueError for none."""
    ended, leap = (hour, minute, second) == (24, 0, 0), second == 60
    try:
        moment = datetime(year, month, day, 0 if ended else hour, minute, 59 if leap else second)
        return moment + timedelta(days=ended, seconds=leap)
    except OverflowError as error:
        raise ValueError("no moment is that late") from error


def to_epoch(moment: datetime, zone: str | None = None) -> int | None:
    """Seconds since 1970; a moment without a zone is in `zone`, or UTC. An ambiguous hour is the first one."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone_of(zone))
    try:
        return int(moment.timestamp())
    except (OverflowError, ValueError):
        return None


@lru_cache(maxsize=1 << 8)
def is_zone(name: str) -> bool:
    """Whether this is the name of a zone."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def zone_of(name: str | None) -> tzinfo:
    """The zone of this IANA name; UTC when it is invalid."""
    if not name:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def day_month(text: str) -> int | None:
    """Last.fm's `02 Mar 2024, 19:01` in English whatever the computer speaks.

    >>> day_month("02 Mar 2024, 19:01"), day_month("02 Mar 2024 19:01"), day_month("02 Mär 2024 19:01")
    (1709406060, 1709406060, None)
    """
    found = _DAY_MONTH.match(text.strip())
    month = _MONTHS.get(found[2].lower()) if found else None
    if found is None or month is None:
        return None
    try:
        moment = wall_clock(
            int(found[3]), month, int(found[1]), int(found[4]), int(found[5]), int(found[6] or 0)
        )
    except ValueError:
        return None
    return to_epoch(moment)


def number(value: object) -> int | None:
    """A count of seconds, milliseconds, microseconds or nanoseconds since 1970, or by another system's clock, which its
    size shows.

    None for what is not a number, or beyond all dates.

    >>> number("1709406060"), number(1709406060933), number("1709406060.5"), number("x"), number(True), number(1e30)
    (1709406060, 1709406060, 1709406060, None, None, None)
    >>> number("133538796600000000"), number("638450028600000000"), number("13353879660000000")
    (1709406060, 1709406060, 1709406060)
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        count = float(value)
        if (size := abs(count)) >= _MILLISECONDS:
            for least, most, a_second, before in _OTHER_CLOCKS if size >= _MICROSECONDS else ():
                if least <= count < most:
                    return int(count / a_second) - before
            count /= 1e9 if size >= _NANOSECONDS else 1e6 if size >= _MICROSECONDS else 1000
        return int(count) if _FIRST_SECOND <= count <= _LAST_SECOND else None
    except (ValueError, OverflowError):
        return None


def milliseconds(value: object) -> int | None:
    """A length in milliseconds, None when it is not one or negative.

    >>> milliseconds("270000.0"), milliseconds(211400), milliseconds("-4"), milliseconds(None)
    (270000, 211400, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        length = int(float(value))
    except (ValueError, OverflowError):
        return None
    return length if 0 <= length < 1 << 53 else None


def anything(text: str, zone: str | None = None) -> int | None:
    """A stamp in any of the ways above."""
    text = text.strip()
    if not text:
        return None
    if re.fullmatch(r"-?\d+(\.\d+)?", text) and len(text) != 8:  # eight digits are a day: 20240302
        return number(text)
    return iso(text, zone) or day_month(text)


def days_since_1970(text: str) -> int | None:
    """The start of a day given as `YYYYMMDD` or `YYYY-MM-DD`, in seconds.

    >>> days_since_1970("20240302"), days_since_1970("2024-03-02")
    (1709337600, 1709337600)
    """
    digits = text.strip().replace("-", "")
    if not re.fullmatch(r"\d{8}", digits):
        return None
    return iso(f"{digits[:4]}-{digits[4:6]}-{digits[6:]}")


def spreadsheet(days: float) -> int | None:
    """A spreadsheet's serial date in UTC.

    >>> spreadsheet(45353.792361111111)
    1709406060
    """
    epoch = datetime(1899, 12, 30, tzinfo=UTC)
    try:
        return round((epoch + timedelta(days=days)).timestamp())
    except (OverflowError, ValueError):
        return None
