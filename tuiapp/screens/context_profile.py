"""Draws a context's profile: the requested curve, and each track's value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from tuiapp.text import duration

if TYPE_CHECKING:
    from engine.playlists.playlist import ContextPlaylist

ROWS = 4
# The margin around the values, and the format of the labels.
_MARGIN = {"tempo": 3.0, "energy": 0.05, "calm": 0.05}
_LABEL = {"tempo": "4.0f", "energy": "4.2f", "calm": "4.2f"}


def profile(made: ContextPlaylist, measure: str, width: int) -> Content:
    """Rows with the requested curve (dots) and each track's value (blocks; none if unknown), and the time below.

    The first row's label is the highest value drawn, the last one's the lowest.
    """
    line, curve = made.profile.lines()[measure], made.curve(measure)
    total = max(made.seconds, 1.0)
    moments = [total * (cell + 0.5) / width for cell in range(width)]
    wanted = [line.at(made.profile_time(moment)) for moment in moments]
    has = [curve.has[place] for place in _places(made, moments)]
    drawn = [*wanted, *(value for value in has if value is not None)]
    low, high = min(drawn) - _MARGIN[measure], max(drawn) + _MARGIN[measure]
    rows = []
    for row in range(ROWS):
        top, bottom = (high - (high - low) * (row + below) / ROWS for below in (0, 1))
        label = {0: f"{high:{_LABEL[measure]}} ", ROWS - 1: f"{low:{_LABEL[measure]}} "}.get(row, "     ")
        cells = [_cell(has[cell], wanted[cell], top, bottom) for cell in range(width)]
        rows.append(Content.assemble(Content.styled(label, "$foreground-muted"), *cells))
    what = measure
    if curve.estimated:
        what += f", {curve.estimated} of {len(curve.has)} estimated"
    rows.append(Content.styled(f"     {_below(what, duration(total), width)}", "$foreground-muted"))
    return Content("\n").join(rows)


def _places(made: ContextPlaylist, moments: list[float]) -> list[int]:
    """Which track plays at each of these moments."""
    places, place = [], 0
    end = made.tracks[0].seconds or 0.0
    for moment in moments:
        while moment >= end and place < len(made.tracks) - 1:
            place += 1
            end += made.tracks[place].seconds or 0.0
        places.append(place)
    return places


def _cell(has: float | None, wanted: float, top: float, bottom: float) -> Content:
    if has is not None and bottom < has <= top:
        eighth = int((has - bottom) / (top - bottom) * 7.99)
        return Content.styled("▁▂▃▄▅▆▇█"[eighth], "$text-accent")
    return Content.styled("·", "$foreground-muted") if bottom < wanted <= top else Content(" ")


def _below(what: str, end: str, width: int) -> str:
    """The times at both ends, and between them the measure's name."""
    return f"0:00{what:^{max(len(what), width - 4 - len(end))}}{end}"
