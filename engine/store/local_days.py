"""When plays were, in local time: one whose day alone is known was on that day in every zone.

Such a play's `started_at` is the day's beginning in UTC, which west of Greenwich is on the day before. Whoever makes a
date of a play takes its `moment`, whoever counts the days between plays their `day_number`; windows and rules, whose
dates are in UTC, compare `started_at`.
"""

from __future__ import annotations

import sqlite3
import time

from engine.store.play import DAY

# From the moment of a play whose day alone is known to either end of that day. Its noon stands for it: some days have
# no midnight, and its date in UTC is the same in all zones but those more than eleven hours east.
HALF_DAY = DAY // 2


def _holds_days(connection: sqlite3.Connection) -> bool:
    """Whether of any listen the day alone is known."""
    found = connection.execute(f"SELECT 1 FROM listens WHERE precision >= {DAY} LIMIT 1")  # noqa: S608 - a number
    return found.fetchone() is not None


def moment(connection: sqlite3.Connection) -> str:
    """The moment of a listen `l` in SQL (seconds UTC): of one whose day alone is known, noon of that day here."""
    # Only where needed: without it indexes cover the queries.
    if not _holds_days(connection):
        return "l.started_at"
    noon = f"CAST(strftime('%s', l.started_at + {HALF_DAY}, 'unixepoch', 'utc') AS INTEGER)"
    return f"iif(l.precision >= {DAY}, {noon}, l.started_at)"


def moment_of(start: int, precision: int) -> int:
    """The same of a play at hand."""
    if precision < DAY:
        return start
    return int(time.mktime((*time.gmtime(start)[:3], 12, 0, 0, 0, 0, -1)))


def day_number(connection: sqlite3.Connection) -> str:
    """The day of a listen `l` in SQL, for counting days between plays: where any is known by its day alone, days are
    those of the calendar here, else of UTC, which takes half the time."""
    if not _holds_days(connection):
        return f"l.started_at / {DAY}"
    here = "CAST(strftime('%s', l.started_at, 'unixepoch', 'localtime') AS INTEGER)"
    return f"iif(l.precision >= {DAY}, l.started_at, {here}) / {DAY}"


def in_local_time(connection: sqlite3.Connection, since: int, until: int) -> str:
    """An SQL condition for the listens `l` of a period of local time (seconds UTC), by `moment`, served by an index."""
    timed = f"l.started_at >= {int(since)} AND l.started_at < {int(until)}"
    if not _holds_days(connection):
        return f"({timed})"
    # No clock need know the zone of a moment before 1970, or far ahead.
    first, last = (
        int(end) - HALF_DAY + time.localtime(min(max(int(end), 0), 1 << 32)).tm_gmtoff
        for end in (since, until)
    )
    return (
        f"(coalesce(l.precision, 1) < {DAY} AND {timed} "
        f"OR l.precision >= {DAY} AND l.started_at >= {first} AND l.started_at < {last})"
    )
