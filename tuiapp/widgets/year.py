"""A year of listening as a picture: a square a day, the hours of the day, and what was played most."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from textual.content import Content

from engine.wording import quantity
from tuiapp.cells import fitted
from tuiapp.safe import shown
from tuiapp.text import bar
from tuiapp.widgets.drawn import Drawn

if TYPE_CHECKING:
    from engine.store.stats import Played, Stats

# From none to the year's maximum: shades that can be distinguished without colour.
SHADES = "·░▒▓█"
_WEEKDAYS = ("Mon", "", "Wed", "", "Fri", "", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TOP = 8


class YearPanel(Drawn["Stats | str"]):
    """The year's picture, all years', or a sentence on what is missing."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(_drawn, id=id)


def _drawn(stats: Stats | str, width: int, height: int) -> Content:
    if isinstance(stats, str):
        return Content(shown(stats))
    return picture(stats, width, height)


def picture(stats: Stats, width: int, height: int) -> Content:
    """A year, or all of them, in as many rows as there are."""
    rows: list[Content] = [
        Content.assemble(
            Content.styled(str(stats.year or "all time"), "bold $text-accent"),
            Content.styled(
                f"  {quantity(stats.plays, 'plays')}, {quantity(stats.artists, 'artists')}",
                "$foreground-muted",
            ),
        ),
        Content(""),
        *(
            _calendar(stats.year, stats.by_day, width)
            if stats.year
            else _years(stats.by_month, width, height // 3)
        ),
    ]
    timed = any(stats.by_hour)
    if height >= 32 and timed and stats.by_week:
        rows += [Content(""), *_week(stats.by_week, width)]
    if height >= 20 and timed:
        rows += [Content(""), *_clock(stats.by_hour, width)]
    room = height - len(rows)
    # Half of what is left for each; with little room the artists alone.
    each = min(_TOP, (room - 4) // 2) if room >= 10 else min(_TOP, room - 2)
    for title, top in (("most played artists", stats.top_artists), ("most played tracks", stats.top_tracks)):
        if top and each > 0 and height - len(rows) >= each + 2:
            rows += [Content(""), Content.styled(title, "$foreground-muted"), *_most(top[:each], width)]
    return Content("\n").join(rows)


def _most(top: tuple[Played, ...], width: int) -> list[Content]:
    names = min(30, width // 2)
    rows = []
    for played in top:
        name = shown(f"{played.track} · {played.artist}" if played.track else played.artist)
        drawn = Content.styled(bar(played.plays / top[0].plays, max(4, width - names - 9)), "$text-accent")
        rows.append(Content.assemble(fitted(name, names), " ", drawn, f" {played.plays:>6,}"))
    return rows


def _years(by_month: dict[str, int], width: int, room: int) -> list[Content]:
    """A row a year, the newest first, a square a month."""
    most = max(by_month.values(), default=1)
    years = sorted({month[:4] for month in by_month}, reverse=True)
    wide = 3 if width >= 56 else 2
    totals = {year: sum(n for month, n in by_month.items() if month[:4] == year) for year in years}
    letters = "".join(f"{name[:1]:<{wide}}" for name in _MONTHS)
    rows = [Content.styled(f"     {letters}", "$foreground-muted")]
    for year in years[: max(3, room)]:
        cells = "".join(
            _shade(by_month.get(f"{year}-{month:02}", 0), most) * (wide - 1) + " " for month in range(1, 13)
        )
        rows.append(
            Content.assemble(
                Content.styled(f"{year} ", "$foreground-muted"),
                Content.styled(cells, "$text-accent"),
                f" {totals[year]:>8,}",
            )
        )
    return rows


def _week(by_week: tuple[tuple[int, ...], ...], width: int) -> list[Content]:
    """A row a weekday, a square an hour."""
    wide = 2 if width >= 52 else 1
    most = max(map(max, by_week)) or 1
    rows = [Content.styled("by weekday and hour", "$foreground-muted")]
    for name, hours in zip(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), by_week, strict=True):
        cells = "".join(_shade(plays, most) * wide for plays in hours)
        rows.append(
            Content.assemble(
                Content.styled(f"{name:<4}", "$foreground-muted"), Content.styled(cells, "$text-accent")
            )
        )
    return rows


def _calendar(year: int, by_day: dict[str, int], width: int) -> list[Content]:
    """A column a week, a row a weekday, and the months above.

    Where not all weeks fit, those to the last one with a play are shown.
    """
    first = datetime.date(year, 1, 1)
    start = first - datetime.timedelta(days=first.weekday())
    whole = (datetime.date(year, 12, 31) - start).days // 7 + 1
    weeks = max(1, min(whole, width - 4))
    last = datetime.date.fromisoformat(max(by_day, default=first.isoformat()))
    hidden = max(0, min(whole, (last - start).days // 7 + 1) - weeks)
    start += datetime.timedelta(weeks=hidden)
    most = max(by_day.values(), default=1)
    months = [" "] * (weeks + 4)
    for number, name in enumerate(_MONTHS, 1):
        column = 4 + (datetime.date(year, number, 1) - start).days // 7
        if 4 <= column <= len(months) - len(name):
            months[column : column + len(name)] = name
    rows = [Content.styled("".join(months), "$foreground-muted")]
    for weekday, name in enumerate(_WEEKDAYS):
        cells = ""
        for week in range(weeks):
            date = start + datetime.timedelta(days=7 * week + weekday)
            cells += _shade(by_day.get(date.isoformat(), 0), most) if date.year == year else " "
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
        Content.styled("by hour", "$foreground-muted"),
        Content.assemble("    ", Content.styled(columns, "$text-accent")),
        Content.styled(f"    {marks}", "$foreground-muted"),
    ]
