"""The part of a history to look at: from when to when, and at what times of the week.

Needs no NumPy: what is asked of Discover is named before anything is loaded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.errors import UnknownNameError, UsageError


@dataclass(frozen=True, slots=True)
class Context:
    """Times of the week at which people listen to other things than at others, in local time; `words` say when.

    `days` are those of the week, 0 Sunday; `spans` of the day are "HH:MM", start included, end excluded, over midnight
    where they end before they begin, empty for the whole day.
    """

    name: str
    words: str
    days: tuple[int, ...] = ()
    spans: tuple[tuple[str, str], ...] = ()

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
CONTEXTS = (
    Context("morning", "in the morning", spans=(("06:00", "10:00"),)),
    Context("commute", "on the way to work and back", _WEEKDAYS, (("07:00", "09:30"), ("16:30", "19:00"))),
    Context("work", "at work", _WEEKDAYS, (("09:00", "17:00"),)),
    Context("evening", "in the evening", spans=(("18:00", "23:00"),)),
    Context("night", "at night", spans=(("23:00", "05:00"),)),
    Context("weekend", "at the weekend", (0, 6)),
)


def context_named(name: str) -> Context:
    """The context of that name. Raises UnknownNameError with those there are."""
    for context in CONTEXTS:
        if context.name == name.strip().casefold():
            return context
    names = ", ".join(context.name for context in CONTEXTS)
    raise UnknownNameError(f"There is no context called {name} to recommend for. There are {names}.")


@dataclass(frozen=True, slots=True)
class Window:
    """The part of the history to look at: seconds since 1970 UTC, start included, end excluded, null for open.

    Within it plays at the times of a `context` alone count, if one is named; those of which only the day is known have
    none. Undated plays are in every window that is open on both sides and has no context, and in no other. With
    `half_life` (days) a play counts half as much for every such span it lies before the last play in the window; an
    undated one as if it were the first.
    """

    since: int | None = None
    until: int | None = None
    half_life: float | None = None
    context: Context | None = None

    @property
    def whole(self) -> bool:
        """Whether every play is in it."""
        return self.since is None and self.until is None and self.context is None

    def __post_init__(self) -> None:
        """Raise UsageError for a half-life that is none."""
        if self.half_life is not None and not (math.isfinite(self.half_life) and self.half_life > 0):
            raise UsageError(f"The half-life is {self.half_life} days; it must be finite and above 0.")

    def condition(
        self, column: str = "l.started_at", timed: str = "l.precision < 86400"
    ) -> tuple[str, tuple[int, ...]]:
        """An SQL condition and its values; `timed` is the one for plays whose time of the day is known."""
        parts, values = ["1"], []
        if self.since is not None:
            parts.append(f"{column} >= ?")
            values.append(self.since)
        if self.until is not None:
            parts.append(f"{column} < ?")
            values.append(self.until)
        if self.context is not None:
            parts += [timed, self.context.condition(column)]
        return " AND ".join(parts), tuple(values)


EVERYTHING = Window()
