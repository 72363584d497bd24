"""In which order dates have day, month and year, as far as one of them tells.

Years of two digits may be in front too, as in Sweden, Canada or Japan: `24-03-13`, as `24-Mar-13`, is a day of 2024 or
of 2013.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from functools import lru_cache

# The orders, the likeliest first. Of four digits a year stands out, wherever it is.
DAY_FIRST, MONTH_FIRST, YEAR_FIRST = ORDERS = ("day/month", "month/day", "year/month")
_FIRST = {DAY_FIRST: "day", MONTH_FIRST: "month", YEAR_FIRST: "year"}
_NUMBERS = re.compile(r"(?<!\d)(\d{1,2})([./-]) ?(\d{1,2})\2 ?(\d{2,4})(?!\d)")
# No play was recorded before, and a computer's clock that is before the latter is wrong.
_EARLIEST_YEAR, _THIS_YEAR = 2002, 2026

# By order, the year, month and day that a date has if read so.
Readings = Mapping[str, tuple[int, int, int]]


def readings_of(date: str) -> Readings:
    """Every day that a date may be, without its clock; none where it is not of two numbers and a year.

    A year of two digits is one in which plays may have been recorded. Between dots the day is before the month wherever
    it can be.

    >>> readings_of("13/3/2024"), readings_of("3/2/2024")
    ({'day/month': (2024, 3, 13)}, {'day/month': (2024, 2, 3), 'month/day': (2024, 3, 2)})
    >>> readings_of("24-03-13"), readings_of("24-03-01")
    ({'day/month': (2013, 3, 24), 'year/month': (2024, 3, 13)}, {'year/month': (2024, 3, 1)})
    """
    found = _NUMBERS.search(date)
    return _readings(*found.groups()) if found is not None else {}


@lru_cache(maxsize=1000)
def _readings(one: str, between: str, two: str, three: str) -> Readings:
    """`readings_of` three numbers; a file has the same day again and again."""
    first, second, last = int(one), int(two), int(three)
    year = _year(last) if len(three) == 2 else year_of(last)
    possible = {DAY_FIRST: (year, second, first), MONTH_FIRST: (year, first, second)}
    if len(one) == len(three) == 2:
        possible[YEAR_FIRST] = (_year(first), second, last)
    whole = {order: day for order, day in possible.items() if _is_day(*day)}
    if between == "." and DAY_FIRST in whole:
        whole.pop(MONTH_FIRST, None)
    return whole


def readings_beside(month: int, first: str, last: str) -> Readings:
    """Every day that a date may be with a month by its name between two numbers.

    >>> readings_beside(3, "24", "13"), readings_beside(3, "2", "13")["day/month"]
    ({'day/month': (2013, 3, 24), 'month/day': (2013, 3, 24), 'year/month': (2024, 3, 13)}, (2013, 3, 2))
    """
    day = _year(int(last)), month, int(first)
    possible = {DAY_FIRST: day, MONTH_FIRST: day}
    if len(first) == 2:
        possible[YEAR_FIRST] = (_year(int(first)), month, int(last))
    return {order: day for order, day in possible.items() if _is_day(*day)}


def is_dotted(date: str) -> bool:
    """Whether the numbers of a date have dots between them, as where the day is first."""
    found = _NUMBERS.search(date)
    return found is not None and found[2] == "."


def year_of(number: int) -> int:
    """The year that is written as this number."""
    year = number - 543 if number > 2400 else number  # Thai years count from the Buddha
    return year + 2000 if year < 100 else year


class FileOrder:
    """The orders that the dates of one file may have, as far as these tell: `possible`, one at least."""

    def __init__(self) -> None:
        self.possible = frozenset(ORDERS)
        # The first date that may have these orders and no other.
        self._dates: dict[frozenset[str], str] = {}

    def see(self, found: Readings, date: str) -> None:
        """Take in the readings of a date; one that fits none of the others decides nothing."""
        if found:
            orders = frozenset(found)
            self._dates.setdefault(orders, date)
            self.possible = self.possible & orders or self.possible

    @property
    def likeliest(self) -> str:
        """The likeliest of them."""
        return min(self.possible, key=ORDERS.index)

    def contradiction(self, read: str) -> str:
        """A note if dates disagree on what is first, `read` being the order they were read in; else empty."""
        if not self._dates or frozenset.intersection(*self._dates):
            return ""
        orders: dict[str, str] = {}
        for possible in sorted(self._dates, key=len):
            order = read if read in possible else min(possible, key=ORDERS.index)
            orders.setdefault(order, self._dates[possible])
        said = ", ".join(
            f"{orders[order]} has the {_FIRST[order]} first" for order in ORDERS if order in orders
        )
        return (
            f"dates contradict one another: {said}; those that may be either were read as {read}, check them"
        )


def _year(number: int) -> int:
    """A year by its last two digits; 0 where no play was recorded in it, or it is yet to come."""
    year = 2000 + number
    latest = max(_THIS_YEAR, datetime.datetime.now(datetime.UTC).year)
    return year if _EARLIEST_YEAR <= year <= latest else 0


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        return bool(datetime.date(year, month, day))
    except (ValueError, OverflowError):
        return False
