"""Dates as options on the command line."""

from __future__ import annotations

from typing import Any

import click

from engine.errors import UsageError
from tuiapp.dates import period


class Period(click.ParamType[tuple[int, int]]):
    """A year, month or day as (first second, first second after it), seconds since 1970 UTC."""

    name = "date"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Parse, or fail with the forms that are known."""
        if isinstance(value, tuple):
            return value
        try:
            return period(str(value))
        except UsageError as error:
            self.fail(str(error), param, ctx)


PERIOD = Period()
