"""Dates as people write them here: `2019`, `2019-06` or `2019-06-30`, each meaning that whole period in UTC."""

from __future__ import annotations

import datetime
import re

from engine.errors import UsageError

_FORM = re.compile(r"(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?")


def period(text: str, zone: datetime.tzinfo | None = datetime.UTC) -> tuple[int, int]:
    """(first second, first second after it) of a year, month or day in a zone (null: local), seconds since 1970 UTC.

    Raises UsageError with the forms that are known.
    """
    found = _FORM.fullmatch(text.strip())
    try:
        year, month, day = (int(part) if part else None for part in (found.groups() if found else ("0",) * 3))
        assert year is not None  # noqa: S101 - the form has one
        first = datetime.datetime(year, 1 if month is None else month, 1 if day is None else day, tzinfo=zone)
        if day is not None:
            after = first + datetime.timedelta(days=1)
        elif month is not None:
            after = first.replace(year=year + month // 12, month=month % 12 + 1)
        else:
            after = first.replace(year=year + 1)
    except (ValueError, OverflowError):
        raise UsageError(f"“{text}” is not a valid date. Write 2019, 2019-06 or 2019-06-30.") from None
    return int(first.timestamp()), int(after.timestamp())


def written(text: str) -> str:
    """A date that `period` takes, with all its zeros: `2019-06` for `2019-6`."""
    return "-".join(part.zfill(2) for part in text.strip().split("-"))


def month_beside(text: str, by: int, today: datetime.date) -> str:
    """The month `by` months after that of a date (for a year its last month), or after this month without a date."""
    try:
        last = datetime.datetime.fromtimestamp(period(text)[1] - 1, datetime.UTC).date()
    except UsageError:
        last = today
    year, month = divmod(last.year * 12 + last.month - 1 + by, 12)
    return f"{max(year, 1):04d}-{month + 1:02d}"
