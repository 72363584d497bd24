"""The drift of tastes: a row per taste, a column per year, with bars of its share; below, a summary of each year."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from engine.wording import percents
from tuiapp.cells import fitted
from tuiapp.safe import shown
from tuiapp.widgets.drawn import Drawn

if TYPE_CHECKING:
    from engine.recommend.drift import Drift, YearOfTaste

# Possible widths of a year, widest first; below the last the oldest years are left out.
_COLUMNS = (12, 8, 6, 5, 3)
_MAX_HEIGHT = 8
_MAX_NAME = 32
_LEVELS = " ▁▂▃▄▅▆▇█"
# Minimum share for a row of plays outside all tastes.
_MIN_OTHERS = 0.02


class DriftPanel(Drawn["Drift"]):
    """The drift, drawn to its size."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(drawn_drift, id=id)


def drawn_drift(drift: Drift, width: int, height: int) -> Content:
    """The years that fit, latest last, on one scale; then summaries, latest first."""
    if not drift.years or width < 20 or height < 2:
        return Content("")
    names = min(24, width // 3)
    room = width - names - 6
    column = next((cells for cells in _COLUMNS if cells * len(drift.years) <= room), _COLUMNS[-1])
    years = drift.years[-max(1, room // column) :]
    rows = list(zip(drift.tastes, zip(*(year.shares for year in years), strict=True), strict=True))
    if max(year.others for year in years) >= _MIN_OTHERS:
        rows.append(("none of these", tuple(year.others for year in years)))
    # As high as leaves a line for every year below; with a gap between tastes if there is room.
    high = max(1, min(_MAX_HEIGHT, (height - 4 - min(len(years), 6)) // len(rows)))
    gap = [Content("")] if high > 2 else []
    most = max(max(shares) for _, shares in rows) or 1.0
    lines = [_heading(years, names, column)]
    # Plays without a row count in the total too.
    latest = percents(
        [shares[-1] for _, shares in rows] + [years[-1].others] * (len(rows) == len(drift.tastes))
    )
    for (name, shares), now in zip(rows, latest, strict=False):
        lines += [*gap, *_bars(name, shares, now, most, high - len(gap), names, column)]
    lines = lines[:height]
    left = height - len(lines) - 1
    if left > 6:
        lines += [Content(""), Content.styled("plays, new artists", "$foreground-muted")]
        left -= 1
    elif left > 0:
        lines.append(Content(""))
    if left > 0:
        lines += [_in_words(year, width) for year in reversed(years[-left:])]
    return Content("\n").join(lines)


def _heading(years: tuple[YearOfTaste, ...], names: int, column: int) -> Content:
    written = "".join(f"{year.year if column > 4 else year.year % 100:02}".ljust(column) for year in years)
    return Content.styled(f"{'':{names}} {written}".rstrip(), "$foreground-muted")


def _bars(
    name: str, shares: tuple[float, ...], latest: str, most: float, high: int, names: int, column: int
) -> list[Content]:
    """A taste's bars in `high` rows, with its name and latest share beside the lowest."""
    # An eighth short of the row above, so that two tastes never touch.
    levels = [max(1, round((8 * high - 1) * share / most)) if share else 0 for share in shares]
    lines = []
    for row in reversed(range(high)):
        drawn = "".join(
            (_LEVELS[max(0, min(8, level - 8 * row))] * (column - 1)).ljust(column) for level in levels
        )
        beside = fitted(shown(name), names) if row == 0 else " " * names
        now = f"{latest:>5}" if row == 0 else ""
        lines.append(Content.assemble(beside, " ", Content.styled(drawn, "$text-accent"), now))
    return lines


def _in_words(year: YearOfTaste, width: int) -> Content:
    """A year's most played artist, and new artists, as far as there is room."""
    begin, plays = f"{year.year}  ", f" {year.top.plays:>5,}"
    new, most = f"  {year.new:>3,} new", ", mostly "
    left = width - len(begin) - len(plays)
    if left - len(new) < 12:
        new = ""
    left -= len(new)
    wide = new and year.top_new is not None and left - len(most) >= 32
    cells = min(_MAX_NAME, (left - len(most)) // 2 if wide else left)
    parts = [
        Content.styled(begin, "$foreground-muted"),
        Content(fitted(shown(year.top.artist), cells)),
        Content.styled(plays, "$text-accent"),
        Content.styled(new, "$foreground-muted"),
    ]
    if wide and year.top_new is not None:
        newest = fitted(shown(year.top_new.artist), cells).rstrip()
        parts.append(Content.styled(most + newest, "$foreground-muted"))
    return Content.assemble(*parts)
