"""The part of a history to look at: from when to when, and at what times of the week.

Does not need NumPy: windows are made before anything heavy is loaded.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from engine.errors import UnknownNameError, UsageError

_HOUR = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00", re.ASCII)


@dataclass(frozen=True, slots=True)
class TimeOfWeek:
    """Times of the week with their own listening habits, in local time; `words` describe them.

    `days` are those of the week, 0 Sunday; `spans` of the day are "HH:MM", start included, end excluded, over midnight
    if they end before they begin, empty for the whole day. Raises UsageError for an invalid day or span.
    """

    name: str
    words: str
    days: tuple[int, ...] = ()
    spans: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        for day in self.days:
            if day not in range(7):
                raise UsageError(f"{self.name}: {day} is not a day of the week. Use 0 (Sunday) to 6.")
        for hour in (hour for span in self.spans for hour in span):
            # Also validates what `condition` puts into SQL.
            if not _HOUR.fullmatch(hour):
                raise UsageError(f"{self.name}: {hour} is not a time of the day. Use 00:00 to 24:00.")

    @property
    def spans_in_words(self) -> str:
        """The days and hours.

        >>> time_of_week("commute").spans_in_words
        'Mon to Fri 07:00-09:30, 16:30-19:00'
        >>> time_of_week("weekend").spans_in_words, time_of_week("party").spans_in_words
        ('Sat and Sun', 'Fri and Sat 20:00-24:00')
        """
        days = (
            "Mon to Fri"
            if self.days == _WEEKDAYS
            else " and ".join(_DAYS[day] for day in sorted(self.days, key=lambda day: (day - 1) % 7))
        )
        return " ".join(filter(None, (days, ", ".join("-".join(span) for span in self.spans))))

    def condition(self, column: str) -> str:
        """An SQL condition: all its parts are fixed."""
        parts = []
        if self.days:
            days = ", ".join(f"'{day}'" for day in self.days)
            parts.append(f"strftime('%w', {column}, 'unixepoch', 'localtime') IN ({days})")
        clock = f"strftime('%H:%M', {column}, 'unixepoch', 'localtime')"
        spans = [
            f"({clock} >= '{first}' {'AND' if first < last else 'OR'} {clock} < '{last}')"
            for first, last in self.spans
        ]
        return " AND ".join([*parts, *([f"({' OR '.join(spans)})"] if spans else [])])


_WEEKDAYS = (1, 2, 3, 4, 5)
_DAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
TIMES_OF_WEEK = (
    TimeOfWeek("morning", "morning", spans=(("06:00", "10:00"),)),
    TimeOfWeek("commute", "commute", _WEEKDAYS, (("07:00", "09:30"), ("16:30", "19:00"))),
    TimeOfWeek("work", "work", _WEEKDAYS, (("09:00", "17:00"),)),
    TimeOfWeek("evening", "evening", spans=(("18:00", "23:00"),)),
    TimeOfWeek("night", "night", spans=(("23:00", "05:00"),)),
    TimeOfWeek("weekend", "weekend", (0, 6)),
    TimeOfWeek("dinner", "dinner", spans=(("18:00", "21:00"),)),
    TimeOfWeek("party", "party", (5, 6), (("20:00", "24:00"),)),
    TimeOfWeek("sleep", "sleep", spans=(("22:00", "01:00"),)),
)


def time_of_week(name: str) -> TimeOfWeek:
    """The time of the week of that name. Raises UnknownNameError listing the names."""
    for time in TIMES_OF_WEEK:
        if time.name == name.strip().casefold():
            return time
    names = ", ".join(time.name for time in TIMES_OF_WEEK)
    raise UnknownNameError(f"Unknown context {name}. Use one of {names}.")


@dataclass(frozen=True, slots=True)
class Window:
    """The part of the history to look at: seconds since 1970 UTC, start included, end excluded, null for open.

    With a `time_of_week` only plays at its times count, and none without a time of day. Undated plays are in every
    window that is open on both sides and has no time of the week, and in no other. With `half_life` (days) a play
    counts half as much for each half-life between it and the last play in the window; undated plays count like the
    first.
    """

    since: int | None = None
    until: int | None = None
    half_life: float | None = None
    time_of_week: TimeOfWeek | None = None

    @property
    def whole(self) -> bool:
        """Whether it contains every play."""
        return self.since is None and self.until is None and self.time_of_week is None

    def __post_init__(self) -> None:
        """Raise UsageError for an invalid half-life."""
        if self.half_life is not None and not (math.isfinite(self.half_life) and self.half_life > 0):
            raise UsageError(f"The half-life is {self.half_life} days; it must be finite and above 0.")

    def condition(
        self, column: str = "l.started_at", timed: str = "l.precision < 86400"
    ) -> tuple[str, tuple[int, ...]]:
        """An SQL condition and its values; `timed` is for plays with a known time of day."""
        parts, values = ["1"], []
        if self.since is not None:
            parts.append(f"{column} >= ?")
            values.append(self.since)
        if self.until is not None:
            parts.append(f"{column} < ?")
            values.append(self.until)
        if self.time_of_week is not None:
            parts += [timed, self.time_of_week.condition(column)]
        return " AND ".join(parts), tuple(values)


EVERYTHING = Window()
