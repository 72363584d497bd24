"""A year of listening as a picture: a square a day, the hours of the day, and what was played most."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from textual.content import Content

from tuiapp.safe import shown
from tuiapp.text import bar, fitted
from tuiapp.widgets.drawn import Drawn

if TYPE_CHECKING:
    from engine.store.stats import Stats

# From nothing to the most of the year: shades that can be told apart without colour too.
SHADES = "·░▒▓█"
_WEEKDAYS = ("Mon", "", "Wed", "", "Fri", "", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TOP = 8


class YearPanel(Drawn["Stats"]):
    """The year's picture."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(picture, id=id)


def picture(told: Stats, width: int, height: int) -> Content:
    """The year in as many rows as there are."""
    year = told.year or 1970
    rows: list[Content] = [
        Content.assemble(
            Content.styled(str(year), "bold $text-accent"),
            Content.styled(f"  {told.plays:,} plays, {told.artists:,} artists", "$foreground-muted"),
        ),
        Content(""),
        *_calendar(year, told.by_day, width),
    ]
    if height >= 20:
        rows += [Content(""), *_clock(told.by_hour, width)]
    room = height - len(rows) - 2
    if told.top_artists and room > 1:
        most = told.top_artists[0].plays
        names = min(24, width // 2)
        rows += [Content(""), Content.styled("most played", "$foreground-muted")]
        for played in told.top_artists[: min(_TOP, room)]:
            drawn = Content.styled(bar(played.plays / most, max(4, width - names - 9)), "$text-accent")
            rows.append(
                Content.assemble(fitted(shown(played.artist), names), " ", drawn, f" {played.plays:>6,}")
            )
    return Content("\n").join(rows)


def _calendar(year: int, by_day: dict[str, int], width: int) -> list[Content]:
    """A column a week, a row a weekday, and the months above; the last weeks are left out where they do not fit."""
    first = datetime.date(year, 1, 1)
    start = first - datetime.timedelta(days=first.weekday())
    weeks = min((datetime.date(year, 12, 31) - start).days // 7 + 1, width - 4)
    most = max(by_day.values(), default=1)
    months = [" "] * (weeks + 4)
    for number, name in enumerate(_MONTHS, 1):
        column = 4 + (datetime.date(year, number, 1) - start).days // 7
        if column + len(name) <= len(months):
            months[column : column + len(name)] = name
    rows = [Content.styled("".join(months), "$foreground-muted")]
    for weekday, name in enumerate(_WEEKDAYS):
        cells = ""
        for week in range(weeks):
            day = start + datetime.timedelta(days=7 * week + weekday)
            cells += _shade(by_day.get(day.isoformat(), 0), most) if day.year == year else " "
        rows.append(
            Content.assemble(
                Content.styled(f"{name:<4}", "$foreground-muted"), Content.styled(cells, "$text-accent")
            )
        )
    return rows


def _shade(plays: int, most: int) -> str:
    """The darkest is for the upper quarter of the busiest day's square root: a few busy days do not pale the rest."""
    return SHADES[0] if not plays else SHADES[min(4, 1 + int(4 * (plays / most) ** 0.5 * 0.999))]


def _clock(by_hour: tuple[int, ...], width: int) -> list[Content]:
    """A column for each hour, twice as wide where there is room."""
    wide = 2 if width >= 52 else 1
    most = max(by_hour) or 1
    columns = "".join(" ▁▂▃▄▅▆▇█"[round(8 * plays / most)] * wide for plays in by_hour)
    marks = "".join(f"{hour:<{6 * wide}}" for hour in (0, 6, 12, 18))
    return [
        Content.styled("by the hour", "$foreground-muted"),
        Content.assemble("    ", Content.styled(columns, "$text-accent")),
        Content.styled(f"    {marks}", "$foreground-muted"),
    ]
