"""Dates on the command line: `2019`, `2019-06` or `2019-06-30`, each meaning that whole period in UTC."""

from __future__ import annotations

import datetime
from typing import Any

import click


class Period(click.ParamType):
    """A year, month or day as (first second, first second after it), seconds since 1970 UTC."""

    name = "date"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Parse, or fail with the forms that are known."""
        if isinstance(value, tuple):
            return value
        try:
            numbers = [int(part) for part in str(value).split("-")]
            year, month, day = [*numbers, 0, 0][:3] if 1 <= len(numbers) <= 3 else (0, 0, 0)
            first = datetime.datetime(year, month or 1, day or 1, tzinfo=datetime.UTC)
            if day:
                after = first + datetime.timedelta(days=1)
            elif month:
                after = first.replace(year=year + month // 12, month=month % 12 + 1)
            else:
                after = first.replace(year=year + 1)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no date. Write 2019, 2019-06 or 2019-06-30.", param, ctx)
        return int(first.timestamp()), int(after.timestamp())


PERIOD = Period()
